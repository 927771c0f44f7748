//! Lifetimes that a type may have without showing them.

use crate::tokens;
use proc_macro2::{TokenStream, TokenTree};

/// Types that are known to have no lifetime of their own.
const PLAIN: &[&str] = &[
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64", "str", "String", "Result", "Self", "mut", "const",
];

/// Types that have no lifetime of their own, and parameters: without these it is another type.
const PLAIN_OF: &[&str] = &["Option", "Vec", "Box"];

/// Reports whether a type may have a lifetime, written or left out.
pub fn may_have_lifetime(ty: &TokenStream) -> bool {
    tokens::has_elided(ty) || may_hide_lifetime(ty) || !tokens::lifetimes(ty).is_empty()
}

/// Reports whether a path in it may stand for a type with a lifetime that is not written.
pub fn may_hide_lifetime(ty: &TokenStream) -> bool {
    // The name of a lifetime that is written hides none; nor does a path that has lifetimes
    // written, a module, or a type that the impl block defines.
    let tokens: Vec<TokenTree> = ty.clone().into_iter().collect();
    let is = |at: usize, mark: char| match tokens.get(at) {
        Some(TokenTree::Punct(punct)) => punct.as_char() == mark,
        _ => false,
    };
    let of_self = |at: usize| {
        let is_self = |at: usize| tokens.get(at).is_some_and(|token| token.to_string() == "Self");
        is(at.wrapping_sub(1), ':') && is_self(at.wrapping_sub(3))
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(word) => {
            let word = word.to_string();
            let spared = is(at.wrapping_sub(1), '\'')
                || is(at + 1, '<') && is(at + 2, '\'')
                || is(at + 1, ':') && is(at + 2, ':')
                || of_self(at)
                || PLAIN.contains(&word.as_str())
                || PLAIN_OF.contains(&word.as_str()) && is(at + 1, '<');
            !spared
        }
        TokenTree::Group(group) => may_hide_lifetime(&group.stream()),
        _ => false,
    })
}
