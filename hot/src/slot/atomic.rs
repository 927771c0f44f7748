//! The word of a slot: one load a call, one store a swap.

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

    /// Returns the code that is to be called.
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
    pub(super) fn set(&self, code: *const ()) {
        // Release, paired with the Acquire in `get`.
        self.code.store(code.cast_mut(), Ordering::Release);
    }

    /// Returns the slot as a key.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
