//! One load or unload at a time, and none from inside a hook.

use super::error::PatchError;
use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};

static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Waits for the operations that began before.
///
/// # Errors
/// [`PatchError::InHook`] on a thread that runs a hook, which would wait for itself.
pub(super) fn take_turn() -> Result<MutexGuard<'static, ()>, PatchError> {
    if IN_HOOK.get() {
        return Err(PatchError::InHook);
    }
    // Nothing is behind the lock; what a panic left of the list is whole.
    Ok(TURN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Runs a hook, on a thread that does nothing else.
pub(super) fn as_hook<R>(hook: impl FnOnce() -> R) -> R {
    IN_HOOK.set(true);
    hook()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_takes_no_turn_and_others_do() {
        let refused = std::thread::spawn(|| as_hook(|| take_turn().err())).join().unwrap();
        assert!(matches!(refused, Some(PatchError::InHook)));
        assert!(take_turn().is_ok());
    }
}
