//! What is counted, kept and expected of a mock.
//!
//! A tally outlives its mock: the handle in the test keeps it, and the scope, which checks it when
//! it ends. What goes wrong in a call (one too many, out of order, forbidden) panics there, where the
//! stack shows who called; and since that may be another thread's stack, or one that catches
//! panics, it is also written down for the scope, which fails the test that owns it.

use super::find::{SiteState, state};
use super::sequence::Step;
use super::target::{Key, Target};
use super::why;
use crate::slot::reentry::Working;
use std::any::Any;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::ThreadId;

/// How many failures are kept in words; the others are counted.
const KEPT: usize = 32;

/// What has gone wrong under a scope, for its end.
pub(super) struct Failures {
    owner: ThreadId,
    list: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    failures: Vec<String>,
    more: u64,
}

impl Failures {
    pub(super) fn new() -> Arc<Failures> {
        Arc::new(Failures { owner: std::thread::current().id(), list: Mutex::default() })
    }

    pub(super) fn take(&self) -> Vec<String> {
        let kept = std::mem::take(&mut *self.list.lock().unwrap_or_else(PoisonError::into_inner));
        let mut failures = kept.failures;
        if kept.more > 0 {
            failures.push(format!("and {} more failures of this kind", kept.more));
        }
        failures
    }

    fn add(&self, failure: String) {
        let mut kept = self.list.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.failures.len() < KEPT {
            true => kept.failures.push(failure),
            false => kept.more += 1,
        }
    }
}

/// A value that was kept, behind a lock of its own: to clone it is the user's code, which may itself
/// call what is mocked.
type Record = Mutex<Box<dyn Any + Send>>;

/// The tally of a mock.
pub(crate) struct Tally {
    pub(super) name: String,
    /// Where it was put on.
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
    /// What went wrong in a call, first.
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
impl Tally {
    pub(super) fn new(
        target: &Target,
        failures: Arc<Failures>,
        scoped: bool,
        place: &'static Location<'static>,
    ) -> Arc<Tally> {
        why::begin();
        let states: Vec<_> = target.sites.iter().map(|site| state(site)).collect();
        Arc::new(Tally {
            name: target.name.clone(),
            place,
            key: target.key,
            outside: outside(&states),
            states,
            before: why::calls(target.key),
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

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Whether its mock is one of a scope.
    pub(super) fn is_scoped(&self) -> bool {
        self.scoped
    }

    pub(super) fn expect(&self, least: u64, most: u64) {
        self.least.store(least, Ordering::Relaxed);
        self.most.store(most, Ordering::Relaxed);
    }

    pub(super) fn let_panic(&self) {
        self.may_panic.store(true, Ordering::Relaxed);
    }

    /// Makes it the next step of a sequence: once, and in its turn.
    pub(super) fn follow(self: &Arc<Self>, step: Step) {
        self.expect(1, 1);
        let _ = self.step.set(step);
    }

    /// Whether it has been called as often as it must.
    pub(super) fn is_met(&self) -> bool {
        self.calls() >= self.least.load(Ordering::Relaxed)
    }

    /// One more call.
    pub(super) fn begin(&self) {
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

    /// A call of what is forbidden. Nothing may answer it, so it panics in a destructor too, even
    /// where that ends the process.
    pub(super) fn refuse(&self) -> ! {
        let failure = self.note_refused();
        Working::end();
        panic!("{failure}")
    }

    /// A call of what is forbidden, written down.
    pub(super) fn note_refused(&self) -> String {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let place = self.place();
        let failure =
            format!("`{}` was called, which is forbidden here (forbidden at {place})", self.name);
        self.note(&failure);
        failure
    }

    /// Panics, but not in what the allocator calls, and not in a destructor that runs because of a panic: that would end the process, with
    /// all other tests. The call is answered then.
    fn fail(&self, failure: String) {
        self.note(&failure);
        let by_allocator = |state: &&'static SiteState| state.by_allocator.load(Ordering::Relaxed);
        if !std::thread::panicking() && !self.states.iter().any(by_allocator) {
            Working::end();
            panic!("{failure}")
        }
    }

    /// `tests/orders.rs:12`.
    fn place(&self) -> String {
        format!("{}:{}", self.place.file(), self.place.line())
    }

    fn note(&self, failure: &str) {
        let _ = self.wrong.set(failure.to_owned());
        self.failures.add(failure.to_owned());
    }

    /// The user's closure has panicked. On the test's own thread that is the test's to see.
    pub(super) fn note_panic(&self) {
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

    pub(super) fn record(&self, value: Box<dyn Any + Send>) {
        let record = Arc::new(Mutex::new(value));
        self.records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
    }

    pub(super) fn recorded<T: Clone + 'static>(&self) -> Vec<T> {
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

    /// Its condition has sent a call on.
    pub(super) fn note_passed(&self) {
        self.passed.fetch_add(1, Ordering::Relaxed);
    }

    /// Another instance was called where it would have been met.
    pub(super) fn note_other(&self, name: &'static str) {
        self.others.fetch_add(1, Ordering::Relaxed);
        let _ = self.other.set(name);
    }

    /// What is not as expected so far, or went wrong in a call.
    pub(super) fn verdict(&self) -> Option<String> {
        self.wrong.get().cloned().or_else(|| self.unmet(&[]))
    }

    /// What is not as expected, now that all calls are over. `newer` are the tallies of the mocks
    /// that were put into the scope after this one.
    pub(super) fn unmet(&self, newer: &[Arc<Tally>]) -> Option<String> {
        let (calls, least) = (self.calls(), self.least.load(Ordering::Relaxed));
        if calls >= least {
            return None;
        }
        let at_least = match self.most.load(Ordering::Relaxed) == least {
            true => "",
            false => "at least ",
        };
        let was = match calls {
            0 => "was never called".to_owned(),
            calls => format!("was called {}", times(calls)),
        };
        Some(format!(
            "`{}` was to be called {at_least}{} and {was}{} (mocked at {})",
            self.name,
            times(least),
            self.why(newer),
            self.place()
        ))
    }

    /// What is known about calls that did not reach the mock.
    fn why(&self, newer: &[Arc<Tally>]) -> String {
        let others = self.others.load(Ordering::Relaxed);
        let passed = self.passed.load(Ordering::Relaxed);
        let newer: u64 =
            newer.iter().filter(|other| other.key == self.key).map(|n| n.calls()).sum();
        let outside = if self.scoped { outside(&self.states) - self.outside } else { 0 };
        let mut why = String::new();
        if let Some(other) = self.other.get() {
            why += &format!("; another instance was called {}: `{other}`", times(others));
        }
        if passed > 0 {
            why += &format!("; its condition did not hold for {}", number(passed));
        }
        if newer > 0 {
            why += &format!("; a newer mock of it answered {}", number(newer));
        }
        if outside > 0 {
            why += &format!(
                "; outside of the scope it was called {}, by other tests or by threads and tasks \
                 that do not follow the scope: start those with `scope.spawn`, `handle.enter` or \
                 `future.in_scope(&scope)`",
                times(outside)
            );
        }
        if self.before > 0 {
            why += &format!("; before it was mocked this thread called it {}", times(self.before));
        }
        if why.is_empty() && self.calls() == 0 && !why::is_asked() {
            why += " (with HOT_WHY=1 calls that came before the mock are told too)";
        }
        why
    }
}

fn outside(states: &[&'static SiteState]) -> u64 {
    states.iter().map(|state| state.outside.load(Ordering::Relaxed)).sum()
}

fn times(n: u64) -> String {
    match n {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

fn number(calls: u64) -> String {
    match calls {
        1 => "one call".to_owned(),
        more => format!("{more} calls"),
    }
}

fn nth(n: u64) -> String {
    let ending = match (n % 10, n % 100) {
        (1, up_to) if up_to != 11 => "st",
        (2, up_to) if up_to != 12 => "nd",
        (3, up_to) if up_to != 13 => "rd",
        _ => "th",
    };
    format!("{n}{ending}")
}

#[cfg(test)]
mod tests {
    use super::{Failures, KEPT, nth, times};

    #[test]
    fn failures_take_a_bounded_place() {
        let failures = Failures::new();
        (0..100_000).for_each(|n| failures.add(format!("failure {n}")));
        let told = failures.take();
        assert_eq!(told.len(), KEPT + 1);
        assert_eq!(told[0], "failure 0");
        assert_eq!(told[KEPT], "and 99968 more failures of this kind");
        assert!(failures.take().is_empty());
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!(
            [1, 2, 3, 11, 12, 21, 113].map(nth).join(" "),
            "1st 2nd 3rd 11th 12th 21st 113th"
        );
        assert_eq!([1, 2, 3].map(times).join(", "), "once, twice, 3 times");
    }
}
