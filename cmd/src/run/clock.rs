//! Where the time of one save goes.

use crate::show::Milliseconds;
use std::time::Instant;

/// Runs from the first notice of a save; each step ends a lap.
#[derive(Debug)]
pub(super) struct Clock {
    seen: Instant,
    last: Instant,
    ms: Milliseconds,
}

impl Clock {
    pub(super) fn new(seen: Instant) -> Clock {
        Clock { seen, last: seen, ms: Milliseconds::default() }
    }

    fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let lap = now.duration_since(self.last);
        self.last = now;
        (lap.as_secs_f64() * 1000.0).round() as u64
    }

    /// What changed is known.
    pub(super) fn detected(&mut self) {
        self.ms.detect = self.lap();
    }

    /// Rustc is done.
    pub(super) fn compiled(&mut self) {
        self.ms.rustc = self.lap();
    }

    /// The patch is made.
    pub(super) fn compared(&mut self) {
        self.ms.diff = self.lap();
    }

    /// The program has said that it is live.
    pub(super) fn loaded(&mut self) {
        self.ms.load = self.lap();
        self.ms.total = (self.last.duration_since(self.seen).as_secs_f64() * 1000.0).round() as u64;
    }

    pub(super) fn milliseconds(&self) -> Milliseconds {
        self.ms
    }
}
