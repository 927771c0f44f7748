//! An order of calls across functions.

use crate::slot::reentry::{Working, drop_at_rest};
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
    steps: Arc<Mutex<Vec<Weak<dyn StepState>>>>,
}

/// The mock of a step, as far as the steps after it ask.
pub(super) trait StepState: Send + Sync {
    /// Returns the name of its function.
    fn name(&self) -> &str;

    /// Reports whether it has been called as often as it must.
    fn is_made(&self) -> bool;
}

/// A place in a sequence.
pub(super) struct Step {
    sequence: Sequence,
    index: usize,
}

impl Sequence {
    /// Makes an order with nothing in it yet.
    pub fn new() -> Self {
        Sequence::default()
    }

    /// Adds a step at the end.
    pub(super) fn add(&self, state: Weak<dyn StepState>) -> Step {
        let index = {
            let _working = Working::begin();
            let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
            steps.push(state);
            steps.len() - 1
        };
        Step { sequence: self.clone(), index }
    }
}

impl Step {
    /// Returns the name of the first step before this one that has not been made.
    pub(super) fn missing(&self) -> Option<String> {
        // They may be the last references, and with an expectation go the user's values: not under
        // the lock.
        let before: Vec<_> = {
            let steps = self.sequence.steps.lock().unwrap_or_else(PoisonError::into_inner);
            steps.iter().take(self.index).filter_map(Weak::upgrade).collect()
        };
        let missing = before.iter().find(|step| !step.is_made());
        let name = missing.map(|step| step.name().to_owned());
        drop_at_rest(before);
        name
    }
}
