//! The hooks of a patch: functions of its own that are run around a load and an unload.
//!
//! A hook runs on a thread of its own, so that one that hangs can be given up: the operation goes
//! on without it, as after an error. A thread cannot be ended from outside, so it stays, with
//! whatever it holds.

use super::error::{HookFailure, PatchError};
use super::serial;
use crate::library::table::Replacement;
use crate::panic_message::panic_message;
use crate::registry::SignatureId;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// An error of a hook.
pub type HookError = Box<dyn std::error::Error + Send + Sync>;

/// The type of hooks.
#[doc(hidden)]
pub type Hook = fn() -> Result<(), HookError>;

/// Turns an error of a hook into its sentence, on the side of the border where the error is at
/// home.
#[doc(hidden)]
pub fn said(result: Result<(), HookError>) -> Result<(), HookError> {
    result.map_err(|error| error.to_string().into())
}

/// Milliseconds that a hook may take.
static TIMEOUT: AtomicU64 = AtomicU64::new(30_000);

/// Sets how long a hook may take; 30 seconds if this is never called. Less than a millisecond
/// counts as one.
///
/// ```
/// hot::patch::set_hook_timeout(std::time::Duration::from_secs(5));
/// ```
pub fn set_hook_timeout(timeout: Duration) {
    let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
    // Relaxed: nothing else is published by it.
    TIMEOUT.store(millis, Ordering::Relaxed);
}

/// The hooks of one patch, by their moments.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hooks([Option<Hook>; Moment::ALL.len()]);

/// A moment for a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeLoad,
    AfterLoad,
    BeforeUnload,
    AfterUnload,
}

impl Moment {
    const ALL: [Moment; 4] =
        [Moment::BeforeLoad, Moment::AfterLoad, Moment::BeforeUnload, Moment::AfterUnload];

    /// The name of its hook.
    pub(super) fn hook(self) -> &'static str {
        match self {
            Moment::BeforeLoad => "hp_before_load",
            Moment::AfterLoad => "hp_after_load",
            Moment::BeforeUnload => "hp_before_unload",
            Moment::AfterUnload => "hp_after_unload",
        }
    }
}

impl Hooks {
    /// Finds the hooks among the functions of a patch.
    ///
    /// # Errors
    /// [`PatchError::HookType`].
    pub(super) fn of(functions: &[&'static Replacement]) -> Result<Hooks, PatchError> {
        let mut hooks = Hooks::default();
        for moment in Moment::ALL {
            let hook = moment.hook();
            let Some(function) = functions.iter().find(|function| function.name == hook) else {
                continue;
            };
            let given = (function.identity)();
            if given.id != SignatureId::of::<Hook>().id {
                return Err(PatchError::HookType { hook, given: given.name.to_owned() });
            }
            // SAFETY: `code` is a function of the type that `identity` tells, by the contract of
            // `Replacement::new`, and that type is `Hook`, as was just found. The library is never
            // closed.
            let function: Hook = unsafe { std::mem::transmute(function.code) };
            hooks.0[moment as usize] = Some(function);
        }
        Ok(hooks)
    }

    /// Runs the hook of a moment, if there is one.
    ///
    /// # Errors
    /// How it failed.
    pub(super) fn run(self, moment: Moment) -> Result<(), HookFailure> {
        let Some(hook) = self.0[moment as usize] else { return Ok(()) };
        // Relaxed: see `set_hook_timeout`.
        run(hook, Duration::from_millis(TIMEOUT.load(Ordering::Relaxed)))
    }
}

fn run(hook: Hook, timeout: Duration) -> Result<(), HookFailure> {
    let (done, ended) = sync_channel(1);
    let work = move || {
        let result = serial::as_hook(|| catch_unwind(hook));
        // Nobody waits any more when it was too late.
        let _ = done.send(match result {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(HookFailure::Error(error.to_string())),
            Err(payload) => Err(HookFailure::Panic(panic_message(&*payload).to_owned())),
        });
    };
    std::thread::Builder::new()
        .name("hot-hook".to_owned())
        .spawn(work)
        .map_err(|error| HookFailure::NoThread(error.to_string()))?;
    match ended.recv_timeout(timeout) {
        Ok(result) => result,
        Err(RecvTimeoutError::Timeout) => Err(HookFailure::TimedOut(timeout)),
        // It sends whatever happens, but for a payload whose destructor panics.
        Err(RecvTimeoutError::Disconnected) => {
            Err(HookFailure::Panic("its thread ended without a word".to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_fails_by_error_panic_and_time() {
        let minute = Duration::from_secs(60);
        assert_eq!(run(|| Ok(()), minute), Ok(()));
        assert_eq!(run(|| Err("no".into()), minute), Err(HookFailure::Error("no".to_owned())));
        let panicked = run(|| panic!("at {}", 7), minute);
        assert_eq!(panicked, Err(HookFailure::Panic("at 7".to_owned())));
        let short = Duration::from_millis(20);
        fn hangs() -> Result<(), HookError> {
            std::thread::sleep(Duration::from_secs(3600));
            Ok(())
        }
        assert_eq!(run(hangs, short), Err(HookFailure::TimedOut(short)));
    }
}
