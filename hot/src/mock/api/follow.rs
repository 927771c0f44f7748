//! Threads that follow a scope.

use crate::mock::scope::{Entered, ScopeState, current};
use std::sync::Arc;

/// A scope that other threads and tasks may follow. When the scope is over, so are its mocks.
#[derive(Clone)]
pub struct ScopeHandle {
    state: Arc<ScopeState>,
}

impl ScopeHandle {
    /// Returns the scope that this thread or task follows, if any: for code that hands work on and
    /// is itself called by a test.
    pub fn current() -> Option<ScopeHandle> {
        current().map(ScopeHandle::new)
    }

    pub(super) fn new(state: Arc<ScopeState>) -> ScopeHandle {
        ScopeHandle { state }
    }

    pub(super) fn state(&self) -> &Arc<ScopeState> {
        &self.state
    }

    /// Runs `work` in the scope, on this thread: for scoped threads, rayon, and thread pools.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(self.state.clone());
        work()
    }
}
