//! Mocks that only some of the work sees: the guard of a scope.

use super::check::Exact;
use super::follow::ScopeHandle;
use super::forbid::{Forbidden, forbid_in};
use super::handle::Mock;
use super::local::Local;
use super::put::put_in_scope;
use crate::error::Error;
use crate::mock::expect::diagnostics;
use crate::mock::install::{Answer, Typed};
use crate::mock::scope::{self, Entered, Outcome, ScopeState};
use crate::mock::target::{Item, lookup};
use crate::registry::Viewer;
use std::marker::PhantomData;
use std::sync::Arc;
use std::thread::JoinHandle;

/// Begins a scope: mocks that only this thread sees, and the work that is asked to follow it.
///
/// The mocks go when the guard is dropped. Other threads, so also other tests that run at the same
/// time, see the real code, unless they follow the scope: [`Scope::spawn`], [`ScopeHandle::enter`],
/// [`InScope::in_scope`](crate::mock::InScope::in_scope).
///
/// The guard panics when an expectation was not met, and cannot see what the test returns: a test
/// that returns an error is better run in [`with_scope`].
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let scope = hot::scope();
/// hot::mock!(in scope, price, |_: u64| -> u64 { 42 })?.times(2);
/// assert_eq!(price(1), 42);
/// assert_eq!(scope.spawn(|| price(1)).join().unwrap(), 42);
/// assert_eq!(std::thread::spawn(|| price(1)).join().unwrap(), 3);
/// drop(scope);
/// assert_eq!(price(1), 3);
/// # Ok(())
/// # }
/// ```
pub fn scope() -> Scope {
    diagnostics::begin();
    let state = ScopeState::new(scope::current());
    drop(scope::enter(Some(state.clone())));
    Scope { state, not_send: PhantomData }
}

/// Runs a test in a scope of its own. An error that the test returns is the result, and
/// expectations that were not met are printed beside it.
///
/// (A destructor does not see what the function around it returns. So the panic of a [`Scope`]
/// takes the place of such an error.)
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// // #[test] fn prices_are_parsed() -> Result<(), Box<dyn std::error::Error>>
/// # fn prices_are_parsed() -> Result<(), Box<dyn std::error::Error>> {
/// hot::with_scope(|scope| {
///     hot::mock!(in scope, price, |_: u64| -> u64 { 42 })?.times(1);
///     let quantity = "three".parse()?; // this is what the test fails with
///     assert_eq!(price(quantity), 42);
///     Ok(())
/// })
/// # }
/// # fn main() {
/// # if !cfg!(feature = "mock") { return; }
/// # assert!(prices_are_parsed().unwrap_err().to_string().contains("invalid digit"));
/// # }
/// ```
///
/// # Errors
/// Those of `work`.
///
/// # Panics
/// When `work` returns `Ok` and something is not as its mocks expect.
pub fn with_scope<T, E>(work: impl FnOnce(&Scope) -> Result<T, E>) -> Result<T, E> {
    let scope = scope();
    let result = work(&scope);
    scope.state.end(if result.is_ok() { Outcome::Done } else { Outcome::Failed });
    result
}

/// The guard of scoped mocks, see [`scope`]. It stays on its thread.
///
/// When it is dropped its mocks end, and their expectations are checked: if one was not met, or was
/// broken on a thread or task that followed the scope, the drop panics, unless the thread is
/// panicking already. An error that the test returns is hidden by that panic, in [`with_scope`] it
/// is not.
///
/// Scopes nest: the newer one's mocks lie on top. They may be dropped in any order.
#[must_use = "its mocks end when it is dropped"]
pub struct Scope {
    state: Arc<ScopeState>,
    not_send: PhantomData<*const ()>,
}

impl Scope {
    pub(super) fn state(&self) -> &Arc<ScopeState> {
        &self.state
    }

    /// Returns what follows this scope elsewhere.
    pub fn handle(&self) -> ScopeHandle {
        ScopeHandle::new(self.state.clone())
    }

    /// Starts a thread that follows this scope.
    pub fn spawn<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let handle = self.handle();
        std::thread::spawn(move || handle.enter(work))
    }

    /// Runs `work` with mocks that may borrow from the test: `hot::mock!(in local, …)`. They are
    /// met on this thread only, need not be `Send`, cannot be `async`, and end when `work` does.
    ///
    /// ```
    /// # use hot::hot;
    /// # use std::cell::RefCell;
    /// #[hot]
    /// fn send(_: &str) {}
    ///
    /// # fn main() {
    /// # if !cfg!(feature = "mock") { return; }
    /// let sent = RefCell::new(Vec::new());
    /// hot::scope().with(|local| {
    ///     hot::mock!(in local, send, |text: &str| sent.borrow_mut().push(text.to_owned())).unwrap();
    ///     send("hello");
    /// });
    /// assert_eq!(sent.into_inner(), ["hello"]);
    /// # }
    /// ```
    pub fn with<'env, R>(&self, work: impl FnOnce(&Local<'env>) -> R) -> R {
        let _entered = Entered::new(self.state.clone());
        let state = ScopeState::new_bound(Some(self.state.clone()));
        let _inside = Entered::new(state.clone());
        work(&Local::new(state))
    }

    /// Checks now what is expected of the mocks so far.
    ///
    /// # Errors
    /// [`Error::ExpectationFailed`], with a line for each mock.
    pub fn verify(&self) -> Result<(), Error> {
        let failures = self.state.unmet();
        if failures.is_empty() { Ok(()) } else { Err(Error::ExpectationFailed { failures }) }
    }

    /// Forbids every public function whose name fits the pattern, in this scope: see
    /// [`hot::forbid`]. Those that are visible where it stands, `hot::forbid!(in scope, "…")`.
    ///
    /// # Errors
    /// As [`hot::forbid`].
    ///
    /// [`hot::forbid`]: fn@crate::forbid
    #[track_caller]
    pub fn forbid(&self, pattern: &str) -> Result<Forbidden, Error> {
        forbid_in(pattern, Viewer::OUTSIDE, Some(&self.state))
    }

    /// As [`Scope::forbid`], whatever the visibility of the functions.
    ///
    /// # Safety
    /// As of [`forbid_private`](crate::mock::forbid_private).
    ///
    /// # Errors
    /// As [`Scope::forbid`].
    #[track_caller]
    pub unsafe fn forbid_private(&self, pattern: &str) -> Result<Forbidden, Error> {
        forbid_in(pattern, Viewer::EVERYWHERE, Some(&self.state))
    }

    /// Counts calls of a function and lets them through: `scope.spy(price)`.
    ///
    /// # Errors
    /// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`].
    #[track_caller]
    pub fn spy<F>(&self, function: F) -> Result<Mock, Error> {
        let target = lookup::of_item(Item::of(&function))?;
        lookup::refuse_promises(&target)?;
        let mut mocks = Mock::put_in_scope(vec![(Answer::Spy, target)], &self.state)?;
        Ok(mocks.pop().expect("one for each function"))
    }
}

#[doc(hidden)]
impl Scope {
    /// Does the work of `mock!(in scope, …)`.
    ///
    /// # Safety
    /// As of [`put_closure`](super::put::put_closure).
    #[track_caller]
    pub unsafe fn __put<T: Send + Sync + 'static>(
        &self,
        item: Item,
        typed: Typed<T>,
        exact: Exact,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise.
        unsafe { put_in_scope(lookup::of_item(item)?, typed, exact, &self.state) }
    }

    /// Does the work of `mock_by_name!(in scope, …)`.
    ///
    /// # Safety
    /// As of [`put_closure_by_name`](super::put::put_closure_by_name).
    #[track_caller]
    pub unsafe fn __put_by_name<T: Send + Sync + 'static>(
        &self,
        name: &str,
        viewer: Viewer,
        typed: Typed<T>,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise.
        unsafe { put_in_scope(lookup::of_name(name, viewer)?, typed, None, &self.state) }
    }

    /// Does the work of `forbid!(in scope, …)`.
    #[track_caller]
    pub fn __forbid(&self, pattern: &str, viewer: Viewer) -> Result<Forbidden, Error> {
        forbid_in(pattern, viewer, Some(&self.state))
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        self.state.close();
        // Scopes that were made in this one and are still there keep it in their list, without
        // mocks.
        scope::leave();
        self.state.end(Outcome::Unknown);
    }
}
