//! Programs that a command of the user's builds.

use super::build::Build;
use super::builder::Builder;
use super::origin::Origin;
use crate::build::capture::reconstruct::{self, Reconstructed, Unseen};
use crate::build::capture::{Captures, freshness, log, variables};
use crate::build::cargo::{Config, manifests};
use crate::build::graph::Unit;
use crate::build::path::{modified, same_file};
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::Path;

/// The knowledge of a program that a command of the user's has built and started.
#[derive(Debug)]
pub enum Adopted {
    /// The way in which it was built.
    Build(Box<Build>),
    /// Some of it was fresh, and hot never saw how it is compiled.
    Unseen(Vec<Unseen>),
}

impl Builder {
    /// Marks the records of what the command has compiled as belonging to the artifacts that it
    /// made. What it does later is noted again.
    pub fn learn(&self) {
        let Origin::Command { log, .. } = &self.origin else { return };
        for (key, folder) in log::noted(log) {
            let captures = Captures::in_folders(vec![folder]);
            // One that failed has left the artifact of an earlier one, or nothing.
            if freshness::made(&captures, &key) >= captures.time(&key) {
                freshness::settle(&captures, &key);
            }
        }
    }

    /// Returns what the user's command must find in its environment. Forgets what was noted before.
    pub fn command_env(&self) -> Vec<(String, OsString)> {
        self.learn();
        self.fingerprints.redeem(&self.interrupt);
        let Origin::Command { log, .. } = &self.origin else { return Vec::new() };
        // It may not be there yet.
        let _ = std::fs::remove_file(log);
        let variables = variables::wrapper_anywhere(&self.wrapper, log);
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Finds out how an executable was built that a command of the user's has started.
    ///
    /// # Errors
    /// When its records cannot be read.
    pub fn adopt(&mut self, executable: &Path, build_id: &[u8]) -> Result<Adopted> {
        self.learn();
        let Origin::Command { log, .. } = &self.origin else { bail!("cargo builds this program") };
        let noted = log::noted(log);
        let mut folders = reconstruct::stores(executable);
        folders.extend(noted.iter().map(|(_, folder)| folder.clone()));
        folders.sort();
        folders.dedup();
        self.captures = Captures::in_folders(folders);
        let Some(key) = reconstruct::key(&self.captures, executable, build_id) else {
            return Ok(Adopted::Unseen(vec![reconstruct::unseen_executable(executable)]));
        };
        let Reconstructed { outcome, crate_args } = match reconstruct::tell(&self.captures, &key)? {
            Ok(retold) => retold,
            Err(unseen) => return Ok(Adopted::Unseen(unseen)),
        };
        let program = outcome.artifacts.iter().find(|a| a.executable.is_some());
        let program = program.context("the program's record is missing")?;
        let (target, profile) = crate_args.target_folder();
        self.claim_folder(crate_args.store())?;
        if let Origin::Command { target_dir, .. } = &mut self.origin {
            *target_dir = Some(target.clone());
        }
        let mut build = self.program(program, &outcome, target, &profile.to_string_lossy())?;
        let root = build.graph.binary().map(|unit| unit.record.cwd.clone()).unwrap_or_default();
        let manifests = manifests(&root, build.graph.user(), &Config::read(&root, &[]));
        let since = self.compiled_since(&build);
        if !since.is_empty() {
            return Ok(Adopted::Unseen(since));
        }
        // The name that people know: cargo links it there without the hash.
        if same_file(executable, &build.executable) {
            build.executable = executable.to_owned();
        }
        build.graph.cargo_files.extend(manifests);
        Ok(Adopted::Build(Box::new(build)))
    }

    /// The crates whose objects are not those that the executable was linked from: they were
    /// compiled after it, by a tool that went before or by a cargo that did not link. The objects
    /// that rustc does not keep are made again from the sources, which then must be as they were.
    fn compiled_since(&self, build: &Build) -> Vec<Unseen> {
        let linked = modified(&build.executable);
        let is_later = |unit: &&Unit| {
            let made = freshness::made(&self.captures, &unit.key);
            let kept = !unit.crate_args.is_binary() || unit.crate_args.incremental.is_some();
            made > linked || !kept && unit.sources.iter().any(|file| modified(file) > made)
        };
        let unseen = |unit: &Unit| {
            let outputs = vec![reconstruct::output(&unit.crate_args), build.executable.clone()];
            Unseen { name: unit.name.clone(), outputs }
        };
        build.graph.units.iter().filter(is_later).map(unseen).collect()
    }
}
