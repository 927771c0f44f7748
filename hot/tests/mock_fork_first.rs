//! A program that forks while another thread puts on its first mock: the child waits for nobody.
#![cfg(all(feature = "mock", target_os = "linux"))]

#[path = "support/fork.rs"]
mod fork;

use hot::hot;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

/// Takes its time where it is asked to, so that a fork falls into every part of the work.
struct Slow;

#[global_allocator]
static ALLOCATOR: Slow = Slow;

thread_local! {
    static IS_SLOW: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Slow {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if IS_SLOW.get() {
            std::thread::sleep(Duration::from_millis(4));
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn size<T>(_: &[T]) -> usize {
    size_of::<T>()
}

fn mocks() -> bool {
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { 1 }).is_ok()
        && hot::mock!(in scope, size::<u8>, |_: &[u8]| -> usize { 7 }).is_ok()
        && (price(5), size::<u8>(&[])) == (1, 7)
}

#[test]
fn a_child_does_not_wait_for_the_first_mock_of_a_thread_that_it_does_not_have() {
    let first = std::thread::spawn(|| {
        IS_SLOW.set(true);
        mocks()
    });
    let mut forks = 0;
    while !first.is_finished() || forks == 0 {
        let status = fork::status_of_child(10, mocks);
        assert_eq!(status, 0, "child {forks} was ended by an alarm (14), or failed (256)");
        forks += 1;
    }
    assert!(first.join().unwrap());
}
