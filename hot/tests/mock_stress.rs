//! Calls, mocks and resets all at once: each call runs the old or the new one, each closure is
//! dropped exactly once, and nothing is left behind.
//!
//! Under valgrind, which slows everything down: `HOT_ROUNDS=200 valgrind --error-exitcode=9
//! --fair-sched=yes target/debug/deps/mock_stress-…`.
#![cfg(feature = "mock")]

use hot::{Layer, hot};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn held<T: Copy>(item: T) -> T {
    item
}

fn plain(quantity: u64) -> u64 {
    quantity * 3 + 1
}

/// Alive until it is dropped; notes how often that happens, and in which state.
struct Captured {
    made: Arc<AtomicU64>,
    dropped: Arc<AtomicU64>,
    alive: Box<u64>,
}

impl Captured {
    fn new(made: &Arc<AtomicU64>, dropped: &Arc<AtomicU64>) -> Captured {
        made.fetch_add(1, Ordering::Relaxed);
        Captured { made: made.clone(), dropped: dropped.clone(), alive: Box::new(0xA11FE) }
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        assert_eq!(*self.alive, 0xA11FE);
        *self.alive = 0xDEAD;
        let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(dropped <= self.made.load(Ordering::Relaxed));
    }
}

fn rounds() -> u64 {
    std::env::var("HOT_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(3000)
}

/// Ends the callers, also when a mocker panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn eight_call_while_two_mock_and_reset() {
    let (made, dropped) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let stop = AtomicBool::new(false);
    let calls = AtomicU64::new(0);
    std::thread::scope(|threads| {
        for caller in 0..8u64 {
            let (stop, calls) = (&stop, &calls);
            threads.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let answer = price(caller);
                    assert!((caller * 3..=caller * 3 + 3).contains(&answer), "{answer}");
                    assert!([5u32, 6].contains(&held(5u32)));
                    assert_eq!(held(5u64), 5);
                    assert_eq!(hot::call_original(price, (caller,)).unwrap(), caller * 3);
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mockers: Vec<_> = (0..2)
            .map(|mocker| {
                let (made, dropped) = (&made, &dropped);
                threads.spawn(move || {
                    for round in 0..rounds() {
                        let captured = Captured::new(made, dropped);
                        let mock = hot::mock!(price, move |quantity: u64| -> u64 {
                            assert_eq!(*captured.alive, 0xA11FE);
                            quantity * 3 + 2
                        });
                        mock.unwrap();
                        if round % 3 == mocker {
                            hot::mock(price, plain as fn(u64) -> u64).unwrap();
                        }
                        let captured = Captured::new(made, dropped);
                        hot::mock!(held::<u32>, move |item: u32| -> u32 {
                            assert_eq!(*captured.alive, 0xA11FE);
                            item + 1
                        })
                        .unwrap();
                        let scope = hot::scope();
                        let captured = Captured::new(made, dropped);
                        hot::mock!(in scope, price, move |quantity: u64| -> u64 {
                            assert_eq!(*captured.alive, 0xA11FE);
                            quantity * 3 + 3
                        })
                        .unwrap();
                        assert_eq!(price(1), 6);
                        hot::reset(price).unwrap();
                        hot::reset(held::<u32>).unwrap();
                        assert_eq!(price(1), 6);
                    }
                })
            })
            .collect();
        let _stop = Stop(&stop);
        for mocker in mockers {
            mocker.join().unwrap();
        }
    });
    hot::reset_all().unwrap();
    assert!(calls.load(Ordering::Relaxed) > 0);
    assert_eq!(made.load(Ordering::Relaxed), rounds() * 6);
    assert_eq!(dropped.load(Ordering::Relaxed), made.load(Ordering::Relaxed));
    assert_eq!((price(1), held(5u32)), (3, 5));
    assert!(hot::functions().iter().all(|function| function.layer() == Layer::Original));
}
