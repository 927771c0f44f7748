//! Attributes and visibility on hot functions mean what they meant. With `unsafe` code, missing
//! docs and warnings forbidden, as in a strict user's crate.
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unused_must_use, deprecated, clippy::all, clippy::pedantic)]
#![allow(clippy::must_use_candidate, clippy::inline_always, clippy::used_underscore_binding)]

use hot::hot;

/// Visible from outside, documented.
pub mod outer {
    use hot::hot;

    /// Of the crate.
    #[hot]
    pub(crate) fn restricted() -> u8 {
        inner::up()
    }

    mod inner {
        #[hot::hot]
        pub(super) fn up() -> u8 {
            1
        }
    }

    /// Documented struct.
    #[derive(Clone, Copy)]
    pub struct Thing;

    #[hot]
    impl Thing {
        /// Documented method.
        #[must_use = "it is all there is"]
        pub fn value(self) -> u8 {
            self.hidden()
        }

        fn hidden(self) -> u8 {
            let Thing = self;
            2
        }

        /// Kept or not, by configuration.
        #[cfg(any())]
        pub fn gone(self) -> Gone {}

        /// Kept or not, by configuration.
        #[cfg_attr(all(), cfg(any()), must_use)]
        pub fn gone_too(self) -> Gone {}

        /// With lint levels of its own.
        #[allow(clippy::unused_self, unused_variables, clippy::needless_pass_by_value)]
        pub fn lenient(self, text: String, unused: u8) -> u8 {
            3
        }

        /// An expectation that one piece fulfils.
        #[expect(clippy::unused_self)]
        pub(crate) fn expecting(self) -> u8 {
            4
        }
    }
}

#[hot]
#[must_use]
fn kept() -> u8 {
    5
}

#[hot]
#[deprecated = "for the test"]
fn old() -> u8 {
    6
}

#[hot]
#[inline(always)]
fn inlined(#[allow(unused_variables)] argument: u8) -> u8 {
    7
}

#[hot]
#[cfg(any())]
fn configured_out() -> Missing {}

#[cfg(any())]
#[hot]
fn configured_out() -> Missing {}

#[hot]
#[cfg(test)]
fn configured_out() -> u8 {
    8
}

#[hot]
#[allow(unused_variables)]
fn lenient(a: u8, b: u8) -> u8 {
    let c = 1;
    9
}

/// Marks the functions that an attribute macro after `#[hot]` has seen.
#[hot]
#[doc = include_str!("ui/about.md")]
#[test]
fn a_test_can_be_hot() {
    assert_eq!(kept(), 5);
}

#[test]
#[allow(deprecated)]
fn attributes() {
    use outer::Thing;
    assert_eq!((outer::restricted(), Thing.value(), kept(), old()), (1, 2, 5, 6));
    assert_eq!((Thing.lenient(String::new(), 1), Thing.expecting()), (3, 4));
    assert_eq!((inlined(0), configured_out(), lenient(0, 0)), (7, 8, 9));
}
