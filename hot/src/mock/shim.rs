//! The shim of a function: what lies in its slot while it is mocked.
//!
//! It has the function's own type, asks [`find`] what to run, and runs it: code of the function's
//! type, or code that takes a word more, through which it finds its closure. The shims are written
//! once, here, for each number of arguments; the macro names one and gives it the function's body as
//! a witness of the types. So they cost a build one instance of a generic function each, and no type
//! of the function's signature is written a second time.
//!
//! Which function a shim belongs to is told by a marker type that the macro makes: its constant is a
//! reference to the function's point.

use super::find::find;
use crate::slot::Point;
#[cfg(not(hot_loom))]
use crate::slot::Slot;

/// Tells a shim which function it belongs to.
pub trait Mark {
    /// The function's point.
    const POINT: &'static Point;
}

/// What to run, for one call.
pub struct Found {
    /// Code of the function's type; with `data`, of that type with `data` as a first argument.
    pub code: *const (),
    /// Null, or what `code` must be called with, exactly once.
    pub data: *const (),
}

impl Found {
    /// Code of the function's own type.
    #[inline]
    pub fn plain(code: *const ()) -> Found {
        Found { code, data: std::ptr::null() }
    }
}

macro_rules! shims {
    ($($name:ident $point:ident, $c_name:ident $c_point:ident: $($argument:ident $ty:ident),*;)*) => {$(
        #[allow(clippy::too_many_arguments)]
        #[cfg_attr(hot_loom, allow(dead_code))]
        fn $name<M: Mark, $($ty,)* R>($($argument: $ty),*) -> R {
            let found = find(M::POINT);
            // SAFETY: `find` answers code of the function's type, which is that of this shim but for
            // `unsafe`, whose promise the caller has made; or, with data, code of that type with the
            // data before all other arguments, which is called with it this once.
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
        #[cfg_attr(hot_loom, allow(dead_code))]
        extern "C" fn $c_name<M: Mark, $($ty,)* R>($($argument: $ty),*) -> R {
            let found = find(M::POINT);
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

        /// The point of a function of this shape.
        #[cfg(not(hot_loom))]
        pub const fn $point<M: Mark, $($ty,)* R>(
            _: &M, slot: &'static Slot, _: unsafe fn($($ty),*) -> R,
        ) -> Point {
            Point::new(slot, $name::<M, $($ty,)* R> as *const ())
        }

        /// The same for `extern "C"`.
        #[cfg(not(hot_loom))]
        pub const fn $c_point<M: Mark, $($ty,)* R>(
            _: &M, slot: &'static Slot, _: unsafe extern "C" fn($($ty),*) -> R,
        ) -> Point {
            Point::new(slot, $c_name::<M, $($ty,)* R> as *const ())
        }
    )*};
}

shims! {
    shim_0 point_0, shim_c_0 point_c_0: ;
    shim_1 point_1, shim_c_1 point_c_1: a A;
    shim_2 point_2, shim_c_2 point_c_2: a A, b B;
    shim_3 point_3, shim_c_3 point_c_3: a A, b B, c C;
    shim_4 point_4, shim_c_4 point_c_4: a A, b B, c C, d D;
    shim_5 point_5, shim_c_5 point_c_5: a A, b B, c C, d D, e E;
    shim_6 point_6, shim_c_6 point_c_6: a A, b B, c C, d D, e E, f F;
    shim_7 point_7, shim_c_7 point_c_7: a A, b B, c C, d D, e E, f F, g G;
    shim_8 point_8, shim_c_8 point_c_8: a A, b B, c C, d D, e E, f F, g G, h H;
    shim_9 point_9, shim_c_9 point_c_9: a A, b B, c C, d D, e E, f F, g G, h H, i I;
    shim_10 point_10, shim_c_10 point_c_10: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J;
    shim_11 point_11, shim_c_11 point_c_11: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K;
    shim_12 point_12, shim_c_12 point_c_12: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K, l L;
}
