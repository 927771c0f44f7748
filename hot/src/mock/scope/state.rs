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

/// The mocks of a scope, and the scope around it: read together, at each call.
#[derive(Clone, Default)]
pub(crate) struct Table {
    /// None for the outermost, and for a scope that is bound to a thread.
    parent: Option<Arc<ScopeState>>,
    /// Of each function the newest last.
    pub mocks: HashMap<Key, Vec<Arc<Installed>>>,
}

/// The part of a scope that its guard shares with those who follow it.
pub(crate) struct ScopeState {
    table: ArcSwap<Table>,
    expectations: Mutex<Vec<Arc<Expectation>>>,
    failures: Arc<Failures>,
    closed: AtomicBool,
    bound: Option<Bound>,
}

/// The only thread on which a scope's mocks are met. Elsewhere its table is not touched, since what
/// the mocks borrow may end as soon as that thread has let go of them; so the scope around it
/// stands here.
struct Bound {
    thread: ThreadId,
    parent: Option<Arc<ScopeState>>,
}

impl ScopeState {
    /// Makes a scope in another one.
    pub(crate) fn new(parent: Option<Arc<ScopeState>>) -> Arc<Self> {
        let table = Table { parent: open(parent), mocks: HashMap::new() };
        Self::with(table, None)
    }

    /// Makes a scope in another one whose mocks are met on this thread only.
    pub(crate) fn new_bound(parent: Option<Arc<ScopeState>>) -> Arc<Self> {
        let bound = Bound { thread: std::thread::current().id(), parent };
        Self::with(Table::default(), Some(bound))
    }

    fn with(table: Table, bound: Option<Bound>) -> Arc<Self> {
        Arc::new(ScopeState {
            table: ArcSwap::from_pointee(table),
            expectations: Mutex::default(),
            failures: Failures::new(),
            closed: AtomicBool::new(false),
            bound,
        })
    }

    /// Reports whether its mocks are met on this thread.
    pub(crate) fn is_met_here(&self) -> bool {
        self.bound.as_ref().is_none_or(|bound| bound.thread == std::thread::current().id())
    }

    /// Reports whether it is over.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Returns the scope around it.
    pub(crate) fn parent(&self) -> Option<Arc<ScopeState>> {
        match &self.bound {
            Some(bound) => bound.parent.clone(),
            None => self.table.load().parent.clone(),
        }
    }

    /// Returns the scope around it, as its table has it, which the caller has read.
    pub(crate) fn parent_in(&self, table: &Table) -> Option<Arc<ScopeState>> {
        let parent = self.bound.as_ref().map_or(&table.parent, |bound| &bound.parent);
        parent.clone()
    }

    /// Returns its mocks. A guard of one that is bound to a thread is held on that thread only.
    pub(crate) fn table(&self) -> Guard<Arc<Table>> {
        self.table.load()
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
        let mut table = Table::clone(&self.table.load());
        let mut expectations = self.expectations.lock().unwrap_or_else(PoisonError::into_inner);
        for installed in added {
            for site in &installed.target.sites {
                // Relaxed: a hint to those who count for people.
                site.state.scoped.fetch_add(1, Ordering::Relaxed);
                layers::retain_shim(site);
            }
            expectations.push(installed.expectation.clone());
            table.mocks.entry(installed.target.key).or_default().push(installed);
        }
        drop(self.table.swap(Arc::new(table)));
        reentry::allocate();
        Ok(())
    }

    /// Takes off the mock with this expectation.
    pub(crate) fn remove(&self, expectation: &Arc<Expectation>) {
        let is = |installed: &Arc<Installed>| Arc::ptr_eq(&installed.expectation, expectation);
        let removed = {
            let _change = change::begin();
            let mut table = Table::clone(&self.table.load());
            table.mocks.values_mut().for_each(|stack| stack.retain(|installed| !is(installed)));
            let before = self.table.swap(Arc::new(table));
            before.mocks.values().flatten().filter(|i| is(i)).for_each(release);
            before
        };
        // Outside of the lock, since it may run the user's code.
        drop(removed);
    }

    /// Refuses further mocks. Those that are on stay until [`ScopeState::end`].
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Takes all mocks off; later ones are refused. Scopes around it that are over are no longer
    /// kept: so a list of scopes that end in any order does not grow beyond those that were open at
    /// the same time.
    fn take_all_off(&self) {
        let mut removed = {
            let _change = change::begin();
            self.close();
            let parent = if self.bound.is_none() { open(self.parent()) } else { None };
            let before = self.table.swap(Arc::new(Table { parent, mocks: HashMap::new() }));
            before.mocks.values().flatten().for_each(release);
            before
        };
        if self.bound.is_some() {
            let lone = Arc::get_mut(&mut removed).is_some_and(|table| {
                table
                    .mocks
                    .values_mut()
                    .flatten()
                    .all(|installed| Arc::get_mut(installed).is_some())
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

    /// Takes the scope around it out, to be dropped by the caller.
    fn take_parent(&mut self) -> Option<Arc<ScopeState>> {
        if let Some(bound) = &mut self.bound {
            return bound.parent.take();
        }
        // None for a table that a call is still reading, which then drops it.
        Arc::into_inner(self.table.swap(Arc::default()))?.parent
    }

    /// Ends it and fails the test when something was not as expected. Of a test that fails already,
    /// by a panic or an error, it is printed beside.
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

impl Drop for ScopeState {
    fn drop(&mut self) {
        // One after another, since a long list would be dropped in a deep stack.
        let mut next = self.take_parent();
        while let Some(mut parent) = next.and_then(Arc::into_inner) {
            next = parent.take_parent();
        }
    }
}

/// Returns the first scope, from this one outwards, that is not over.
pub(crate) fn open(mut scope: Option<Arc<ScopeState>>) -> Option<Arc<ScopeState>> {
    while let Some(state) = &scope
        && state.is_closed()
    {
        scope = state.parent();
    }
    scope
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
const HIDES: &str = "(an error that this test returns is hidden by this panic; run the test in \
                     `hot::with_scope`, and the error is its result)";

/// Leads the slots away from a mock.
fn release(installed: &Arc<Installed>) {
    for site in &installed.target.sites {
        // Relaxed: a hint to those who count for people.
        site.state.scoped.fetch_sub(1, Ordering::Relaxed);
        layers::release_shim(site);
    }
}
