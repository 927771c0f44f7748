//! Building: by cargo the first time, by rustc alone after each save.
//!
//! - [`cargo`] runs cargo with hot as the wrapper of rustc; [`capture`] is that wrapper, and keeps
//!   the command lines; [`command`] reads them; [`known`] sees to it that none is missing.
//! - [`graph`] joins them to the user's crates in order, with their source files from [`depinfo`].
//! - [`linked`] tells what else belongs to the program.
//! - [`replay`] compiles some of them again; [`objects`] finds what rustc left, [`kept`] keeps what
//!   it would not leave.
//! - [`obstacle`] tells which builds no edit can go live in.
//!
//! A [`Builder`] lives as long as the tool; each build by cargo that succeeds makes a new
//! [`Build`].

pub mod capture;
pub mod cargo;
pub mod command;
pub mod depinfo;
pub mod graph;
pub mod kept;
pub mod known;
pub mod linked;
pub mod objects;
pub mod obstacle;
pub mod replay;

use crate::diff::{Archives, CrateObjects};
use crate::interrupt::Interrupt;
use anyhow::{Context, Result, bail};
use capture::Captures;
use cargo::{Outcome, Said, Say, Selection};
use cargo_metadata::Artifact;
use graph::{Graph, Unit};
use kept::Kept;
use replay::{BuildLock, Compiled, Linker};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Bad usage, as opposed to something that failed: the sentence says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// What builds the program, again and again.
#[derive(Debug)]
pub struct Builder {
    selection: Selection,
    captures: Captures,
    workspace: cargo_metadata::Metadata,
    interrupt: Arc<Interrupt>,
    /// The program that cargo runs in place of rustc: hot.
    wrapper: PathBuf,
    idle: PathBuf,
}

/// How a build by cargo ended.
#[derive(Debug)]
pub enum Built {
    /// There is a program.
    Program(Box<Build>),
    /// It does not compile; the text is that of the errors, which have been printed.
    Failed(String),
}

/// A program that cargo has built, and how to compile its crates again.
#[derive(Clone, Debug)]
pub struct Build {
    /// The executable.
    pub executable: PathBuf,
    /// The user's crates in it.
    pub graph: Graph,
    /// What else is linked.
    pub archives: Archives,
    /// Environment that `cargo run` would give the program, besides ours.
    pub env: Vec<(String, String)>,
    /// Why no edit of this build can go live, if that is so.
    pub obstacle: Option<String>,
    session_folder: Arc<OnceLock<PathBuf>>,
    target_dir: PathBuf,
    captures: Captures,
    interrupt: Arc<Interrupt>,
    /// The executable of hot.
    own: PathBuf,
}

/// Where the objects of the program's own crate are found.
enum Place {
    /// In the newest incremental session of this folder.
    Session(PathBuf),
    /// Where hot has put them.
    Kept(Kept),
}

/// How a replay ended.
#[derive(Debug)]
pub enum Replayed {
    /// Every crate compiled; these are their objects, in order.
    Objects(Vec<CrateObjects>),
    /// One did not; none after it was tried.
    Failed(Compiled),
    /// The end was asked for.
    Interrupted,
}

impl Builder {
    /// Finds the workspace and the place for the records. `wrapper` is the executable of hot.
    ///
    /// # Errors
    /// When cargo finds no workspace, or the target folder cannot be written to.
    pub fn new(
        selection: Selection,
        wrapper: PathBuf,
        interrupt: Arc<Interrupt>,
    ) -> Result<Builder> {
        let workspace = cargo::metadata(&selection)?;
        let folder = workspace.target_directory.as_std_path().join("hot/capture");
        let captures = Captures::open(folder.join(selection.folder()))?;
        let idle = replay::idle_program()?;
        Ok(Builder { selection, captures, workspace, interrupt, wrapper, idle })
    }

    /// The workspace's root.
    pub fn root(&self) -> &Path {
        self.workspace.workspace_root.as_std_path()
    }

    /// The folder that nothing is watched in.
    pub fn target_dir(&self) -> &Path {
        self.workspace.target_directory.as_std_path()
    }

    /// The folders of the workspace's packages.
    pub fn packages(&self) -> BTreeSet<PathBuf> {
        let manifests = self.workspace.packages.iter().map(|p| p.manifest_path.as_std_path());
        manifests.filter_map(|manifest| Some(manifest.parent()?.to_owned())).collect()
    }

    /// The files besides sources that decide what cargo builds, and what they are. They need not
    /// exist.
    pub fn manifests(&self) -> Vec<(PathBuf, String)> {
        let root = self.root();
        let mut files = vec![
            (root.join("Cargo.toml"), "a manifest".to_owned()),
            (root.join("Cargo.lock"), "the lock file".to_owned()),
            (root.join("rust-toolchain.toml"), "the choice of a toolchain".to_owned()),
            (root.join("rust-toolchain"), "the choice of a toolchain".to_owned()),
            (root.join(".cargo/config.toml"), "cargo's configuration".to_owned()),
        ];
        files.extend(
            self.packages().into_iter().map(|p| (p.join("Cargo.toml"), "a manifest".to_owned())),
        );
        files
    }

    /// Builds with cargo, and sees to it that every command line is known.
    ///
    /// # Errors
    /// When cargo or its messages fail, or when it is not clear what to run ([`Usage`]).
    pub fn build(&mut self, say: &mut Say<'_>) -> Result<Built> {
        // The manifests may have changed. If they are broken now, the build says so better.
        if let Ok(workspace) = cargo::metadata(&self.selection) {
            self.workspace = workspace;
        }
        let mut again = false;
        loop {
            let env = self.cargo_env()?;
            let outcome = cargo::build(&self.selection, &env, &self.interrupt, say)?;
            known::settle_all(&self.captures, &outcome);
            if !outcome.success {
                return Ok(Built::Failed(outcome.errors));
            }
            let program = self.choose(&outcome)?;
            let unknown = known::unknown(&self.captures, &outcome, program);
            if unknown.is_empty() {
                return Ok(Built::Program(Box::new(self.program(program, &outcome)?)));
            }
            let names: BTreeSet<&str> =
                unknown.iter().map(|a| graph::package_name(&a.package_id)).collect();
            let names = Vec::from_iter(names).join(", ");
            if again {
                bail!("failed to learn from cargo how {names} is compiled");
            }
            let step = format!("compiling {names} once more, to learn how cargo does it");
            say(Said::Note(&step));
            known::make_stale(&unknown, &self.selection)?;
            again = true;
        }
    }

    fn cargo_env(&self) -> Result<Vec<(&'static str, std::ffi::OsString)>> {
        let cwd = std::env::current_dir().context("the current directory is gone")?;
        let mut env = self.captures.wrapper(&self.wrapper, &cwd);
        if self.selection.is_dev() {
            // A binary's objects are read from its incremental session. It is the default of the
            // profile, so this rebuilds nothing, unless the user had switched it off.
            env.push(("CARGO_INCREMENTAL", "1".into()));
        }
        Ok(env)
    }

    /// The artifact to run.
    fn choose<'a>(&self, outcome: &'a Outcome) -> Result<&'a Artifact> {
        let programs: Vec<&Artifact> = outcome
            .artifacts
            .iter()
            .filter(|a| a.executable.is_some() && !a.profile.test)
            .filter(|a| a.target.is_bin() || a.target.is_example())
            .collect();
        if let [program] = programs[..] {
            return Ok(program);
        }
        let default = |a: &&&Artifact| {
            let package = self.workspace.packages.iter().find(|p| p.id == a.package_id);
            package.is_some_and(|p| p.default_run.as_ref() == Some(&a.target.name))
        };
        let defaults: Vec<_> = programs.iter().filter(default).collect();
        if let [program] = defaults[..] {
            return Ok(program);
        }
        if programs.is_empty() {
            return Err(Usage(
                "there is no program to run: a bin target must be available for `hot run`".into(),
            )
            .into());
        }
        let mut names: Vec<&str> = programs.iter().map(|a| a.target.name.as_str()).collect();
        names.sort_unstable();
        Err(Usage(format!(
            "`hot run` could not determine which binary to run. Use the `--bin` option to specify \
             a binary, or the `default-run` manifest key.\navailable binaries: {}",
            names.join(", ")
        ))
        .into())
    }

    fn program(&self, artifact: &Artifact, outcome: &Outcome) -> Result<Build> {
        let Some(executable) = &artifact.executable else { bail!("the program has no executable") };
        let binary =
            known::key(&self.captures, artifact).context("the program's command is not known")?;
        let target_dir = self.target_dir().to_owned();
        let mut graph = Graph::new(&binary, &self.captures, outcome, &target_dir);
        graph.cargo_files.extend(self.manifests());
        let Some(unit) = graph.binary().filter(|unit| unit.key == binary) else {
            bail!("failed to read the command that compiled {}", artifact.target.name);
        };
        let obstacle = obstacle::of(&graph, &self.selection.profile, executable.as_std_path())?;
        Ok(Build {
            executable: executable.as_std_path().to_owned(),
            archives: linked::archives(
                &graph,
                outcome,
                &unit.record,
                unit.facts.target.as_deref(),
            )?,
            env: linked::program_env(&unit.record, outcome, &target_dir),
            graph,
            obstacle,
            session_folder: Arc::default(),
            target_dir,
            captures: self.captures.clone(),
            interrupt: Arc::clone(&self.interrupt),
            own: self.wrapper.clone(),
        })
    }

    /// Compiles units again, in order, and reads their objects. `told` is given what rustc says
    /// of each, and the unit.
    ///
    /// # Errors
    /// When rustc cannot be run or its objects cannot be read.
    pub fn replay(
        &self,
        build: &mut Build,
        units: &[usize],
        told: &mut dyn FnMut(&Unit, &Compiled),
    ) -> Result<Replayed> {
        let Some(binary) = build.graph.binary() else { bail!("the program has no crates") };
        let Some(_lock) = BuildLock::take(&binary.facts.build_dir(), &self.interrupt)? else {
            return Ok(Replayed::Interrupted);
        };
        let mut rebuilt = Vec::new();
        for &index in units {
            let is_binary = build.graph.units[index].facts.is_binary();
            let place = if is_binary { Some(build.place()?) } else { None };
            let before = match &place {
                Some(Place::Session(folder)) => objects::newest_session(folder),
                Some(Place::Kept(_)) | None => None,
            };
            let unit = &mut build.graph.units[index];
            let newest = match &place {
                Some(Place::Kept(kept)) => Some(kept.newest()),
                Some(Place::Session(_)) | None => None,
            };
            let linker = match &newest {
                Some(folder) => Linker::Keeps { own: &self.wrapper, folder },
                None => Linker::Idle(&self.idle),
            };
            replay::distrust(unit);
            let compiled = replay::compile(unit, linker, &self.interrupt)?;
            known::settle(&self.captures, &unit.key);
            if self.interrupt.requested() {
                return Ok(Replayed::Interrupted);
            }
            told(unit, &compiled);
            if !compiled.success {
                return Ok(Replayed::Failed(compiled));
            }
            unit.refresh_sources(&build.target_dir);
            rebuilt.push(match place {
                Some(Place::Session(folder)) if objects::newest_session(&folder) == before => {
                    bail!("rustc left no new incremental session in {}", folder.display())
                }
                Some(Place::Session(folder)) => objects::of_binary(unit, &folder)?,
                Some(Place::Kept(kept)) => kept.read(unit, &kept.newest())?,
                None => objects::of_library(unit)?,
            });
        }
        Ok(Replayed::Objects(rebuilt))
    }
}

impl Build {
    /// The objects of every unit, as the executable was linked from them.
    ///
    /// # Errors
    /// When some cannot be found or read.
    pub fn objects(&self) -> Result<Vec<CrateObjects>> {
        let read = |unit: &Unit| match unit.facts.is_binary() {
            false => objects::of_library(unit),
            true => match self.place()? {
                Place::Session(folder) => objects::of_binary(unit, &folder),
                Place::Kept(kept) => {
                    if !kept.has(&self.executable) {
                        self.keep(unit, &kept)?;
                    }
                    kept.read(unit, &kept.linked())
                }
            },
        };
        self.graph.units.iter().map(read).collect()
    }

    /// Compiles the program once more, to get the objects that it was linked from.
    fn keep(&self, unit: &Unit, kept: &Kept) -> Result<()> {
        let folder = kept.linked();
        let linker = Linker::Keeps { own: &self.own, folder: &folder };
        let Some(_lock) = BuildLock::take(&unit.facts.build_dir(), &self.interrupt)? else {
            bail!("interrupted")
        };
        let compiled = replay::compile(unit, linker, &self.interrupt)?;
        known::settle(&self.captures, &unit.key);
        if !compiled.success {
            bail!(
                "{} was compiled once more to learn its objects, and failed:\n{}",
                unit.name,
                compiled.plain_errors()
            );
        }
        kept.stamp(&self.executable)
    }

    /// Where the program's own objects are.
    fn place(&self) -> Result<Place> {
        let unit = self.graph.binary().context("the program has no crates")?;
        if unit.facts.incremental.is_none() {
            return Ok(Place::Kept(Kept::new(unit, &self.target_dir)));
        }
        if let Some(folder) = self.session_folder.get() {
            return Ok(Place::Session(folder.clone()));
        }
        let folder = objects::session_folder(unit, &self.executable)?;
        Ok(Place::Session(self.session_folder.get_or_init(|| folder).clone()))
    }
}
