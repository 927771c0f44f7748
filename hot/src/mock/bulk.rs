//! Many functions at once, by a pattern of their names: `shop/net/*`.

use super::installed::{Answer, Installed};
use super::scope::Inner;
use super::tally::Tally;
use super::{Mock, process, target};
use crate::error::Error;
use crate::name;
use crate::registry::{self, Viewer, is_destructor};
use std::panic::Location;
use std::sync::Arc;

/// Forbids every public function whose name or Rust path fits the pattern, for the whole process: a
/// call panics. The macro [`forbid!`](crate::forbid!) does so with all functions that are visible
/// where it stands. Destructors and methods of an `unsafe impl` are left out. `*` stands for any
/// letters, in `shop/net/*` also for further modules. The star that marks methods by reference
/// (`*Cart.total`) fits itself.
///
/// [`Forbidden::allow`] lifts it for some. [`Scope::forbid`](crate::Scope::forbid) does the same for
/// a scope, and fails its test even when the panic is caught or happens on another thread.
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
/// Unsafe code may rely on it that a private function does not panic: none that fits is one of these.
///
/// # Errors
/// As [`forbid`].
#[track_caller]
pub unsafe fn forbid_private(pattern: &str) -> Result<Forbidden, Error> {
    forbid_in(pattern, Viewer::EVERYWHERE, None)
}

/// What `forbid!` calls.
#[doc(hidden)]
#[track_caller]
pub fn forbid_from(pattern: &str, viewer: Viewer) -> Result<Forbidden, Error> {
    forbid_in(pattern, viewer, None)
}

#[track_caller]
pub(super) fn forbid_in(
    pattern: &str,
    viewer: Viewer,
    scope: Option<&Arc<Inner>>,
) -> Result<Forbidden, Error> {
    if !cfg!(feature = "enabled") {
        return Err(Error::NotInstrumented { name: pattern.to_owned() });
    }
    target::have_mocks(pattern)?;
    // A function that cannot be mocked has no shim that could refuse: that is said, not passed over.
    let functions = registry::functions().into_iter();
    let fitting: Vec<_> =
        functions.filter(|function| fits(function, pattern)).map(|f| f.entry()).collect();
    let wanted = fitting.iter().filter(|entry| viewer.sees(entry) && !is_destructor(entry));
    let targets: Vec<_> = wanted.map(|entry| target::of_entry(entry)).collect::<Result<_, _>>()?;
    if targets.is_empty() {
        return Err(match fitting.iter().find(|entry| !viewer.sees(entry)) {
            Some(entry) => registry::private(entry),
            None => no_match(pattern),
        });
    }
    let place = Location::caller();
    let mocks = match scope {
        None => targets.into_iter().map(|t| process::put(Answer::Forbidden, t, place)).collect(),
        Some(scope) => {
            let tally = |target| Tally::new(target, scope.failures().clone(), true, place);
            let tallies: Vec<_> = targets.iter().map(tally).collect();
            let installed = targets
                .into_iter()
                .zip(&tallies)
                .map(|(target, tally)| Installed::new(Answer::Forbidden, target, tally.clone()));
            scope.add(installed.collect())?;
            tallies.into_iter().map(|tally| Mock::scoped(tally, scope)).collect()
        }
    };
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

/// Whether the name fits the pattern.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|at| rest.is_char_boundary(*at))
                .any(|at| matches(after, &rest[at..]))
        }),
    }
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

    /// The names of the functions that are forbidden.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.mocks.iter().map(Mock::name)
    }

    /// Lifts it for all.
    pub fn lift(self) {
        self.mocks.iter().for_each(Mock::remove);
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        assert!(matches("shop/net/*", "shop/net/http/*Client.get"));
        assert!(matches("shop/*/ping", "shop/net/ping"));
        assert!(matches("*Cart.total", "shop/*Cart.total"));
        assert!(matches("shop::net::*", "shop::net::ping"));
        assert!(!matches("shop/net/*", "shop/network/ping"));
        assert!(!matches("shop/net/*/get", "shop/net/ping"));
        assert!(!matches("shop/net", "shop/net/ping"));
    }
}
