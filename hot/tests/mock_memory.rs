//! What mocks keep, and who drops it.
#![cfg(feature = "mock")]

use hot::hot;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

/// Counts the bytes that a thread keeps, and stops it at an allocation when it is asked to.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static KEPT: Cell<isize> = const { Cell::new(0) };
    static STOPS: Cell<bool> = const { Cell::new(false) };
}

static STOPPED: Barrier = Barrier::new(2);

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        KEPT.set(KEPT.get() + edited_size(layout.size()) as isize);
        if STOPS.take() {
            STOPPED.wait();
            STOPPED.wait();
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        KEPT.set(KEPT.get() - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[hot]
fn edited_size<T: Into<usize>>(bytes: T) -> usize {
    bytes.into()
}

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn reserve() {}

#[hot]
fn send() {}

#[hot]
fn is_mocked() -> bool {
    false
}

/// The mock goes while a call of another function looks through the scope's mocks, which so has the
/// last reference to what it captured.
#[test]
fn what_a_closure_captured_is_dropped_by_the_program_and_not_by_the_allocator() {
    static SEEN: AtomicBool = AtomicBool::new(false);
    struct Captured;
    impl Drop for Captured {
        fn drop(&mut self) {
            SEEN.store(is_mocked(), Ordering::Relaxed);
        }
    }
    let scope = hot::scope();
    hot::mock!(in scope, is_mocked, || -> bool { true }).unwrap();
    let captured = Captured;
    let sending = hot::mock!(in scope, send, move || _ = &captured).unwrap();
    let order = hot::Sequence::new();
    hot::mock!(in scope, reserve, || ()).unwrap().in_order(&order);
    scope.spy(price).unwrap().in_order(&order);
    reserve();
    let remover = std::thread::spawn(move || {
        STOPPED.wait();
        sending.remove();
        STOPPED.wait();
    });
    // The spy, as a second step, allocates to look at the first.
    STOPS.set(true);
    assert_eq!(price(2), 6);
    assert!(!STOPS.get());
    remover.join().unwrap();
    assert!(SEEN.load(Ordering::Relaxed), "what it calls when it is dropped was not mocked");
    hot::forbid!(in scope, "mock_memory/is_mocked").unwrap();
    assert!(std::panic::catch_unwind(is_mocked).is_err(), "it is taken for the allocator's");
    assert!(scope.verify().is_err());
}

#[test]
fn scopes_that_overlap_keep_no_more_than_those_that_are_open() {
    let overlap = |times: usize| {
        let mut open: std::collections::VecDeque<_> = (0..3).map(|_| hot::scope()).collect();
        for _ in 0..times {
            open.push_back(hot::scope());
            // The oldest ends first.
            open.pop_front();
        }
        let kept = KEPT.get();
        drop(open);
        kept
    };
    let (few, many) = (overlap(100), overlap(10_000));
    assert!(many - few < 10_000, "{few} bytes after a hundred scopes, {many} after more");
}

#[test]
fn a_long_list_of_scopes_is_dropped_in_a_bounded_stack() {
    let mut open: Vec<_> = (0..100_000).map(|_| hot::scope()).collect();
    let innermost = open.last().unwrap().handle();
    // The newest ends first, and the handle keeps all that it was made in.
    while open.pop().is_some() {}
    drop(innermost);
}

/// The table of replaced instances grows, which allocates, under its lock.
#[test]
fn live_edits_of_a_generic_function_that_the_allocator_calls() {
    fn edited(bytes: usize) -> usize {
        bytes
    }
    let (name, code) = ("mock_memory/edited_size", edited as fn(usize) -> usize as *const ());
    for body in 1..20_000 {
        // SAFETY: the code is of the type of the instance; no instance has its code there.
        unsafe { hot::__private::replace_for_test(name, Some(body), code) }.unwrap();
    }
    drop(std::hint::black_box(Box::new([0u8; 7])));
}
