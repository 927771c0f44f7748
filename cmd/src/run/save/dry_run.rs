//! The dry run: saves are built and judged, and nothing of the program is touched.
//!
//! Each save has its one answer as ever. A change that would go live is reported as no effect, with
//! what loading it would do; one that would restart the program as refused. The differ compares
//! with what runs, so what was held back is part of the next verdict, and of the one patch that
//! loads all of it when the dry run ends. Once a restart was held back, only cargo can judge what
//! follows: the commands of rustc are not what they were.

use crate::diff::Prepared;
use crate::run::input::Input;
use crate::run::session::Session;
use crate::show::{Effect, Event};
use anyhow::Result;

impl Session {
    /// Reports the effect that the patch would have, and forgets the patch.
    pub fn hold_back(&mut self, prepared: &Prepared, effect: Effect) -> Result<()> {
        self.baseline.get()?.rejected(prepared.patch.id);
        self.waiting.append(&mut self.files);
        let why = format!("dry run: would replace {}", effect.functions.join(", "));
        let changed = prepared.changed.clone();
        self.show.report(&Event::NoEffect { changed, why, dry_run: Some(effect) });
        Ok(())
    }

    /// Reports all that was held back as one change.
    pub fn report_waiting(&mut self) {
        self.files = std::mem::take(&mut self.waiting);
        self.show.report(&Event::Change { files: self.detector.names(&self.files) });
    }

    /// Loads what the dry run has held back, at its end.
    pub fn load_held_back(&mut self) -> Option<Input> {
        if self.waiting.is_empty() {
            self.show.terminal.note("the dry run is over: saved edits go live");
            return None;
        }
        self.show.terminal.note("the dry run is over: loading what was held back");
        self.load_waiting()
    }
}
