//! Where mocks are put on a function: what its shim and its mocks share.
//!
//! A closure that captures needs a place for what it has captured, and a slot has room for an
//! address only. So each hot function has a *shim* of its own type: while a mock lies on the
//! function the slot holds the shim, which asks whoever keeps the mocks what to run, this call.
//! The point is where the two meet. It is made for the first mock of a function, and stays.
//!
//! [`Point::below`] is a slot of the second row: the code below the mocks, kept up to date by
//! [`super::layers`], so that neither a mock that calls the original nor a live edit meanwhile has
//! to take the mock off.

use super::Slot;
use std::any::Any;
use std::sync::OnceLock;

/// Where mocks are put on one function.
pub(crate) struct Point {
    slot: &'static Slot,
    /// Null for a generic function: its trampolines ask by themselves.
    shim: *const (),
    below: Slot,
    /// Whatever keeps the mocks, from the first one on.
    keeper: OnceLock<&'static (dyn Any + Send + Sync)>,
}

// SAFETY: `shim` is the address of code, which any thread may call; all else is `Sync` by itself.
unsafe impl Sync for Point {}
// SAFETY: as above.
unsafe impl Send for Point {}

impl Point {
    /// The point of a function. `shim` has the type of the slot's code; null for a generic function.
    pub(crate) fn new(slot: &'static Slot, shim: *const ()) -> Self {
        Point { slot, shim, below: Slot::new(std::ptr::null()), keeper: OnceLock::new() }
    }

    /// The function's slot.
    pub(crate) fn slot(&self) -> &'static Slot {
        self.slot
    }

    /// The shim's address; null for a generic function.
    pub(super) fn shim(&self) -> *const () {
        self.shim
    }

    /// The slot of what lies below the mocks. Null until there is the first mock, and always for a
    /// generic function.
    pub(super) fn below_slot(&self) -> &Slot {
        &self.below
    }

    /// The code below the mocks. Asked for by a shim, which is run from the first mock on.
    pub(crate) fn below(&self) -> *const () {
        self.below.get()
    }

    /// What keeps the mocks, made when it is first asked for.
    pub(crate) fn keeper<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> &'static T {
        let keeper = self.keeper.get_or_init(|| Box::leak(Box::new(make())));
        keeper.downcast_ref().expect("a point has one kind of keeper")
    }

    /// The point as a key.
    pub(crate) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
