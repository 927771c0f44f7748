//! The stopwatch of one save.

use crate::show::Milliseconds;
use std::time::Instant;

/// A stopwatch that runs from the first notice of a save; each step ends a lap.
#[derive(Debug)]
pub struct Clock {
    seen: Instant,
    last: Instant,
    ms: Milliseconds,
}

impl Clock {
    /// Starts at the first notice.
    pub fn new(seen: Instant) -> Clock {
        Clock { seen, last: seen, ms: Milliseconds::default() }
    }

    fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let lap = now.duration_since(self.last);
        self.last = now;
        (lap.as_secs_f64() * 1000.0).round() as u64
    }

    /// Records that the changed files are known.
    pub fn detected(&mut self) {
        self.ms.detect = self.lap();
    }

    /// Records that rustc is done.
    pub fn compiled(&mut self) {
        self.ms.rustc = self.lap();
    }

    /// Records that the patch is made.
    pub fn compared(&mut self) {
        self.ms.diff = self.lap();
    }

    /// Records that the program has acknowledged the patch.
    pub fn loaded(&mut self) {
        self.ms.load = self.lap();
        self.ms.total = (self.last.duration_since(self.seen).as_secs_f64() * 1000.0).round() as u64;
    }

    /// Returns the laps.
    pub fn milliseconds(&self) -> Milliseconds {
        self.ms
    }
}
