//! From new objects to the running program: the verdict over them, and the patch.

use super::clock::Clock;
use crate::diff::{CrateObjects, Prepared, Verdict};
use crate::refusal::{Detail, Refusal};
use crate::run::baseline::panic_message;
use crate::run::input::Input;
use crate::run::launch::{CONNECT, hex};
use crate::run::session::Session;
use crate::show::{Effect, Event, Next};
use anyhow::{Result, bail};
use hot_patch::message::{Reply, Request};
use std::time::Instant;

/// How the program took a patch.
#[derive(Debug)]
enum Loaded {
    /// It is live, as which patch of the process; the functions replaced.
    Live(u32, Vec<String>),
    /// The program does not listen yet.
    NotConnected,
    /// It is not, and this is why.
    Not(String),
}

impl Session {
    /// Judges objects that differ from what runs, and does what follows from the verdict.
    pub fn apply(
        &mut self,
        rebuilt: Vec<CrateObjects>,
        clock: &mut Clock,
    ) -> Result<Option<Input>> {
        match self.judge(rebuilt)? {
            Verdict::Patch(prepared) => self.load(&prepared, clock),
            Verdict::NoEffect { changed, why } => {
                self.show.report(&Event::NoEffect { changed, why, dry_run: None });
                Ok(None)
            }
            Verdict::Refused { why, details } => Ok(Some(self.refused(why, details))),
        }
    }

    /// Asks the differ. It remembers what was not loaded before.
    fn judge(&mut self, rebuilt: Vec<CrateObjects>) -> Result<Verdict> {
        let keys: Vec<String> = rebuilt.iter().map(|objects| objects.key.clone()).collect();
        let session = self.baseline.get()?;
        let judge = std::panic::AssertUnwindSafe(|| session.judge(rebuilt));
        let why = match std::panic::catch_unwind(judge) {
            Ok(Ok(verdict)) => return Ok(verdict),
            Ok(Err(error)) => format!("{:#}", anyhow::Error::new(error)),
            Err(panic) => panic_message(&*panic),
        };
        // Its baseline is as it was before, so they have to be shown to it again.
        self.detector.compile_again(keys);
        bail!(why)
    }

    /// Loads a patch into the program.
    fn load(&mut self, prepared: &Prepared, clock: &mut Clock) -> Result<Option<Input>> {
        let bytes = prepared.patch.to_bytes();
        clock.compared();
        let Prepared { functions, added, not_applied, new_statics, .. } = prepared;
        let effect = Effect {
            functions: functions.clone(),
            added: added.clone(),
            not_applied: not_applied.clone(),
            new_statics: *new_statics,
            bytes: bytes.len(),
        };
        if self.state.is_dry_run() {
            self.hold_back(prepared, effect)?;
            return Ok(None);
        }
        match self.send(&bytes)? {
            Loaded::Live(patch, functions) => {
                clock.loaded();
                self.baseline.get()?.committed(prepared.patch.id);
                // What was built before the program listened went along.
                self.waiting.clear();
                let effect = Effect { functions, ..effect };
                self.show.report(&Event::Applied { patch, effect, ms: clock.milliseconds() });
                self.report_copies();
                Ok(None)
            }
            Loaded::NotConnected => {
                self.baseline.get()?.rejected(prepared.patch.id);
                self.waiting.append(&mut self.files);
                let why = format!(
                    "the change is built but not loaded: the program has not called \
                     `hot::reloader_loop()` or `hot::spawn_reloader()` yet{}; it is loaded as \
                     soon as the program does",
                    self.others()
                );
                let details = vec![Detail::sentence(why)];
                self.report_refused(Refusal::NotConnected, details, Next::Keep, false);
                Ok(None)
            }
            Loaded::Not(why) => {
                self.baseline.get()?.rejected(prepared.patch.id);
                Ok(Some(self.refused(Refusal::Program, vec![Detail::sentence(why)])))
            }
        }
    }

    /// Sends a patch to the program, when it listens.
    fn send(&mut self, patch: &[u8]) -> Result<Loaded> {
        let expected = self.baseline.get()?.build_id().to_vec();
        let Some(program) = &self.program else { bail!("there is no program") };
        let hello = match program.link.wait(CONNECT, || self.interrupt.requested()) {
            Ok(Some(hello)) => hello,
            Ok(None) => return Ok(Loaded::NotConnected),
            Err(error) => return Ok(Loaded::Not(format!("{error:#}"))),
        };
        if hello.build_id != expected {
            return Ok(Loaded::Not(format!(
                "the process that listens (pid {}) runs another executable than the one that was \
                 built (build ID {}, not {})",
                hello.pid,
                hex(&hello.build_id),
                hex(&expected)
            )));
        }
        if hello.patches > 0 {
            return Ok(Loaded::Not(format!(
                "the process that listens (pid {}) had patches loaded before this hot came to it, \
                 a copy made by fork perhaps: what runs in it is not known",
                hello.pid
            )));
        }
        Ok(match program.link.ask(&Request::Load(patch.to_vec())) {
            Ok(Reply::Loaded { number, functions, .. }) => Loaded::Live(number, functions),
            Ok(Reply::Failed { message }) => Loaded::Not(message),
            Ok(other) => Loaded::Not(format!("the program gave a wrong answer: {other:?}")),
            Err(error) => Loaded::Not(format!("{error:#}")),
        })
    }

    /// Loads what was built before the program listened, if there is something.
    pub fn catch_up(&mut self) -> Option<Input> {
        if self.waiting.is_empty() {
            return None;
        }
        self.show.terminal.note("the program listens now: loading what was built");
        self.load_waiting()
    }

    /// Loads what was built before, as one change.
    pub fn load_waiting(&mut self) -> Option<Input> {
        let mut clock = Clock::new(Instant::now());
        self.report_waiting();
        clock.detected();
        clock.compiled();
        let outcome = self.apply(Vec::new(), &mut clock);
        self.or_fault(outcome)
    }

    /// Returns the outcome of a save, or the refusal of one that has failed.
    pub fn or_fault(&mut self, outcome: Result<Option<Input>>) -> Option<Input> {
        outcome.unwrap_or_else(|error| {
            let details = vec![Detail::sentence(format!("{error:#}"))];
            Some(self.refused(Refusal::Internal, details))
        })
    }

    fn refused(&mut self, why: Refusal, details: Vec<Detail>) -> Input {
        Input::Refused { why, details, dying: self.is_dying() }
    }
}
