//! A program that forks while other threads mock: the child mocks as well, and waits for nobody.
#![cfg(all(feature = "mock", target_os = "linux"))]

#[path = "support/fork.rs"]
mod fork;

use hot::hot;
use std::sync::atomic::{AtomicBool, Ordering};

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn size<T>(_: &[T]) -> usize {
    size_of::<T>()
}

#[hot]
fn busy(n: u64) -> u64 {
    n
}

fn child() -> bool {
    let scope = hot::scope();
    let mocked = hot::mock!(in scope, price, |_: u64| -> u64 { 1 }).is_ok() && price(5) == 1;
    drop(scope);
    hot::mock!(size::<u8>, |_: &[u8]| -> usize { 7 }).is_ok()
        && size::<u8>(&[]) == 7
        && hot::call_original(price, (2,)) == Ok(6)
        && hot::reset_all().is_ok()
        && mocked
        && price(5) == 15
}

#[test]
fn a_child_does_not_wait_for_a_thread_that_it_does_not_have() {
    static DONE: AtomicBool = AtomicBool::new(false);
    hot::mock!(busy, |n: u64| -> u64 { n + 1 }).unwrap();
    let mocking = || {
        while !DONE.load(Ordering::Relaxed) {
            let scope = hot::scope();
            hot::mock!(in scope, busy, |n: u64| -> u64 { n }).unwrap();
            hot::mock!(busy, |n: u64| -> u64 { n + 1 }).unwrap();
        }
    };
    let threads = [std::thread::spawn(mocking), std::thread::spawn(mocking)];
    for _ in 0..200 {
        let status = fork::status_of_child(60, child);
        if status != 0 {
            DONE.store(true, Ordering::Relaxed);
        }
        assert_eq!(status, 0, "the child was ended by an alarm (14), or failed (256)");
    }
    DONE.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}
