//! The failures of a scope's mocks, in a bounded place.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;

/// The number of failures that are kept in words; the others are counted.
const KEPT: usize = 32;

/// The failures of a scope's mocks, kept for its end.
pub(crate) struct Failures {
    pub(super) owner: ThreadId,
    list: Mutex<Kept>,
}

/// The first failures, and a count of the others.
#[derive(Default)]
struct Kept {
    failures: Vec<String>,
    more: u64,
}

impl Failures {
    /// Makes an empty list. The thread is the test's own.
    pub(crate) fn new() -> Arc<Failures> {
        Arc::new(Failures { owner: std::thread::current().id(), list: Mutex::default() })
    }

    /// Returns what has been kept so far, and empties the list.
    pub(crate) fn take(&self) -> Vec<String> {
        let kept = std::mem::take(&mut *self.list.lock().unwrap_or_else(PoisonError::into_inner));
        let mut failures = kept.failures;
        if kept.more > 0 {
            failures.push(format!("and {} more failures of this kind", kept.more));
        }
        failures
    }

    /// Writes a failure down.
    pub(super) fn add(&self, failure: String) {
        let mut kept = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.failures.len() < KEPT {
            kept.failures.push(failure);
        } else {
            kept.more += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Failures, KEPT};

    #[test]
    fn failures_take_a_bounded_place() {
        let failures = Failures::new();
        (0..100_000).for_each(|n| failures.add(format!("failure {n}")));
        let kept = failures.take();
        assert_eq!(kept.len(), KEPT + 1);
        assert_eq!(kept[0], "failure 0");
        assert_eq!(kept[KEPT], "and 99968 more failures of this kind");
        assert!(failures.take().is_empty());
    }
}
