//! `Self` in a type, written as something else.

use super::walk::{is_punct, regroup, split_expression};
use proc_macro2::{Spacing, TokenStream, TokenTree};
use quote::quote;

/// Writes `alone` for `Self`, and `before_path` for the `Self` of `Self::Item`.
pub fn replace_self(
    tokens: TokenStream,
    alone: &TokenStream,
    before_path: &TokenStream,
) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                // `Self:` alone is a bound, `Self::` a path; both begin with a colon.
                let path = matches!(tokens.peek(), Some(TokenTree::Punct(p))
                    if p.as_char() == ':' && p.spacing() == Spacing::Joint);
                out.extend(if path { before_path.clone() } else { alone.clone() });
            }
            TokenTree::Group(group) => {
                // In an expression `Self` may not stand for a parameter, as it does in a trait.
                let (types, expression) = split_expression(&group);
                let mut stream = replace_self(types, alone, before_path);
                stream.extend(replace_self(expression, alone, &quote!(<#alone>)));
                out.extend([TokenTree::Group(regroup(&group, stream))]);
            }
            other => out.extend([other]),
        }
    }
    out
}

/// Writes `with` for each occurrence of a type, found by its tokens.
pub fn replace_all(tokens: TokenStream, ty: &TokenStream, with: &TokenStream) -> TokenStream {
    let texts = |tokens: &[TokenTree]| tokens.iter().map(TokenTree::to_string).collect::<Vec<_>>();
    let sought = texts(&ty.clone().into_iter().collect::<Vec<_>>());
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut out = TokenStream::new();
    let mut rest = tokens.as_slice();
    while let [first, after @ ..] = rest {
        // Not a part of another path.
        let within = tokens.len().checked_sub(rest.len() + 1).and_then(|at| tokens.get(at));
        let goes_on = rest.get(sought.len());
        let whole = ![within, goes_on].iter().any(|t| is_punct(*t, ':')) && !is_punct(goes_on, '<');
        let found = rest.get(..sought.len()).is_some_and(|part| texts(part) == sought);
        if found && whole && !sought.is_empty() {
            out.extend(with.clone());
            rest = &rest[sought.len()..];
            continue;
        }
        out.extend([match first {
            TokenTree::Group(group) => {
                TokenTree::Group(regroup(group, replace_all(group.stream(), ty, with)))
            }
            other => other.clone(),
        }]);
        rest = after;
    }
    out
}

/// Writes `<Self as Trait>::Item` for a `Self::Item` whose name is listed.
pub fn qualify_self(
    tokens: TokenStream,
    trait_path: &TokenStream,
    names: &[String],
) -> TokenStream {
    let flat: Vec<TokenTree> = tokens.into_iter().collect();
    let listed = |at: usize| {
        let name = flat.get(at + 3).map(TokenTree::to_string);
        is_punct(flat.get(at + 1), ':')
            && is_punct(flat.get(at + 2), ':')
            && name.is_some_and(|name| names.contains(&name))
    };
    let change = |(at, token): (usize, &TokenTree)| match token {
        TokenTree::Ident(ident) if ident == "Self" && listed(at) => {
            quote!(<#ident as #trait_path>)
        }
        TokenTree::Group(group) => {
            let stream = qualify_self(group.stream(), trait_path, names);
            TokenTree::Group(regroup(group, stream)).into()
        }
        other => other.clone().into(),
    };
    flat.iter().enumerate().map(change).collect()
}

/// Returns the names that follow `Self::`.
pub fn self_paths(tokens: &TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let flat: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (index, token) in flat.iter().enumerate() {
        match token {
            TokenTree::Group(group) => found.extend(self_paths(&group.stream())),
            TokenTree::Ident(ident) if ident == "Self" && is_punct(flat.get(index + 1), ':') => {
                if let Some(name) = flat.get(index + 3) {
                    found.push(name.to_string());
                }
            }
            _ => {}
        }
    }
    found
}
