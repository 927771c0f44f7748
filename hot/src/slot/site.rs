//! The place on a function where mocks are put: what its shim and its mocks share.
//!
//! A closure that captures needs a place for what it has captured, and a slot has room for an
//! address only. So each hot function has a *shim* of its own type: while a mock lies on the
//! function the slot holds the shim, which asks whoever keeps the mocks what to run, this call.
//! The *mock site* is where the two meet. It is made for the first mock of a function, and stays.
//!
//! [`MockSite::below`] is a slot of the second row: the code below the mocks, kept up to date by
//! [`super::layers`], so that neither a mock that calls the original nor a live edit meanwhile has
//! to take the mock off.

use super::atomic::Slot;
use std::any::Any;
use std::sync::OnceLock;

/// A function on which mocks can be put.
pub(crate) struct MockSite {
    slot: &'static Slot,
    /// Null for a generic function: its trampolines ask by themselves.
    shim: *const (),
    below: Slot,
    /// The state of its mocks, from the first one on.
    state: OnceLock<&'static (dyn Any + Send + Sync)>,
}

// SAFETY: `shim` is the address of code, which any thread may call; all else is `Sync` by itself.
unsafe impl Sync for MockSite {}
// SAFETY: as above.
unsafe impl Send for MockSite {}

impl MockSite {
    /// Makes the site of a function. `shim` has the type of the slot's code; null for a generic
    /// function.
    pub(crate) fn new(slot: &'static Slot, shim: *const ()) -> Self {
        MockSite { slot, shim, below: Slot::new(std::ptr::null()), state: OnceLock::new() }
    }

    /// Returns the function's slot.
    pub(crate) fn slot(&self) -> &'static Slot {
        self.slot
    }

    /// Returns the shim's address; null for a generic function.
    pub(super) fn shim(&self) -> *const () {
        self.shim
    }

    /// Returns the slot of the code below the mocks. Null until there is the first mock, and always
    /// for a generic function.
    pub(super) fn below_slot(&self) -> &Slot {
        &self.below
    }

    /// Returns the code below the mocks. Only a shim asks, which is run from the first mock on.
    pub(crate) fn below(&self) -> *const () {
        self.below.get()
    }

    /// Returns the state of its mocks, made at the first call.
    pub(crate) fn state<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> &'static T {
        let state = self.state.get_or_init(|| Box::leak(Box::new(make())));
        state.downcast_ref().expect("a site has one kind of state")
    }

    /// Returns the site's address, as a key.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
