//! A program that cargo has built: its crates, what they are linked with, and where their objects
//! are.

use crate::build::capture::{Captures, freshness};
use crate::build::cargo::default_jobs;
use crate::build::graph::{Graph, Unit, missing};
use crate::build::rebuild::build_lock::BuildLock;
use crate::build::rebuild::compile::LinkerStandIn;
use crate::build::rebuild::object_cache::ObjectCache;
use crate::build::rebuild::objects;
use crate::build::rebuild::rmeta_stub::StubFolder;
use crate::build::rebuild::scheduler::{self, Task};
use crate::diff::{Archives, CrateObjects};
use crate::interrupt::Interrupt;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// A program that cargo has built, and how to compile its crates again.
#[derive(Clone, Debug)]
pub struct Build {
    /// The executable.
    pub executable: PathBuf,
    /// The user's crates in it.
    pub graph: Graph,
    /// The other libraries that are linked.
    pub archives: Archives,
    /// Environment that `cargo run` would give the program, besides ours.
    pub env: Vec<(String, OsString)>,
    /// The command that `cargo run` would start the program through, if it is not empty.
    pub runner: Vec<OsString>,
    /// The reason why no edit of this build can go live, if that is so.
    pub obstacle: Option<String>,
    /// Remarks on its settings otherwise.
    pub remarks: Vec<String>,
    pub(super) session_folder: Arc<OnceLock<PathBuf>>,
    pub(super) target_dir: PathBuf,
    pub(super) captures: Captures,
    pub(super) interrupt: Arc<Interrupt>,
    /// The executable of hot.
    pub(super) own: PathBuf,
}

/// The place of the objects of the program's own crate.
pub(super) enum Place {
    /// In the newest incremental session of this folder.
    Session(PathBuf),
    /// In the folder that hot has put them into.
    ObjectCache(ObjectCache),
}

impl Build {
    /// These units, those whose artifacts are gone, and all that use them, in the order to compile
    /// them.
    pub fn affected(&self, changed: &BTreeSet<usize>) -> Vec<usize> {
        self.graph.affected(&(changed | &missing::units(&self.graph)))
    }

    /// Returns why no unit can be compiled again before cargo has built, if that is so.
    pub fn needs_cargo(&self) -> Option<String> {
        if missing::is_of_another_tree(&self.graph, &self.executable) {
            let folder = self.graph.build_dir().display();
            return Some(format!("another working tree has been built into {folder}"));
        }
        missing::beyond_replay(&self.graph, &self.archives).map(|path| missing::sentence(&path))
    }

    /// The objects of every unit, as the executable was linked from them.
    ///
    /// # Errors
    /// When some cannot be found or read.
    pub fn objects(&self) -> Result<Vec<CrateObjects>> {
        let read = |unit: &Unit| {
            if !unit.crate_args.is_binary() {
                return objects::of_library(unit);
            }
            match self.place()? {
                Place::Session(folder) => objects::of_binary(unit, &folder),
                Place::ObjectCache(kept) => {
                    if !kept.has(&self.executable) {
                        self.keep(unit, &kept)?;
                    }
                    kept.read(unit, &kept.linked())
                }
            }
        };
        self.graph.units.iter().map(read).collect()
    }

    /// Compiles the program once more, to get the objects that it was linked from.
    fn keep(&self, unit: &Unit, kept: &ObjectCache) -> Result<()> {
        let folder = kept.linked();
        let linker = LinkerStandIn::Keeps { own: &self.own, folder: &folder };
        let Some(_lock) =
            BuildLock::take(&unit.crate_args.build_dir(), &self.interrupt, &mut |_| ())?
        else {
            bail!("interrupted")
        };
        let task = Task { unit, linker, after: Vec::new() };
        let mut said = None;
        let folder = StubFolder::of(&unit.crate_args);
        scheduler::run(&[task], &folder, default_jobs(), &self.interrupt, &mut |_, compiled| {
            said = Some(compiled.clone());
            Ok(())
        })?;
        let Some(compiled) = said else { bail!("interrupted") };
        freshness::settle(&self.captures, &unit.key);
        if !compiled.success {
            bail!(
                "{} was compiled once more to learn its objects, and failed:\n{}",
                unit.name,
                compiled.plain_errors()
            );
        }
        kept.stamp(&self.executable)
    }

    /// Returns where the program's own objects are.
    pub(super) fn place(&self) -> Result<Place> {
        let unit = self.graph.binary().context("the program has no crates")?;
        if unit.crate_args.incremental.is_none() {
            return Ok(Place::ObjectCache(ObjectCache::new(unit, &self.target_dir)));
        }
        if let Some(folder) = self.session_folder.get() {
            return Ok(Place::Session(folder.clone()));
        }
        let folder = objects::session_folder(unit, &self.executable)?;
        Ok(Place::Session(self.session_folder.get_or_init(|| folder).clone()))
    }
}
