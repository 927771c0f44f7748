//! A program that forks while another thread puts on its first mock: the child waits for nobody.
#![cfg(all(feature = "mock", target_os = "linux"))]

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
        // SAFETY: the child calls what is safe in one with a single thread (glibc's allocator is),
        // and ends without running what the parent has for its own end.
        let pid = unsafe { libc::fork() };
        assert!(pid >= 0);
        if pid == 0 {
            // SAFETY: as above. A child that waits is ended by the alarm.
            unsafe {
                libc::alarm(10);
                libc::_exit(if mocks() { 0 } else { 1 });
            }
        }
        let mut status = 0;
        // SAFETY: the child is this test's; the status is written to.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(status, 0, "child {forks} was ended by an alarm (14), or failed (256)");
        forks += 1;
    }
    assert!(first.join().unwrap());
}
