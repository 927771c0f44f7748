//! The one word through which a hot function is called, and the order of what may be in it.
//!
//! A slot is a static that holds the address of the function's own code from the start: nothing is
//! initialised, nothing locked. Slots lie packed in a section of their own, so that a cache line
//! holds eight of them and nothing else. A call is one load and one indirect call; a swap is one
//! store. Who may store what is decided in [`layers`]. What lies on top for the time of a mock is found
//! through a [`MockSite`].
//!
//! The slot of a generic function is null while no instance is replaced, and afterwards something
//! that is not null: then [`instances`] is asked.

pub(crate) mod instances;
pub(crate) mod layers;
#[cfg(all(test, hot_loom))]
mod model;
pub(crate) mod reentry;
mod site;

pub(crate) use site::MockSite;

#[cfg(hot_loom)]
use loom::sync::atomic::{AtomicPtr, Ordering};
#[cfg(not(hot_loom))]
use std::sync::atomic::{AtomicPtr, Ordering};

/// The address of the code that a hot function runs now.
#[repr(transparent)]
pub struct Slot {
    code: AtomicPtr<()>,
}

impl Slot {
    /// A slot that holds `code` from the start.
    #[cfg(not(hot_loom))]
    pub const fn new(code: *const ()) -> Self {
        Slot { code: AtomicPtr::new(code.cast_mut()) }
    }

    /// The same for the model, whose atomics are made at run time.
    #[cfg(hot_loom)]
    pub fn new(code: *const ()) -> Self {
        Slot { code: AtomicPtr::new(code.cast_mut()) }
    }

    /// What is to be called.
    // Always inline: without optimisation the trampoline would make two calls for one load.
    #[inline(always)]
    pub fn get(&self) -> *const () {
        // Acquire, paired with the Release in `set`: whoever sees the new code also sees what was
        // written before it was put here, such as the relocated constants of a patch. The new
        // code's own accesses do not depend on the loaded address in a way that processors honour,
        // so Relaxed would not do. On x86-64 both are the same instruction; on AArch64 Acquire
        // costs an `ldapr` or `ldar` in place of an `ldr`.
        self.code.load(Ordering::Acquire)
    }

    /// Puts other code in. Callers that are inside the old code stay there.
    fn set(&self, code: *const ()) {
        // Release, paired with the Acquire in `get`.
        self.code.store(code.cast_mut(), Ordering::Release);
    }

    /// The slot as a key.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// A code address, kept in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Code(*const ());

// SAFETY: it is the address of code, which any thread may call; nothing is written through it.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}
