//! A call that is inside a mock.

use super::found::Found;
use super::search::search;
use crate::mock::install::{Answer, Installed};
use crate::slot::MockSite;
use crate::slot::reentry::{InClosure, Working};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A call that is inside a mock with closures, and keeps it there.
pub struct Call {
    installed: Arc<Installed>,
    began: bool,
    panicking: bool,
    /// Of a function that the allocator calls.
    _inside: Option<InClosure>,
}

impl Call {
    /// Takes over what a shim was given.
    ///
    /// # Safety
    /// `data` is what a shim was given with the code that calls this; it is handed over once.
    pub unsafe fn enter(data: *const ()) -> Call {
        // SAFETY: the search has turned a counted reference into this pointer, and nobody else has
        // it.
        let installed = unsafe { Arc::from_raw(data.cast::<Installed>()) };
        let inside = is_entered_once(&installed).then(InClosure::enter);
        Call { installed, began: false, panicking: false, _inside: inside }
    }

    /// Returns what the user has given.
    ///
    /// # Safety
    /// `T` is the type that the mock was made with.
    pub unsafe fn closures<T>(&self) -> &T {
        match &self.installed.answer {
            // SAFETY: the caller's promise.
            Answer::Closure { closures, .. } => unsafe { closures.get() },
            _ => unreachable!("code with data has closures"),
        }
    }

    /// Counts the call, which the mock answers, and compares it with what is expected.
    pub fn begin(&mut self) {
        self.panicking = std::thread::panicking();
        let _working = Working::begin();
        self.installed.expectation.begin();
        self.began = true;
    }

    /// Keeps what the user wants kept of the arguments.
    pub fn record<T: Send + 'static>(&self, value: T) {
        let _working = Working::begin();
        self.installed.expectation.record(Box::new(value));
    }

    /// Returns what answers the call, which the mock does not.
    pub fn pass(self) -> Found {
        let _working = Working::begin();
        self.installed.expectation.note_passed();
        search(self.installed.callee(), Some(&self.installed))
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.began && !self.panicking && std::thread::panicking() {
            self.installed.expectation.note_panic();
        }
    }
}

/// Reports whether a mock's closure is not to be entered from within. The call of an `async` one is
/// not over when its code returns, and the allocator makes none.
fn is_entered_once(installed: &Installed) -> bool {
    // Relaxed: see `search::take`.
    let by_allocator = |site: &&'static MockSite| site.state.by_allocator.load(Ordering::Relaxed);
    !matches!(installed.answer, Answer::Closure { asynchronous: true, .. })
        && installed.target.sites.iter().any(by_allocator)
}
