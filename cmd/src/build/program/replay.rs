//! Replays.

use super::build::{Build, Place};
use super::builder::Builder;
use crate::build::capture::freshness;
use crate::build::graph::Unit;
use crate::build::rebuild::build_lock::BuildLock;
use crate::build::rebuild::compile::LinkerStandIn;
use crate::build::rebuild::diagnostics::Compiled;
use crate::build::rebuild::objects;
use crate::build::rebuild::rmeta_stub::StubFolder;
use crate::build::rebuild::scheduler::{self, Ended, Task};
use crate::diff::CrateObjects;
use anyhow::{Result, bail};

/// An event of a replay that goes on.
#[derive(Clone, Copy, Debug)]
pub enum ReplayEvent<'a> {
    /// It waits for another process, as this sentence says.
    Waiting(&'a str),
    /// A crate was compiled, well or not.
    Compiled(&'a Unit, &'a Compiled),
}

/// The end of a replay.
#[derive(Debug)]
pub enum Replayed {
    /// Every crate compiled; these are their objects, in order.
    Objects(Vec<CrateObjects>),
    /// One did not.
    Failed(Compiled),
    /// The end was asked for.
    Interrupted,
}

impl Builder {
    /// Compiles units again, in order, and reads their objects. `hear` is given what is heard
    /// meanwhile.
    ///
    /// # Errors
    /// When rustc cannot be run or its objects cannot be read.
    pub fn replay(
        &self,
        build: &mut Build,
        units: &[usize],
        hear: &mut dyn FnMut(ReplayEvent<'_>),
    ) -> Result<Replayed> {
        let Some(binary) = build.graph.binary() else { bail!("the program has no crates") };
        let Some(_lock) =
            BuildLock::take(&binary.crate_args.build_dir(), &self.interrupt, &mut |text| {
                hear(ReplayEvent::Waiting(text))
            })?
        else {
            return Ok(Replayed::Interrupted);
        };
        let place = build.place()?;
        let (before, newest) = match &place {
            Place::Session(folder) => (objects::newest_session(folder), None),
            Place::ObjectCache(kept) => (None, Some(kept.newest())),
        };
        let linker = |unit: &Unit| match &newest {
            Some(folder) if unit.crate_args.is_binary() => {
                LinkerStandIn::Keeps { own: &self.wrapper, folder }
            }
            _ => LinkerStandIn::Idle(&self.idle),
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
        let begun = self.fingerprints.begin(&all, &self.captures);
        let folder = StubFolder::of(&binary.crate_args);
        let mut rebuilt: Vec<Option<CrateObjects>> = vec![None; tasks.len()];
        let ended =
            scheduler::run(&tasks, &folder, self.jobs(), &self.interrupt, &mut |at, compiled| {
                let unit = tasks[at].unit;
                freshness::settle(&self.captures, &unit.key);
                hear(ReplayEvent::Compiled(unit, compiled));
                if !compiled.success {
                    return Ok(());
                }
                if let Some(begun) = begun {
                    self.fingerprints.vouch(unit, compiled, begun);
                }
                rebuilt[at] = Some(match &place {
                    _ if !unit.crate_args.is_binary() => objects::of_library(unit)?,
                    Place::Session(folder) if objects::newest_session(folder) == before => {
                        bail!("rustc left no new incremental session in {}", folder.display())
                    }
                    Place::Session(folder) => objects::of_binary(unit, folder)?,
                    Place::ObjectCache(kept) => kept.read(unit, &kept.newest())?,
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
