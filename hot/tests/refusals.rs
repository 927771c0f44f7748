//! The refusals of `#[hot]`, word for word; and that it passes on the compiler's own refusals.
#![cfg(feature = "enabled")]

#[test]
fn refusals() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/refused/*.rs");
    cases.pass("tests/ui/accepted/*.rs");
    if cfg!(feature = "mock") {
        cases.compile_fail("tests/ui/mock/refused/*.rs");
        cases.pass("tests/ui/mock/accepted/*.rs");
    }
}
