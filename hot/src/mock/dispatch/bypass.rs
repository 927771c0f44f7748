//! A call that goes past the mocks.
//!
//! Taking a mock off to call the original would take it off for every thread. Instead the call goes
//! the usual way, through trampoline and shim, and the shim reads, in a thread-local note, that
//! this one call is meant for the code below. The note names the function and is taken off by the
//! first shim that reads it. For the time of the call the function has its shim even if no mock is
//! on it, so that the note is read by the call it was written for and not by a later one: a call
//! that the original makes to the function itself is an ordinary call, and finds the mock.

use crate::mock::target::{Key, Target};
use crate::slot::{MockSite, layers};
use std::any::TypeId;
use std::cell::Cell;

/// The function whose next call goes past the mocks.
#[derive(Clone, Copy, PartialEq)]
struct Note(Key);

thread_local! {
    static NOTE: Cell<Option<Note>> = const { Cell::new(None) };
}

/// Takes the note off, if it is for this call, and reports whether it was. Asked once for each
/// call.
pub(super) fn take(site: &'static MockSite, item: Option<TypeId>) -> bool {
    let key = item.map_or(Key::Function(site.address()), Key::Instance);
    // A thread that is being taken down has no note.
    NOTE.try_with(|note| note.get() == Some(Note(key)) && note.take().is_some()).unwrap_or(false)
}

/// A function that keeps its shim for a call past the mocks, until this is dropped.
pub(crate) struct Bypass {
    target: Target,
    before: Option<Note>,
}

impl Bypass {
    /// Puts the shim on.
    pub(crate) fn new(target: Target) -> Bypass {
        target.sites.iter().for_each(|site| layers::retain_shim(site));
        Bypass { target, before: None }
    }

    /// Runs what makes the call.
    pub(crate) fn during<R>(&mut self, call: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Bypass);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                NOTE.set(self.0.before);
            }
        }
        self.before = NOTE.replace(Some(Note(self.target.key)));
        let _restore = Restore(self);
        call()
    }
}

impl Drop for Bypass {
    fn drop(&mut self) {
        self.target.sites.iter().for_each(|site| layers::release_shim(site));
    }
}
