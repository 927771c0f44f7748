//! The points of all functions that were ever mocked, for their shims and trampolines to find.
//!
//! A point is made for the first mock of a function and stays. The tables are replaced as a whole
//! when one is added, so that a call that looks one up takes no lock. Point and tables come before
//! the slot leads to the shim, so whoever comes from there finds them.

use crate::registry::Entry;
use crate::slot::Point;
use arc_swap::ArcSwap;
use hot_patch::abi::Kind;
use once_cell::sync::Lazy;
use std::any::TypeId;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Default)]
struct Points {
    by_item: HashMap<TypeId, &'static Point, BuildHasherDefault<Hashed>>,
    by_slot: HashMap<usize, &'static Point, BuildHasherDefault<Hashed>>,
}

static POINTS: Lazy<ArcSwap<Points>> = Lazy::new(Default::default);
static ADDING: Mutex<()> = Mutex::new(());

/// The point of a function; none for one that cannot be mocked.
pub(super) fn of(entry: &'static Entry) -> Option<&'static Point> {
    let generic = entry.kind().is_some_and(Kind::is_generic);
    if entry.shim().is_null() && !generic {
        return None;
    }
    let slot = entry.slot();
    if let Some(point) = by_slot(slot.address()) {
        return Some(point);
    }
    // Nothing under this lock panics but for want of memory, before the table is replaced.
    let _adding = ADDING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(point) = by_slot(slot.address()) {
        return Some(point);
    }
    let point: &'static Point = Box::leak(Box::new(Point::new(slot, entry.shim())));
    let mut points = Points::clone(&POINTS.load());
    points.by_slot.insert(slot.address(), point);
    if !generic {
        points.by_item.insert(entry.item(), point);
    }
    POINTS.store(Arc::new(points));
    Some(point)
}

/// The point of the function that has this item, which is mocked or was.
pub(super) fn by_item(item: TypeId) -> &'static Point {
    POINTS.load().by_item.get(&item).expect("a shim is in a slot only with a point")
}

/// The point of the function with this slot, if it was ever mocked.
pub(super) fn by_slot(slot: usize) -> Option<&'static Point> {
    POINTS.load().by_slot.get(&slot).copied()
}

/// Type IDs are hashes already, and addresses are told apart by their middle.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(byte.into());
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    }

    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}
