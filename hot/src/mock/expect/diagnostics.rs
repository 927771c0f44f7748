//! Calls that were made before a mock was put on, to say why it was not met.
//!
//! A function that is not mocked is called straight through its slot, and nobody counts. So this is
//! known only when it is asked for: with `HOT_WHY` in the environment every function gets its shim
//! when the first mock or scope is made, and each thread counts its calls that no mock answers.

use crate::mock::site::change;
use crate::mock::target::{Key, lookup};
use crate::registry;
use crate::slot::layers;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static CALLS: RefCell<HashMap<Key, u64>> = RefCell::default();
}

/// Reports whether it is asked for.
pub(crate) fn is_asked() -> bool {
    // Relaxed: a call that misses the beginning is not counted, as those before it.
    ASKED.load(Ordering::Relaxed)
}

/// Begins to count, when it is asked for.
pub(crate) fn begin() {
    static BEGUN: AtomicBool = AtomicBool::new(false);
    // Relaxed: all that is done before it is set is done under locks, or counts for people.
    if BEGUN.load(Ordering::Relaxed) {
        return;
    }
    // Not a `Once`, inside of which a fork may find another thread.
    let _change = change::begin();
    if BEGUN.load(Ordering::Relaxed) {
        return;
    }
    if std::env::var_os("HOT_WHY").is_some_and(|value| !value.is_empty()) {
        for function in registry::functions() {
            // One that cannot be mocked has no mock to be met.
            let target = lookup::of_entry(function.entry());
            let sites = target.iter().flat_map(|target| &target.sites);
            sites.for_each(|site| layers::retain_shim(site));
        }
        ASKED.store(true, Ordering::Relaxed);
    }
    BEGUN.store(true, Ordering::Relaxed);
}

/// Counts a call that no mock answered.
pub(crate) fn count(keys: impl Iterator<Item = Key>) {
    // A thread that is being taken down counts no more.
    let _ = CALLS.try_with(|calls| {
        let mut calls = calls.borrow_mut();
        keys.for_each(|key| *calls.entry(key).or_default() += 1);
    });
}

/// Returns how many of them this thread has made.
pub(crate) fn calls(key: Key) -> u64 {
    CALLS.try_with(|calls| calls.borrow().get(&key).copied()).ok().flatten().unwrap_or_default()
}
