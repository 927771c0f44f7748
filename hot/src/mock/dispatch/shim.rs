//! The shim of a function: what lies in its slot while it is mocked.
//!
//! It has the function's own type, asks [`find`] what to run, and runs it: code of the function's
//! type, or code that takes a word more, through which it finds its closure. The shims are written
//! once, here, for each number of arguments; the macro names one and gives it the function's body
//! as a witness of the types. So they cost a build one instance of a generic function each, and no
//! type of the function's signature is written a second time.
//!
//! A type identifies the function of a shim: that of the function as an item, or that of
//! its body where nobody may name the function. Its ID leads to the site
//! ([`table`](crate::mock::site::table)).

use super::search::find;
use crate::registry::Mocks;
use std::any::TypeId;

macro_rules! shims {
    ($($name:ident $mocks:ident, $c_name:ident $c_mocks:ident: $($argument:ident $ty:ident),*;)*) => {$(
        #[allow(clippy::too_many_arguments)]
        fn $name<Item: 'static, $($ty,)* R>($($argument: $ty),*) -> R {
            let found = find(const { TypeId::of::<Item>() });
            // SAFETY: `find` answers code of the function's type, which is that of this shim but
            // for `unsafe`, whose promise the caller has made; or, with data, code of that type
            // with the data before all other arguments, which is called with it this once.
            unsafe {
                if found.data.is_null() {
                    let code: fn($($ty),*) -> R = std::mem::transmute(found.code);
                    code($($argument),*)
                } else {
                    let code: fn(*const (), $($ty),*) -> R = std::mem::transmute(found.code);
                    code(found.data, $($argument),*)
                }
            }
        }

        #[allow(clippy::too_many_arguments)]
        extern "C" fn $c_name<Item: 'static, $($ty,)* R>($($argument: $ty),*) -> R {
            let found = find(const { TypeId::of::<Item>() });
            // SAFETY: as above. The closure's code has the ABI of Rust.
            unsafe {
                if found.data.is_null() {
                    let code: extern "C" fn($($ty),*) -> R = std::mem::transmute(found.code);
                    code($($argument),*)
                } else {
                    let code: fn(*const (), $($ty),*) -> R = std::mem::transmute(found.code);
                    code(found.data, $($argument),*)
                }
            }
        }

        /// Returns what mocks need of a function of this shape.
        pub const fn $mocks<Item: 'static, $($ty,)* R>(
            _: &Item, _: unsafe fn($($ty),*) -> R,
        ) -> Mocks {
            Mocks { item: TypeId::of::<Item>(), shim: $name::<Item, $($ty,)* R> as *const () }
        }

        /// Returns the same for `extern "C"`.
        pub const fn $c_mocks<Item: 'static, $($ty,)* R>(
            _: &Item, _: unsafe extern "C" fn($($ty),*) -> R,
        ) -> Mocks {
            Mocks { item: TypeId::of::<Item>(), shim: $c_name::<Item, $($ty,)* R> as *const () }
        }
    )*};
}

shims! {
    shim_0 mocks_0, shim_c_0 mocks_c_0: ;
    shim_1 mocks_1, shim_c_1 mocks_c_1: a A;
    shim_2 mocks_2, shim_c_2 mocks_c_2: a A, b B;
    shim_3 mocks_3, shim_c_3 mocks_c_3: a A, b B, c C;
    shim_4 mocks_4, shim_c_4 mocks_c_4: a A, b B, c C, d D;
    shim_5 mocks_5, shim_c_5 mocks_c_5: a A, b B, c C, d D, e E;
    shim_6 mocks_6, shim_c_6 mocks_c_6: a A, b B, c C, d D, e E, f F;
    shim_7 mocks_7, shim_c_7 mocks_c_7: a A, b B, c C, d D, e E, f F, g G;
    shim_8 mocks_8, shim_c_8 mocks_c_8: a A, b B, c C, d D, e E, f F, g G, h H;
    shim_9 mocks_9, shim_c_9 mocks_c_9: a A, b B, c C, d D, e E, f F, g G, h H, i I;
    shim_10 mocks_10, shim_c_10 mocks_c_10: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J;
    shim_11 mocks_11, shim_c_11 mocks_c_11: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K;
    shim_12 mocks_12, shim_c_12 mocks_c_12: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K, l L;
}
