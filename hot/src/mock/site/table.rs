//! The sites of all functions that were ever mocked, for their shims and trampolines to find.
//!
//! A site is made for the first mock of a function and stays. It is linked into two tables that
//! only grow, so that a call that looks one up takes no lock and does not allocate: the allocator
//! itself may call a hot function. Site and tables come before the slot leads to the shim, so
//! whoever comes from there finds them.

use crate::registry::Entry;
use crate::slot::MockSite;
use crate::slot::reentry::Working;
use hot_patch::abi::Kind;
use std::any::TypeId;
use std::hash::{Hash, Hasher};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many lists a table has.
const LISTS: usize = 1 << 12;

/// A table of sites that only grows.
struct Table<K: 'static> {
    lists: [AtomicPtr<Link<K>>; LISTS],
}

/// A site in a list.
struct Link<K: 'static> {
    key: K,
    site: &'static MockSite,
    next: *const Link<K>,
}

impl<K: Hash + Eq> Table<K> {
    const fn new() -> Self {
        Table { lists: [const { AtomicPtr::new(ptr::null_mut()) }; LISTS] }
    }

    fn list(&self, key: &K) -> &AtomicPtr<Link<K>> {
        let mut hash = Hashed::default();
        key.hash(&mut hash);
        &self.lists[hash.0 as usize % LISTS]
    }

    fn get(&self, key: &K) -> Option<&'static MockSite> {
        // Acquire, paired with the Release below: the link is read whole, and so is the site.
        let mut link = self.list(key).load(Ordering::Acquire).cast_const();
        // SAFETY: null or a link, which is there for good and is not written to.
        while let Some(found) = unsafe { link.as_ref() } {
            if found.key == *key {
                return Some(found.site);
            }
            link = found.next;
        }
        None
    }

    /// Adds a site. The caller holds the lock.
    fn add(&self, key: K, site: &'static MockSite) {
        let list = self.list(&key);
        // Relaxed: whoever wrote it held the lock.
        let next = list.load(Ordering::Relaxed);
        list.store(Box::into_raw(Box::new(Link { key, site, next })), Ordering::Release);
    }
}

static BY_ITEM: Table<TypeId> = Table::new();
static BY_SLOT: Table<usize> = Table::new();
static ADDING: Mutex<()> = Mutex::new(());

/// Takes the lock under which sites are made.
pub(super) fn hold() -> MutexGuard<'static, ()> {
    // Nothing under this lock panics but for want of memory, before a table is changed.
    ADDING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the site of a function, made at the first call; none for one that cannot be mocked.
pub(crate) fn of(entry: &'static Entry) -> Option<&'static MockSite> {
    let generic = entry.kind().is_some_and(Kind::is_generic);
    if entry.shim().is_null() && !generic {
        return None;
    }
    let slot = entry.slot();
    if let Some(site) = by_slot(slot.address()) {
        return Some(site);
    }
    let _working = Working::begin();
    let _adding = hold();
    if let Some(site) = by_slot(slot.address()) {
        return Some(site);
    }
    let site: &'static MockSite = Box::leak(Box::new(MockSite::new(slot, entry.shim())));
    if !generic {
        BY_ITEM.add(entry.item(), site);
    }
    BY_SLOT.add(slot.address(), site);
    Some(site)
}

/// Returns the site of the function that has this item, which is mocked or was.
pub(crate) fn by_item(item: TypeId) -> &'static MockSite {
    BY_ITEM.get(&item).expect("a shim is in a slot only with a site")
}

/// Returns the site of the function with this slot, if it was ever mocked.
pub(crate) fn by_slot(slot: usize) -> Option<&'static MockSite> {
    BY_SLOT.get(&slot)
}

/// A hasher for type IDs, which are hashes already, and addresses, which differ in their middle.
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
