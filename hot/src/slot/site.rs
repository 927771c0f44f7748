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
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

/// A function on which mocks can be put.
pub(crate) struct MockSite {
    slot: &'static Slot,
    /// Null for a generic function: its trampolines ask by themselves.
    shim: *const (),
    below: Slot,
    pub(crate) state: SiteState,
    /// The place of the process-wide mock, from the first one on. Its type is of the room of mocks.
    process_wide: OnceLock<&'static (dyn Any + Send + Sync)>,
}

/// The state of a mock site: its mocks in numbers, and its callers.
#[derive(Default)]
pub(crate) struct SiteState {
    /// The number of mocks of scopes on the function.
    pub scoped: AtomicUsize,
    /// The number of calls that no mock of a scope answered while there were some.
    pub outside: AtomicU64,
    /// It was called while mocks were at work: the allocator calls it.
    pub by_allocator: AtomicBool,
}

// SAFETY: `shim` is the address of code, which any thread may call; all else is `Sync` by itself.
unsafe impl Sync for MockSite {}
// SAFETY: as above.
unsafe impl Send for MockSite {}

impl MockSite {
    /// Makes the site of a function. `shim` has the type of the slot's code; null for a generic
    /// function.
    pub(crate) fn new(slot: &'static Slot, shim: *const ()) -> Self {
        let below = Slot::new(std::ptr::null());
        let (state, process_wide) = (SiteState::default(), OnceLock::new());
        MockSite { slot, shim, below, state, process_wide }
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

    /// Returns the place of the process-wide mock, if there ever was one.
    pub(crate) fn process_wide<T: Any>(&self) -> Option<&'static T> {
        let place = self.process_wide.get()?;
        Some(place.downcast_ref().expect("process-wide mocks are of one type"))
    }

    /// Returns the place of the process-wide mock, made for the first one.
    pub(crate) fn process_wide_or_insert<T: Any + Default + Send + Sync>(&self) -> &'static T {
        let place = self.process_wide.get_or_init(|| Box::leak(Box::<T>::default()));
        place.downcast_ref().expect("process-wide mocks are of one type")
    }

    /// Returns the site's address, as a key.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
