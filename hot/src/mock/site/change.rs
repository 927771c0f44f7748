//! A change of mocks: one at a time.
//!
//! All that changes mocks goes through one lock, so that slots, tables and counts stay together.
//! Calls never touch it.

use super::{fork, lock};
use crate::slot::reentry::Working;
use std::sync::MutexGuard;

/// A change under way: the lock, and the note that this thread works at mocks.
pub(crate) struct Change {
    // Let go of first: what is called then finds the mocks.
    _working: Option<Working>,
    _lock: MutexGuard<'static, ()>,
}

/// Begins a change: holds off all others until it is dropped.
pub(crate) fn begin() -> Change {
    fork::prepare();
    let working = Working::begin();
    Change { _working: working, _lock: lock::lock() }
}
