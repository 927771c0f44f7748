//! Scopes: who sees which mock, and until when.
#![cfg(feature = "mock")]

use hot::{Error, InScope, hot};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Context, Poll, Waker};

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn tax(net: u64) -> u64 {
    net / 5
}

#[hot]
async fn fetch(id: u64) -> String {
    format!("order {id}")
}

#[hot]
fn say(_text: &str) {}

#[hot]
fn counted(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn counted_too(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn counted_in_drop(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn recorded_again(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn taken_off(quantity: u64) -> u64 {
    quantity
}

#[hot]
fn whisper(_text: &str) {}

/// What the panic of a guard says besides.
const HIDES: &str = "(an error that this test returns is hidden by this panic;";

/// A report without the places of the mocks, and without that.
fn unplaced(text: &str) -> String {
    let line = |line: &str| {
        let place = [" (mocked at ", " (forbidden at "].iter().find_map(|mark| line.rfind(mark));
        line[..place.unwrap_or(line.len())].to_owned()
    };
    let lines = text.lines().filter(|line| !line.starts_with(HIDES));
    lines.map(line).collect::<Vec<_>>().join("\n")
}

fn panic_text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => other.downcast_ref::<&str>().copied().unwrap_or_default().to_owned(),
    }
}

fn fails(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    panic_text(std::panic::catch_unwind(test).expect_err("the test was to fail"))
}

#[test]
fn parallel_tests_do_not_see_each_other() {
    let barrier = Arc::new(Barrier::new(4));
    let threads: Vec<_> = (0..4u64)
        .map(|own| {
            let barrier = barrier.clone();
            std::thread::spawn(move || {
                let scope = hot::scope();
                if own > 0 {
                    hot::mock!(in scope, price, move |_: u64| -> u64 { own }).unwrap();
                }
                for _ in 0..100 {
                    barrier.wait();
                    assert_eq!(price(7), if own > 0 { own } else { 21 });
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(price(7), 21);
}

#[test]
fn scopes_nest_and_lie_on_the_process() {
    let outer = hot::scope();
    hot::mock!(in outer, price, |_: u64| -> u64 { 1 }).unwrap();
    hot::mock!(in outer, tax, |_: u64| -> u64 { 10 }).unwrap();
    {
        let inner = hot::scope();
        hot::mock!(in inner, price, |_: u64| -> u64 { 2 }).unwrap();
        assert_eq!((price(9), tax(9)), (2, 10));
        let newer = hot::mock!(in inner, price, |_: u64| -> u64 { 3 }).unwrap();
        assert_eq!(price(9), 3);
        newer.remove();
        assert_eq!(price(9), 2);
    }
    assert_eq!((price(9), tax(9)), (1, 10));
}

#[test]
fn scopes_end_in_any_order() {
    let first = hot::scope();
    hot::mock!(in first, tax, |_: u64| -> u64 { 1 }).unwrap();
    let second = hot::scope();
    hot::mock!(in second, price, |_: u64| -> u64 { 2 }).unwrap();
    drop(first);
    assert_eq!((tax(10), price(10)), (2, 2));
    let third = hot::scope();
    hot::mock!(in third, tax, |_: u64| -> u64 { 3 }).unwrap();
    drop(second);
    assert_eq!((tax(10), price(10)), (3, 30));
    drop(third);
    assert_eq!((tax(10), price(10)), (2, 30));
}

#[test]
fn threads_follow_when_asked() {
    let scope = hot::scope();
    let mock = hot::mock!(in scope, price, |_: u64| -> u64 { 4 }).unwrap();
    assert_eq!(scope.spawn(|| price(1)).join().unwrap(), 4);
    assert_eq!(std::thread::spawn(|| price(1)).join().unwrap(), 3);
    let handle = scope.handle();
    std::thread::scope(|threads| {
        let followed = threads.spawn(|| handle.enter(|| (price(1), handle.enter(|| price(1)))));
        assert_eq!(followed.join().unwrap(), (4, 4));
        let left = threads.spawn(|| {
            handle.enter(|| ());
            price(1)
        });
        assert_eq!(left.join().unwrap(), 3);
    });
    assert_eq!(mock.calls(), 3);
    // After the end, those that follow see what lies below, wherever they are.
    let (go, gone) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let late = {
        let (go, gone) = (go.clone(), gone.clone());
        scope.spawn(move || {
            let before = price(1);
            go.wait();
            gone.wait();
            (before, price(1))
        })
    };
    go.wait();
    drop(scope);
    gone.wait();
    assert_eq!(late.join().unwrap(), (4, 3));
}

#[test]
fn tasks_follow_across_workers() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { 5 }).unwrap();
    let texts = Arc::new(["a", "b"].map(String::from));
    let mine = texts.clone();
    hot::mock!(in scope, fetch, async move |id: u64| -> String {
        tokio::task::yield_now().await;
        format!("{}{}", mine[id as usize % 2], price(0))
    })
    .unwrap();
    let follow = async |id: u64| {
        let mut answers = Vec::new();
        for _ in 0..20 {
            tokio::task::yield_now().await;
            answers.push(price(2));
        }
        (answers, fetch(id).await)
    };
    let tasks: Vec<_> = (0..8).map(|id| runtime.spawn(follow(id).in_scope(&scope))).collect();
    let stranger = runtime.spawn(async { (price(2), fetch(3).await) });
    runtime.block_on(async {
        for (id, task) in tasks.into_iter().enumerate() {
            let (answers, text) = task.await.unwrap();
            assert!(answers.iter().all(|answer| *answer == 5));
            assert_eq!(text, ["a5", "b5"][id % 2]);
        }
        assert_eq!(stranger.await.unwrap(), (6, "order 3".to_owned()));
    });
    drop(scope);
    assert_eq!(Arc::strong_count(&texts), 1);
    drop(runtime);
}

#[test]
fn a_future_in_flight_keeps_its_closure() {
    let alive = Arc::new(());
    let held = alive.clone();
    let scope = hot::scope();
    hot::mock!(in scope, fetch, async move |_: u64| -> String {
        let mut waited = false;
        std::future::poll_fn(|_| match std::mem::replace(&mut waited, true) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
        format!("{}", Arc::strong_count(&held))
    })
    .unwrap();
    let mut future = Box::pin(fetch(1));
    let mut context = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    drop(scope);
    assert_eq!(Arc::strong_count(&alive), 2);
    assert_eq!(future.as_mut().poll(&mut context), Poll::Ready("2".to_owned()));
    drop(future);
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn local_mocks_borrow() {
    let said = RefCell::new(Vec::new());
    let shared = Rc::new(Cell::new(0));
    let scope = hot::scope();
    hot::mock!(in scope, tax, |_: u64| -> u64 { 1 }).unwrap();
    let answer = scope.with(|local| {
        let mine = shared.clone();
        hot::mock!(in local, say, |text: &str| said.borrow_mut().push(text.to_owned())).unwrap();
        let price_mock = hot::mock!(in local, price, move |_: u64| -> u64 {
            mine.set(mine.get() + 1);
            100
        })
        .unwrap();
        say("one");
        // Not on other threads, even if they follow what was begun in here.
        let inner = hot::scope();
        hot::mock!(in inner, tax, |_: u64| -> u64 { 2 }).unwrap();
        assert_eq!(inner.spawn(|| (price(1), tax(1))).join().unwrap(), (3, 2));
        assert_eq!(scope.spawn(|| (price(1), tax(1))).join().unwrap(), (3, 1));
        price_mock.remove();
        (price(1), tax(1))
    });
    assert_eq!(answer, (100, 2));
    say("two");
    assert_eq!((price(1), tax(1), shared.get(), Rc::strong_count(&shared)), (3, 1, 1, 1));
    assert_eq!(said.into_inner(), ["one"]);
    let refused = scope.with(|local| {
        hot::mock!(in local, fetch, async |_: u64| -> String { String::new() }).unwrap_err()
    });
    assert!(refused.to_string().contains("its future could outlive"), "{refused}");
}

#[test]
fn local_mocks_end_with_a_panic() {
    let alive = Rc::new(());
    let text = fails(std::panic::AssertUnwindSafe(|| {
        hot::scope().with(|local| {
            let held = alive.clone();
            hot::mock!(in local, price, move |_: u64| -> u64 {
                let _ = &held;
                panic!("in the mock")
            })
            .unwrap();
            price(1);
        })
    }));
    assert_eq!((text.as_str(), Rc::strong_count(&alive), price(1)), ("in the mock", 1, 3));
}

#[test]
fn what_is_expected_is_checked_at_the_end() {
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap().times(2);
        hot::mock!(in scope, counted_too, |_: u64| -> u64 { 1 }).unwrap().at_least(1);
        counted(1);
    });
    assert_eq!(
        unplaced(&text),
        "`mock_scope/counted` was to be called twice and was called once\n\
         `mock_scope/counted_too` was to be called at least once and was never called (with \
         HOT_WHY=1 calls that came before the mock are told too)"
    );
    let scope = hot::scope();
    let mock = hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap().at_least(1);
    assert!(matches!(scope.verify(), Err(Error::ExpectationFailed { .. })));
    counted(1);
    assert_eq!((scope.verify(), mock.verify()), (Ok(()), Ok(())));
}

#[test]
fn an_error_of_the_test_is_kept_beside_what_its_mocks_waited_for() {
    let result = hot::with_scope(|scope| -> Result<(), String> {
        hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap().times(1);
        Err("the real reason".to_owned())
    });
    assert_eq!(result, Err("the real reason".to_owned()));
    let text = fails(|| {
        let _ = hot::with_scope(|scope| -> Result<(), String> {
            hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap().times(1);
            Ok(())
        });
    });
    assert!(text.contains("was to be called once and was never called"), "{text}");
    assert!(!text.contains(HIDES), "{text}");
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap().times(1);
    });
    assert!(text.contains(HIDES), "{text}");
    let five = hot::with_scope(|scope| -> Result<u64, hot::Error> {
        hot::mock!(in scope, counted, |n: u64| -> u64 { n })?;
        Ok(counted(5))
    });
    assert_eq!(five, Ok(5));
}

#[test]
fn a_failure_names_the_place_of_its_mock() {
    let scope = hot::scope();
    let place = |line: u32| format!("(mocked at {}:{line})", file!());
    let ends = |mock: hot::Mock, line| {
        let failure = mock.at_least(1).verify().unwrap_err().to_string();
        assert!(failure.ends_with(&place(line)), "{failure}");
    };
    ends(hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap(), line!());
    let by_name = "mock_scope/counted";
    ends(hot::mock_by_name!(in scope, by_name, |_: u64| -> u64 { 1 }).unwrap(), line!());
    ends(scope.spy(counted).unwrap(), line!());
    let several_lines = hot::mock!(in scope, counted, |n: u64| -> u64 {
        n
    });
    ends(several_lines.unwrap(), line!() - 3);
    scope.with(|local| {
        ends(hot::mock!(in local, counted, |_: u64| -> u64 { 1 }).unwrap(), line!());
        counted(1);
    });
    let here = || hot::mock!(in scope, counted_too, |_: u64| -> u64 { 1 });
    ends(here().unwrap(), line!() - 1);
    counted_too(1);
    let forbidden = scope.forbid("mock_scope/net/ping").unwrap();
    let line = line!() - 1;
    let text = fails(|| assert!(net::ping()));
    assert!(text.ends_with(&format!("(forbidden at {}:{line})", file!())), "{text}");
    forbidden.lift();
    assert!(fails(std::panic::AssertUnwindSafe(|| drop(scope))).contains("net/ping"));
}

/// Fails when it is asked to, for the test below.
#[test]
fn a_test_that_fails_by_itself() {
    if std::env::var_os("HOT_FAIL").is_some() {
        let scope = hot::scope();
        hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap().times(1);
        hot::mock_by_name!(in scope, "mock_scope/countet", |_: u64| -> u64 { 1 }).unwrap();
    }
}

#[test]
fn a_test_that_fails_otherwise_hears_of_its_mocks() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "a_test_that_fails_by_itself"])
        .env("HOT_FAIL", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    // What is unwrapped shows its sentence.
    assert!(
        text.contains("value: there is no hot function `mock_scope/countet`; did you"),
        "{text}"
    );
    let told = "of the mocks of this scope:\n`mock_scope/counted` was to be called once";
    assert!(text.contains(told), "{text}");
}

#[test]
fn one_call_too_many_fails_the_owner_even_from_a_thread() {
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, price, |_: u64| -> u64 { 1 }).unwrap().never();
        let caught = scope.spawn(|| price(1)).join().unwrap_err();
        assert!(panic_text(caught).contains("it was never to be called"));
    });
    let text = unplaced(&text);
    assert_eq!(text, "`mock_scope/price` was called, for the 1st time: it was never to be called");
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, price, |n: u64| -> u64 { assert_eq!(n, 2); 1 }).unwrap();
        let _ = scope.spawn(|| price(1)).join();
    });
    assert!(text.starts_with("the mock of `mock_scope/price` panicked on thread"), "{text}");
    // Meant, or on the owner's own thread: not held against it.
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { panic!("down") }).unwrap().may_panic();
    assert!(scope.spawn(|| price(1)).join().is_err());
    hot::mock!(in scope, tax, |_: u64| -> u64 { panic!("down") }).unwrap();
    assert!(std::panic::catch_unwind(|| tax(1)).is_err());
    drop(scope);
}

#[test]
fn a_mock_that_was_never_hit_says_why() {
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, whisper, |_: &str| {}).unwrap().at_least(1);
        std::thread::spawn(|| whisper("x")).join().unwrap();
    });
    assert!(
        text.contains(
            "was never called; outside of the scope it was called once, by other tests or by threads and"
        ),
        "{text}"
    );
}

#[hot]
fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[test]
fn other_instances_conditions_and_newer_mocks_are_told() {
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, parsed::<u8>, |_: &str| -> Option<u8> { None }).unwrap().times(1);
        assert_eq!((parsed::<u16>("1"), parsed::<u16>("x")), (Some(1), None));
    });
    assert_eq!(
        unplaced(&text),
        "`mock_scope::parsed<u8>` was to be called once and was never called; another instance was \
         called twice: `mock_scope::parsed<u16>`"
    );
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }, when |n| *n > 5).unwrap().times(1);
        assert_eq!(counted(3), 3);
    });
    assert!(
        unplaced(&text).ends_with("was never called; its condition did not hold for one call"),
        "{text}"
    );
    let text = fails(|| {
        let scope = hot::scope();
        hot::mock!(in scope, counted, |_: u64| -> u64 { 1 }).unwrap().times(1);
        hot::mock!(in scope, counted, |_: u64| -> u64 { 2 }).unwrap();
        assert_eq!((counted(3), counted(4)), (2, 2));
    });
    assert!(
        unplaced(&text).ends_with("was never called; a newer mock of it answered 2 calls"),
        "{text}"
    );
}

#[test]
fn what_is_handed_on_may_follow_too() {
    #[hot]
    fn run(work: Box<dyn FnOnce() -> u64 + Send>) -> u64 {
        std::thread::spawn(work).join().unwrap()
    }
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { 6 }).unwrap();
    assert_eq!(run(Box::new(|| price(1))), 3);
    hot::mock!(in scope, run, |work: Box<dyn FnOnce() -> u64 + Send>| -> u64 {
        let handle = hot::ScopeHandle::current().unwrap();
        std::thread::spawn(move || handle.enter(work)).join().unwrap()
    })
    .unwrap();
    assert_eq!(run(Box::new(|| run(Box::new(|| price(1))))), 6);
    drop(scope);
    assert!(hot::ScopeHandle::current().is_none());
}

#[test]
fn a_task_is_dropped_in_its_scope() {
    struct Last(Arc<AtomicU64>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.store(price(1), Ordering::Relaxed);
        }
    }
    let seen = Arc::new(AtomicU64::new(0));
    let last = Last(seen.clone());
    let scope = hot::scope();
    hot::mock!(in scope, price, |_: u64| -> u64 { 8 }).unwrap();
    let task = async move { drop(last) }.in_scope(&scope);
    std::thread::spawn(|| drop(task)).join().unwrap();
    assert_eq!(seen.load(Ordering::Relaxed), 8);
}

#[test]
fn conditions_records_and_orders() {
    let scope = hot::scope();
    let all = hot::mock!(in scope, price, |_: u64| -> u64 { 1 }).unwrap();
    let odd = hot::mock!(
        in scope, price, |_: u64| -> u64 { 2 },
        when |quantity| quantity % 2 == 1,
        record |quantity| *quantity,
    )
    .unwrap();
    let many = hot::mock!(in scope, price, |_: u64| -> u64 { 3 }, when |n| *n > 100).unwrap();
    assert_eq!((price(1), price(2), price(101), price(103), price(4)), (2, 1, 3, 3, 1));
    assert_eq!((all.calls(), odd.calls(), many.calls()), (2, 1, 2));
    assert_eq!(odd.recorded::<u64>(), [1]);
    assert!(odd.recorded::<u32>().is_empty());
    let spy = scope.spy(price).unwrap();
    assert_eq!((price(1), price(2), spy.calls(), odd.calls()), (2, 1, 2, 2));

    let text = fails(|| {
        let scope = hot::scope();
        let order = hot::Sequence::new();
        hot::mock!(in scope, price, |_: u64| -> u64 { 1 }).unwrap().in_order(&order);
        hot::mock!(in scope, tax, |_: u64| -> u64 { 1 }).unwrap().in_order(&order);
        tax(1);
    });
    assert_eq!(
        unplaced(&text),
        "`mock_scope/tax` was called before `mock_scope/price`, which was to come first"
    );
}

#[hot]
mod net {
    pub fn ping() -> bool {
        true
    }
    pub mod http {
        pub fn get(url: &str) -> usize {
            url.len()
        }
        pub fn decode<T: Default>(_: &[u8]) -> T {
            T::default()
        }
    }
}

#[test]
fn patterns_forbid() {
    let scope = hot::scope();
    let forbidden =
        scope.forbid("mock_scope/net/*").unwrap().allow("mock_scope::net::ping").unwrap();
    let mut names: Vec<_> = forbidden.names().collect();
    names.sort();
    assert_eq!(names, ["mock_scope/net/http/decode", "mock_scope/net/http/get"]);
    assert!(net::ping());
    assert_eq!(std::thread::spawn(|| net::http::get("four")).join().unwrap(), 4);
    let text = fails(|| assert_eq!(net::http::decode::<u8>(b""), 0));
    let text = unplaced(&text);
    assert_eq!(text, "`mock_scope/net/http/decode` was called, which is forbidden here");
    forbidden.lift();
    assert_eq!(net::http::decode::<u16>(b""), 0);
    // The call above was forbidden, caught or not.
    assert!(fails(std::panic::AssertUnwindSafe(|| drop(scope))).contains("net/http/decode"));
    let error = hot::forbid("mock_scope/ner/ping").unwrap_err().to_string();
    assert!(
        error.starts_with(
            "no hot function fits `mock_scope/ner/ping`; did you mean `mock_scope/net/ping`"
        ),
        "{error}"
    );
}

#[test]
fn scopes_leave_nothing_behind() {
    let dropped = Arc::new(AtomicU64::new(0));
    struct Noted(Arc<AtomicU64>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let scope = hot::scope();
    let handle = scope.handle();
    let noted = Noted(dropped.clone());
    let mock =
        hot::mock!(in scope, say, move |_: &str| assert!(Arc::strong_count(&noted.0) > 1)).unwrap();
    say("x");
    drop(scope);
    assert_eq!((dropped.load(Ordering::Relaxed), mock.calls()), (1, 1));
    handle.enter(|| say("y"));
    assert_eq!(mock.calls(), 1);
}

#[test]
fn one_call_too_many_in_a_destructor_of_a_failing_test_does_not_end_the_process() {
    struct Says;
    impl Drop for Says {
        fn drop(&mut self) {
            counted_in_drop(1);
        }
    }
    let order = hot::Sequence::new();
    let told = std::sync::OnceLock::new();
    let text = fails(std::panic::AssertUnwindSafe(|| {
        let scope = hot::scope();
        hot::mock!(in scope, counted, |_: u64| -> u64 { 0 }).unwrap().in_order(&order);
        let mock = hot::mock!(in scope, counted_in_drop, |_: u64| -> u64 { 7 }).unwrap();
        told.set(mock.in_order(&order)).unwrap();
        let _says = Says;
        panic!("the test's own");
    }));
    assert_eq!(text, "the test's own");
    let mock = told.get().unwrap();
    let failure = mock.verify().unwrap_err().to_string();
    assert!(failure.contains("counted_in_drop` was called before"), "{failure}");
    assert_eq!(mock.calls(), 1);
}

#[test]
fn a_record_whose_clone_calls_what_is_mocked_is_read() {
    struct Calls(u64);
    impl Clone for Calls {
        fn clone(&self) -> Self {
            Calls(self.0 + recorded_again(0))
        }
    }
    let scope = hot::scope();
    let mock = hot::mock!(in scope, recorded_again, |_: u64| -> u64 { 10 }, record |n| Calls(*n));
    let mock = mock.unwrap();
    assert_eq!(recorded_again(3), 10);
    let read: Vec<u64> = mock.recorded::<Calls>().iter().map(|record| record.0).collect();
    assert_eq!((read, mock.calls()), (vec![13], 2));
}

#[test]
fn a_condition_that_takes_its_own_mock_off_leaves_the_call_to_what_it_lay_on() {
    let outer = hot::scope();
    hot::mock!(in outer, taken_off, |_: u64| -> u64 { 1 }).unwrap();
    let spied = outer.spy(taken_off).unwrap();
    let inner = hot::scope();
    let own: Arc<std::sync::OnceLock<hot::Mock>> = Arc::default();
    let mock = own.clone();
    let conditional = hot::mock!(
        in inner, taken_off, |_: u64| -> u64 { 2 },
        when move |_| { mock.get().unwrap().remove(); false }
    );
    own.set(conditional.unwrap()).unwrap();
    let newer = inner.spy(taken_off).unwrap();
    assert_eq!(taken_off(7), 1);
    assert_eq!((newer.calls(), spied.calls()), (1, 1));
}
