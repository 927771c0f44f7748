//! The closure as it is handed on; the futures of an `async` one are compared with the function's.

use super::hygienic::hygienic;
use super::shape::{Shape, unnamed};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote_spanned};

/// The closure, and what stands before it is handed on.
pub struct Prepared {
    pub statements: TokenStream,
    pub closure: TokenStream,
}

/// Returns the closure without its types, which follow from the bound. One that is `async` is
/// looked at first; its types come from a bound all the same.
pub fn prepare(shape: &Shape<'_>, by_path: bool) -> Prepared {
    let closure = shape.closure;
    let (asyncness, capture) = (&closure.asyncness, &closure.capture);
    let (patterns, body) = (&closure.patterns, &closure.body);
    let [open, close] = closure.bars;
    let (open, close) = (quote_spanned!(open=> |), quote_spanned!(close=> |));
    let closure = hygienic!(#asyncness #capture #open #(#patterns),* #close #body);
    if !shape.is_async() {
        return Prepared { statements: TokenStream::new(), closure };
    }
    let (bound, compare) = (shape.bound(), compare(shape, by_path));
    let statements = hygienic! {
        fn __hot_expect<__HotC: #bound>(c: __HotC) -> __HotC {
            c
        }
        let __hot_closure = __hot_expect(#closure);
        if false {
            #compare
        }
    };
    Prepared { statements, closure: hygienic!(__hot_closure) }
}

/// Returns what asks of the closure's future that it is `Send` where the function's is; by name,
/// where the function is not known, that it is.
fn compare(shape: &Shape<'_>, by_path: bool) -> TokenStream {
    let (hot, names) = (shape.hot, &shape.names);
    let general: Vec<TokenStream> = shape.closure.types.iter().map(unnamed).collect();
    let more: Vec<Ident> = names.iter().map(|name| format_ident!("{name}_too")).collect();
    if !by_path {
        return hygienic! {
            let _ = |#(#more: #general),*| {
                fn __hot_send<T: #hot::core::marker::Send>(_: &T) {}
                __hot_send(&__hot_closure(#(#more),*))
            };
        };
    }
    // By the item: the path could mean another thing beside these arguments.
    let call = shape.guard(hygienic!(__hot_item(#(#names),*)));
    hygienic! {
        let _ = |#(#names: #general,)* #(#more: #general),*| {
            #[allow(unused_imports)]
            use #hot::{LikeAny as _, LikeSend as _};
            #hot::Own::of(&#call).like(&__hot_closure(#(#more),*))
        };
    }
}
