//! `call_original_by_name!` and `forbid!`, which write no code of a mock.

use super::hygienic::hygienic;
use super::install::viewer;
use super::parse::{parse_runtime, take_scope};
use crate::tokens::take_until;
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Result, Token};

/// Expands `call_original_by_name!`.
pub fn expand_original(tokens: TokenStream) -> Result<TokenStream> {
    let parse = |input: ParseStream| {
        let hot = parse_runtime(input)?;
        let name = take_until(input, |input| input.peek(Token![,]))?;
        input.parse::<Token![,]>()?;
        let ty = take_until(input, |input| input.peek(Token![,]))?;
        input.parse::<Option<Token![,]>>()?;
        let arguments: TokenStream = input.parse()?;
        // The call stands outside of the closure, so that an unsafe function asks for `unsafe`.
        let viewer = viewer(&hot);
        Ok(hygienic! {
            match #hot::original_by_name::<#ty>(#name, #viewer) {
                #hot::core::result::Result::Ok(__hot_original) => {
                    #hot::core::result::Result::Ok(__hot_original(#arguments))
                }
                #hot::core::result::Result::Err(__hot_error) => {
                    #hot::core::result::Result::Err(__hot_error)
                }
            }
        })
    };
    parse.parse2(tokens)
}

/// Expands `forbid!`.
pub fn expand_forbid(tokens: TokenStream) -> Result<TokenStream> {
    let parse = |input: ParseStream| {
        let hot = parse_runtime(input)?;
        let scope = take_scope(input)?;
        let pattern: TokenStream = input.parse()?;
        let viewer = viewer(&hot);
        Ok(match scope {
            Some(scope) => quote!((#scope).__forbid(#pattern, #viewer)),
            None => quote!(#hot::forbid_from(#pattern, #viewer)),
        })
    };
    parse.parse2(tokens)
}
