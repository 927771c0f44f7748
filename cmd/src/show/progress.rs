//! The first build, which may take minutes: how many crates are there, and for how long it goes on.
//!
//! Only at a terminal. How many there will be, cargo does not tell before; so this counts and does
//! not promise. Cargo's own lines take the place of this one, which is drawn again below them.

use crate::screen;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The line, until it is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    crates: AtomicUsize,
}

impl Progress {
    /// Begins to count; shows nothing unless standard error is a terminal and no program draws on
    /// it.
    pub fn begin() -> Progress {
        let target = if std::io::stderr().is_terminal() && !screen::is_taken() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Progress::drawn_to(target)
    }

    fn drawn_to(target: ProgressDrawTarget) -> Progress {
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template("{spinner} building ({elapsed}){msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, crates: AtomicUsize::new(0) }
    }

    /// One more crate is there.
    pub fn built(&self, name: &str) {
        // Relaxed: the count stands for itself.
        let crates = self.crates.fetch_add(1, Ordering::Relaxed) + 1;
        self.bar.set_message(format!(": {crates} crates, {name}"));
    }

    /// Prints something, with the line out of the way.
    pub fn aside(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_are_counted_and_named() {
        let progress = Progress::drawn_to(ProgressDrawTarget::hidden());
        progress.built("a");
        progress.built("b");
        assert_eq!(progress.bar.message(), ": 2 crates, b");
    }
}
