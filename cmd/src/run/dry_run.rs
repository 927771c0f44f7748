//! The dry run: saves are built and judged, and nothing of the program is touched.
//!
//! Each save has its one answer as ever. A change that would go live is told as no effect, with
//! what loading it would do; what would restart the program is told as refused. The differ compares
//! with what runs, so what was held back is part of the next verdict, and of the one patch that
//! loads all of it when the dry run ends.

use super::Session;
use crate::diff::Prepared;
use crate::refusal::{Detail, Refusal};
use crate::show::{Effect, Event, Next};
use anyhow::Result;

impl Session {
    /// Tells what the patch would do, and forgets it.
    pub(super) fn hold_back(&mut self, prepared: &Prepared, effect: Effect) -> Result<()> {
        self.world()?.rejected(prepared.patch.id);
        self.waiting.append(&mut self.files);
        let why = format!("dry run: would replace {}", effect.functions.join(", "));
        let changed = prepared.changed.clone();
        self.show.tell(&Event::NoEffect { changed, why, dry_run: Some(effect) });
        Ok(())
    }

    /// Tells that only a restart would make the change live, and remembers why.
    pub(super) fn hold_restart(&mut self, kind: Refusal, why: &str) {
        self.waiting.append(&mut self.files);
        self.held_restart = Some(why.to_owned());
        let details = vec![Detail::sentence(why.to_owned())];
        self.show.tell(&Event::Refused { why: kind, details, next: Next::Keep, dry_run: true });
    }

    /// Begins or ends the dry run. At its end, what was held back is one change, and goes the way
    /// of any other.
    pub(super) fn toggle_dry_run(&mut self) {
        self.dry_run = !self.dry_run;
        if self.dry_run {
            self.show.terminal.note("dry run: saves are judged, nothing is loaded (d ends it)");
        } else if let Some(why) = self.held_restart.take() {
            self.show.terminal.note("the dry run is over: restarting");
            self.files = std::mem::take(&mut self.waiting);
            self.show.tell(&Event::Change { files: self.names(&self.files) });
            self.rebuild(&why);
        } else if self.waiting.is_empty() {
            self.show.terminal.note("the dry run is over: saved edits go live");
        } else {
            self.show.terminal.note("the dry run is over: loading what was held back");
            self.load_waiting();
        }
    }
}
