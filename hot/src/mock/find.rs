//! What a mocked function runs, call by call.
//!
//! ```text
//! mocks of this scope, newest first  →  of the scope around it  →  …  →  process-wide  →  below
//! ```
//!
//! A *spy* counts and lets the search go on; so does a mock whose condition (`when`) does not hold.
//! The search takes no lock: scopes are reached through a thread-local, their mocks and the
//! process-wide ones through `arc-swap`. So no call ever waits for one who mocks or resets.
//!
//! *Who frees a closure.* What is found is a counted reference, handed to the closure's own code
//! and given back when that is done, by returning or by a panic. So a call that has begun keeps its
//! closure, a closure that was taken off lives until its last call is over, and it is dropped by
//! whoever is last: the one who reset it, or a caller. No lock is held then, so a value that is
//! dropped may itself call hot functions, mock and reset.

use super::installed::{Answer, Installed};
use super::shim::Found;
use super::target::{Item, Key};
use super::{original, scope, sites, why};
use crate::slot::reentry::{InClosure, Working};
use crate::slot::{MockSite, Slot, instances};
use arc_swap::{ArcSwap, ArcSwapOption};
use once_cell::sync::Lazy;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// What is kept for each function that was ever mocked.
#[derive(Default)]
pub(super) struct SiteState {
    /// The process-wide mock, of all instances for a generic function.
    pub process: ArcSwapOption<Installed>,
    /// How many mocks of scopes lie on the function.
    pub scoped: AtomicUsize,
    /// Calls that saw no mock of a scope while there were some.
    pub outside: AtomicU64,
    /// It was called while mocks were at work: the allocator calls it.
    pub by_allocator: AtomicBool,
}

/// The state of a site.
pub(super) fn state(site: &'static MockSite) -> &'static SiteState {
    site.state(SiteState::default)
}

/// Process-wide mocks of instances of generic functions.
pub(super) static INSTANCES: Lazy<ArcSwap<HashMap<TypeId, Arc<Installed>>>> =
    Lazy::new(Default::default);

/// What a call of an ordinary function runs.
pub(super) fn find(item: TypeId) -> Found {
    let site = sites::by_item(item);
    let asked = Asked { site, item: None, name: "", body: std::ptr::null() };
    let Some(_working) = Working::begin() else { return asked.by_allocator() };
    if original::is_asked_for(site, None) {
        return asked.below();
    }
    search(asked, None)
}

/// What a call of an instance of a generic function runs. `body` is the instance's own code.
#[cold]
pub fn find_instance(slot: &'static Slot, body: *const (), item: fn() -> Item) -> Found {
    let Some(site) = sites::by_slot(slot.address()) else {
        return Found::plain(instances::instance(slot, body));
    };
    let item = item();
    let asked = Asked { site, item: Some(item.id), name: item.name, body };
    let Some(_working) = Working::begin() else { return asked.by_allocator() };
    if original::is_asked_for(site, asked.item) {
        return asked.below();
    }
    search(asked, None)
}

/// The function that is called.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub site: &'static MockSite,
    pub item: Option<TypeId>,
    /// Of an instance, for people.
    pub name: &'static str,
    /// Of an instance; null for an ordinary function.
    pub body: *const (),
}

impl Asked {
    fn below(self) -> Found {
        Found::plain(match self.item {
            Some(_) => instances::instance(self.site.slot(), self.body),
            None => self.site.below(),
        })
    }

    /// What a call runs that the allocator has made for the mocks.
    fn by_allocator(self) -> Found {
        // Relaxed: whoever does not see it yet allocates once more.
        state(self.site).by_allocator.store(true, Ordering::Relaxed);
        match self.item {
            Some(_) => Found::plain(instances::instance_within(self.site.slot(), self.body)),
            None => self.below(),
        }
    }

    fn keys(self) -> impl Iterator<Item = Key> {
        let instance = self.item.map(Key::Instance);
        instance.into_iter().chain([Key::Function(self.site.address())])
    }
}

/// Goes through the mocks; with `last`, through those that come after it.
pub(super) fn search(asked: Asked, last: Option<&Arc<Installed>>) -> Found {
    let Some(last) = last else {
        return walk(asked, true, |installed| take(installed, asked))
            .unwrap_or_else(|| asked.below());
    };
    let mut passed = false;
    let after = |installed: &Arc<Installed>| match passed {
        true => take(installed, asked),
        false => {
            passed = Arc::ptr_eq(last, installed);
            None
        }
    };
    let mut found = walk(asked, false, after);
    if !passed {
        // It was taken off while it was asked. What it lay on is met all the same.
        let below = |installed: &Arc<Installed>| match installed.lies_below(last) {
            true => take(installed, asked),
            false => None,
        };
        found = walk(asked, false, below);
    }
    found.unwrap_or_else(|| asked.below())
}

/// Offers the mocks one after another, until one is taken. With `first`, a call that none of a scope
/// was there for is noted.
fn walk(
    asked: Asked,
    first: bool,
    mut offer: impl FnMut(&Arc<Installed>) -> Option<Found>,
) -> Option<Found> {
    let state = state(asked.site);
    let mut in_scope = false;
    let mut next = scope::current();
    while let Some(scope) = next {
        let mocks = scope.mocks();
        for key in asked.keys() {
            for installed in mocks.get(&key).into_iter().flatten().rev() {
                in_scope = true;
                let found = offer(installed);
                if found.is_some() {
                    return found;
                }
            }
        }
        drop(mocks);
        next = scope.parent();
    }
    // Relaxed: for a count for people, read when the scope is over.
    let scoped = state.scoped.load(Ordering::Relaxed) > 0;
    if !in_scope && first && (scoped || asked.item.is_some() || why::is_asked()) {
        note_missed(asked, scoped);
    }
    if let Some(item) = asked.item
        && let Some(installed) = INSTANCES.load().get(&item).cloned()
        && let Some(found) = offer(&installed)
    {
        return Some(found);
    }
    state.process.load_full().and_then(|installed| offer(&installed))
}

/// Notes, for those who wait for calls in vain, a call that no mock of a scope has met.
#[cold]
fn note_missed(asked: Asked, scoped: bool) {
    let mut others = 0;
    if let Some(item) = asked.item {
        let mut note = |installed: &Arc<Installed>| {
            let key = installed.target.key;
            let of_another = matches!(key, Key::Instance(of) if of != item);
            if of_another && installed.is_for(asked.site) {
                installed.tally.note_other(asked.name);
                others += 1;
            }
        };
        let mut next = scope::current();
        while let Some(scope) = next {
            scope.mocks().values().flatten().for_each(&mut note);
            next = scope.parent();
        }
        INSTANCES.load().values().for_each(note);
    }
    if others == 0 && scoped {
        // Relaxed: as above.
        state(asked.site).outside.fetch_add(1, Ordering::Relaxed);
    }
    if why::is_asked() {
        why::count(asked.keys());
    }
}

/// What to run when this mock is met; none when the search goes on.
fn take(installed: &Arc<Installed>, asked: Asked) -> Option<Found> {
    // An instance is found by its item, which says nothing about the shape of the function's code:
    // only the functions that the mock was made for are of the right one.
    if !installed.is_for(asked.site) {
        return None;
    }
    match &installed.answer {
        Answer::Spy => {
            installed.tally.begin();
            None
        }
        // An allocator must not panic: it is written down.
        Answer::Forbidden if state(asked.site).by_allocator.load(Ordering::Relaxed) => {
            installed.tally.note_refused();
            Some(asked.below())
        }
        Answer::Forbidden => installed.tally.refuse(),
        Answer::Plain(code) => {
            installed.tally.begin();
            Some(Found::plain(code.0))
        }
        Answer::Closure { .. }
            // Relaxed: it is written before the mock is met first, by whoever puts it on.
            if state(asked.site).by_allocator.load(Ordering::Relaxed)
                && InClosure::is_inside() =>
        {
            Some(asked.below())
        }
        Answer::Closure { code, .. } => {
            installed.remember(asked);
            let data = Arc::into_raw(installed.clone()).cast();
            Some(Found { code: code.0, data })
        }
    }
}
