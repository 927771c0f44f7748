//! Mocks of what the allocator calls: neither looking for a mock nor its closure goes on for ever.
#![cfg(feature = "mock")]

use hot::hot;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Reports to hot functions.
struct Reporting;

#[global_allocator]
static ALLOCATOR: Reporting = Reporting;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

#[hot]
fn taken(bytes: usize) {
    TAKEN.fetch_add(bytes, Ordering::Relaxed);
}

#[hot]
fn given(_bytes: usize) {}

#[hot]
fn any_size<T: Into<usize>>(bytes: T) -> usize {
    bytes.into()
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Reporting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(any_size(layout.size()));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        given(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

thread_local! {
    static CALLS: Cell<u64> = const { Cell::new(0) };
}

fn calls() -> u64 {
    CALLS.get()
}

fn count() {
    CALLS.set(CALLS.get() + 1);
}

/// Allocates, reallocates, frees; here and on another thread, to its end.
fn work() {
    let here = || (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join(" ").len();
    let there = std::thread::spawn(move || {
        thread_local! {
            static LATE: std::cell::RefCell<Vec<String>> = std::cell::RefCell::default();
        }
        LATE.with_borrow_mut(|late| late.push("dropped with the thread".to_owned()));
        here()
    });
    assert_eq!(there.join().unwrap(), here());
}

/// The tests here mock one process.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn a_closure_on_what_the_allocator_calls() {
    let _turn = TURN.lock();
    hot::mock!(taken, |_: usize| count()).unwrap();
    hot::mock!(given, |_: usize| count()).unwrap();
    hot::mock!(any_size::<usize>, |bytes: usize| -> usize { bytes }).unwrap();
    let before = calls();
    work();
    assert!(calls() > before + 100, "{} calls", calls() - before);
    hot::reset_all().unwrap();
    let before = calls();
    work();
    assert_eq!(calls(), before);
}

#[test]
fn a_closure_that_allocates_is_not_entered_again() {
    let _turn = TURN.lock();
    static SIZES: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let taking = hot::mock!(
        taken,
        |bytes: usize| SIZES.lock().unwrap().push(format!("{bytes} bytes")),
        when | bytes | *bytes != 7 || "a string".to_owned().is_empty(),
        record | bytes | bytes.to_string(),
    )
    .unwrap();
    drop(std::hint::black_box(Box::new([0u8; 12_345])));
    drop(std::hint::black_box(Box::new([0u8; 7])));
    hot::mock!(given, |bytes: usize| drop(bytes.to_string())).unwrap();
    work();
    hot::reset_all().unwrap();
    let sizes = SIZES.lock().unwrap();
    assert!(sizes.iter().any(|size| size == "12345 bytes"));
    assert!(!sizes.iter().any(|size| size == "7 bytes"));
    assert!(taking.recorded::<String>().iter().any(|size| size == "12345"));
}

/// The mock is asked, and put into an order, while it is on.
#[test]
fn what_is_asked_of_the_mock_itself_allocates() {
    let _turn = TURN.lock();
    let order = hot::Sequence::new();
    let scope = hot::scope();
    let taking = hot::mock!(in scope, taken, |_: usize| (), record | bytes | *bytes).unwrap();
    let given = hot::mock!(in scope, given, |_: usize| ()).unwrap();
    drop(std::hint::black_box(Box::new([0u8; 12_345])));
    assert!(taking.recorded::<usize>().contains(&12_345));
    for _ in 0..40 {
        drop(given.clone().in_order(&order));
    }
}

#[test]
fn in_scopes_and_in_order_and_with_the_original() {
    let _turn = TURN.lock();
    let scope = hot::scope();
    let taking = hot::mock!(in scope, taken, |bytes: usize| {
        hot::call_original(taken, (bytes,)).unwrap();
    })
    .unwrap()
    .at_least(1);
    scope.spy(given).unwrap().at_least(1);
    let before = TAKEN.load(Ordering::Relaxed);
    drop(std::hint::black_box(Box::new([0u8; 1_000_000])));
    assert!(TAKEN.load(Ordering::Relaxed) >= before + 1_000_000);
    let seen = Cell::new(0u64);
    scope.with(|local| {
        hot::mock!(in local, given, |_: usize| seen.set(seen.get() + 1)).unwrap();
        drop(std::hint::black_box(Box::new(1u8)));
    });
    assert!(seen.get() > 0);
    // Mocks put on and off by a closure that the allocator runs.
    hot::mock!(in scope, any_size::<usize>, |bytes: usize| -> usize {
        hot::mock!(given, |_: usize| {}).unwrap();
        hot::reset(given).unwrap();
        bytes
    })
    .unwrap();
    drop(std::hint::black_box(Box::new(2u8)));
    assert!(taking.calls() > 0);
}

#[test]
fn what_the_allocator_calls_does_not_panic_but_is_told() {
    let _turn = TURN.lock();
    let scope = hot::scope();
    let forbidden = hot::forbid!(in scope, "mock_allocator/given").unwrap();
    given(3);
    drop(std::hint::black_box(Box::new(3u8)));
    forbidden.lift();
    let told = scope.verify().unwrap_err().to_string();
    assert!(told.contains("`mock_allocator/given` was called, which is forbidden here"), "{told}");
    let never = hot::mock!(in scope, taken, |_: usize| {}).unwrap().never();
    drop(std::hint::black_box(Box::new(3u8)));
    never.remove();
    let told = scope.verify().unwrap_err().to_string();
    assert!(told.contains("it was never to be called"), "{told}");
}

/// 20 000 calls that are forbidden, of which each is caught: no more is kept than of a few.
#[test]
fn calls_that_go_wrong_are_not_all_kept() {
    #[hot]
    fn forbidden() {}
    let _turn = TURN.lock();
    static LIVE: AtomicUsize = AtomicUsize::new(0);
    let mock = hot::forbid!("mock_allocator/forbidden").unwrap();
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let call = || drop(std::panic::catch_unwind(forbidden));
    (0..100).for_each(|_| call());
    hot::mock!(taken, |bytes: usize| {
        LIVE.fetch_add(bytes, Ordering::Relaxed);
    })
    .unwrap();
    hot::mock!(given, |bytes: usize| {
        LIVE.fetch_sub(bytes, Ordering::Relaxed);
    })
    .unwrap();
    let before = LIVE.load(Ordering::Relaxed) as isize;
    (0..20_000).for_each(|_| call());
    let kept = LIVE.load(Ordering::Relaxed) as isize - before;
    hot::reset_by_name("mock_allocator/taken").unwrap();
    hot::reset_by_name("mock_allocator/given").unwrap();
    std::panic::set_hook(quiet);
    mock.lift();
    assert!(kept < 100_000, "{kept} bytes are kept");
}
