//! Mocks: functions replaced for the time of a test.
//!
//! - `target`: which function is meant, from a path or a name.
//! - `shim`: what lies in a slot while the function is mocked; `sites`: how the two find each other;
//!   `find`: what a call runs, and who frees a closure.
//! - `installed`: a mock on a function, and a call that is inside it.
//! - `process`: mocks that everybody sees, the classic functions. `scope`: those that only some of
//!   the work sees.
//! - `original`: the code below the mocks, for one call.
//! - `tally`, `sequence`: what is counted, kept and expected. `answers`: results one after another.
//!   `why`: calls that came before a mock, when that is asked for.
//! - `bulk`: patterns of names. `fork`: the locks when a program forks.
//!
//! The macros `mock!` and `mock_by_name!` write, where they stand, the code of a mock: a function
//! that takes the mock before the function's own arguments (`hot-macros`, `mock`).
//!
//! *What makes it sound.* A mock is run by callers that know the function's type only, so it must be
//! of that very type, general in each lifetime that a caller may choose. For an ordinary function the
//! type that the user has written is compared, lifetimes and all, with the one in the function's
//! entry, when the mock is put on. A generic function has as many types as instances: there the
//! compiler compares, where the macro stands. What has lifetimes that neither can tell is refused.
//!
//! All that changes mocks goes through one lock, so that slots, tables and counts stay together.
//! Calls never touch it.

pub(crate) mod answers;
pub(crate) mod bulk;
mod find;
mod fork;
mod handle;
mod installed;
pub(crate) mod original;
pub(crate) mod process;
pub(crate) mod scope;
pub(crate) mod sequence;
mod shim;
mod sites;
mod tally;
mod target;
mod why;

pub use bulk::Forbidden;
pub use find::find_instance;
pub use handle::Mock;
pub use installed::{Call, Typed};
pub use shim::*;
pub use target::{Item, no_lifetimes};

use crate::error::Error;
use crate::registry::{SignatureId, Viewer};
use crate::slot::reentry::Working;
use installed::{Answer, Installed, Shape};
use scope::{Inner, Local, Scope};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tally::Tally;
use target::Target;

static CHANGE: Mutex<()> = Mutex::new(());

/// The lock of all changes, and this thread at work.
struct Change {
    // Let go of first: what is called then finds the mocks.
    _working: Option<Working>,
    _lock: MutexGuard<'static, ()>,
}

/// Holds off all other changes.
fn change() -> Change {
    fork::prepare();
    let working = Working::begin();
    Change { _working: working, _lock: change_lock() }
}

fn change_lock() -> MutexGuard<'static, ()> {
    // The lock guards no value: after a panic there is nothing to be found half done, since what is
    // done under it does not run the user's code and panics at most where memory ends.
    CHANGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The type that the compiler has found an item to have where it is mocked. `None` where it was not
/// asked.
pub type Exact = Option<fn() -> SignatureId>;

/// Compares a mock with the function that it is for.
fn check(target: &mut Target, shape: Shape, exact: Exact) -> Result<(), Error> {
    target::refuse_promises(target)?;
    let Shape { signature, asynchronous, .. } = shape;
    let with = match asynchronous {
        true => "a closure that is not `async`",
        false => "an `async` closure: hot::mock!(f, async |…| -> … { … })",
    };
    let wrong = |name| Err(Error::AsyncMismatch { name, is: !asynchronous, with });
    let Some(entry) = target.entry else {
        let all = target.sites.len();
        target.keep_kind(asynchronous);
        if target.sites.is_empty() && all > 0 {
            return wrong(target.name.clone());
        }
        target::refuse_lifetimes(target)?;
        match exact.map(|exact| exact()) {
            Some(exact) if exact.id == signature.id => return Ok(()),
            Some(exact) => {
                return Err(Error::SignatureMismatch {
                    name: target.name.clone(),
                    expected: exact.name.to_owned(),
                    given: signature.name.to_owned(),
                });
            }
            None => {}
        }
        let why = match asynchronous {
            true => {
                "an instance of a generic `async fn` is meant by its types, as in `load::<u32>` or \
                 `hot::mock!(instance load, …)`, is not `unsafe`, and its arguments have no \
                 lifetimes but that of an outer `&`; otherwise put the call into a `#[hot]` \
                 function that is not generic, or spy on it"
            }
            false => {
                "an instance of a generic function is meant by its types: write them, as in \
                 `parse::<u32>`, or where they are inferred `hot::mock!(instance parse, …)`"
            }
        };
        return Err(Error::CannotMock { name: target.name.clone(), why: why.to_owned() });
    };
    if entry.kind().is_some_and(target::is_async) != asynchronous {
        return wrong(target.name.clone());
    }
    match entry.identity() {
        Some(identity) if identity.id == signature.id => Ok(()),
        Some(_) => Err(Error::SignatureMismatch {
            name: target.name.clone(),
            expected: entry.text().signature.to_owned(),
            given: signature.name.to_owned(),
        }),
        None if entry.kind().is_some_and(hot_patch::abi::Kind::is_generic) => {
            Err(Error::CannotMock {
                name: target.name.clone(),
                why: "its name stands for all instances, which differ in type; mock one by its \
                      path, such as `parse::<u32>`"
                    .to_owned(),
            })
        }
        None => Err(Error::CannotMock {
            name: target.name.clone(),
            why:
                "its type has no name (`impl Trait` in the result, lifetimes with bounds, or ones that \
                  are left out in an argument and the result: write `'_` there); spy on it, forbid \
                  it, or put the call into a `#[hot]` function of a plain type"
                    .to_owned(),
        }),
    }
}

/// Puts a mock into a scope.
///
/// # Safety
/// `answer` fits the target. What it borrows outlives the scope's mocks, and it is `Send` and `Sync`
/// unless the scope is bound to a thread.
#[track_caller]
unsafe fn put(answer: Answer, target: Target, inner: &Arc<Inner>) -> Result<Mock, Error> {
    let tally = Tally::new(&target, inner.failures().clone(), true, Location::caller());
    let installed = Installed::new(answer, target, tally.clone());
    inner.add(vec![installed])?;
    Ok(Mock::scoped(tally, inner))
}

#[track_caller]
fn spy_in(target: Target, inner: Option<&Arc<Inner>>) -> Result<Mock, Error> {
    target::refuse_promises(&target)?;
    match inner {
        // SAFETY: a spy has no code of its own.
        Some(inner) => unsafe { put(Answer::Spy, target, inner) },
        None => Ok(process::put(Answer::Spy, target, Location::caller())),
    }
}

#[doc(hidden)]
impl Scope {
    /// What `mock!(in scope, …)` calls.
    ///
    /// # Safety
    /// As of [`process::put_closure`].
    #[track_caller]
    pub unsafe fn __put<T: Send + Sync + 'static>(
        &self,
        item: Item,
        typed: Typed<T>,
        exact: Exact,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise.
        unsafe { put_closure(target::of_item(item)?, typed, exact, self.inner()) }
    }

    /// What `mock_by_name!(in scope, …)` calls.
    ///
    /// # Safety
    /// As of [`process::put_closure_by_name`].
    #[track_caller]
    pub unsafe fn __put_by_name<T: Send + Sync + 'static>(
        &self,
        name: &str,
        viewer: Viewer,
        typed: Typed<T>,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise.
        unsafe { put_closure(target::of_name(name, viewer)?, typed, None, self.inner()) }
    }

    /// What `forbid!(in scope, …)` calls.
    #[track_caller]
    pub fn __forbid(&self, pattern: &str, viewer: Viewer) -> Result<Forbidden, Error> {
        bulk::forbid_in(pattern, viewer, Some(self.inner()))
    }
}

/// # Safety
/// As of [`process::put_closure`].
#[track_caller]
unsafe fn put_closure<T: Send + Sync + 'static>(
    mut target: Target,
    typed: Typed<T>,
    exact: Exact,
    inner: &Arc<Inner>,
) -> Result<Mock, Error> {
    check(&mut target, typed.shape, exact)?;
    // SAFETY: checked to fit; nothing is borrowed, and it may go to any thread.
    unsafe { put(typed.answer(), target, inner) }
}

#[doc(hidden)]
impl<'env> Local<'env> {
    /// What `mock!(in local, …)` calls.
    ///
    /// # Safety
    /// As of [`process::put_closure`].
    #[track_caller]
    pub unsafe fn __put<T: 'env>(
        &self,
        item: Item,
        typed: Typed<T>,
        exact: Exact,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise.
        unsafe { self.put_closure(target::of_item(item)?, typed, exact) }
    }

    /// What `mock_by_name!(in local, …)` calls.
    ///
    /// # Safety
    /// As of [`process::put_closure_by_name`].
    #[track_caller]
    pub unsafe fn __put_by_name<T: 'env>(
        &self,
        name: &str,
        viewer: Viewer,
        typed: Typed<T>,
    ) -> Result<Mock, Error> {
        // SAFETY: the caller's promise.
        unsafe { self.put_closure(target::of_name(name, viewer)?, typed, None) }
    }

    /// # Safety
    /// As of [`process::put_closure`].
    #[track_caller]
    unsafe fn put_closure<T: 'env>(
        &self,
        mut target: Target,
        typed: Typed<T>,
        exact: Exact,
    ) -> Result<Mock, Error> {
        check(&mut target, typed.shape, exact)?;
        if typed.shape.asynchronous {
            let why = "its future could outlive what a local mock may borrow; use \
                       `hot::mock!(in scope, …)`";
            return Err(Error::CannotMock { name: target.name, why: why.to_owned() });
        }
        // SAFETY: checked to fit. `'env` outlives `Scope::with`, at whose end the mocks have ended
        // and, since they are met on this thread only and none is `async`, every call of them is
        // over. The closure is dropped there, on this thread.
        unsafe {
            let failures = self.inner().failures().clone();
            let tally = Tally::new(&target, failures, true, Location::caller());
            let installed = Installed::new(typed.answer(), target, tally.clone());
            self.inner().add(vec![installed])?;
            Ok(Mock::local(tally))
        }
    }
}
