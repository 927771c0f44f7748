//! The scope that a thread follows.
//!
//! Each thread has a *current scope*, and each scope the one it was made in: a list that a call
//! walks from the inside out. To follow a scope is to have it as the current one for a time: on the
//! thread that made it until it is dropped, elsewhere through a handle, for a task at each poll.

use super::state::{ScopeState, open};
use std::cell::RefCell;
use std::sync::Arc;

thread_local! {
    static CURRENT: RefCell<Option<Arc<ScopeState>>> = const { RefCell::new(None) };
}

/// Returns the scope that this thread follows.
pub(crate) fn current() -> Option<Arc<ScopeState>> {
    // A thread that is being taken down follows none.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Returns the first scope, from this one outwards, whose mocks are met on this thread.
pub(crate) fn visible(mut scope: Option<Arc<ScopeState>>) -> Option<Arc<ScopeState>> {
    while let Some(inner) = &scope
        && !inner.is_met_here()
    {
        scope = inner.parent();
    }
    scope
}

/// Makes a scope the current one. Returns the one that was.
pub(crate) fn enter(scope: Option<Arc<ScopeState>>) -> Option<Arc<ScopeState>> {
    CURRENT.try_with(|current| current.replace(scope)).ok().flatten()
}

/// Sets the current scope back to the first one that is not over.
pub(crate) fn leave() {
    let _ = CURRENT.try_with(|current| {
        let scope = open(current.borrow().clone());
        let before = current.replace(scope);
        drop(before);
    });
}

/// A thread that follows a scope, until this is dropped.
pub(crate) struct Entered {
    before: Option<Arc<ScopeState>>,
}

impl Entered {
    /// Follows a scope.
    pub(crate) fn new(scope: Arc<ScopeState>) -> Entered {
        Entered { before: enter(Some(scope)) }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        drop(enter(self.before.take()));
    }
}
