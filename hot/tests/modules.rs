//! `#[hot]` on inline modules: everything inside that can be hot is.
#![cfg(feature = "enabled")]

mod support;

use hot::hot;
use support::replaced;

/// Documented.
#[hot]
#[allow(dead_code, clippy::mixed_attributes_style)]
mod shop {
    //! Inner documentation.
    #![allow(unused_imports)]

    use std::fmt::{self, Display};

    pub const LIMIT: usize = if 1 < 2 { 10 } else { 20 };
    pub static RATE: u64 = 3;

    pub struct Cart {
        pub lines: Vec<u64>,
    }

    pub struct Pair(pub u8, pub u8);
    pub struct Unit;
    pub struct Sized<const N: usize = { 1 + 1 }>([u8; N]);

    #[derive(Debug, Clone, Copy, PartialEq)]
    pub enum Kind {
        A { a: u8 },
        B,
    }

    pub type Lines = Vec<u64>;

    macro_rules! twice {
        ($value:expr) => {
            $value + $value
        };
    }

    pub trait Total {
        fn total(&self) -> u64 {
            0
        }
    }

    unsafe extern "C" {
        fn abs(n: i32) -> i32;
    }

    impl Total for Unit {}

    impl Total for Cart {
        fn total(&self) -> u64 {
            self.lines.iter().sum::<u64>() * RATE
        }
    }

    impl Cart {
        pub const fn empty() -> Self {
            Cart { lines: Vec::new() }
        }

        pub fn len(&self) -> usize {
            self.lines.len().min(LIMIT)
        }

        #[track_caller]
        pub fn place() -> &'static std::panic::Location<'static> {
            std::panic::Location::caller()
        }
    }

    pub fn price(n: u64) -> u64 {
        twice!(n)
    }

    pub const fn fixed() -> u64 {
        5
    }

    #[hot::hot(skip)]
    pub fn left_out() -> u64 {
        6
    }

    pub fn absolute(n: i32) -> i32 {
        // SAFETY: any number but the smallest has an absolute value.
        unsafe { abs(n) }
    }

    pub mod deep {
        use super::Kind;

        pub fn kind() -> Kind {
            Kind::A { a: 1 }
        }

        #[hot(skip)]
        pub mod not {
            pub fn here() -> u8 {
                1
            }
        }
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn stays_a_test() {
            assert_eq!(super::price(2), 4);
        }
    }
}

use shop::*;

#[test]
fn what_is_inside_is_hot() {
    fn price(n: u64) -> u64 {
        n + 100
    }
    fn total(_: &Cart) -> u64 {
        1
    }
    fn kind() -> Kind {
        Kind::B
    }
    let cart = Cart { lines: vec![1, 2] };
    assert_eq!((price_of(1), cart.total(), cart.len(), absolute(-3)), (2, 9, 2, 3));
    assert_eq!((Unit.total(), Cart::empty().len(), fixed() + left_out()), (0, 0, 11));
    assert_eq!(deep::kind(), Kind::A { a: 1 });
    assert_eq!(deep::not::here(), 1);
    assert_eq!(Cart::place().file(), file!());
    replaced!("modules/shop/price", price as fn(u64) -> u64, {
        assert_eq!(price_of(1), 101);
    });
    replaced!("modules/shop/*Cart.Total.total", total as fn(&Cart) -> u64, {
        assert_eq!(cart.total(), 1);
    });
    replaced!("modules/shop/deep/kind", kind as fn() -> Kind, {
        assert_eq!(deep::kind(), Kind::B);
    });
}

fn price_of(n: u64) -> u64 {
    shop::price(n)
}

#[test]
fn what_is_registered() {
    let names: Vec<String> = hot::functions().iter().map(|f| f.name().to_owned()).collect();
    assert_eq!(
        names,
        [
            "modules/shop/*Cart.Total.total",
            "modules/shop/*Cart.len",
            "modules/shop/absolute",
            "modules/shop/deep/kind",
            "modules/shop/price",
        ]
    );
}
