//! The names, types and bounds that all parts of the expansion share.

use super::closure::Closure;
use super::hygienic::hygienic;
use super::parse::Mock;
use crate::tokens;
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote_spanned;

/// The function's type as it is written, and names for its parts.
pub struct Shape<'a> {
    pub hot: &'a TokenStream,
    pub closure: &'a Closure,
    /// Names of the arguments, each where its type is written, so that a mismatch is shown there.
    pub names: Vec<Ident>,
    /// The lifetimes after `for`, with a comma behind each.
    pub lifetimes: TokenStream,
    /// `for<'a>`, or nothing.
    pub binder: Option<TokenStream>,
    /// The result.
    pub result: TokenStream,
    /// The result as that of a bound: `!` may be a function's, but not a bound's.
    pub bound_result: TokenStream,
    /// `Fn`, or `AsyncFn`.
    pub call: TokenStream,
}

impl<'a> Shape<'a> {
    /// Returns the shape of a mock.
    pub fn of(Mock { hot, closure, .. }: &'a Mock) -> Self {
        let name = |(index, ty): (usize, &TokenStream)| {
            let span = ty.clone().into_iter().next().map_or_else(Span::call_site, |t| t.span());
            let span = span.resolved_at(Span::mixed_site());
            Ident::new(&format!("__hot_argument_{index}"), span)
        };
        let lifetimes = closure.lifetimes();
        let result = closure.output.clone().unwrap_or_else(|| {
            let span = closure.bars[1].resolved_at(Span::call_site());
            quote_spanned!(span=> ())
        });
        Shape {
            hot,
            closure,
            names: closure.types.iter().enumerate().map(name).collect(),
            binder: (!lifetimes.is_empty()).then(|| hygienic!(for<#lifetimes>)),
            lifetimes,
            bound_result: tokens::as_argument(result.clone(), hot),
            result,
            call: match closure.asyncness {
                Some(_) => hygienic!(#hot::core::ops::AsyncFn),
                None => hygienic!(#hot::core::ops::Fn),
            },
        }
    }

    pub fn is_async(&self) -> bool {
        self.closure.asyncness.is_some()
    }

    /// Returns the bound of whatever is called like the function: `for<'a> Fn(&'a Order) -> u64`.
    pub fn bound(&self) -> TokenStream {
        let Shape { binder, call, bound_result, .. } = self;
        let types = &self.closure.types;
        hygienic!(#binder #call(#(#types),*) -> #bound_result)
    }

    /// Returns the type of a pointer to the function.
    pub fn pointer(&self) -> TokenStream {
        let Shape { binder, result, .. } = self;
        let Closure { unsafety, abi, types, .. } = self.closure;
        hygienic!(#binder #unsafety #abi fn(#(#types),*) -> #result)
    }

    /// Returns a call as one of the function.
    // SAFETY (of what is emitted): it is compiled and never run; only its type is asked for.
    pub fn guard(&self, call: TokenStream) -> TokenStream {
        match self.closure.unsafety {
            Some(_) => hygienic!(unsafe { #call }),
            None => call,
        }
    }
}

/// Returns a type with `'_` for its lifetimes, but for `'static`.
pub fn unnamed(ty: &TokenStream) -> TokenStream {
    tokens::rename_lifetimes(ty.clone(), |name| (name != "static").then(|| "_".to_owned()))
}
