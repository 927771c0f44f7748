//! The search for the mock of a call.
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
//! whoever is last: the one who reset it, or a caller, be it one that was only looking. No lock is
//! held then, and the thread is not noted to be at work, so a value that is dropped may itself call
//! hot functions, mock and reset.

use super::bypass;
use super::found::Found;
use crate::mock::expect::diagnostics;
use crate::mock::install::{Answer, Callee, Installed, process_wide};
use crate::mock::scope;
use crate::mock::site::table;
use crate::mock::target::{Item, Key};
use crate::slot::reentry::{InClosure, Working, drop_at_rest};
use crate::slot::{Slot, instances};
use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Returns what a call of an ordinary function runs.
pub(super) fn find(item: TypeId) -> Found {
    let site = table::by_item(item);
    let callee = Callee { site, item: None, name: "", body: std::ptr::null() };
    let Some(_working) = Working::begin() else { return Found::by_allocator(callee) };
    if bypass::take(site, None) {
        return Found::below(callee);
    }
    search(callee, None)
}

/// Returns what a call of an instance of a generic function runs. `body` is the instance's own
/// code.
#[cold]
pub fn find_instance(slot: &'static Slot, body: *const (), item: fn() -> Item) -> Found {
    let Some(site) = table::by_slot(slot.address()) else {
        // Within a change of the table of instances, the allocator waits for no lock.
        let within = Working::is_underway();
        let instance = if within { instances::instance_within } else { instances::instance };
        return Found::plain(instance(slot, body));
    };
    let item = item();
    let callee = Callee { site, item: Some(item.id), name: item.name, body };
    let Some(_working) = Working::begin() else { return Found::by_allocator(callee) };
    if bypass::take(site, callee.item) {
        return Found::below(callee);
    }
    search(callee, None)
}

/// Goes through the mocks; with `last`, through those that come after it.
pub(super) fn search(callee: Callee, last: Option<&Arc<Installed>>) -> Found {
    let Some(last) = last else {
        return walk(callee, true, |installed| take(installed, callee))
            .unwrap_or_else(|| Found::below(callee));
    };
    let mut passed = false;
    let after = |installed: &Arc<Installed>| {
        if passed {
            return take(installed, callee);
        }
        passed = Arc::ptr_eq(last, installed);
        None
    };
    let mut found = walk(callee, false, after);
    if !passed {
        // It was taken off while it was asked. What it lay on is met all the same.
        let below = |installed: &Arc<Installed>| {
            if installed.lies_below(last) { take(installed, callee) } else { None }
        };
        found = walk(callee, false, below);
    }
    found.unwrap_or_else(|| Found::below(callee))
}

/// Offers the mocks one after another, until one is taken. With `first`, a call that none of a
/// scope was there for is noted.
fn walk(
    callee: Callee,
    first: bool,
    mut offer: impl FnMut(&Arc<Installed>) -> Option<Found>,
) -> Option<Found> {
    let state = &callee.site.state;
    let mut in_scope = false;
    let mut next = scope::visible(scope::current());
    while let Some(scope) = next {
        let table = scope.table();
        let mut found = None;
        'mocks: for key in callee.keys() {
            for installed in table.mocks.get(&key).into_iter().flatten().rev() {
                in_scope = true;
                found = offer(installed);
                if found.is_some() {
                    break 'mocks;
                }
            }
        }
        next = if found.is_none() { scope::visible(scope.parent_in(&table)) } else { None };
        drop_at_rest((table, scope));
        if found.is_some() {
            return found;
        }
    }
    // Relaxed: for a count for people, read when the scope is over.
    let scoped = state.scoped.load(Ordering::Relaxed) > 0;
    if !in_scope && first && (scoped || callee.item.is_some() || diagnostics::is_asked()) {
        note_missed(callee, scoped);
    }
    let mut offer = |installed: Arc<Installed>| {
        let found = offer(&installed);
        drop_at_rest(installed);
        found
    };
    let of_instance = callee.item.and_then(process_wide::of_instance);
    of_instance
        .and_then(&mut offer)
        .or_else(|| process_wide::of_site(callee.site).and_then(&mut offer))
}

/// Notes, for those who wait for calls in vain, a call that no mock of a scope has met.
#[cold]
fn note_missed(callee: Callee, scoped: bool) {
    let mut others = 0;
    if let Some(item) = callee.item {
        let mut note = |installed: &Arc<Installed>| {
            let key = installed.target.key;
            let of_another = matches!(key, Key::Instance(of) if of != item);
            if of_another && installed.is_for(callee.site) {
                installed.expectation.note_other(callee.name);
                others += 1;
            }
        };
        let mut next = scope::visible(scope::current());
        while let Some(scope) = next {
            let table = scope.table();
            table.mocks.values().flatten().for_each(&mut note);
            next = scope::visible(scope.parent_in(&table));
            drop_at_rest((table, scope));
        }
        process_wide::for_each_instance(note);
    }
    if others == 0 && scoped {
        // Relaxed: as above.
        callee.site.state.outside.fetch_add(1, Ordering::Relaxed);
    }
    if diagnostics::is_asked() {
        diagnostics::count(callee.keys());
    }
}

/// Returns what to run when this mock is met; none when the search goes on.
fn take(installed: &Arc<Installed>, callee: Callee) -> Option<Found> {
    // An instance is found by its item, which says nothing about the shape of the function's code:
    // only the functions that the mock was made for are of the right one.
    if !installed.is_for(callee.site) {
        return None;
    }
    match &installed.answer {
        Answer::Spy => {
            installed.expectation.begin();
            None
        }
        // An allocator must not panic: it is written down.
        Answer::Forbidden if callee.site.state.by_allocator.load(Ordering::Relaxed) => {
            installed.expectation.note_refused();
            Some(Found::below(callee))
        }
        Answer::Forbidden => installed.expectation.refuse(),
        Answer::Plain(code) => {
            installed.expectation.begin();
            Some(Found::plain(code.0))
        }
        Answer::Closure { .. }
            // Relaxed: it is written before the mock is met first, by whoever puts it on.
            if callee.site.state.by_allocator.load(Ordering::Relaxed)
                && InClosure::is_inside() =>
        {
            Some(Found::below(callee))
        }
        Answer::Closure { code, .. } => {
            installed.remember(callee);
            let data = Arc::into_raw(installed.clone()).cast();
            Some(Found { code: code.0, data })
        }
    }
}
