//! Mocks: functions replaced for the time of a test.
//!
//! A mock is put on a function in a [`Scope`], which this thread follows, or for the whole process.
//! The macro [`mock!`](crate::mock!) takes a closure, the function [`mock()`] a function pointer.
//!
//! ```
//! use hot::hot;
//! use hot::mock::{Mock, Scope};
//!
//! #[hot]
//! fn rate(currency: &str) -> f64 {
//!     panic!("would ask the bank for {currency}")
//! }
//!
//! fn fixed_rate(scope: &Scope, rate_then: f64) -> Result<Mock, hot::Error> {
//!     hot::mock!(in scope, rate, move |_: &str| -> f64 { rate_then })
//! }
//!
//! # fn main() -> Result<(), hot::Error> {
//! # if !cfg!(feature = "mock") { return Ok(()); }
//! let scope = hot::mock::scope();
//! let mock = fixed_rate(&scope, 2.0)?.times(1);
//! assert_eq!(rate("CHF"), 2.0);
//! assert_eq!(mock.calls(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! - **Who sees it**: [`scope()`] makes a [`Scope`], whose mocks this thread sees;
//!   [`Scope::spawn`], a [`ScopeHandle`] and [`InScope`] let other threads and tasks follow it;
//!   [`Scope::with`] gives a [`Local`], whose mocks may borrow; [`with_scope`] keeps the error that
//!   a test returns.
//! - **What is expected**: a [`Mock`] is the handle of a mock, for counts and records; [`Sequence`]
//!   is an order across functions; [`Answers`] are results one after another.
//! - **The whole process**: [`mock()`], [`mock_by_name`], [`get_mock_for`], [`reset`],
//!   [`reset_by_name`], [`reset_all`].
//! - **Past the mocks**: [`call_original`], [`call_original_async`].
//! - **Nothing but**: [`forbid()`] and [`Scope::forbid`] make every call of many functions a
//!   failure.
//!
//! The names are in the crate's root as well. The whole story is in the chapter
//! [`mocks`](crate::mocks).

// The rooms, each importing from those above it only:
//
// - `site`: the functions that were ever mocked, and the locks of those who change their mocks.
// - `target`: which function is meant, from a path or a name.
// - `expect`: expectations of mocks, their counts and records.
// - `install`: mocks that lie on functions; the process-wide ones.
// - `scope`: the scopes that threads and tasks follow, and the mocks in them.
// - `dispatch`: one call of a mocked function, from the shim to what it runs.
// - `api`: the functions and types that tests use, and those that the macros call.
mod api;
mod dispatch;
mod expect;
mod install;
mod scope;
mod site;
mod target;

pub use api::answers::Answers;
pub use api::callable::Callable;
pub use api::check::FunctionPointer;
pub use api::follow::ScopeHandle;
pub use api::forbid::{Forbidden, forbid, forbid_private};
pub use api::handle::Mock;
pub use api::local::Local;
pub use api::original::{call_original, call_original_async};
pub use api::process_wide::{
    get_mock_for, mock, mock_by_name, mock_private_by_name, reset, reset_all, reset_by_name,
};
pub use api::scope::{Scope, scope, with_scope};
pub use api::task::{InScope, Scoped};
pub use expect::sequence::Sequence;

/// The items that the expansion of the macros uses.
pub(crate) mod expansion {
    pub use super::api::forbid::forbid_from;
    pub use super::api::original::original_by_name;
    pub use super::api::put::{put_closure, put_closure_by_name};
    pub use super::dispatch::*;
    pub use super::install::Typed;
    pub use super::target::{Item, no_lifetimes};
}
