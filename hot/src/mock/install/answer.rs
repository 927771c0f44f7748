//! The behaviour of a mock, and the closures that it runs.

use crate::slot::Code;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The behaviour of a mock.
pub(crate) enum Answer {
    /// Runs a function of the function's own type.
    Plain(Code),
    /// Runs code that is given the mock itself before the function's arguments.
    Closure { code: Code, closures: Closures, asynchronous: bool },
    /// Counts, and lets the call through.
    Spy,
    /// Panics.
    Forbidden,
}

/// The closure, the condition and the recorder of a mock, in a tuple whose type its code knows.
pub(crate) struct Closures(Option<Box<dyn Erased>>);

/// A value of any type, whose destructor is known.
trait Erased {}
impl<T> Erased for T {}

impl Closures {
    /// Forgets the type and its lifetimes.
    ///
    /// # Safety
    /// The result is dropped, and no longer used, before anything that `T` borrows ends. It goes to
    /// other threads only if `T` is `Send` and `Sync`.
    pub(super) unsafe fn new<'a, T: 'a>(closures: T) -> Closures {
        let closures: Box<dyn Erased + 'a> = Box::new(closures);
        // SAFETY: the types differ in a lifetime only, and the caller vouches for that.
        let closures = unsafe {
            std::mem::transmute::<Box<dyn Erased + 'a>, Box<dyn Erased + 'static>>(closures)
        };
        Closures(Some(closures))
    }
}

// SAFETY: by the promise of `new`.
unsafe impl Send for Closures {}
// SAFETY: as above.
unsafe impl Sync for Closures {}

/// The number of panics of a panic's payload, when it is dropped, before it is left.
const PANICS: usize = 4;

impl Closures {
    /// Returns the tuple.
    ///
    /// # Safety
    /// `T` is the type that it was made with, but for lifetimes, which may be shorter.
    pub(crate) unsafe fn get<T>(&self) -> &T {
        let closures = self.0.as_ref().expect("it is emptied when it is dropped");
        // SAFETY: by the promise.
        unsafe { &*std::ptr::from_ref(&**closures).cast::<T>() }
    }
}

impl Drop for Closures {
    fn drop(&mut self) {
        // The last call out may be the one who drops it: a panic in what was captured is printed
        // like any other, but is not that caller's.
        let closures = self.0.take();
        let mut panic = catch_unwind(AssertUnwindSafe(|| drop(closures))).err();
        // What it panicked with may itself panic when it is dropped, and so on: not for ever.
        for _ in 0..PANICS {
            let Some(payload) = panic.take() else { return };
            panic = catch_unwind(AssertUnwindSafe(|| drop(payload))).err();
        }
        std::mem::forget(panic);
    }
}
