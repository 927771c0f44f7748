//! With `HOT_WHY`, calls that came before a mock are told. In a process of its own, for the variable.
#![cfg(feature = "mock")]

use hot::hot;

#[hot]
fn settings() -> u64 {
    7
}

#[hot]
fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[test]
fn calls_before_a_mock_are_told() {
    // SAFETY: this is the only test of the program, and its only thread that asks for variables.
    unsafe { std::env::set_var("HOT_WHY", "1") };
    let scope = hot::scope();
    assert_eq!(
        (settings(), settings(), parsed::<u8>("1"), parsed::<u16>("1")),
        (7, 7, Some(1), Some(1))
    );
    // Another thread's.
    assert_eq!(std::thread::spawn(settings).join().unwrap(), 7);
    let mock = hot::mock!(in scope, settings, || -> u64 { 1 }).unwrap().times(1);
    let instance =
        hot::mock!(in scope, parsed::<u8>, |_: &str| -> Option<u8> { None }).unwrap().times(1);
    let sentence = |mock: &hot::Mock| {
        let sentence = mock.verify().unwrap_err().to_string();
        sentence.split(" (mocked at ").next().unwrap().to_owned()
    };
    assert_eq!(
        sentence(&mock),
        "`mock_why/settings` was to be called once and was never called; before it was mocked this \
         thread called it twice"
    );
    assert!(sentence(&instance).ends_with("before it was mocked this thread called it once"));
    assert_eq!((settings(), parsed::<u8>("1")), (1, None));
}
