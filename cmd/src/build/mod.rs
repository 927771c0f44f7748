//! Building: by cargo the first time, by rustc alone after each save.
//!
//! - [`cargo`] runs cargo with hot as the wrapper of rustc; [`capture`] is that wrapper, and keeps
//!   the command lines; [`command`] reads them; [`known`] sees to it that none is missing.
//! - [`retold`] tells the same of a build that a command of the user's made, unheard.
//! - [`graph`] joins them to the user's crates in order, with their source files from [`depinfo`].
//! - [`claim`] keeps a second tool away, [`lock`] a cargo that writes what we write; [`linked`]
//!   tells what else belongs to the program, [`linkage`] which crates are in dynamic libraries,
//!   [`missing`] what of it is gone.
//! - [`pipeline`] compiles some of them again, several at once ([`standin`]), each by [`replay`];
//!   [`diagnostics`] reads what rustc says; [`objects`] finds what it left, [`kept`] keeps what it
//!   would not leave.
//! - [`freshness`] has cargo find what was compiled again.
//! - [`obstacle`] tells which builds no edit can go live in; [`flood`] bounds what is kept of what
//!   the compiler says.
//!
//! A [`Builder`] lives as long as the tool; each build by cargo that succeeds makes a new
//! [`Build`] ([`program`]).

pub mod capture;
pub mod cargo;
pub mod claim;
pub mod command;
pub mod config;
pub mod depinfo;
pub mod diagnostics;
pub mod environment;
pub mod flood;
pub mod freshness;
pub mod graph;
pub mod kept;
pub mod known;
pub mod linkage;
pub mod linked;
pub mod lock;
pub mod missing;
pub mod objects;
pub mod obstacle;
pub mod pipeline;
pub mod program;
pub mod replay;
pub mod retold;
pub mod standin;

use crate::diff::CrateObjects;
use crate::interrupt::Interrupt;
use anyhow::{Context, Result, bail};
use capture::Captures;
use cargo::{Outcome, Said, Say, Selection};
use cargo_metadata::Artifact;
use claim::Claim;
use config::{Config, manifests};
use diagnostics::Compiled;
use freshness::Freshness;
use graph::{Graph, Unit};
use linkage::Linkage;
use lock::BuildLock;
use pipeline::{Ended, Task};
use program::Place;
use replay::Linker;
use retold::{Retold, Unseen};
use standin::Folder;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use program::Build;

/// Bad usage, as opposed to something that failed: the sentence says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// What builds the program, again and again.
#[derive(Debug)]
pub struct Builder {
    way: Way,
    captures: Captures,
    /// Cargo's configuration, as it was read last.
    config: Config,
    freshness: Freshness,
    interrupt: Arc<Interrupt>,
    /// The program that cargo runs in place of rustc: hot.
    wrapper: PathBuf,
    idle: PathBuf,
    /// Whether there has been a program.
    ran: bool,
    /// The folder of records that no other tool may work with, and the right to it.
    claim: Option<(PathBuf, Claim)>,
}

/// How the program comes about.
#[derive(Debug)]
enum Way {
    /// Cargo is called.
    Cargo { selection: Selection, workspace: Box<cargo_metadata::Metadata> },
    /// A command of the user's builds and starts it.
    Command { root: PathBuf, log: PathBuf, target_dir: Option<PathBuf> },
}

/// How a build by cargo ended.
#[derive(Debug)]
pub enum Built {
    /// There is a program.
    Program(Box<Build>),
    /// It does not compile; the text is that of the errors, which have been printed.
    Failed(String),
    /// Nothing was built: no edit could go live in it, for this reason.
    Refused(String),
}

/// What is known of a program that a command of the user's has built and started.
#[derive(Debug)]
pub enum Adopted {
    /// How it was built.
    Build(Box<Build>),
    /// Some of it was fresh, and hot never saw how it is compiled.
    Unseen(Vec<Unseen>),
}

/// How a replay ended.
#[derive(Debug)]
pub enum Replayed {
    /// Every crate compiled; these are their objects, in order.
    Objects(Vec<CrateObjects>),
    /// One did not.
    Failed(Compiled),
    /// The end was asked for.
    Interrupted,
}

impl Drop for Builder {
    fn drop(&mut self) {
        if let Way::Command { log, .. } = &self.way {
            // What is in it was learnt. It may not be there.
            let _ = std::fs::remove_file(log);
        }
    }
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
        let config = Config::here(&selection.build)?;
        let folder = workspace.target_directory.as_std_path().join("hot/capture");
        let captures = Captures::open(folder.join(selection.folder()))?;
        let way = Way::Cargo { selection, workspace: Box::new(workspace) };
        Builder::begin(way, captures, config, wrapper, interrupt)
    }

    /// For a command that is run in this folder. `log` is where those that record tell of it;
    /// `wrapper` is the executable of hot.
    ///
    /// # Errors
    /// When the machine lacks what a replay needs.
    pub fn of_command(
        root: PathBuf,
        log: PathBuf,
        wrapper: PathBuf,
        interrupt: Arc<Interrupt>,
    ) -> Result<Builder> {
        let captures = Captures::in_folders(Vec::new());
        let config = Config::read(&root, &[]);
        let way = Way::Command { root, log, target_dir: None };
        Builder::begin(way, captures, config, wrapper, interrupt)
    }

    /// A builder that has built nothing yet.
    fn begin(
        way: Way,
        captures: Captures,
        config: Config,
        wrapper: PathBuf,
        interrupt: Arc<Interrupt>,
    ) -> Result<Builder> {
        Ok(Builder {
            way,
            captures,
            config,
            freshness: Freshness::default(),
            interrupt,
            wrapper,
            idle: replay::idle_program()?,
            ran: false,
            claim: None,
        })
    }

    /// The workspace's root, or the folder that the command is run in.
    pub fn root(&self) -> &Path {
        match &self.way {
            Way::Cargo { workspace, .. } => workspace.workspace_root.as_std_path(),
            Way::Command { root, .. } => root,
        }
    }

    /// The folder that nothing is watched in, once it is known.
    pub fn target_dir(&self) -> Option<&Path> {
        match &self.way {
            Way::Cargo { workspace, .. } => Some(workspace.target_directory.as_std_path()),
            Way::Command { target_dir, .. } => target_dir.as_deref(),
        }
    }

    /// The folders of the workspace's packages, as far as cargo has told.
    pub fn packages(&self) -> BTreeSet<PathBuf> {
        let Way::Cargo { workspace, .. } = &self.way else { return BTreeSet::new() };
        let manifests = workspace.packages.iter().map(|p| p.manifest_path.as_std_path());
        manifests.filter_map(|manifest| Some(manifest.parent()?.to_owned())).collect()
    }

    /// The files besides sources that decide what cargo builds, and what they are. They need not
    /// exist.
    pub fn manifests(&self) -> Vec<(PathBuf, String)> {
        match &self.way {
            Way::Cargo { .. } => manifests(self.root(), &self.packages(), &self.config),
            Way::Command { .. } => Vec::new(),
        }
    }

    /// Keeps other tools away from the records of what cargo builds.
    ///
    /// # Errors
    /// When another tool works with them.
    pub fn claim(&mut self) -> Result<()> {
        let Way::Cargo { selection, workspace } = &self.way else { return Ok(()) };
        let folder = workspace.target_directory.as_std_path().join("hot/capture");
        self.claim_folder(folder.join(selection.folder()))
    }

    fn claim_folder(&mut self, folder: PathBuf) -> Result<()> {
        let holds =
            |(claimed, claim): &(PathBuf, Claim)| *claimed == folder && claim.holds(&folder);
        if !self.claim.as_ref().is_some_and(holds) {
            let claim = Claim::take(&folder)?;
            self.claim = Some((folder, claim));
        }
        Ok(())
    }

    /// Marks the records of what the command has compiled as belonging to the artifacts that it
    /// made. What it does later is noted anew.
    pub fn learn(&self) {
        let Way::Command { log, .. } = &self.way else { return };
        for (key, folder) in capture::noted(log) {
            let captures = Captures::in_folders(vec![folder]);
            // One that failed has left the artifact of an earlier one, or nothing.
            if known::made(&captures, &key) >= captures.time(&key) {
                known::settle(&captures, &key);
            }
        }
    }

    /// What the user's command must find in its environment. Forgets what was noted before.
    pub fn command_env(&self) -> Vec<(String, OsString)> {
        self.learn();
        self.freshness.redeem(&self.interrupt);
        let Way::Command { log, .. } = &self.way else { return Vec::new() };
        // It may not be there yet.
        let _ = std::fs::remove_file(log);
        let variables = capture::wrapper_anywhere(&self.wrapper, log);
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Finds out how an executable was built that a command of the user's has started.
    ///
    /// # Errors
    /// When its records cannot be read.
    pub fn adopt(&mut self, executable: &Path, build_id: &[u8]) -> Result<Adopted> {
        self.learn();
        let Way::Command { log, .. } = &self.way else { bail!("cargo builds this program") };
        let noted = capture::noted(log);
        let mut folders = retold::stores(executable);
        folders.extend(noted.iter().map(|(_, folder)| folder.clone()));
        folders.sort();
        folders.dedup();
        self.captures = Captures::in_folders(folders);
        let Some(key) = retold::key(&self.captures, executable, build_id) else {
            return Ok(Adopted::Unseen(vec![retold::unseen_executable(executable)]));
        };
        let Retold { outcome, facts } = match retold::tell(&self.captures, &key)? {
            Ok(retold) => retold,
            Err(unseen) => return Ok(Adopted::Unseen(unseen)),
        };
        let program = outcome.artifacts.iter().find(|a| a.executable.is_some());
        let program = program.context("the program's record is missing")?;
        let (target, profile) = facts.target_folder();
        self.claim_folder(facts.store())?;
        if let Way::Command { target_dir, .. } = &mut self.way {
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
        if known::same_file(executable, &build.executable) {
            build.executable = executable.to_owned();
        }
        build.graph.cargo_files.extend(manifests);
        Ok(Adopted::Build(Box::new(build)))
    }

    /// The crates whose objects are not those that the executable was linked from: they were
    /// compiled after it, by a tool that went before or by a cargo that did not link. The objects
    /// that rustc does not keep are made again from the sources, which then must be as they were.
    fn compiled_since(&self, build: &Build) -> Vec<Unseen> {
        let modified = |path: &Path| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        let linked = modified(&build.executable);
        let is_later = |unit: &&Unit| {
            let made = known::made(&self.captures, &unit.key);
            let kept = !unit.facts.is_binary() || unit.facts.incremental.is_some();
            made > linked || !kept && unit.sources.iter().any(|file| modified(file) > made)
        };
        let unseen = |unit: &Unit| {
            let outputs = vec![retold::output(&unit.facts), build.executable.clone()];
            Unseen { name: unit.name.clone(), outputs }
        };
        build.graph.units.iter().filter(is_later).map(unseen).collect()
    }

    /// Since when a file that was written may not be what the program was built from.
    pub fn begun(&self, build: &Build) -> std::time::SystemTime {
        let binary = build.graph.binary().map(|unit| unit.key.as_str());
        let made = binary.and_then(|key| known::made(&self.captures, key));
        made.unwrap_or(std::time::SystemTime::UNIX_EPOCH)
    }

    /// Builds with cargo, and sees to it that every command line is known.
    ///
    /// # Errors
    /// When cargo or its messages fail, or when it is not clear what to run ([`Usage`]).
    pub fn build(&mut self, say: &mut Say<'_>) -> Result<Built> {
        // A `cargo clean` may have taken the records, and the claim with them.
        self.captures.restore()?;
        self.freshness.redeem(&self.interrupt);
        self.claim()?;
        let Way::Cargo { selection, workspace } = &mut self.way else {
            bail!("a command builds this program")
        };
        // The manifests may have changed. If they are broken now, the build says so better.
        if let Ok(now) = cargo::metadata(selection) {
            **workspace = now;
        }
        self.config = Config::here(&selection.build)?;
        let Way::Cargo { selection, workspace } = &self.way else { unreachable!("it was above") };
        let mut again = false;
        loop {
            let env = self.cargo_env(selection);
            self.captures.allow();
            let outcome = cargo::build(selection, &env, &self.interrupt, say)?;
            known::settle_all(&self.captures, &outcome);
            if !outcome.success {
                return Ok(match self.captures.refused() {
                    Some(why) => Built::Refused(why),
                    None => Built::Failed(outcome.errors),
                });
            }
            let program = cargo::program(workspace, &outcome)?;
            let unknown = known::unknown(&self.captures, &outcome, program);
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
            let names: BTreeSet<&str> =
                unknown.iter().map(|a| graph::package_name(&a.package_id)).collect();
            let names = Vec::from_iter(names).join(", ");
            if again {
                bail!("failed to learn from cargo how {names} is compiled");
            }
            let step = format!("compiling {names} once more, to learn how cargo does it");
            say(Said::Note(&step));
            known::make_stale(&unknown, selection)?;
            again = true;
        }
    }

    fn cargo_env(&self, selection: &Selection) -> Vec<(&'static str, OsString)> {
        let mut env = self.captures.wrapper(&self.wrapper, &self.config);
        // A program that runs is restarted at each save rather than lost.
        if !self.ran {
            env.push((capture::PROFILE, (&selection.profile).into()));
        }
        if selection.is_dev() {
            // A binary's objects are read from its incremental session. It is the default of the
            // profile, so this rebuilds nothing, unless the user had switched it off.
            env.push(("CARGO_INCREMENTAL", "1".into()));
        }
        env
    }

    fn program(
        &self,
        artifact: &Artifact,
        outcome: &Outcome,
        target_dir: PathBuf,
        profile: &str,
    ) -> Result<Build> {
        let Some(executable) = &artifact.executable else { bail!("the program has no executable") };
        let binary =
            known::key(&self.captures, artifact).context("the program's command is not known")?;
        let links = self.captures.link_args(&binary).unwrap_or_default();
        let linkage = Linkage::read(&links);
        let graph = Graph::new(&binary, &self.captures, outcome, &target_dir, linkage);
        let Some(unit) = graph.binary().filter(|unit| unit.key == binary) else {
            bail!("failed to read the command that compiled {}", artifact.target.name);
        };
        let obstacle = obstacle::of(&graph, profile, executable.as_std_path())?;
        let remarks = obstacle::remarks(&graph, profile);
        let target = unit.facts.target.as_deref();
        let sysroot = linked::sysroot(&unit.record, target)?;
        let target = target.or(linked::target(&sysroot)).unwrap_or_default();
        Ok(Build {
            executable: executable.as_std_path().to_owned(),
            archives: linked::archives(&graph, outcome, &sysroot)?,
            env: environment::of_program(unit, outcome, &self.config, &sysroot),
            runner: self.config.runner(target, || linked::rustc(&unit.record)).unwrap_or_default(),
            graph,
            obstacle,
            remarks,
            session_folder: Arc::default(),
            target_dir,
            captures: self.captures.clone(),
            interrupt: Arc::clone(&self.interrupt),
            own: self.wrapper.clone(),
        })
    }

    /// How many compilers may run at once, as cargo is told.
    fn jobs(&self) -> usize {
        match &self.way {
            Way::Cargo { selection, .. } => selection.jobs(),
            Way::Command { .. } => pipeline::width(),
        }
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
        let place = build.place()?;
        let (before, newest) = match &place {
            Place::Session(folder) => (objects::newest_session(folder), None),
            Place::Kept(kept) => (None, Some(kept.newest())),
        };
        let linker = |unit: &Unit| match &newest {
            Some(folder) if unit.facts.is_binary() => Linker::Keeps { own: &self.wrapper, folder },
            _ => Linker::Idle(&self.idle),
        };
        let graph = &build.graph;
        let task = |&index: &usize| {
            let unit = &graph.units[index];
            let used = graph.all_used_by(index);
            let after = (0..units.len()).filter(|&at| used.contains(&units[at])).collect();
            Task { unit, linker: linker(unit), after }
        };
        let tasks: Vec<Task<'_>> = units.iter().map(task).collect();
        let all: Vec<&Unit> = tasks.iter().map(|task| task.unit).collect();
        let begun = self.freshness.begin(&all, &self.captures);
        let folder = Folder::of(&binary.facts);
        let mut rebuilt: Vec<Option<CrateObjects>> = vec![None; tasks.len()];
        let ended =
            pipeline::run(&tasks, &folder, self.jobs(), &self.interrupt, &mut |at, compiled| {
                let unit = tasks[at].unit;
                known::settle(&self.captures, &unit.key);
                told(unit, compiled);
                if !compiled.success {
                    return Ok(());
                }
                if let Some(begun) = begun {
                    self.freshness.vouch(unit, compiled, begun);
                }
                rebuilt[at] = Some(match &place {
                    _ if !unit.facts.is_binary() => objects::of_library(unit)?,
                    Place::Session(folder) if objects::newest_session(folder) == before => {
                        bail!("rustc left no new incremental session in {}", folder.display())
                    }
                    Place::Session(folder) => objects::of_binary(unit, folder)?,
                    Place::Kept(kept) => kept.read(unit, &kept.newest())?,
                });
                Ok(())
            })?;
        for (&index, _) in units.iter().zip(&rebuilt).filter(|(_, objects)| objects.is_some()) {
            build.graph.units[index].refresh_sources(&build.target_dir);
        }
        Ok(match ended {
            Ended::Well => Replayed::Objects(rebuilt.into_iter().flatten().collect()),
            Ended::Failed(compiled) => Replayed::Failed(compiled),
            Ended::Interrupted => Replayed::Interrupted,
        })
    }
}
