//! Which attribute goes to which piece.
//!
//! A function becomes several items. `cfg` and lint levels hold for every one of them; `inline`
//! for none (the trampoline is always inline, the body is called through a pointer); all others,
//! doc comments and attribute macros included, go on the trampoline, which is what the rest of
//! the program sees. `cfg_attr` is taken apart, so that each attribute in it goes its own way.

use crate::arguments::Arguments;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Meta, Result, Token};

/// The attributes of an item, sorted.
#[derive(Default)]
pub struct Sorted {
    /// For every piece.
    pub every: TokenStream,
    /// For the trampoline alone, or the impl block as the program sees it.
    pub trampoline: TokenStream,
    /// `#[hot(skip)]` is among them.
    pub skip: bool,
    /// The symbol has a name that the outside knows.
    pub exported: bool,
    /// The first one that a hot function cannot carry.
    pub refusal: Option<Error>,
}

/// Sorts the attributes of an item.
pub fn sort(attributes: &[Attribute], arguments: &Arguments) -> Result<Sorted> {
    let mut sorted = Sorted::default();
    for attribute in attributes {
        place(&attribute.meta, &[], arguments, &mut sorted)?;
    }
    Ok(sorted)
}

fn place(
    meta: &Meta,
    conditions: &[TokenStream],
    arguments: &Arguments,
    sorted: &mut Sorted,
) -> Result<()> {
    let path = meta.path();
    let mut word = path.segments.last().map(|s| s.ident.unraw().to_string()).unwrap_or_default();
    if let ("unsafe", Meta::List(list)) = (word.as_str(), meta) {
        // `#[unsafe(no_mangle)]`: the name is inside.
        word = list.tokens.clone().into_iter().next().map(|t| t.to_string()).unwrap_or_default();
    }
    if arguments.is_hot(path) {
        sorted.skip |= arguments.is_skip(meta);
        return Ok(());
    }
    if path.segments.len() > 1 {
        sorted.trampoline.extend(write(meta, conditions));
        return Ok(());
    }
    match word.as_str() {
        "cfg_attr" => {
            let (condition, inner) = parse_cfg_attr(meta)?;
            let mut conditions = conditions.to_vec();
            conditions.push(condition);
            for meta in &inner {
                place(meta, &conditions, arguments, sorted)?;
            }
        }
        "cfg" | "allow" | "warn" | "deny" | "forbid" => {
            sorted.every.extend(write(meta, conditions))
        }
        // Which piece would fulfil the expectation differs from lint to lint.
        "expect" => {
            let allow = syn::parse2(expect_as_allow(meta))?;
            sorted.every.extend(write(&allow, conditions));
        }
        "inline" => {}
        "track_caller" | "target_feature" | "naked" => {
            sorted.refusal.get_or_insert_with(|| refusal(&word, meta));
        }
        "no_mangle" | "export_name" => {
            sorted.exported = true;
            sorted.trampoline.extend(write(meta, conditions));
        }
        _ => sorted.trampoline.extend(write(meta, conditions)),
    }
    Ok(())
}

fn write(meta: &Meta, conditions: &[TokenStream]) -> TokenStream {
    let attribute = conditions
        .iter()
        .rev()
        .fold(meta.to_token_stream(), |inner, condition| quote!(cfg_attr(#condition, #inner)));
    quote!(#[#attribute])
}

fn parse_cfg_attr(meta: &Meta) -> Result<(TokenStream, Punctuated<Meta, Token![,]>)> {
    let parse = |input: ParseStream| {
        let condition = crate::tokens::take_until(input, |input| input.peek(Token![,]))?;
        input.parse::<Option<Token![,]>>()?;
        Ok((condition, Punctuated::parse_terminated(input)?))
    };
    parse.parse2(meta.require_list()?.tokens.clone())
}

fn expect_as_allow(meta: &Meta) -> TokenStream {
    match meta {
        Meta::List(list) => {
            let lints = &list.tokens;
            quote!(allow(#lints))
        }
        other => other.to_token_stream(),
    }
}

fn refusal(word: &str, meta: &Meta) -> Error {
    let message = match word {
        "track_caller" => {
            "a `#[track_caller]` function cannot be `#[hot]`, since a call through a pointer does \
             not tell its place: take the attribute off, or pass \
             `std::panic::Location::caller()` to a `#[hot]` function"
        }
        "target_feature" => {
            "a `#[target_feature]` function cannot be `#[hot]`, since its pointer has another \
             type: make the function that calls it `#[hot]`"
        }
        _ => {
            "a `#[naked]` function cannot be `#[hot]`, since it has no Rust body that a \
             trampoline could call: make the function that calls it `#[hot]`"
        }
    };
    Error::new_spanned(meta, message)
}
