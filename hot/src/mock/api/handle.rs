//! The handle of a mock.

use crate::error::Error;
use crate::mock::expect::sequence::Sequence;
use crate::mock::expect::{Expectation, Failures};
use crate::mock::install::{Answer, Installed, process_wide};
use crate::mock::scope::ScopeState;
use crate::mock::target::Target;
use std::panic::Location;
use std::sync::{Arc, Weak};

/// The handle of a mock: what is expected of it, and what became of it.
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
    expectation: Arc<Expectation>,
    place: Place,
}

/// Where a mock lies.
#[derive(Clone)]
enum Place {
    Process(Target),
    Scope(Weak<ScopeState>),
    /// Ends by itself, and must not be touched from elsewhere.
    Local,
}

impl Mock {
    /// Puts a mock on a function for the whole process. The caller has compared the types.
    #[track_caller]
    pub(super) fn put_process_wide(answer: Answer, target: Target) -> Mock {
        let (failures, place) = (Failures::new(), Location::caller());
        let expectation = Expectation::new(&target, failures, false, place);
        process_wide::put(Installed::new(answer, target.clone(), expectation.clone()));
        Mock { expectation, place: Place::Process(target) }
    }

    /// Returns the handle of a process-wide mock that is on already.
    pub(super) fn of_process_wide(installed: &Installed) -> Mock {
        let place = Place::Process(installed.target.clone());
        Mock { expectation: installed.expectation.clone(), place }
    }

    /// Puts mocks on functions in a scope. The caller has compared the types.
    ///
    /// # Errors
    /// [`Error::ScopeIsOver`].
    #[track_caller]
    pub(super) fn put_in_scope(
        answers: Vec<(Answer, Target)>,
        scope: &Arc<ScopeState>,
    ) -> Result<Vec<Mock>, Error> {
        let place = || Place::Scope(Arc::downgrade(scope));
        let expectations = add_to_scope(answers, scope)?.into_iter();
        Ok(expectations.map(|expectation| Mock { expectation, place: place() }).collect())
    }

    /// Puts a mock on a function in a scope that is bound to this thread. The caller has compared
    /// the types.
    ///
    /// # Errors
    /// [`Error::ScopeIsOver`].
    #[track_caller]
    pub(super) fn put_local(
        answer: Answer,
        target: Target,
        scope: &Arc<ScopeState>,
    ) -> Result<Mock, Error> {
        let mut expectations = add_to_scope(vec![(answer, target)], scope)?;
        let expectation = expectations.pop().expect("one for each mock");
        Ok(Mock { expectation, place: Place::Local })
    }

    /// Returns the function's name.
    pub fn name(&self) -> &str {
        self.expectation.name()
    }

    /// Returns how often it has answered so far. Calls of a process-wide function pointer that lies
    /// alone on its function are not seen, since they go straight to it.
    pub fn calls(&self) -> u64 {
        self.expectation.calls()
    }

    /// Expects exactly `n` calls. One call more panics where it is made.
    pub fn times(self, n: u64) -> Self {
        self.expectation.expect(n, n);
        self
    }

    /// Expects `n` calls or more.
    pub fn at_least(self, n: u64) -> Self {
        self.expectation.expect(n, u64::MAX);
        self
    }

    /// Expects `n` calls or less.
    pub fn at_most(self, n: u64) -> Self {
        self.expectation.expect(0, n);
        self
    }

    /// Expects no call.
    pub fn never(self) -> Self {
        self.times(0)
    }

    /// Expects one call, as the next step of a sequence: after those that are in it already.
    pub fn in_order(self, sequence: &Sequence) -> Self {
        self.expectation.follow(sequence);
        self
    }

    /// Lets the closure panic: on other threads too that does not fail the test.
    pub fn may_panic(self) -> Self {
        self.expectation.let_panic();
        self
    }

    /// Returns what its `record` closure answered, call by call. Empty for another type than the
    /// closure's.
    pub fn recorded<T: Clone + 'static>(&self) -> Vec<T> {
        self.expectation.recorded()
    }

    /// Checks now whether it was called as often as it is to be, and in its turn.
    ///
    /// # Errors
    /// [`Error::ExpectationFailed`].
    pub fn verify(&self) -> Result<(), Error> {
        match self.expectation.verdict() {
            None => Ok(()),
            Some(failure) => Err(Error::ExpectationFailed { failures: vec![failure] }),
        }
    }

    /// Takes it off before its time. A call that is inside finishes there. A mock that borrows
    /// (`in local`) stays until its scope ends.
    pub fn remove(&self) {
        match &self.place {
            Place::Process(target) => process_wide::take_off_expectation(target, &self.expectation),
            Place::Scope(scope) => {
                if let Some(scope) = scope.upgrade() {
                    scope.remove(&self.expectation);
                }
            }
            Place::Local => {}
        }
    }
}

/// Puts mocks into a scope. Returns what will be expected of them.
#[track_caller]
fn add_to_scope(
    answers: Vec<(Answer, Target)>,
    scope: &Arc<ScopeState>,
) -> Result<Vec<Arc<Expectation>>, Error> {
    let place = Location::caller();
    let install = |(answer, target): (Answer, Target)| {
        let expectation = Expectation::new(&target, scope.failures().clone(), true, place);
        Installed::new(answer, target, expectation)
    };
    let installed: Vec<_> = answers.into_iter().map(install).collect();
    let expectations = installed.iter().map(|mock| mock.expectation.clone()).collect();
    scope.add(installed)?;
    Ok(expectations)
}

impl std::fmt::Debug for Mock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mock").field("name", &self.name()).field("calls", &self.calls()).finish()
    }
}
