//! Hot functions called at odd moments: in a signal handler, before `main`, while a thread or the
//! process is being taken down. With their own code, with other code, and mocked.
#![cfg(all(target_os = "linux", feature = "mock"))]

mod support;

use hot::hot;
use std::cell::Cell;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Returns the number of its code.
#[hot]
fn said() -> u32 {
    1
}

fn live() -> u32 {
    2
}

fn pointer() -> u32 {
    3
}

/// The code that a call runs.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Original,
    Live,
    Pointer,
    Closure,
    /// A spy and a mock whose condition does not hold lie on top: all of the search is gone through.
    Searched,
}
use Way::{Closure, Live, Original, Pointer, Searched};

const WAYS: [Way; 5] = [Original, Live, Pointer, Closure, Searched];

impl Way {
    /// Its answer.
    fn answer(self) -> u32 {
        match self {
            Original | Searched => 1,
            Live => 2,
            Pointer => 3,
            Closure => 4,
        }
    }

    /// Arranges that calls run this, until what is answered is dropped.
    fn begin(self) -> Arranged {
        let mut arranged = Arranged(None);
        match self {
            Original => {}
            Live => {
                // SAFETY: it is of the function's type.
                let live = unsafe {
                    support::Replaced::new("moments/said", None, live as fn() -> u32 as *const ())
                };
                arranged.0 = Some(live);
            }
            Pointer => drop(hot::mock(said, pointer as fn() -> u32).unwrap()),
            Closure => {
                let four = Box::new(4);
                hot::mock!(said, move || -> u32 { *four }).unwrap();
            }
            Searched => drop(hot::mock!(said, || -> u32 { 9 }, when || false).unwrap()),
        }
        arranged
    }
}

/// Ends a way.
struct Arranged(Option<support::Replaced>);

impl Drop for Arranged {
    fn drop(&mut self) {
        hot::reset(said).unwrap();
        drop(self.0.take());
    }
}

// Sequentially consistent throughout: the answers are what is tested.
static HEARD: AtomicU32 = AtomicU32::new(0);

fn hear() {
    HEARD.store(said(), Ordering::SeqCst);
}

fn heard() -> u32 {
    HEARD.swap(0, Ordering::SeqCst)
}

/// The answers of each way before `main`, bit by bit: set when it was as it must be.
static BEFORE_MAIN: AtomicU32 = AtomicU32::new(0);

#[used]
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = {
    extern "C" fn at_start() {
        for (index, way) in WAYS.into_iter().enumerate() {
            let _arranged = way.begin();
            if said() == way.answer() {
                BEFORE_MAIN.fetch_or(1 << index, Ordering::SeqCst);
            }
        }
    }
    at_start
};

#[test]
fn before_main() {
    let _serial = support::serial();
    assert_eq!(BEFORE_MAIN.load(Ordering::SeqCst), (1 << WAYS.len()) - 1);
    assert_eq!(said(), 1);
}

extern "C" fn on_signal(_: i32) {
    hear();
}

fn handle(signal: i32, handler: extern "C" fn(i32)) {
    // SAFETY: the handler takes the signal's number, and calls nothing but hot functions.
    let before = unsafe { libc::signal(signal, handler as *const () as libc::sighandler_t) };
    assert_ne!(before, libc::SIG_ERR);
}

#[test]
fn in_a_signal_handler() {
    let _serial = support::serial();
    handle(libc::SIGUSR1, on_signal);
    for way in WAYS {
        let _arranged = way.begin();
        // SAFETY: there is a handler.
        assert_eq!(unsafe { libc::raise(libc::SIGUSR1) }, 0);
        assert_eq!(heard(), way.answer(), "{way:?}");
    }
}

static SIGNALS: AtomicU32 = AtomicU32::new(0);
static STRANGE: AtomicBool = AtomicBool::new(false);

extern "C" fn on_storm(_: i32) {
    if !(1..=3).contains(&said()) {
        STRANGE.store(true, Ordering::SeqCst);
    }
    SIGNALS.fetch_add(1, Ordering::SeqCst);
}

/// A handler may interrupt anything, the allocator too. A function's own code, live code and a mock
/// by a function pointer are one load away, whatever is swapped meanwhile.
#[test]
fn a_handler_that_interrupts_anything_finds_what_is_in_the_slot() {
    const ENOUGH: u32 = 200;
    let _serial = support::serial();
    handle(libc::SIGUSR2, on_storm);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (send, target) = std::sync::mpsc::channel();
        let done = &done;
        scope.spawn(move || {
            // SAFETY: it takes nothing.
            send.send(unsafe { libc::pthread_self() }).unwrap();
            let mut kept = Vec::new();
            while !done.load(Ordering::SeqCst) {
                kept.push(vec![said(); 100]);
                assert!(kept.iter().flatten().all(|said| (1..=3).contains(said)));
                kept.truncate(10);
            }
        });
        let target = target.recv().unwrap();
        scope.spawn(move || {
            let begin = Instant::now();
            while SIGNALS.load(Ordering::SeqCst) < ENOUGH {
                // The thread lives until it is stopped below.
                // SAFETY: as is said.
                assert_eq!(unsafe { libc::pthread_kill(target, libc::SIGUSR2) }, 0);
                if begin.elapsed() > Duration::from_secs(60) {
                    break;
                }
                std::thread::yield_now();
            }
            done.store(true, Ordering::SeqCst);
        });
        while !done.load(Ordering::SeqCst) {
            for way in [Live, Pointer] {
                let _arranged = way.begin();
                assert_eq!(said(), way.answer());
            }
        }
    });
    assert!(SIGNALS.load(Ordering::SeqCst) >= ENOUGH, "the thread stands still");
    assert!(!STRANGE.load(Ordering::SeqCst));
}

/// Asks when its thread is taken down.
struct Last(Cell<bool>);

impl Drop for Last {
    fn drop(&mut self) {
        assert!(self.0.get());
        hear();
    }
}

thread_local! {
    static LAST: Last = const { Last(Cell::new(false)) };
}

#[test]
fn in_the_destructor_of_a_thread_local() {
    let _serial = support::serial();
    for way in WAYS {
        let _arranged = way.begin();
        // Thread-locals of mocks may go before this one or after it, or may never have been made.
        for calls in [&["call", "last"][..], &["last", "call"], &["last"]] {
            let thread = std::thread::spawn(move || {
                for what in calls {
                    match *what {
                        "last" => LAST.with(|last| last.0.set(true)),
                        _ => assert_eq!(said(), way.answer()),
                    }
                }
            });
            thread.join().unwrap();
            assert_eq!(heard(), way.answer(), "{way:?} {calls:?}");
        }
    }
}

/// A thread that is being taken down follows no scope any more, and finds what all see.
#[test]
fn in_the_destructor_of_a_thread_local_of_a_thread_in_a_scope() {
    let _serial = support::serial();
    let scope = hot::scope();
    hot::mock!(in scope, said, || -> u32 { 5 }).unwrap();
    let thread = scope.spawn(|| {
        LAST.with(|last| last.0.set(true));
        said()
    });
    assert_eq!(thread.join().unwrap(), 5);
    assert!([1, 5].contains(&heard()));
}

/// In a process of its own, which exits while each thread-local of the exiting thread is gone.
#[test]
fn at_exit() {
    const WAY: &str = "HOT_TEST_WAY";
    extern "C" fn at_exit() {
        let answer = [b'0' + u8::try_from(said()).unwrap_or(9), b'\n'];
        // SAFETY: two bytes, to standard output. `println!` belongs to the harness.
        unsafe { libc::write(1, answer.as_ptr().cast(), 2) };
    }
    if let Ok(way) = std::env::var(WAY) {
        let way = WAYS.into_iter().find(|candidate| format!("{candidate:?}") == way).unwrap();
        // SAFETY: it takes nothing and does not unwind.
        unsafe { libc::atexit(at_exit) };
        std::mem::forget(way.begin());
        LAST.with(|last| last.0.set(true));
        assert_eq!(said(), way.answer());
        std::process::exit(7);
    }
    for way in WAYS {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "at_exit", "--nocapture"])
            .env(WAY, format!("{way:?}"))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(7), "{way:?}: {output:?}");
        assert_eq!(said.lines().last(), Some(&*way.answer().to_string()), "{way:?}: {output:?}");
    }
}
