//! What is expected of mocks, and how a test learns that it was not met.

use super::*;

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
        .args(["--exact", "--nocapture", "expected::a_test_that_fails_by_itself"])
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
