//! The calls of a mock, and how often and when they are to be made.
//!
//! An expectation outlives its mock: the handle in the test keeps it, and the scope, which checks
//! it when it ends. What goes wrong in a call (one too many, out of order, forbidden) panics there,
//! where the stack shows who called; and since that may be another thread's stack, or one that
//! catches panics, it is also written down for the scope, which fails the test that owns it.

use super::diagnostics;
use super::failures::Failures;
use super::sequence::{Sequence, Step, StepState};
use super::words::{nth, number, times};
use crate::mock::target::{Key, Target};
use crate::slot::SiteState;
use crate::slot::reentry::Working;
use std::any::Any;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

/// A recorded value, behind a lock of its own: to clone it is the user's code, which may itself
/// call what is mocked.
type Record = Mutex<Box<dyn Any + Send>>;

/// The calls of a mock and what is expected of them.
pub(crate) struct Expectation {
    name: String,
    /// The line on which the mock was put on.
    place: &'static Location<'static>,
    key: Key,
    states: Vec<&'static SiteState>,
    /// Calls without a scope before this mock was put on.
    outside: u64,
    /// Calls of this thread before it was put on, where they are counted.
    before: u64,
    calls: AtomicU64,
    /// Calls that its condition sent on.
    passed: AtomicU64,
    /// Calls of other instances, and one of them.
    others: AtomicU64,
    other: OnceLock<&'static str>,
    /// The first failure in a call.
    wrong: OnceLock<String>,
    least: AtomicU64,
    most: AtomicU64,
    may_panic: AtomicBool,
    step: OnceLock<Step>,
    records: Mutex<Vec<Arc<Record>>>,
    failures: Arc<Failures>,
    scoped: bool,
}

// All counts are Relaxed: nothing is published through them. Who checks an exact number has waited
// for the callers in another way, by joining or awaiting them, and sees what they did by that.
impl Expectation {
    /// Makes one for a mock that is about to be put on.
    pub(crate) fn new(
        target: &Target,
        failures: Arc<Failures>,
        scoped: bool,
        place: &'static Location<'static>,
    ) -> Arc<Expectation> {
        diagnostics::begin();
        let states: Vec<_> = target.sites.iter().map(|site| &site.state).collect();
        Arc::new(Expectation {
            name: target.name.clone(),
            place,
            key: target.key,
            outside: outside(&states),
            states,
            before: diagnostics::calls(target.key),
            calls: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            others: AtomicU64::new(0),
            other: OnceLock::new(),
            wrong: OnceLock::new(),
            least: AtomicU64::new(0),
            most: AtomicU64::new(u64::MAX),
            may_panic: AtomicBool::new(false),
            step: OnceLock::new(),
            records: Mutex::default(),
            failures,
            scoped,
        })
    }

    /// Returns the name of the function.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns how often the mock has answered.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Reports whether its mock is one of a scope.
    pub(crate) fn is_scoped(&self) -> bool {
        self.scoped
    }

    /// Sets how often the mock is to be called.
    pub(crate) fn expect(&self, least: u64, most: u64) {
        self.least.store(least, Ordering::Relaxed);
        self.most.store(most, Ordering::Relaxed);
    }

    /// Lets the closure panic on other threads than the test's.
    pub(crate) fn let_panic(&self) {
        self.may_panic.store(true, Ordering::Relaxed);
    }

    /// Makes it the next step of a sequence: once, and in its turn.
    pub(crate) fn follow(self: &Arc<Self>, sequence: &Sequence) {
        let state: Weak<Self> = Arc::downgrade(self);
        let step = sequence.add(state);
        self.expect(1, 1);
        let _ = self.step.set(step);
    }

    /// Counts a call. Panics when it is one too many, or out of order.
    pub(crate) fn begin(&self) {
        let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let most = self.most.load(Ordering::Relaxed);
        if calls > most {
            let so_often = match most {
                0 => "it was never to be called".to_owned(),
                most => format!("it was to be called {} at most", times(most)),
            };
            self.fail(format!(
                "`{}` was called, for the {} time: {so_often} (mocked at {})",
                self.name,
                nth(calls),
                self.place()
            ));
        }
        if let Some(first) = self.step.get().and_then(Step::missing) {
            self.fail(format!(
                "`{}` was called before `{first}`, which was to come first (mocked at {})",
                self.name,
                self.place()
            ));
        }
    }

    /// Panics, for a call of what is forbidden. Nothing may answer it, so it panics in a destructor
    /// too, even where that ends the process.
    pub(crate) fn refuse(&self) -> ! {
        let failure = self.note_refused();
        Working::end();
        panic!("{failure}")
    }

    /// Writes down a call of what is forbidden. Returns the sentence.
    pub(crate) fn note_refused(&self) -> String {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let place = self.place();
        let failure =
            format!("`{}` was called, which is forbidden here (forbidden at {place})", self.name);
        self.note(&failure);
        failure
    }

    /// Writes a failure down and panics, but not in what the allocator calls, and not in a
    /// destructor that runs because of a panic: that would end the process, with all other tests.
    /// The call is answered then.
    fn fail(&self, failure: String) {
        self.note(&failure);
        let by_allocator = |state: &&'static SiteState| state.by_allocator.load(Ordering::Relaxed);
        if !std::thread::panicking() && !self.states.iter().any(by_allocator) {
            Working::end();
            panic!("{failure}")
        }
    }

    /// Returns where the mock was put on: `tests/orders.rs:12`.
    fn place(&self) -> String {
        format!("{}:{}", self.place.file(), self.place.line())
    }

    /// Writes a failure down.
    fn note(&self, failure: &str) {
        let _ = self.wrong.set(failure.to_owned());
        self.failures.add(failure.to_owned());
    }

    /// Writes down a panic of the user's closure. On the test's own thread the test sees it itself.
    pub(crate) fn note_panic(&self) {
        let own = std::thread::current().id() == self.failures.owner;
        if self.scoped && !own && !self.may_panic.load(Ordering::Relaxed) {
            let thread = std::thread::current();
            let thread = thread.name().unwrap_or("without a name").to_owned();
            self.failures.add(format!(
                "the mock of `{}` panicked on thread `{thread}` (mocked at {})",
                self.name,
                self.place()
            ));
        }
    }

    /// Keeps a value for the test.
    pub(crate) fn record(&self, value: Box<dyn Any + Send>) {
        let record = Arc::new(Mutex::new(value));
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    /// Returns clones of the recorded values of this type.
    pub(crate) fn recorded<T: Clone + 'static>(&self) -> Vec<T> {
        let records = {
            // The lock is held while the list's memory is allocated.
            let _working = Working::begin();
            self.records.lock().unwrap_or_else(PoisonError::into_inner).clone()
        };
        let value = |record: &Arc<Record>| {
            let value = record.lock().unwrap_or_else(PoisonError::into_inner);
            value.downcast_ref::<T>().cloned()
        };
        records.iter().filter_map(value).collect()
    }

    /// Counts a call that its condition has sent on.
    pub(crate) fn note_passed(&self) {
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a call of another instance where it would have been met.
    pub(crate) fn note_other(&self, name: &'static str) {
        self.others.fetch_add(1, Ordering::Relaxed);
        let _ = self.other.set(name);
    }

    /// Returns a failure in a call, or what is not as expected so far.
    pub(crate) fn verdict(&self) -> Option<String> {
        self.wrong.get().cloned().or_else(|| self.unmet(&[]))
    }

    /// Returns what is not as expected, now that all calls are over. `newer` are the expectations
    /// of the mocks that were put into the scope after this one.
    pub(crate) fn unmet(&self, newer: &[Arc<Expectation>]) -> Option<String> {
        let (calls, least) = (self.calls(), self.least.load(Ordering::Relaxed));
        if calls >= least {
            return None;
        }
        let exactly = self.most.load(Ordering::Relaxed) == least;
        let at_least = if exactly { "" } else { "at least " };
        let was = match calls {
            0 => "was never called".to_owned(),
            calls => format!("was called {}", times(calls)),
        };
        Some(format!(
            "`{}` was to be called {at_least}{} and {was}{} (mocked at {})",
            self.name,
            times(least),
            self.missed(newer),
            self.place()
        ))
    }

    /// Returns what is known about calls that did not reach the mock.
    fn missed(&self, newer: &[Arc<Expectation>]) -> String {
        let others = self.others.load(Ordering::Relaxed);
        let passed = self.passed.load(Ordering::Relaxed);
        let newer: u64 =
            newer.iter().filter(|other| other.key == self.key).map(|n| n.calls()).sum();
        let outside = if self.scoped { outside(&self.states) - self.outside } else { 0 };
        let mut known = String::new();
        if let Some(other) = self.other.get() {
            known += &format!("; another instance was called {}: `{other}`", times(others));
        }
        if passed > 0 {
            known += &format!("; its condition did not hold for {}", number(passed));
        }
        if newer > 0 {
            known += &format!("; a newer mock of it answered {}", number(newer));
        }
        if outside > 0 {
            known += &format!(
                "; outside of the scope it was called {}, by other tests or by threads and tasks \
                 that do not follow the scope: start those with `scope.spawn`, `handle.enter` or \
                 `future.in_scope(&scope)`",
                times(outside)
            );
        }
        if self.before > 0 {
            known +=
                &format!("; before it was mocked this thread called it {}", times(self.before));
        }
        if known.is_empty() && self.calls() == 0 && !diagnostics::is_asked() {
            known += " (with HOT_WHY=1 calls that came before the mock are told too)";
        }
        known
    }
}

/// Returns how many calls of these functions no mock of a scope answered.
fn outside(states: &[&'static SiteState]) -> u64 {
    states.iter().map(|state| state.outside.load(Ordering::Relaxed)).sum()
}

impl StepState for Expectation {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_made(&self) -> bool {
        self.calls() >= self.least.load(Ordering::Relaxed)
    }
}
