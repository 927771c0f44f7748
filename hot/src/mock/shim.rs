//! The shim of a function: what lies in its slot while it is mocked.
//!
//! It has the function's own type, asks [`find`] what to run, and runs it: code of the function's
//! type, or code that takes a word more, through which it finds its closure. The shims are written
//! once, here, for each number of arguments, and beside them what makes the entry of a function with
//! one; the macro names that and gives it the function's body as a witness of the types. So no type
//! of the function's signature is written a second time. The entry is made by one call, since what
//! constants cost the compiler is the calls in them.
//!
//! Which function a shim belongs to is told by a type: that of the function as an item, or that of its
//! body where nobody may name the function. Its ID leads to the point ([`points`](super::points)).

use super::find::find;
use crate::future::RawFuture;
use crate::registry::{BoxPointer, Entry, Mocks, Pointer, SignatureId};
use crate::slot::Slot;
use hot_patch::abi::Kind;
use std::any::TypeId;

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
    ($($name:ident $c_name:ident, $entry:ident $async_entry:ident $c_entry:ident: $($argument:ident $ty:ident),*;)*) => {$(
        #[allow(clippy::too_many_arguments)]
        fn $name<Item: 'static, $($ty,)* R>($($argument: $ty),*) -> R {
            let found = find(const { TypeId::of::<Item>() });
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

        /// The entry of a function of this shape.
        #[allow(clippy::too_many_arguments)]
        pub const fn $entry<Item: 'static, $($ty,)* R>(
            kind: Kind,
            line: u32,
            slot: &'static Slot,
            text: &'static str,
            identity: Option<fn() -> SignatureId>,
            _: &Item,
            body: unsafe fn($($ty),*) -> R,
        ) -> Entry {
            let shim = $name::<Item, $($ty,)* R> as *const ();
            let sizes = <unsafe fn($($ty),*) -> R as Pointer>::SIZES;
            let mocks = Mocks { item: TypeId::of::<Item>(), shim };
            Entry::told(kind, line, slot, body as *const (), text, identity, sizes, mocks)
        }

        /// The same of what boxes the future of an `async fn`.
        #[allow(clippy::too_many_arguments)]
        pub const fn $async_entry<Item: 'static, $($ty,)* R>(
            kind: Kind,
            line: u32,
            slot: &'static Slot,
            text: &'static str,
            identity: Option<fn() -> SignatureId>,
            _: &Item,
            body: unsafe fn($($ty),*) -> RawFuture<R>,
        ) -> Entry {
            let shim = $name::<Item, $($ty,)* RawFuture<R>> as *const ();
            let sizes = <unsafe fn($($ty),*) -> RawFuture<R> as BoxPointer>::SIZES;
            let mocks = Mocks { item: TypeId::of::<Item>(), shim };
            Entry::told(kind, line, slot, body as *const (), text, identity, sizes, mocks)
        }

        /// The same for `extern "C"`.
        #[allow(clippy::too_many_arguments)]
        pub const fn $c_entry<Item: 'static, $($ty,)* R>(
            kind: Kind,
            line: u32,
            slot: &'static Slot,
            text: &'static str,
            identity: Option<fn() -> SignatureId>,
            _: &Item,
            body: unsafe extern "C" fn($($ty),*) -> R,
        ) -> Entry {
            let shim = $c_name::<Item, $($ty,)* R> as *const ();
            let sizes = <unsafe extern "C" fn($($ty),*) -> R as Pointer>::SIZES;
            let mocks = Mocks { item: TypeId::of::<Item>(), shim };
            Entry::told(kind, line, slot, body as *const (), text, identity, sizes, mocks)
        }
    )*};
}

shims! {
    shim_0 shim_c_0, entry_0 entry_async_0 entry_c_0: ;
    shim_1 shim_c_1, entry_1 entry_async_1 entry_c_1: a A;
    shim_2 shim_c_2, entry_2 entry_async_2 entry_c_2: a A, b B;
    shim_3 shim_c_3, entry_3 entry_async_3 entry_c_3: a A, b B, c C;
    shim_4 shim_c_4, entry_4 entry_async_4 entry_c_4: a A, b B, c C, d D;
    shim_5 shim_c_5, entry_5 entry_async_5 entry_c_5: a A, b B, c C, d D, e E;
    shim_6 shim_c_6, entry_6 entry_async_6 entry_c_6: a A, b B, c C, d D, e E, f F;
    shim_7 shim_c_7, entry_7 entry_async_7 entry_c_7: a A, b B, c C, d D, e E, f F, g G;
    shim_8 shim_c_8, entry_8 entry_async_8 entry_c_8: a A, b B, c C, d D, e E, f F, g G, h H;
    shim_9 shim_c_9, entry_9 entry_async_9 entry_c_9: a A, b B, c C, d D, e E, f F, g G, h H, i I;
    shim_10 shim_c_10, entry_10 entry_async_10 entry_c_10: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J;
    shim_11 shim_c_11, entry_11 entry_async_11 entry_c_11: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K;
    shim_12 shim_c_12, entry_12 entry_async_12 entry_c_12: a A, b B, c C, d D, e E, f F, g G, h H, i I, j J, k K, l L;
}
