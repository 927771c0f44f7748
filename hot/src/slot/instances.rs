//! Replaced instances of generic functions.
//!
//! A static cannot depend on a type parameter, so all instances of a generic function share one
//! slot, which says no more than whether *some* instance is replaced. Which ones are, stands in
//! this table, under the slot and the address of the instance's own code. The price of a look-up
//! is paid by the instances of such a function alone, and from its first replacement on.

use super::atomic::Slot;
use super::code::Code;
use dashmap::DashMap;
use once_cell::sync::Lazy;

static REPLACED: Lazy<DashMap<(usize, usize), Code>> = Lazy::new(DashMap::new);

/// Returns the code that the instance with this body runs now.
pub fn instance(slot: &Slot, body: *const ()) -> *const () {
    // Not made for the sake of a look: that allocates, and the allocator may be who asks.
    let replaced = Lazy::get(&REPLACED);
    replaced.and_then(|all| all.get(&(slot.address(), body.addr()))).map_or(body, |code| code.0)
}

/// Returns the same for a call from within a change of the table, which waits for no lock.
pub(crate) fn instance_within(slot: &Slot, body: *const ()) -> *const () {
    let replaced = Lazy::get(&REPLACED);
    let found = replaced.and_then(|all| all.try_get(&(slot.address(), body.addr())).try_unwrap());
    found.map_or(body, |code| code.0)
}

/// Replaces an instance. The table is written before the slot announces it, so that whoever sees
/// the announcement (Acquire) finds the instance.
pub(super) fn replace(slot: &Slot, body: usize, code: Code) {
    REPLACED.insert((slot.address(), body), code);
    // Any address but null: the slot's own says where it comes from to one who reads memory.
    slot.set(std::ptr::from_ref(slot).cast());
}
