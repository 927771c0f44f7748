//! The functions that the macros `mock!` and `mock_by_name!` call.
//!
//! They write, where they stand, the code of a mock: a function that takes the mock before the
//! function's own arguments (`hot-macros`, `mock`). Here it is compared with the function and put
//! on.

use super::check::{Exact, check};
use super::handle::Mock;
use crate::error::Error;
use crate::mock::install::Typed;
use crate::mock::scope::ScopeState;
use crate::mock::target::{Item, Target, lookup};
use crate::registry::Viewer;
use std::sync::Arc;

/// Does the work of `mock!`.
///
/// # Safety
/// `typed` was made for the function of this item: where that is `async`, the mock's future may go
/// wherever its own may. `exact`, if given, is the item's type as a pointer, general in as many
/// lifetimes.
#[doc(hidden)]
#[track_caller]
pub unsafe fn put_closure<T: Send + Sync + 'static>(
    item: Item,
    typed: Typed<T>,
    exact: Exact,
) -> Result<Mock, Error> {
    // SAFETY: the caller's promise.
    unsafe { put_typed(lookup::of_item(item)?, typed, exact) }
}

/// Does the work of `mock_by_name!`.
///
/// # Safety
/// Where `typed` is `async`, its future is `Send`.
#[doc(hidden)]
#[track_caller]
pub unsafe fn put_closure_by_name<T: Send + Sync + 'static>(
    name: &str,
    viewer: Viewer,
    typed: Typed<T>,
) -> Result<Mock, Error> {
    // SAFETY: the caller's promise.
    unsafe { put_typed(lookup::of_name(name, viewer)?, typed, None) }
}

/// Compares a mock with its function and puts it on.
///
/// # Safety
/// As of [`put_closure`].
#[track_caller]
unsafe fn put_typed<T: Send + Sync + 'static>(
    mut target: Target,
    typed: Typed<T>,
    exact: Exact,
) -> Result<Mock, Error> {
    check(&mut target, typed.shape, exact)?;
    // SAFETY: nothing is borrowed, and it may go to any thread.
    let answer = unsafe { typed.answer() };
    Ok(Mock::put_process_wide(answer, target))
}

/// Puts a mock into a scope.
///
/// # Safety
/// As of [`put_closure`].
#[track_caller]
pub(super) unsafe fn put_in_scope<T: Send + Sync + 'static>(
    mut target: Target,
    typed: Typed<T>,
    exact: Exact,
    scope: &Arc<ScopeState>,
) -> Result<Mock, Error> {
    check(&mut target, typed.shape, exact)?;
    // SAFETY: nothing is borrowed, and it may go to any thread.
    let answer = unsafe { typed.answer() };
    let mut mocks = Mock::put_in_scope(vec![(answer, target)], scope)?;
    Ok(mocks.pop().expect("one for each function"))
}

/// Puts a mock that may borrow into a scope that is bound to this thread.
///
/// # Safety
/// As of [`put_closure`]. The scope ends before anything that `typed` borrows, on this thread.
#[track_caller]
pub(super) unsafe fn put_local<T>(
    mut target: Target,
    typed: Typed<T>,
    exact: Exact,
    scope: &Arc<ScopeState>,
) -> Result<Mock, Error> {
    check(&mut target, typed.shape, exact)?;
    if typed.shape.asynchronous {
        let why = "its future could outlive what a local mock may borrow; use \
                   `hot::mock!(in scope, …)`";
        return Err(Error::CannotMock { name: target.name, why: why.to_owned() });
    }
    // SAFETY: the mocks end with the scope. Since they are met on this thread only and none is
    // `async`, every call of them is over by then. The closure is dropped there, on this thread.
    let answer = unsafe { typed.answer() };
    Mock::put_local(answer, target, scope)
}
