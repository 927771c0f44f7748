//! Tasks that follow a scope.

use super::follow::ScopeHandle;
use super::scope::Scope;
use crate::mock::scope::{Entered, ScopeState};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Futures that follow a scope: `future.in_scope(&scope)`.
pub trait InScope: Sized {
    /// Returns the same future, which follows the scope wherever it is polled.
    fn in_scope(self, scope: &Scope) -> Scoped<Self> {
        Scoped::new(scope.state().clone(), self)
    }

    /// Returns the same future, which follows the scope of a handle.
    fn in_scope_of(self, handle: &ScopeHandle) -> Scoped<Self> {
        Scoped::new(handle.state().clone(), self)
    }
}

impl<F: Future> InScope for F {}

/// A future that follows a scope.
#[must_use = "futures do nothing unless polled"]
pub struct Scoped<F> {
    state: Arc<ScopeState>,
    /// Dropped in the scope, once: see `drop`.
    future: ManuallyDrop<F>,
}

impl<F> Scoped<F> {
    fn new(state: Arc<ScopeState>, future: F) -> Scoped<F> {
        Scoped { state, future: ManuallyDrop::new(future) }
    }
}

impl<F> Drop for Scoped<F> {
    fn drop(&mut self) {
        let _entered = Entered::new(self.state.clone());
        // SAFETY: it is dropped here only, where it lies, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.future) };
    }
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is never moved, `drop` included, and no other method gives access to
        // it; the type is `Unpin` only if the future is.
        let (state, future) = unsafe {
            let this = self.get_unchecked_mut();
            (&this.state, Pin::new_unchecked(&mut *this.future))
        };
        let _entered = Entered::new(state.clone());
        future.poll(context)
    }
}
