//! The layers of code on a function, and their order.
//!
//! ```text
//! original  <  live edit  <  hot patches, a stack  <  mocks
//! ```
//!
//! A call runs the topmost layer. A layer can be put on and taken off wherever it lies: the table
//! here remembers every layer of every function that was ever changed, and after each change
//! writes the topmost one into the slot. All changes go through one lock, so that two of them
//! cannot leave a slot with the older one's code. Callers never touch the lock.
//!
//! Of the mocks of a function this table knows only whether there are any: as long as one is on,
//! the slot holds the shim, which finds out at each call which mock is meant ([`super::MockSite`]).
//! A lone process-wide function pointer needs no shim and lies in the slot itself.
//!
//! Hot patches are a stack: the newest is called, and any of them can be taken out, wherever it
//! lies. A live edit lies below them all; the last patch to go uncovers it.
//!
//! A commit of several functions is all or none towards other commits. Towards callers it is slot
//! by slot: a call that begins in between may run the new code of one function and the old code of
//! another, as it may when it was under way already.

use super::atomic::Slot;
use super::code::Code;
use super::instances;
use super::reentry::Working;
use super::site::MockSite;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which code a function runs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// The code that was compiled into the program.
    Original,
    /// The newest edit of its source.
    Live,
    /// The newest hot patch of it that is loaded.
    Patch,
    /// A mock, process-wide or of a scope.
    Mock,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Layer::Original => "original",
            Layer::Live => "live",
            Layer::Patch => "patch",
            Layer::Mock => "mock",
        })
    }
}

/// New code for a function or for one instance of a generic function.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    /// The function's slot.
    pub slot: &'static Slot,
    /// For an instance of a generic function: the address of the body under which its trampoline
    /// asks. `None` for an ordinary function.
    pub instance: Option<usize>,
    /// The new code.
    pub target: *const (),
    /// The number of the patch that holds it; 0 for code from elsewhere.
    pub patch: u32,
}

/// The layers of one function or instance.
struct Layers {
    slot: &'static Slot,
    /// As in [`Change::instance`].
    instance: Option<usize>,
    original: Code,
    /// The code, and the patch that holds it.
    live: Option<(Code, u32)>,
    /// The code of each hot patch, and the patch that holds it; the newest last.
    patches: Vec<(Code, u32)>,
    mocks: Mocks,
}

/// The mocks of a function, as far as this table knows them.
#[derive(Default)]
struct Mocks {
    /// From the first mock on.
    site: Option<&'static MockSite>,
    /// How many mocks need the shim.
    shim_users: usize,
    /// A process-wide function pointer.
    plain: Option<Code>,
}

impl Layers {
    /// The layers of a function that was never changed. Nothing but this table changes slots: one
    /// that is not in it holds its original.
    fn new(slot: &'static Slot, instance: Option<usize>) -> Layers {
        let original = match instance {
            Some(body) => Code(std::ptr::without_provenance(body)),
            None => Code(slot.get()),
        };
        let mocks = Mocks::default();
        Layers { slot, instance, original, live: None, patches: Vec::new(), mocks }
    }

    /// Returns the topmost layer that is not a mock, its patch, its code.
    fn below(&self) -> (Layer, u32, Code) {
        match (self.patches.last(), self.live) {
            (Some(&(code, patch)), _) => (Layer::Patch, patch, code),
            (None, Some((code, patch))) => (Layer::Live, patch, code),
            (None, None) => (Layer::Original, 0, self.original),
        }
    }

    /// Returns the topmost layer, its patch, its code.
    fn top(&self) -> (Layer, u32, Code) {
        match (&self.mocks, self.mocks.plain) {
            (Mocks { site: Some(site), shim_users: 1.., .. }, _) => {
                (Layer::Mock, 0, Code(site.shim()))
            }
            (_, Some(plain)) => (Layer::Mock, 0, plain),
            _ => self.below(),
        }
    }

    /// Writes what has changed: first what lies below the mocks, so that a shim always finds it.
    fn write(&self) {
        let top = self.top().2;
        if let Some(body) = self.instance {
            return instances::replace(self.slot, body, top);
        }
        if let Some(site) = self.mocks.site {
            site.below_slot().set(self.below().2.0);
        }
        self.slot.set(top.0);
    }
}

/// The layers of every function that was ever changed: by slot, and by body for instances.
#[derive(Default)]
pub(super) struct Table(HashMap<(usize, Option<usize>), Layers>);

static TABLE: Mutex<Option<Table>> = Mutex::new(None);

/// The table's lock, held for a time.
pub(crate) struct Held(#[expect(dead_code, reason = "held")] MutexGuard<'static, Option<Table>>);

/// Holds off all changes.
pub(crate) fn hold() -> Held {
    Held(TABLE.lock().unwrap_or_else(PoisonError::into_inner))
}

fn with_table<R>(work: impl FnOnce(&mut Table) -> R) -> R {
    // The table may allocate, and the allocator call what is mocked.
    let _working = Working::begin();
    // A panic in here comes from an allocation at most, before anything is written: the table is
    // as good as before.
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    work(table.get_or_insert_default())
}

/// Makes these the live code of their functions. What lies above the live layer stays on top.
///
/// # Safety
/// Each target is the address of code, there for good, whose type is that of the function in the
/// slot (for an `async fn`: of the function that boxes its future). `instance` is given exactly for
/// the slots of generic functions.
pub(crate) unsafe fn commit_live(changes: &[Change]) {
    with_table(|table| table.commit_live(changes));
}

/// Puts the code of a hot patch on top of what its functions run below their mocks. All changes
/// have the patch's number, which no other patch that is on has.
///
/// # Safety
/// As of [`commit_live`].
#[cfg(feature = "patch")]
pub(crate) unsafe fn push_patch(changes: &[Change]) {
    with_table(|table| table.push_patch(changes));
}

/// Takes a hot patch out of every function it is on, wherever it lies. Calls that are inside its
/// code finish there.
#[cfg(feature = "patch")]
pub(crate) fn remove_patch(number: u32) {
    with_table(|table| table.remove_patch(number));
}

/// Keeps the shim in the function's slot for one more mock.
pub(crate) fn retain_shim(site: &'static MockSite) {
    with_table(|table| table.retain_shim(site));
}

/// Lets go of the shim for one mock: after the last, the code below the mocks is called again.
pub(crate) fn release_shim(site: &'static MockSite) {
    with_table(|table| table.release_shim(site));
}

/// Puts a function pointer into the slot itself while no mock needs the shim, or takes it off. Not
/// for generic functions.
///
/// # Safety
/// `code` is the address of code, there for good, whose type is that of the function in the slot.
pub(crate) unsafe fn set_plain(site: &'static MockSite, code: Option<*const ()>) {
    with_table(|table| table.change_mocks(site, |mocks| mocks.plain = code.map(Code)));
}

/// Returns the topmost layer of a function and the number of the patch that it runs, 0 for none; of
/// a generic function, of the instance that was changed most and last.
pub(crate) fn layer_of(slot: &Slot) -> (Layer, u32) {
    with_table(|table| table.layer_of(slot))
}

/// Returns the code below the mocks of a function that is not generic.
pub(crate) fn below(slot: &'static Slot) -> *const () {
    with_table(|table| {
        let layers = table.0.get(&(slot.address(), None));
        layers.map_or_else(|| slot.get(), |layers| layers.below().2.0)
    })
}

/// The changes, made under the lock. An address that is written into a slot is called: a target
/// keeps the promise of [`commit_live`], wherever it comes from.
impl Table {
    pub(super) fn commit_live(&mut self, changes: &[Change]) {
        for change in changes {
            let layers = self.layers(change.slot, change.instance);
            layers.live = Some((Code(change.target), change.patch));
            layers.write();
        }
    }

    #[cfg(any(feature = "patch", test))]
    pub(super) fn push_patch(&mut self, changes: &[Change]) {
        for change in changes {
            let layers = self.layers(change.slot, change.instance);
            layers.patches.push((Code(change.target), change.patch));
            layers.write();
        }
    }

    #[cfg(any(feature = "patch", test))]
    pub(super) fn remove_patch(&mut self, number: u32) {
        for layers in self.0.values_mut() {
            let before = layers.patches.len();
            layers.patches.retain(|(_, patch)| *patch != number);
            if layers.patches.len() < before {
                layers.write();
            }
        }
    }

    fn layers(&mut self, slot: &'static Slot, instance: Option<usize>) -> &mut Layers {
        let key = (slot.address(), instance);
        self.0.entry(key).or_insert_with(|| Layers::new(slot, instance))
    }

    pub(super) fn retain_shim(&mut self, site: &'static MockSite) {
        self.change_mocks(site, |mocks| mocks.shim_users += 1);
    }

    pub(super) fn release_shim(&mut self, site: &'static MockSite) {
        self.change_mocks(site, |mocks| mocks.shim_users -= 1);
    }

    fn change_mocks(&mut self, site: &'static MockSite, change: impl FnOnce(&mut Mocks)) {
        let slot = site.slot();
        let replaced = site.shim().is_null()
            && self.0.keys().any(|(of, instance)| *of == slot.address() && instance.is_some());
        let layers = self.layers(slot, None);
        layers.mocks.site = Some(site);
        change(&mut layers.mocks);
        if !site.shim().is_null() {
            return layers.write();
        }
        // A generic function has no shim. Its trampolines ask as soon as the slot is not null.
        if layers.mocks.shim_users > 0 || replaced {
            slot.set(std::ptr::from_ref(slot).cast())
        } else {
            slot.set(std::ptr::null())
        }
    }

    pub(super) fn layer_of(&self, slot: &Slot) -> (Layer, u32) {
        let slot = slot.address();
        let layers = self.0.iter().filter(|((of, _), _)| *of == slot);
        let tops = layers.map(|(_, layers)| layers.top()).map(|(layer, patch, _)| (layer, patch));
        tops.max().unwrap_or((Layer::Original, 0))
    }
}

#[cfg(all(test, not(hot_loom)))]
mod tests {
    use super::{Change, Layer, Table};
    use crate::slot::{MockSite, Slot};
    use std::sync::LazyLock;

    const fn code(address: usize) -> *const () {
        std::ptr::without_provenance(address)
    }

    /// Slots of which each test has its own.
    static SLOTS: [Slot; 3] = [const { Slot::new(code(1)) }; 3];
    static OF_INSTANCES: Slot = Slot::new(code(0));

    fn change(slot: &'static Slot, target: usize, patch: u32) -> Change {
        Change { slot, instance: None, target: code(target), patch }
    }

    #[test]
    fn patches_come_out_of_the_stack_in_any_order() {
        let [one, two, _] = &SLOTS;
        let mut table = Table::default();
        table.commit_live(&[change(one, 10, 1)]);
        table.push_patch(&[change(one, 11, 7), change(two, 21, 7)]);
        table.push_patch(&[change(one, 12, 8)]);
        table.push_patch(&[change(one, 13, 9), change(two, 23, 9)]);
        let runs = |slot: &Slot| slot.get().addr();
        assert_eq!((runs(one), runs(two)), (13, 23));
        assert_eq!(table.layer_of(one), (Layer::Patch, 9));
        // From the middle: what is on top stays.
        table.remove_patch(8);
        assert_eq!((runs(one), runs(two)), (13, 23));
        table.remove_patch(9);
        assert_eq!((runs(one), runs(two)), (11, 21));
        // A live edit lies below, and is uncovered by the last patch.
        table.commit_live(&[change(one, 14, 2)]);
        assert_eq!(runs(one), 11);
        table.remove_patch(7);
        assert_eq!((runs(one), runs(two)), (14, 1));
        assert_eq!(table.layer_of(one), (Layer::Live, 2));
        assert_eq!(table.layer_of(two), (Layer::Original, 0));
    }

    #[test]
    fn a_mock_stays_on_top_of_patches_that_come_and_go() {
        static SITE: LazyLock<MockSite> = LazyLock::new(|| MockSite::new(&SLOTS[2], code(2)));
        let (slot, site) = (&SLOTS[2], &*SITE);
        let mut table = Table::default();
        table.push_patch(&[change(slot, 11, 7)]);
        table.retain_shim(site);
        table.push_patch(&[change(slot, 12, 8)]);
        assert_eq!((slot.get().addr(), site.below().addr()), (2, 12));
        table.remove_patch(8);
        assert_eq!((slot.get().addr(), site.below().addr()), (2, 11));
        table.remove_patch(7);
        assert_eq!((slot.get().addr(), site.below().addr()), (2, 1));
        table.release_shim(site);
        assert_eq!(slot.get().addr(), 1);
    }

    #[test]
    fn an_instance_whose_patch_is_gone_runs_its_own_body_again() {
        let slot = &OF_INSTANCES;
        let body = 31;
        let runs = || crate::slot::instances::instance(slot, code(body)).addr();
        let mut table = Table::default();
        let instance = Change { instance: Some(body), ..change(slot, 41, 7) };
        table.push_patch(&[instance]);
        assert_eq!(runs(), 41);
        table.remove_patch(7);
        assert_eq!(runs(), body);
    }
}
