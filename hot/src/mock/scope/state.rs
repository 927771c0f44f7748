//! A scope, as those who follow it share it: its mocks, and what is expected of them.
//!
//! The mocks of a scope end with it, everywhere: what still follows it then sees what lies below. A
//! call that is inside a mock at that moment finishes there.
//!
//! *Mocks that borrow* end when `Scope::with` returns, so nothing may be inside them any more: they
//! are met on the thread that made them only, whatever follows the scope elsewhere, and none may be
//! `async`. So every call that met one has returned to the thread that is about to leave `with`.

use crate::error::Error;
use crate::mock::expect::{Expectation, Failures};
use crate::mock::install::Installed;
use crate::mock::site::change;
use crate::mock::target::Key;
use crate::slot::{layers, reentry};
use arc_swap::{ArcSwap, Guard};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::ThreadId;

/// The mocks of a scope; of each function the newest last.
type Mocks = HashMap<Key, Vec<Arc<Installed>>>;

/// The part of a scope that its guard shares with those who follow it.
pub(crate) struct ScopeState {
    parent: Option<Arc<ScopeState>>,
    mocks: ArcSwap<Mocks>,
    expectations: Mutex<Vec<Arc<Expectation>>>,
    failures: Arc<Failures>,
    closed: AtomicBool,
    /// The only thread on which its mocks are met; everywhere when there is none.
    thread: Option<ThreadId>,
}

impl ScopeState {
    /// Makes a scope in another one. With a thread, its mocks are met there only.
    pub(crate) fn new(parent: Option<Arc<ScopeState>>, thread: Option<ThreadId>) -> Arc<Self> {
        Arc::new(ScopeState {
            parent,
            mocks: ArcSwap::default(),
            expectations: Mutex::default(),
            failures: Failures::new(),
            closed: AtomicBool::new(false),
            thread,
        })
    }

    /// Returns the scope that it was made in.
    pub(crate) fn parent(&self) -> Option<&Arc<ScopeState>> {
        self.parent.as_ref()
    }

    /// Reports whether its mocks are met on this thread.
    pub(crate) fn is_met_here(&self) -> bool {
        self.thread.is_none_or(|thread| thread == std::thread::current().id())
    }

    /// Reports whether it is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Returns its mocks. A guard of one that is bound to a thread is held on that thread only.
    pub(crate) fn mocks(&self) -> Guard<Arc<Mocks>> {
        self.mocks.load()
    }

    /// Returns the failures of its mocks.
    pub(crate) fn failures(&self) -> &Arc<Failures> {
        &self.failures
    }

    /// Puts mocks on. The old table may hold the last reference to nothing: every mock in it is in
    /// the new one.
    pub(crate) fn add(&self, added: Vec<Arc<Installed>>) -> Result<(), Error> {
        let _change = change::begin();
        if self.is_closed() {
            return Err(Error::ScopeIsOver);
        }
        let mut mocks = Mocks::clone(&self.mocks.load());
        let mut expectations = self.expectations.lock().unwrap_or_else(PoisonError::into_inner);
        for installed in added {
            for site in &installed.target.sites {
                // Relaxed: a hint to those who count for people.
                site.state.scoped.fetch_add(1, Ordering::Relaxed);
                layers::retain_shim(site);
            }
            expectations.push(installed.expectation.clone());
            mocks.entry(installed.target.key).or_default().push(installed);
        }
        drop(self.mocks.swap(Arc::new(mocks)));
        reentry::allocate();
        Ok(())
    }

    /// Takes off the mock with this expectation.
    pub(crate) fn remove(&self, expectation: &Arc<Expectation>) {
        let is = |installed: &Arc<Installed>| Arc::ptr_eq(&installed.expectation, expectation);
        let removed = {
            let _change = change::begin();
            let mut mocks = Mocks::clone(&self.mocks.load());
            mocks.values_mut().for_each(|stack| stack.retain(|installed| !is(installed)));
            let before = self.mocks.swap(Arc::new(mocks));
            before.values().flatten().filter(|i| is(i)).for_each(release);
            before
        };
        // Outside of the lock, since it may run the user's code.
        drop(removed);
    }

    /// Refuses further mocks. Those that are on stay until [`ScopeState::end`].
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Takes all mocks off; later ones are refused.
    fn take_all_off(&self) {
        let mut removed = {
            let _change = change::begin();
            self.close();
            let before = self.mocks.swap(Arc::default());
            before.values().flatten().for_each(release);
            before
        };
        if self.thread.is_some() {
            let lone = Arc::get_mut(&mut removed).is_some_and(|mocks| {
                mocks.values_mut().flatten().all(|installed| Arc::get_mut(installed).is_some())
            });
            if !lone {
                // What the mocks borrow is about to end. This cannot be, see above; were it so,
                // there would be no way out.
                eprintln!("hot: a mock that borrows is still in use at the end of `with`");
                std::process::abort();
            }
        }
        drop(removed);
    }

    /// Returns what is not as expected so far.
    pub(crate) fn unmet(&self) -> Vec<String> {
        let expectations = self.expectations.lock().unwrap_or_else(PoisonError::into_inner);
        self.failures_of(&expectations)
    }

    fn failures_of(&self, expectations: &[Arc<Expectation>]) -> Vec<String> {
        let mut failures = self.failures.take();
        let unmet = |(index, expectation): (usize, &Arc<Expectation>)| {
            expectation.unmet(&expectations[index + 1..])
        };
        failures.extend(expectations.iter().enumerate().filter_map(unmet));
        failures
    }

    /// Ends it and fails the test when something was not as expected. Of a test that fails already, by
    /// a panic or an error, it is printed beside.
    pub(crate) fn end(&self, outcome: Outcome) {
        self.take_all_off();
        let expectations =
            std::mem::take(&mut *self.expectations.lock().unwrap_or_else(PoisonError::into_inner));
        let failures = self.failures_of(&expectations);
        if failures.is_empty() {
            return;
        }
        let failures = failures.join("\n");
        match outcome {
            // This may be why.
            _ if std::thread::panicking() => eprintln!("of the mocks of this scope:\n{failures}"),
            Outcome::Failed => eprintln!("of the mocks of this scope:\n{failures}"),
            Outcome::Done => panic!("{failures}"),
            Outcome::Unknown => panic!("{failures}\n{HIDES}"),
        }
    }
}

/// The outcome of the work in a scope, when the scope ends.
pub(crate) enum Outcome {
    /// Not known: the guard is dropped before anybody sees the result.
    Unknown,
    /// It ended well.
    Done,
    /// It ended with an error.
    Failed,
}

/// The last line of a failure, for a test that returns an error: the panic takes its place.
const HIDES: &str = "(an error that this test returns is hidden by this panic; a test that is run in \
                     `hot::with_scope` ends with its error, and prints this beside)";

/// Leads the slots away from a mock.
fn release(installed: &Arc<Installed>) {
    for site in &installed.target.sites {
        // Relaxed: a hint to those who count for people.
        site.state.scoped.fetch_sub(1, Ordering::Relaxed);
        layers::release_shim(site);
    }
}
