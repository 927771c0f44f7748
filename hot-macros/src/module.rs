//! `#[hot]` on an inline module: everything inside that can be hot.
//!
//! The attribute is handed on to each function, impl block and inline module in there; all else is
//! copied. Since it is not written on those items, whatever cannot be hot stays as written without
//! a word: `const fn`, declarations, `#[track_caller]` and its like. So do functions that a test
//! harness calls, and items that carry `#[hot(skip)]`.

use crate::arguments::Arguments;
use crate::signature::starts_function;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, Ident, Result, Token, Visibility, braced};

/// Expands a module, from `mod` on.
pub fn expand(
    attributes: Vec<Attribute>,
    visibility: Visibility,
    input: ParseStream,
    arguments: &Arguments,
) -> Result<TokenStream> {
    let attributes = attributes.into_iter().filter(|a| !arguments.is_skip(&a.meta));
    let module: Token![mod] = input.parse()?;
    let name: Ident = input.parse()?;
    if input.peek(Token![;]) {
        return Err(Error::new_spanned(
            name,
            "`#[hot]` cannot see into a module that stands in another file: put it on the items \
             of that file",
        ));
    }
    let content;
    braced!(content in input);
    let inner = content.call(Attribute::parse_inner)?;
    let mark_items = |content: ParseStream| {
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(mark_item(content, arguments)?);
        }
        Ok(items)
    };
    let items = mark_items.parse2(crate::tokens::ungroup_items(content.parse()?))?;
    Ok(quote!(#(#attributes)* #visibility #module #name { #(#inner)* #(#items)* }))
}

/// One item, with the attribute where it belongs.
fn mark_item(input: ParseStream, arguments: &Arguments) -> Result<TokenStream> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility: Visibility = input.parse()?;
    let function = starts_function(input);
    let block = input.peek(Token![impl]) || input.peek(Token![unsafe]) && input.peek2(Token![impl]);
    let module = input.peek(Token![mod]);
    // These end at their semicolon, whatever braces come before.
    let by_semicolon = !function
        && [
            input.peek(Token![use]),
            input.peek(Token![const]),
            input.peek(Token![static]),
            input.peek(Token![type]),
            input.peek(Token![extern]) && input.peek2(Token![crate]),
        ]
        .contains(&true);
    let rest = take_item(input, by_semicolon)?;

    let is_hot = |attribute: &Attribute| arguments.is_hot(attribute.path());
    let marked = attributes.iter().any(is_hot) || attributes.iter().any(is_of_harness);
    let attributes = attributes.iter().filter(|a| !arguments.is_skip(&a.meta));
    let inline = rest.clone().into_iter().last().is_some_and(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    let mark =
        ((function || block || module) && inline && !marked).then(|| arguments.within_module());
    Ok(quote!(#mark #(#attributes)* #visibility #rest))
}

/// Returns the rest of an item, up to its semicolon or its braces.
fn take_item(input: ParseStream, by_semicolon: bool) -> Result<TokenStream> {
    let ends = |input: ParseStream| {
        input.peek(Token![;]) || !by_semicolon && input.peek(syn::token::Brace)
    };
    // A value may hold a lone `<`: angle brackets are not counted there.
    let mut item =
        if by_semicolon { TokenStream::new() } else { crate::tokens::take_until(input, ends)? };
    while !ends(input) {
        item.extend([input.parse::<TokenTree>()?]);
    }
    item.extend([input.parse::<TokenTree>()?]);
    Ok(item)
}

/// `#[test]`, `#[tokio::test]`, `#[bench]`: called by the harness alone.
fn is_of_harness(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|segment| segment.ident == "test" || segment.ident == "bench")
}
