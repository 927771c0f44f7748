//! Without the feature `enabled`, `#[hot]` leaves everything as written and nothing is registered.
#![cfg(not(feature = "enabled"))]

use hot::{Error, hot};

#[hot]
const fn constant() -> u8 {
    1
}

#[hot]
async fn fetch(id: u64) -> u64 {
    id
}

struct Cart;

#[hot]
impl Cart {
    #[hot(skip)]
    fn skipped(&self) -> u8 {
        2
    }

    #[track_caller]
    fn place(&self) -> &'static std::panic::Location<'static> {
        std::panic::Location::caller()
    }
}

#[hot]
mod inner {
    pub fn inside() -> u8 {
        3
    }

    // The name is not in scope here, and need not be.
    #[hot(skip)]
    pub fn skipped() -> u8 {
        4
    }
}

#[test]
fn as_written() {
    const CONSTANT: u8 = constant();
    assert_eq!((CONSTANT, Cart.skipped(), inner::inside(), inner::skipped()), (1, 2, 3, 4));
    assert_eq!(Cart.place().line(), line!());
    // Nothing is boxed.
    assert!(size_of_val(&fetch(1)) <= 24);
}

#[test]
fn nothing_is_registered() {
    assert!(hot::functions().is_empty());
    let error = hot::__private::slot_for_test("disabled/fetch").unwrap_err();
    assert!(matches!(error, Error::NotInstrumented { .. }));
    assert!(error.to_string().contains("without its feature `enabled`"));
}
