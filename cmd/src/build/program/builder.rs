//! The builder of the program, which lives as long as the tool.

use super::build::Build;
use super::origin::Origin;
use crate::build::capture::{Captures, StoreLock, freshness};
use crate::build::cargo::{self, Artifact, Config, Outcome, Selection, default_jobs, manifests};
use crate::build::graph::{Graph, environment, link_inputs};
use crate::build::rebuild::compile;
use crate::build::rebuild::fingerprint::Fingerprints;
use crate::build::rustc::Linkage;
use crate::build::unsupported;
use crate::interrupt::Interrupt;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The builder of one program, again and again.
#[derive(Debug)]
pub struct Builder {
    pub(super) origin: Origin,
    pub(super) captures: Captures,
    /// Cargo's configuration, as it was read last.
    pub(super) config: Config,
    pub(super) fingerprints: Fingerprints,
    pub(super) interrupt: Arc<Interrupt>,
    /// The program that cargo runs in place of rustc: hot.
    pub(super) wrapper: PathBuf,
    pub(super) idle: PathBuf,
    /// True if there has been a program.
    pub(super) ran: bool,
    /// The folder of records that no other tool may work with, and the right to it.
    pub(super) claim: Option<(PathBuf, StoreLock)>,
}

impl Drop for Builder {
    fn drop(&mut self) {
        if let Origin::Command { log, .. } = &self.origin {
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
        let origin = Origin::Cargo { selection, workspace: Box::new(workspace) };
        Builder::begin(origin, captures, config, wrapper, interrupt)
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
        let origin = Origin::Command { root, log, target_dir: None };
        Builder::begin(origin, captures, config, wrapper, interrupt)
    }

    /// A builder that has built nothing yet.
    fn begin(
        origin: Origin,
        captures: Captures,
        config: Config,
        wrapper: PathBuf,
        interrupt: Arc<Interrupt>,
    ) -> Result<Builder> {
        Ok(Builder {
            origin,
            captures,
            config,
            fingerprints: Fingerprints::default(),
            interrupt,
            wrapper,
            idle: compile::idle_program()?,
            ran: false,
            claim: None,
        })
    }

    /// The workspace's root, or the folder that the command is run in.
    pub fn root(&self) -> &Path {
        match &self.origin {
            Origin::Cargo { workspace, .. } => workspace.workspace_root.as_std_path(),
            Origin::Command { root, .. } => root,
        }
    }

    /// The folder that nothing is watched in, once it is known.
    pub fn target_dir(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Cargo { workspace, .. } => Some(workspace.target_directory.as_std_path()),
            Origin::Command { target_dir, .. } => target_dir.as_deref(),
        }
    }

    /// The folders of the workspace's packages, as far as cargo has told.
    pub fn packages(&self) -> BTreeSet<PathBuf> {
        let Origin::Cargo { workspace, .. } = &self.origin else { return BTreeSet::new() };
        let manifests = workspace.packages.iter().map(|p| p.manifest_path.as_std_path());
        manifests.filter_map(|manifest| Some(manifest.parent()?.to_owned())).collect()
    }

    /// The files besides sources that decide what cargo builds, and what they are. They need not
    /// exist.
    pub fn manifests(&self) -> Vec<(PathBuf, String)> {
        match &self.origin {
            Origin::Cargo { .. } => manifests(self.root(), &self.packages(), &self.config),
            Origin::Command { .. } => Vec::new(),
        }
    }

    /// Keeps other tools away from the records of what cargo builds.
    ///
    /// # Errors
    /// When another tool works with them.
    pub fn claim(&mut self) -> Result<()> {
        let Origin::Cargo { selection, workspace } = &self.origin else { return Ok(()) };
        let folder = workspace.target_directory.as_std_path().join("hot/capture");
        self.claim_folder(folder.join(selection.folder()))
    }

    pub(super) fn claim_folder(&mut self, folder: PathBuf) -> Result<()> {
        let holds =
            |(claimed, claim): &(PathBuf, StoreLock)| *claimed == folder && claim.holds(&folder);
        if !self.claim.as_ref().is_some_and(holds) {
            let claim = StoreLock::take(&folder)?;
            self.claim = Some((folder, claim));
        }
        Ok(())
    }

    /// Since when a file that was written may not be what the program was built from.
    pub fn begun(&self, build: &Build) -> std::time::SystemTime {
        let binary = build.graph.binary().map(|unit| unit.key.as_str());
        let made = binary.and_then(|key| freshness::made(&self.captures, key));
        made.unwrap_or(std::time::SystemTime::UNIX_EPOCH)
    }

    pub(super) fn program(
        &self,
        artifact: &Artifact,
        outcome: &Outcome,
        target_dir: PathBuf,
        profile: &str,
    ) -> Result<Build> {
        let Some(executable) = &artifact.executable else { bail!("the program has no executable") };
        let binary = freshness::key(&self.captures, artifact)
            .context("the program's command is not known")?;
        let links = self.captures.link_args(&binary).unwrap_or_default();
        let linkage = Linkage::read(&links);
        let graph = Graph::new(&binary, &self.captures, outcome, &target_dir, linkage);
        let Some(unit) = graph.binary().filter(|unit| unit.key == binary) else {
            bail!("failed to read the command that compiled {}", artifact.name);
        };
        let obstacle =
            unsupported::of(graph.crates(), graph.is_runtime_shared, profile, executable)?;
        let remarks = unsupported::remarks(graph.crates(), profile);
        let target = unit.crate_args.target.as_deref();
        let sysroot = link_inputs::sysroot(&unit.record, target)?;
        let target = target.or(link_inputs::target(&sysroot)).unwrap_or_default();
        Ok(Build {
            executable: executable.to_owned(),
            archives: link_inputs::archives(&graph, outcome, &sysroot)?,
            env: environment::of_program(unit, outcome, &self.config, &sysroot),
            runner: self
                .config
                .runner(target, || link_inputs::rustc(&unit.record))
                .unwrap_or_default(),
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

    /// Returns how many compilers may run at once, as cargo is told.
    pub(super) fn jobs(&self) -> usize {
        match &self.origin {
            Origin::Cargo { selection, .. } => selection.jobs(),
            Origin::Command { .. } => default_jobs(),
        }
    }
}
