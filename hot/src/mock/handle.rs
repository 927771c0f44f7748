//! What a test holds of a mock.

use super::process;
use super::scope::Inner;
use super::sequence::Sequence;
use super::tally::Tally;
use super::target::Target;
use crate::error::Error;
use std::sync::{Arc, Weak};

/// A mock that was put on a function: what is expected of it, and what became of it.
///
/// Dropping this changes nothing: a process-wide mock stays until it is reset, one of a scope until
/// the scope ends. The scope checks then what was expected; for a process-wide mock ask
/// [`Mock::verify`].
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn send(to: &str, _text: &str) -> bool {
///     !to.is_empty()
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let scope = hot::scope();
/// let sent = hot::mock!(
///     in scope, send, |_: &str, _: &str| -> bool { true },
///     when |to, _| to.ends_with("@example.org"),
///     record |to, text| format!("{to}: {text}"),
/// )?;
/// let sent = sent.times(1);
/// assert!(send("ann@example.org", "hello"));
/// assert!(!send("", "hello")); // not for the mock: the real code
/// assert_eq!(sent.calls(), 1);
/// assert_eq!(sent.recorded::<String>(), ["ann@example.org: hello"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Mock {
    tally: Arc<Tally>,
    place: Place,
}

#[derive(Clone)]
enum Place {
    Process(Target),
    Scope(Weak<Inner>),
    /// Ends by itself, and must not be touched from elsewhere.
    Local,
}

impl Mock {
    pub(super) fn process(tally: Arc<Tally>, target: Target) -> Mock {
        Mock { tally, place: Place::Process(target) }
    }

    pub(super) fn scoped(tally: Arc<Tally>, scope: &Arc<Inner>) -> Mock {
        Mock { tally, place: Place::Scope(Arc::downgrade(scope)) }
    }

    pub(super) fn local(tally: Arc<Tally>) -> Mock {
        Mock { tally, place: Place::Local }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.tally.name
    }

    /// How often it has answered so far. Calls of a process-wide function pointer that lies alone on
    /// its function are not seen, since they go straight to it.
    pub fn calls(&self) -> u64 {
        self.tally.calls()
    }

    /// It is to be called exactly `n` times. One call more panics where it is made.
    pub fn times(self, n: u64) -> Self {
        self.tally.expect(n, n);
        self
    }

    /// It is to be called `n` times or more.
    pub fn at_least(self, n: u64) -> Self {
        self.tally.expect(n, u64::MAX);
        self
    }

    /// It is to be called `n` times or less.
    pub fn at_most(self, n: u64) -> Self {
        self.tally.expect(0, n);
        self
    }

    /// It is not to be called.
    pub fn never(self) -> Self {
        self.times(0)
    }

    /// It is the next step of a sequence: to be called once, and after those that are in it already.
    pub fn in_order(self, sequence: &Sequence) -> Self {
        sequence.add(&self.tally);
        self
    }

    /// A panic of the closure is meant: on other threads too it does not fail the test.
    pub fn may_panic(self) -> Self {
        self.tally.let_panic();
        self
    }

    /// What its `record` closure answered, call by call. Empty for another type than the closure's.
    pub fn recorded<T: Clone + 'static>(&self) -> Vec<T> {
        self.tally.recorded()
    }

    /// Checks now whether it was called as often as it is to be, and in its turn.
    ///
    /// # Errors
    /// [`Error::ExpectationFailed`].
    pub fn verify(&self) -> Result<(), Error> {
        match self.tally.verdict() {
            None => Ok(()),
            Some(failure) => Err(Error::ExpectationFailed { failures: vec![failure] }),
        }
    }

    /// Takes it off before its time. A call that is inside finishes there. A mock that borrows
    /// (`in local`) stays until its scope ends.
    pub fn remove(&self) {
        match &self.place {
            Place::Process(target) => process::take_off_tally(target, &self.tally),
            Place::Scope(scope) => {
                if let Some(scope) = scope.upgrade() {
                    scope.remove(&self.tally);
                }
            }
            Place::Local => {}
        }
    }
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mock").field("name", &self.name()).field("calls", &self.calls()).finish()
    }
}
