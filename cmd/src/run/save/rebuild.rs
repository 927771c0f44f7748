//! From a save to new objects: which files changed, and rustc for the crates that are made from
//! them.

use super::clock::Clock;
use crate::build::rebuild::diagnostics::{Diagnostic, Weight};
use crate::build::{ReplayEvent, Replayed};
use crate::refusal::Refusal;
use crate::run::detect::Asks;
use crate::run::input::Input;
use crate::run::session::Session;
use crate::run::state::{Phase, RestartReason};
use crate::show::{Event, crate_label};
use crate::watch::Touched;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::time::SystemTime;

impl Session {
    /// Answers a save, or says what has to happen for an answer.
    pub fn save(&mut self, touched: &Touched) -> Option<Input> {
        let mut clock = Clock::new(touched.at);
        let due = self.state.restart_due();
        let change = self.detector.look(touched, self.build.as_deref(), due)?;
        clock.detected();
        // The objects on disk are about to change: what runs must be read before.
        let ready = self.ready();
        self.show.report(&Event::Change { files: self.detector.names(&change.files) });
        self.files = change.files;
        match (change.asks, ready) {
            (Asks::Restart(reason), _) | (Asks::Rustc(_), Err(reason)) => {
                Some(Input::RestartNeeded(reason))
            }
            (Asks::Rustc(units), Ok(())) => {
                let outcome = self.reload(&units, &mut clock);
                self.or_fault(outcome)
            }
        }
    }

    /// Checks that edits can go live at all, after waiting until what runs is read.
    fn ready(&mut self) -> Result<(), RestartReason> {
        if let Some(why) = self.build.as_ref().and_then(|build| build.obstacle.clone()) {
            return Err(RestartReason { kind: Refusal::Profile, why });
        }
        let known = self.baseline.get().map(|_| ());
        if let Phase::Running(_) = self.state.phase {
            self.announce(false);
        }
        known.map_err(|error| RestartReason { kind: Refusal::Internal, why: format!("{error:#}") })
    }

    /// Leads new sources through rustc, the differ and into the program.
    fn reload(&mut self, units: &BTreeSet<usize>, clock: &mut Clock) -> Result<Option<Input>> {
        let rebuilt = match self.replay(units)? {
            Replayed::Objects(objects) => objects,
            Replayed::Failed(compiled) => {
                let rendered = compiled.plain_errors();
                self.show.report(&Event::CompileError { rendered });
                return Ok(None);
            }
            Replayed::Interrupted => return Ok(None),
        };
        clock.compiled();
        self.apply(rebuilt, clock)
    }

    /// Compiles these units and all that use them, and follows the files they are made from now.
    fn replay(&mut self, changed: &BTreeSet<usize>) -> Result<Replayed> {
        let Some(mut build) = self.build.take() else { bail!("there is no program") };
        let units = build.affected(changed);
        self.detector
            .begin_compiling(units.iter().map(|&i| build.graph.units[i].key.clone()).collect());
        let begun = SystemTime::now();
        let show = &mut self.show;
        let replayed = self.builder.replay(&mut build, &units, &mut |event| {
            let (unit, compiled) = match event {
                ReplayEvent::Waiting(text) => return show.terminal.note(text),
                ReplayEvent::Compiled(unit, compiled) => (unit, compiled),
            };
            let of = crate_label(&unit.name, unit.crate_args.is_binary());
            for Diagnostic { text, weight } in &compiled.diagnostics {
                match weight {
                    Weight::Warning => show.warning(&of, text),
                    Weight::Error | Weight::Note => show.terminal.compiler(text),
                }
            }
            show.warnings.compiled(&of, compiled.success);
        });
        match &replayed {
            Ok(Replayed::Objects(_)) => self.detector.settle(),
            Ok(Replayed::Failed(compiled)) => {
                self.detector.compiled(Some(compiled.plain_errors()));
            }
            Ok(Replayed::Interrupted) | Err(_) => self.detector.compiled(None),
        }
        self.detector.follow(&build, begun);
        self.warn_of_unseen_folders();
        self.build = Some(build);
        replayed
    }
}
