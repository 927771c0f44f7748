//! Mocks that borrow.

use super::check::Exact;
use super::handle::Mock;
use super::put::put_local;
use crate::error::Error;
use crate::mock::install::Typed;
use crate::mock::scope::{Outcome, ScopeState};
use crate::mock::target::{Item, lookup};
use crate::registry::Viewer;
use std::marker::PhantomData;
use std::sync::Arc;

/// A type for which no other lifetime can stand, longer or shorter.
type Invariant<'env> = fn(&'env ()) -> &'env ();

/// The mocks of a scope that may borrow for `'env`: see [`Scope::with`](crate::mock::Scope::with).
pub struct Local<'env> {
    state: Arc<ScopeState>,
    /// Not to be made longer or shorter.
    env: PhantomData<Invariant<'env>>,
    /// Not to be sent or shared.
    on_this_thread: PhantomData<*const ()>,
}

impl Local<'_> {
    /// Makes one of a scope that is bound to this thread and ends with it.
    pub(super) fn new(state: Arc<ScopeState>) -> Self {
        Local { state, env: PhantomData, on_this_thread: PhantomData }
    }
}

#[doc(hidden)]
impl<'env> Local<'env> {
    /// Does the work of `mock!(in local, …)`.
    ///
    /// # Safety
    /// As of [`put_closure`](super::put::put_closure).
    #[track_caller]
    pub unsafe fn __put<T: 'env>(
        &self,
        item: Item,
        typed: Typed<T>,
        exact: Exact,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise; `'env` outlives `Scope::with`, at whose end the scope ends.
        unsafe { put_local(lookup::of_item(item)?, typed, exact, &self.state) }
    }

    /// Does the work of `mock_by_name!(in local, …)`.
    ///
    /// # Safety
    /// As of [`put_closure_by_name`](super::put::put_closure_by_name).
    #[track_caller]
    pub unsafe fn __put_by_name<T: 'env>(
        &self,
        name: &str,
        viewer: Viewer,
        typed: Typed<T>,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise; `'env` outlives `Scope::with`, at whose end the scope ends.
        unsafe { put_local(lookup::of_name(name, viewer)?, typed, None, &self.state) }
    }
}

impl Drop for Local<'_> {
    fn drop(&mut self) {
        self.state.end(Outcome::Unknown);
    }
}
