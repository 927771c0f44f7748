//! An order across functions.

use super::tally::Tally;
use crate::slot::reentry::Working;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// An order in which mocks are to be called, each once: [`Mock::in_order`](crate::Mock::in_order).
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn reserve(_: u64) {}
/// #[hot]
/// fn pay(_: u64) {}
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let scope = hot::scope();
/// let order = hot::Sequence::new();
/// hot::mock!(in scope, reserve, |_: u64| {})?.in_order(&order);
/// hot::mock!(in scope, pay, |_: u64| {})?.in_order(&order);
/// reserve(7); // pay(7) here would panic: "`…/pay` was called before `…/reserve`, …"
/// pay(7);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Sequence {
    steps: Arc<Mutex<Vec<Weak<Tally>>>>,
}

/// A place in a sequence.
pub(super) struct Step {
    sequence: Sequence,
    index: usize,
}

impl Sequence {
    /// An order with nothing in it yet.
    pub fn new() -> Self {
        Sequence::default()
    }

    pub(super) fn add(&self, tally: &Arc<Tally>) {
        let index = {
            let _working = Working::begin();
            let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
            steps.push(Arc::downgrade(tally));
            steps.len() - 1
        };
        tally.follow(Step { sequence: self.clone(), index });
    }
}

impl Step {
    /// The first step before this one that has not been made.
    pub(super) fn missing(&self) -> Option<String> {
        // They may be the last references, and with a tally go the user's values: not under the lock.
        let before: Vec<_> = {
            let steps = self.sequence.steps.lock().unwrap_or_else(PoisonError::into_inner);
            steps.iter().take(self.index).filter_map(Weak::upgrade).collect()
        };
        before.iter().find(|tally| !tally.is_met()).map(|tally| tally.name.clone())
    }
}
