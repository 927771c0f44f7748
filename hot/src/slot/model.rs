//! A slot and the table of layers in loom's model of memory: every order in which calls, commits
//! and a list can meet, or a call and a mock that comes and goes.
//!
//! Run with `RUSTFLAGS="--cfg hot_loom" cargo test -p hot --no-default-features --lib slot::model`.
//! Whoever calls has a thread of its own: of what the main thread does between spawn and join, loom
//! does not try every delay.
//! Without slots (`--no-default-features`) since statics cannot hold the model's atomics.

use super::atomic::Slot;
use super::layers::{Change, Layer, Table};
use super::site::MockSite;
use loom::cell::UnsafeCell;
use loom::sync::{Arc, Mutex};
use loom::thread;

/// Code of the program's own, as a slot holds it.
const ORIGINAL: *const () = std::ptr::without_provenance(1);
const SHIM: *const () = std::ptr::without_provenance(2);

/// A patch's image as the loader leaves it: written without atomics, then committed.
struct Image {
    constants: UnsafeCell<u64>,
}

// SAFETY: loom reports any access to the cell that is not ordered after the write.
unsafe impl Sync for Image {}
// SAFETY: as above.
unsafe impl Send for Image {}

impl Image {
    fn new() -> Arc<Image> {
        Arc::new(Image { constants: UnsafeCell::new(0) })
    }

    /// Writes as placing and relocating do.
    fn fill(&self, value: u64) {
        // SAFETY: loom checks that nothing reads meanwhile.
        self.constants.with_mut(|constants| unsafe { *constants = value });
    }

    /// Reads as the new code does first.
    fn run(&self) -> u64 {
        // SAFETY: loom checks that the write is over.
        self.constants.with(|constants| unsafe { *constants })
    }

    /// Returns its address, as a slot holds it.
    fn code(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }
}

/// Calls through the slot: the original answers 0, an image what it was filled with.
fn call(slot: &Slot, images: &[Arc<Image>]) -> u64 {
    let code = slot.get();
    images.iter().find(|image| image.code() == code).map_or(0, |image| image.run())
}

#[test]
fn who_sees_new_code_sees_its_constants() {
    loom::model(|| {
        let slot = Arc::new(Slot::new(std::ptr::null()));
        let image = Image::new();
        let commit = {
            let (slot, image) = (slot.clone(), image.clone());
            thread::spawn(move || {
                image.fill(7);
                slot.set(image.code());
            })
        };
        let caller = {
            let (slot, image) = (slot.clone(), image.clone());
            thread::spawn(move || {
                let first = call(&slot, std::slice::from_ref(&image));
                let second = call(&slot, std::slice::from_ref(&image));
                let both = (first, second);
                assert!(matches!(both, (0, 0) | (0, 7) | (7, 7)), "{first} then {second}");
            })
        };
        for thread in [commit, caller] {
            thread.join().expect("no panic");
        }
        assert_eq!(call(&slot, std::slice::from_ref(&image)), 7);
    });
}

/// Every order of many steps takes too long; this tries all with up to three preemptions, which is
/// where loom's authors find that bugs show.
fn bounded(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// Returns a slot that outlives every thread of a model's run, as a static would.
fn slot() -> &'static Slot {
    Box::leak(Box::new(Slot::new(ORIGINAL)))
}

/// Returns the change that the loader commits as the `number`th patch.
fn change(slot: &'static Slot, image: &Image, number: u32) -> Change {
    Change { slot, instance: None, target: image.code(), patch: number }
}

/// Returns the table of layers under the lock that commits and lists take, and two patches.
fn layered() -> (Arc<Mutex<Table>>, [Arc<Image>; 2]) {
    (Arc::new(Mutex::new(Table::default())), [Image::new(), Image::new()])
}

#[test]
fn of_two_commits_the_later_one_stays() {
    bounded(|| {
        let (slot, (table, images)) = (slot(), layered());
        let commits: Vec<_> = (1..=2)
            .zip(images.clone())
            .map(|(number, image)| {
                let table = table.clone();
                thread::spawn(move || {
                    image.fill(number.into());
                    let change = change(slot, &image, number);
                    table.lock().expect("no panic").commit_live(&[change]);
                })
            })
            .collect();
        let caller = {
            let images = images.clone();
            thread::spawn(move || assert!(call(slot, &images) <= 2))
        };
        for thread in commits.into_iter().chain([caller]) {
            thread.join().expect("no panic");
        }
        let (layer, last) = table.lock().expect("no panic").layer_of(slot);
        assert_eq!((layer, call(slot, &images)), (Layer::Live, last.into()));
    });
}

/// A list may be older than the next call, never newer.
#[test]
fn what_a_list_tells_is_what_calls_run() {
    bounded(|| {
        let (slot, (table, images)) = (slot(), layered());
        let commits = {
            let (table, images) = (table.clone(), images.clone());
            thread::spawn(move || {
                for (number, image) in (1..=2).zip(&images) {
                    image.fill(number.into());
                    let change = change(slot, image, number);
                    table.lock().expect("no panic").commit_live(&[change]);
                }
            })
        };
        let list = {
            let (table, images) = (table.clone(), images.clone());
            thread::spawn(move || {
                let (layer, patch) = table.lock().expect("no panic").layer_of(slot);
                assert_eq!(layer == Layer::Live, patch > 0);
                let answer = call(slot, &images);
                assert!(answer >= patch.into(), "patch {patch} is listed, {answer} runs");
            })
        };
        let caller = thread::spawn(move || {
            let (first, second) = (call(slot, &images), call(slot, &images));
            assert!(first <= second, "{first} then {second}");
        });
        for thread in [commits, list, caller] {
            thread.join().expect("no panic");
        }
    });
}

/// A live edit of a mocked function goes below the mock, and is what the mock uncovers.
#[test]
fn a_commit_below_a_mock_is_uncovered_by_its_end() {
    bounded(|| {
        let (slot, (table, images)) = (slot(), layered());
        let site: &'static MockSite = Box::leak(Box::new(MockSite::new(slot, SHIM)));
        let mock = {
            let table = table.clone();
            thread::spawn(move || {
                table.lock().expect("no panic").retain_shim(site);
                table.lock().expect("no panic").release_shim(site);
            })
        };
        let commit = {
            let (table, image) = (table.clone(), images[0].clone());
            thread::spawn(move || {
                image.fill(7);
                table.lock().expect("no panic").commit_live(&[change(slot, &image, 1)]);
            })
        };
        // A call of the trampoline: what the slot holds, or what the shim finds below it.
        let caller = {
            let known = [ORIGINAL.addr(), images[0].code().addr()];
            thread::spawn(move || {
                let code = slot.get();
                let code = if code == SHIM { site.below() } else { code };
                assert!(known.contains(&code.addr()), "a shim found {code:?} below it");
            })
        };
        for thread in [mock, commit, caller] {
            thread.join().expect("no panic");
        }
        assert_eq!((call(slot, &images), site.below()), (7, images[0].code()));
        assert_eq!(table.lock().expect("no panic").layer_of(slot), (Layer::Live, 1));
    });
}

/// A hot patch that comes and goes lies on top of a live edit meanwhile, and uncovers it.
#[test]
fn a_commit_below_a_patch_is_uncovered_by_its_unload() {
    bounded(|| {
        let (slot, (table, images)) = (slot(), layered());
        let patch = {
            let (table, image) = (table.clone(), images[1].clone());
            thread::spawn(move || {
                image.fill(8);
                table.lock().expect("no panic").push_patch(&[change(slot, &image, 2)]);
                table.lock().expect("no panic").remove_patch(2);
            })
        };
        let commit = {
            let (table, image) = (table.clone(), images[0].clone());
            thread::spawn(move || {
                image.fill(7);
                table.lock().expect("no panic").commit_live(&[change(slot, &image, 1)]);
            })
        };
        let caller = {
            let images = images.clone();
            thread::spawn(move || {
                let (first, second) = (call(slot, &images), call(slot, &images));
                assert!([0, 7, 8].contains(&first), "{first}");
                assert!(first != 7 || second != 0, "the live edit went again");
            })
        };
        for thread in [patch, commit, caller] {
            thread.join().expect("no panic");
        }
        assert_eq!(call(slot, &images), 7);
        assert_eq!(table.lock().expect("no panic").layer_of(slot), (Layer::Live, 1));
    });
}

/// A function as its mocks see it. The table stands for the process-wide `arc-swap`, with a lock.
struct Mocked {
    slot: Slot,
    below: Slot,
    table: Mutex<Option<Arc<Closure>>>,
}

/// The values that a closure captured; freed by whoever lets go of them last.
struct Closure {
    captured: UnsafeCell<u64>,
    freed: Arc<std::sync::atomic::AtomicUsize>,
}

// SAFETY: loom reports any access to the cell that is not ordered after the write.
unsafe impl Sync for Closure {}
// SAFETY: as above.
unsafe impl Send for Closure {}

impl Drop for Closure {
    fn drop(&mut self) {
        // SAFETY: loom checks that nothing reads meanwhile.
        self.captured.with_mut(|captured| unsafe { *captured = 0 });
        self.freed.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Mocked {
    fn new() -> Arc<Mocked> {
        let slot = Slot::new(ORIGINAL);
        Arc::new(Mocked { slot, below: Slot::new(std::ptr::null()), table: Mutex::new(None) })
    }

    /// As `mock::install` does it: the table, what lies below, the slot.
    fn install(&self, closure: Arc<Closure>) {
        let old = self.table.lock().expect("no panic").replace(closure);
        self.below.set(ORIGINAL);
        self.slot.set(SHIM);
        drop(old);
    }

    /// The slot, then the table.
    fn remove(&self) {
        self.slot.set(ORIGINAL);
        let old = self.table.lock().expect("no panic").take();
        drop(old);
    }

    /// Calls as a trampoline does, and when it leads there, a shim.
    fn call(&self) -> u64 {
        if self.slot.get() == ORIGINAL {
            return 0;
        }
        let found = self.table.lock().expect("no panic").clone();
        match found {
            // SAFETY: loom checks that the write is over and that it is not freed.
            Some(closure) => closure.captured.with(|captured| unsafe { *captured }),
            None => {
                assert_eq!(self.below.get(), ORIGINAL, "a shim without anything below it");
                0
            }
        }
    }
}

#[test]
fn a_call_finds_its_mock_or_what_lies_below() {
    bounded(|| {
        let freed = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let mocked = Mocked::new();
        let mocker = {
            let (mocked, freed) = (mocked.clone(), freed.clone());
            thread::spawn(move || {
                for value in [7, 8] {
                    let captured = UnsafeCell::new(0);
                    // SAFETY: no other thread has it yet.
                    captured.with_mut(|captured| unsafe { *captured = value });
                    mocked.install(Arc::new(Closure { captured, freed: freed.clone() }));
                }
                mocked.remove();
            })
        };
        let caller = {
            let mocked = mocked.clone();
            thread::spawn(move || {
                let (first, second) = (mocked.call(), mocked.call());
                for answer in [first, second] {
                    assert!([0, 7, 8].contains(&answer), "{answer}");
                }
                assert!(!(first == 8 && second == 7), "an older mock came back");
            })
        };
        for thread in [mocker, caller] {
            thread.join().expect("no panic");
        }
        assert_eq!((mocked.call(), freed.load(std::sync::atomic::Ordering::SeqCst)), (0, 2));
    });
}

/// Without the table's lock, the shim reads by the slot's ordering alone.
#[test]
fn who_comes_from_the_slot_finds_what_lies_below() {
    loom::model(|| {
        let mocked = Mocked::new();
        let mocker = {
            let mocked = mocked.clone();
            thread::spawn(move || {
                mocked.below.set(ORIGINAL);
                mocked.slot.set(SHIM);
            })
        };
        let caller = thread::spawn(move || {
            if mocked.slot.get() == SHIM {
                assert_eq!(mocked.below.get(), ORIGINAL, "a shim without anything below it");
            }
        });
        for thread in [mocker, caller] {
            thread.join().expect("no panic");
        }
    });
}
