//! Builds by cargo.

use super::build::Build;
use super::builder::Builder;
use super::origin::Origin;
use crate::build::capture::{freshness, variables};
use crate::build::cargo::{self, Config, Said, Say, Selection, manifests, package_name};
use crate::build::graph::environment;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

/// The end of a build by cargo.
#[derive(Debug)]
pub enum Built {
    /// There is a program.
    Program(Box<Build>),
    /// It does not compile; the text is that of the errors, which have been printed.
    Failed(String),
    /// Nothing was built: no edit could go live in it, for this reason.
    Refused(String),
}

impl Builder {
    /// Builds with cargo, and sees to it that every command line is known.
    ///
    /// # Errors
    /// When cargo or its messages fail, or when it is not clear what to run
    /// ([`Usage`](crate::build::Usage)).
    pub fn build(&mut self, say: &mut Say<'_>) -> Result<Built> {
        // A `cargo clean` may have taken the records, and the claim with them.
        self.captures.restore()?;
        self.fingerprints.redeem(&self.interrupt);
        self.claim()?;
        let Origin::Cargo { selection, workspace } = &mut self.origin else {
            bail!("a command builds this program")
        };
        // The manifests may have changed. If they are broken now, the build says so better.
        if let Ok(now) = cargo::metadata(selection) {
            **workspace = now;
        }
        self.config = Config::here(&selection.build)?;
        let Origin::Cargo { selection, workspace } = &self.origin else {
            unreachable!("it was above")
        };
        let mut again = false;
        loop {
            let env = self.cargo_env(selection);
            self.captures.allow();
            let outcome = cargo::build(selection, &env, &self.interrupt, say)?;
            freshness::settle_all(&self.captures, &outcome);
            if !outcome.success {
                return Ok(match self.captures.refused() {
                    Some(why) => Built::Refused(why),
                    None => Built::Failed(outcome.errors),
                });
            }
            let program = cargo::program(workspace, &outcome)?;
            let unknown = freshness::unknown(&self.captures, &outcome, program);
            if unknown.is_empty() {
                let target_dir = workspace.target_directory.as_std_path().to_owned();
                let mut build = self.program(program, &outcome, target_dir, &selection.profile)?;
                let files = manifests(self.root(), build.graph.user(), &self.config);
                build.graph.cargo_files.extend(files);
                for unit in &mut build.graph.units {
                    let env = &mut unit.record.env;
                    *env = environment::of_compiler(env, &outcome, &self.config);
                }
                self.ran = true;
                return Ok(Built::Program(Box::new(build)));
            }
            let names: BTreeSet<&str> = unknown.iter().map(|a| package_name(&a.package)).collect();
            let names = Vec::from_iter(names).join(", ");
            if again {
                bail!("failed to learn from cargo how {names} is compiled");
            }
            let step = format!("compiling {names} once more, to learn how cargo does it");
            say(Said::Note(&step));
            freshness::make_stale(&unknown, selection)?;
            again = true;
        }
    }

    fn cargo_env(&self, selection: &Selection) -> Vec<(&'static str, OsString)> {
        let folder = self.captures.folder().unwrap_or(Path::new(""));
        let mut env = variables::wrapper_in(folder, &self.wrapper, &self.config);
        // A program that runs is restarted at each save rather than lost.
        if !self.ran {
            env.push((variables::PROFILE, (&selection.profile).into()));
        }
        if selection.is_dev() {
            // A binary's objects are read from its incremental session. It is the default of the
            // profile, so this rebuilds nothing, unless the user had switched it off.
            env.push(("CARGO_INCREMENTAL", "1".into()));
        }
        env
    }
}
