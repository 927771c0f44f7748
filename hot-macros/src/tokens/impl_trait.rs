//! `impl Trait` in the types of arguments, written as a type parameter.

use super::walk::{Depth, is_punct, regroup};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;

/// Replaces each `impl Bounds` by a type parameter that `parameter` makes of its bounds.
pub fn name_impls(
    tokens: TokenStream,
    parameter: &mut dyn FnMut(TokenStream) -> Ident,
) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "impl" => {
                let mut depth = Depth::default();
                let mut bounds = TokenStream::new();
                while let Some(token) = tokens.peek() {
                    let ends = |mark| is_punct(Some(token), mark);
                    let ends = depth.depth == 0 && (ends(',') || ends(';'));
                    if ends || !depth.step(token) {
                        break;
                    }
                    bounds.extend(tokens.next());
                }
                let bounds = name_impls(bounds, parameter);
                parameter(bounds).to_tokens(&mut out);
            }
            TokenTree::Group(group) => {
                let stream = name_impls(group.stream(), parameter);
                out.extend([TokenTree::Group(regroup(&group, stream))]);
            }
            other => out.extend([other]),
        }
    }
    out
}
