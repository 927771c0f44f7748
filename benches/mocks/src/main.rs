//! The cost of a call while mocks are on or off, as ratios to a direct call in the same run.
//!
//! `cargo run --release --manifest-path benches/mocks/Cargo.toml`. Each number is the best of many
//! rounds, so that what else the machine does is left out. mry mocks only with debug assertions, and
//! mocktopus needs nightly: `--profile asserted --features mry`, and `cargo +nightly … --features
//! mocktopus`.
#![cfg_attr(feature = "mocktopus", feature(proc_macro_hygiene))]

use hot::hot;
use std::hint::black_box;
use std::time::Instant;

#[inline(never)]
fn direct(n: u64) -> u64 {
    black_box(n) + 1
}

#[hot]
fn hot_one(n: u64) -> u64 {
    black_box(n) + 1
}

#[hot]
fn hot_generic<T: Copy>(n: T) -> T {
    black_box(n)
}

#[inline(never)]
fn injected(n: u64) -> u64 {
    black_box(n) + 1
}

#[cfg(feature = "mry")]
#[mry::mry]
#[inline(never)]
fn mried(n: u64) -> u64 {
    black_box(n) + 1
}

#[cfg(feature = "mocktopus")]
#[mocktopus::macros::mockable]
#[inline(never)]
fn mocktopused(n: u64) -> u64 {
    black_box(n) + 1
}

fn fake(n: u64) -> u64 {
    black_box(n) + 2
}

/// Nanoseconds a call, the best of many rounds.
fn measure(mut call: impl FnMut(u64) -> u64) -> f64 {
    const CALLS: u64 = 20_000;
    let round = |call: &mut dyn FnMut(u64)| {
        let start = Instant::now();
        call(CALLS);
        start.elapsed().as_nanos() as f64 / CALLS as f64
    };
    let mut run = |calls| {
        for n in 0..calls {
            black_box(call(black_box(n)));
        }
    };
    (0..200).map(|_| round(&mut run)).fold(f64::MAX, f64::min)
}

fn main() {
    let base = measure(direct);
    let show = |what: &str, time: f64| println!("{what:52} {:6.1}", time / base);
    show("direct call", base);
    show("hot, never mocked", measure(hot_one));
    hot::mock(hot_one, fake as fn(u64) -> u64).unwrap();
    show("process-wide function pointer", measure(hot_one));
    hot::mock!(hot_one, |n: u64| -> u64 { black_box(n) + 2 }).unwrap();
    show("process-wide closure", measure(hot_one));
    show("call_original under it", measure(|n| hot::call_original(hot_one, (n,)).unwrap()));
    hot::reset(hot_one).unwrap();
    show("after the reset", measure(hot_one));
    {
        let scope = hot::scope();
        hot::mock!(in scope, hot_one, |n: u64| -> u64 { black_box(n) + 2 }).unwrap();
        show("closure of a scope, on this thread", measure(hot_one));
        let other = std::thread::spawn(|| measure(hot_one)).join().unwrap();
        show("on another thread meanwhile", other);
    }
    show("generic, never mocked", measure(hot_generic));
    hot::mock!(hot_generic::<u64>, |n: u64| -> u64 { black_box(n) }).unwrap();
    show("generic, process-wide closure", measure(hot_generic));
    hot::reset(hot_generic::<u64>).unwrap();
    show(
        "put a closure on and reset",
        measure(|n| {
            hot::mock!(hot_one, |n: u64| -> u64 { n }).unwrap();
            hot::reset(hot_one).unwrap();
            n
        }),
    );

    {
        use injectorpp::interface::injector::*;
        let mut injector = InjectorPP::new();
        injector
            .when_called(injectorpp::func!(fn (injected)(u64) -> u64))
            .will_execute_raw(injectorpp::func!(fn (fake)(u64) -> u64));
        show("injectorpp, function pointer", measure(injected));
    }
    show("injectorpp, after", measure(injected));

    #[cfg(feature = "mry")]
    {
        show("mry, not mocked", measure(mried));
        show("mry, closure", mry_closure());
    }

    #[cfg(feature = "mocktopus")]
    {
        use mocktopus::mocking::{MockResult, Mockable, clear_mocks};
        show("mocktopus, not mocked", measure(mocktopused));
        mocktopused.mock_safe(|n| MockResult::Return(black_box(n) + 2));
        show("mocktopus, closure", measure(mocktopused));
        clear_mocks();
    }
}

#[cfg(feature = "mry")]
#[mry::lock(mried)]
fn mry_closure() -> f64 {
    mock_mried(mry::Any).returns_with(|n: u64| black_box(n) + 2);
    measure(mried)
}
