//! The lock of all changes of mocks.

use std::sync::{Mutex, MutexGuard, PoisonError};

static CHANGE: Mutex<()> = Mutex::new(());

/// Takes the lock.
pub(super) fn lock() -> MutexGuard<'static, ()> {
    // The lock guards no value: after a panic there is nothing to be found half done, since what is
    // done under it does not run the user's code and panics at most where memory ends.
    CHANGE.lock().unwrap_or_else(PoisonError::into_inner)
}
