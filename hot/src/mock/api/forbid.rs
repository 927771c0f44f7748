//! Forbidding many functions at once, by a pattern of their names.

use super::handle::Mock;
use super::pattern::matches;
use crate::error::Error;
use crate::mock::install::Answer;
use crate::mock::scope::ScopeState;
use crate::mock::site::fork;
use crate::mock::target::lookup;
use crate::name;
use crate::registry::{self, Viewer, is_destructor};
use std::sync::Arc;

/// Forbids every public function whose name or Rust path fits the pattern, for the whole process: a
/// call panics. The macro [`forbid!`](crate::forbid!) does so with all functions that are visible
/// where it stands. Destructors and methods of an `unsafe impl` are left out. `*` stands for any
/// letters, in `shop/net/*` also for further modules. The star that marks methods by reference
/// (`*Cart.total`) fits itself.
///
/// [`Forbidden::allow`] lifts it for some. [`Scope::forbid`](crate::Scope::forbid) does the same
/// for a scope, and fails its test even when the panic is caught or happens on another thread.
///
/// ```
/// # use hot::hot;
/// #[hot]
/// mod net {
///     pub fn ping() -> bool { true }
///     pub fn send(_: &str) {}
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let scope = hot::scope();
/// scope.forbid("*/net/*")?.allow("*/net/ping")?;
/// assert!(net::ping());
/// // net::send("…") would panic, and so fail the test
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::NoMatch`] with the nearest names when no function fits; [`Error::Private`] when none of
/// those that fit is public; [`Error::NotInstrumented`].
#[track_caller]
pub fn forbid(pattern: &str) -> Result<Forbidden, Error> {
    forbid_in(pattern, Viewer::OUTSIDE, None)
}

/// As [`forbid`], whatever the visibility of the functions. Destructors are left out here too.
///
/// # Safety
/// Unsafe code may rely on it that a private function does not panic: none that fits is one of
/// these.
///
/// # Errors
/// As [`forbid`].
#[track_caller]
pub unsafe fn forbid_private(pattern: &str) -> Result<Forbidden, Error> {
    forbid_in(pattern, Viewer::EVERYWHERE, None)
}

/// Does the work of `forbid!`.
#[doc(hidden)]
#[track_caller]
pub fn forbid_from(pattern: &str, viewer: Viewer) -> Result<Forbidden, Error> {
    forbid_in(pattern, viewer, None)
}

/// Forbids what the viewer sees, in a scope or for the whole process.
#[track_caller]
pub(super) fn forbid_in(
    pattern: &str,
    viewer: Viewer,
    scope: Option<&Arc<ScopeState>>,
) -> Result<Forbidden, Error> {
    if !cfg!(feature = "enabled") {
        return Err(Error::NotInstrumented { name: pattern.to_owned() });
    }
    lookup::have_mocks(pattern)?;
    fork::prepare();
    // A function that cannot be mocked has no shim that could refuse: that is an error, not
    // passed over.
    let functions = registry::functions().into_iter();
    let fitting: Vec<_> =
        functions.filter(|function| fits(function, pattern)).map(|f| f.entry()).collect();
    let wanted = fitting.iter().filter(|entry| viewer.sees(entry) && !is_destructor(entry));
    let targets: Vec<_> = wanted.map(|entry| lookup::of_entry(entry)).collect::<Result<_, _>>()?;
    if targets.is_empty() {
        return Err(match fitting.iter().find(|entry| !viewer.sees(entry)) {
            Some(entry) => registry::private(entry),
            None => no_match(pattern),
        });
    }
    let forbid = |target| (Answer::Forbidden, target);
    if let Some(scope) = scope {
        let mocks = Mock::put_in_scope(targets.into_iter().map(forbid).collect(), scope)?;
        return Ok(Forbidden { mocks });
    }
    let mut mocks = Vec::new();
    // Not in a closure, which would be its mocks' place.
    for target in targets {
        mocks.push(Mock::put_process_wide(Answer::Forbidden, target));
    }
    Ok(Forbidden { mocks })
}

fn no_match(pattern: &str) -> Error {
    let names = registry::functions().into_iter().map(|function| function.name().to_owned());
    Error::NoMatch { pattern: pattern.to_owned(), nearest: name::nearest(pattern, names) }
}

fn fits(function: &registry::Function, pattern: &str) -> bool {
    let text = function.entry().text();
    matches(pattern, function.name()) || matches(pattern, &name::rust_path(text.module, text.item))
}

/// Functions that are forbidden, see [`forbid`].
#[derive(Debug)]
pub struct Forbidden {
    mocks: Vec<Mock>,
}

impl Forbidden {
    /// Lifts it for the functions whose names fit the pattern.
    ///
    /// # Errors
    /// [`Error::NoMatch`] when none of those that are forbidden fits.
    pub fn allow(mut self, pattern: &str) -> Result<Forbidden, Error> {
        let path = |name: &str| name.replace('*', "").replace(['/', '.'], "::");
        let fits = |mock: &Mock| {
            matches(pattern, mock.name())
                || pattern.contains("::") && matches(pattern, &path(mock.name()))
        };
        let (allowed, left): (Vec<_>, Vec<_>) = self.mocks.into_iter().partition(fits);
        if allowed.is_empty() {
            let names = left.iter().map(|mock| mock.name().to_owned());
            return Err(Error::NoMatch {
                pattern: pattern.to_owned(),
                nearest: name::nearest(pattern, names),
            });
        }
        allowed.iter().for_each(Mock::remove);
        self.mocks = left;
        Ok(self)
    }

    /// Returns the names of the functions that are forbidden.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.mocks.iter().map(Mock::name)
    }

    /// Lifts it for all.
    pub fn lift(self) {
        self.mocks.iter().for_each(Mock::remove);
    }
}
