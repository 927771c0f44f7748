//! A slot in loom's model of memory: every order in which a call and two commits can meet.
//!
//! Run with `RUSTFLAGS="--cfg hot_loom" cargo test -p hot --no-default-features --lib slot::model`.
//! Without slots (`--no-default-features`) since statics cannot hold the model's atomics.

use super::Slot;
use loom::cell::UnsafeCell;
use loom::sync::{Arc, Mutex};
use loom::thread;

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

    /// What placing and relocating do.
    fn fill(&self, value: u64) {
        // SAFETY: loom checks that nobody reads meanwhile.
        self.constants.with_mut(|constants| unsafe { *constants = value });
    }

    /// What the new code does first.
    fn run(&self) -> u64 {
        // SAFETY: loom checks that the write is over.
        self.constants.with(|constants| unsafe { *constants })
    }

    /// Its address, as a slot holds it.
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
        let first = call(&slot, std::slice::from_ref(&image));
        let second = call(&slot, std::slice::from_ref(&image));
        assert!(matches!((first, second), (0, 0) | (0, 7) | (7, 7)), "{first} then {second}");
        commit.join().expect("no panic");
        assert_eq!(call(&slot, std::slice::from_ref(&image)), 7);
    });
}

#[test]
fn of_two_commits_the_later_one_stays() {
    loom::model(|| {
        let slot = Arc::new(Slot::new(std::ptr::null()));
        let images = [Image::new(), Image::new()];
        // The table of layers: which image was committed last, under the lock that commits take.
        let last = Arc::new(Mutex::new(0u64));
        let commits: Vec<_> = (0..2)
            .map(|index| {
                let (slot, image, last) = (slot.clone(), images[index].clone(), last.clone());
                thread::spawn(move || {
                    image.fill(index as u64 + 1);
                    let mut last = last.lock().expect("no panic");
                    *last = index as u64 + 1;
                    slot.set(image.code());
                })
            })
            .collect();
        let seen = call(&slot, &images);
        assert!(seen <= 2);
        for commit in commits {
            commit.join().expect("no panic");
        }
        assert_eq!(call(&slot, &images), *last.lock().expect("no panic"));
    });
}
