//! The call that puts a mock on.

use super::hygienic::hygienic;
use super::parse::{Function, Mock};
use proc_macro2::TokenStream;
use quote::quote;

/// Returns the call, which gives what the macro gives.
// SAFETY (of what is emitted): `__hot_typed` was made for the item, or is compared by its name,
// and the type in `__hot_exact` is the item's. What the user has written stands outside.
pub fn install(Mock { hot, scope, function, .. }: &Mock) -> TokenStream {
    let viewer = viewer(hot);
    match (function, scope) {
        (Function::Item { .. }, Some(scope)) => hygienic! {
            match &(#scope) {
                __hot_scope => unsafe {
                    __hot_scope.__put(
                        #hot::Item::of(&__hot_item), __hot_typed, __hot_exact
                    )
                },
            }
        },
        (Function::Item { .. }, None) => hygienic! {
            unsafe {
                #hot::put_closure(
                    #hot::Item::of(&__hot_item), __hot_typed, __hot_exact
                )
            }
        },
        (Function::Named(name), Some(scope)) => hygienic! {
            match (&(#scope), #name) {
                (__hot_scope, __hot_name) => unsafe {
                    __hot_scope.__put_by_name(__hot_name, #viewer, __hot_typed)
                },
            }
        },
        (Function::Named(name), None) => hygienic! {
            match #name {
                __hot_name => unsafe {
                    #hot::put_closure_by_name(__hot_name, #viewer, __hot_typed)
                },
            }
        },
    }
}

/// Returns where the macro stands, for the registry to know what can be named there.
pub fn viewer(hot: &TokenStream) -> TokenStream {
    let id = crate::crate_id::id();
    // SAFETY (of what is emitted): it is the module, and the number that entries of this crate
    // have.
    quote!(unsafe { #hot::Viewer::new(#hot::core::module_path!(), #id) })
}
