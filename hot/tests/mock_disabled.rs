//! Without the feature `enabled` or `mock`, whatever asks for a mock compiles, and is answered so.
#![cfg(not(feature = "mock"))]

use hot::{Error, hot};

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[hot]
async fn fetch(id: u64) -> u64 {
    id
}

#[test]
fn every_way_says_so() {
    let says = |error: Error| {
        let text = error.to_string();
        let feature = if cfg!(feature = "enabled") { "`mock`" } else { "`enabled`" };
        assert!(text.contains("built without its feature") && text.contains(feature), "{text}");
        assert_eq!(matches!(error, Error::NotInstrumented { .. }), !cfg!(feature = "enabled"));
    };
    let name = "mock_disabled/price";
    says(hot::mock(price, (|n| n) as fn(u64) -> u64).unwrap_err());
    says(hot::mock_by_name(name, (|n| n) as fn(u64) -> u64).unwrap_err());
    says(hot::mock!(price, |_: u64| -> u64 { 1 }).unwrap_err());
    says(hot::mock_by_name!(name, |_: u64| -> u64 { 1 }).unwrap_err());
    says(hot::get_mock_for(price).unwrap_err());
    says(hot::reset(price).unwrap_err());
    says(hot::reset_by_name(name).unwrap_err());
    says(hot::call_original(price, (1,)).unwrap_err());
    says(hot::call_original_by_name!(name, fn(u64) -> u64, 1).unwrap_err());
    says(hot::forbid("mock_disabled/*").unwrap_err());
    let scope = hot::scope();
    says(scope.spy(price).unwrap_err());
    says(scope.forbid("*").unwrap_err());
    says(hot::mock!(in scope, parse::<u8>, |_: &str| -> Option<u8> { None }).unwrap_err());
    says(hot::mock!(in scope, fetch, async |id: u64| -> u64 { id }).unwrap_err());
    scope.with(|local| says(hot::mock!(in local, price, |_: u64| -> u64 { 1 }).unwrap_err()));
    assert_eq!(hot::reset_all().is_err(), !cfg!(feature = "enabled"));
    assert_eq!((price(1), parse::<u8>("1")), (3, Some(1)));
    drop(fetch(1));
}
