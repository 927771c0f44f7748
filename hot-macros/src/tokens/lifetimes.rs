//! Lifetimes in a type: those written, those left out, those that are general.

use super::walk::{Depth, copy_arrow, is_punct, map, parts, regroup, skip_path, split_expression};
use proc_macro2::{Delimiter, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;

/// Returns the names of all lifetimes that occur, `'_` as `_`, `'r#a` as `a`.
pub fn lifetimes(tokens: &TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut quoted = false;
    for token in tokens.clone() {
        match token {
            TokenTree::Punct(punct) => quoted = punct.as_char() == '\'',
            TokenTree::Ident(ident) if std::mem::take(&mut quoted) => {
                found.push(ident.unraw().to_string());
            }
            TokenTree::Group(group) => found.extend(lifetimes(&group.stream())),
            _ => {}
        }
    }
    found
}

/// Returns a lifetime as tokens.
pub fn lifetime(name: &str) -> TokenStream {
    let ident = Ident::new(name, Span::call_site());
    let quote = Punct::new('\'', Spacing::Joint);
    quote!(#quote #ident)
}

/// Writes `'static` for every lifetime of the list.
pub fn make_static(tokens: TokenStream, names: &[String]) -> TokenStream {
    let listed = |name: &str| names.iter().any(|listed| listed == name);
    rename_lifetimes(tokens, |name| listed(name).then(|| "static".to_owned()))
}

/// Gives lifetimes other names. `'r#a` is asked for as `'a`.
pub fn rename_lifetimes(
    tokens: TokenStream,
    other: impl Fn(&str) -> Option<String>,
) -> TokenStream {
    let mut quoted = false;
    map(tokens, &mut |token| match token {
        TokenTree::Punct(punct) => {
            quoted = punct.as_char() == '\'';
            TokenTree::Punct(punct)
        }
        TokenTree::Ident(ident) if std::mem::take(&mut quoted) => {
            match other(&ident.unraw().to_string()) {
                Some(name) => TokenTree::Ident(Ident::new(&name, ident.span())),
                None => TokenTree::Ident(ident),
            }
        }
        other => other,
    })
}

/// Gives a name to each lifetime that is left out where the reader sees it: `&T` and `'_`.
/// `next` is asked for a name once for each.
pub fn name_elided(tokens: TokenStream, next: &mut dyn FnMut() -> TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    let mut after_word = false;
    while let Some(token) = tokens.next() {
        let mut word = false;
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                out.extend([TokenTree::Punct(punct)]);
                if !is_punct(tokens.peek(), '\'') {
                    out.extend(next());
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                let Some(ident) = tokens.next() else { break };
                if ident.to_string() == "_" {
                    out.extend(next())
                } else {
                    out.extend([TokenTree::Punct(punct), ident])
                }
            }
            TokenTree::Group(group)
                if group.delimiter() == Delimiter::Parenthesis && after_word =>
            {
                out.extend([TokenTree::Group(group)]);
                copy_arrow(&mut tokens, &mut out);
            }
            TokenTree::Group(group) => {
                let (types, expression) = split_expression(&group);
                let mut stream = name_elided(types, next);
                stream.extend(expression);
                out.extend([TokenTree::Group(regroup(&group, stream))]);
            }
            other => {
                let keyword = ["mut", "const", "dyn"];
                word = matches!(&other, TokenTree::Ident(i) if keyword.iter().all(|k| i != k));
                out.extend([other]);
            }
        }
        after_word = word;
    }
    out
}

/// Reports whether a lifetime is visibly left out.
pub fn has_elided(tokens: &TokenStream) -> bool {
    let mut found = false;
    name_elided(tokens.clone(), &mut || {
        found = true;
        TokenStream::new()
    });
    found
}

/// Returns the lifetimes of references that a type consists of: what it is, or what its elements
/// are.
pub fn reference_lifetimes(tokens: &TokenStream) -> Vec<String> {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Group(group)] => {
            parts(&group.stream()).iter().flat_map(reference_lifetimes).collect()
        }
        [and, quote, TokenTree::Ident(name), rest @ ..]
            if is_punct(Some(and), '&') && is_punct(Some(quote), '\'') =>
        {
            let mut found = reference_lifetimes(&rest.iter().cloned().collect());
            found.push(name.unraw().to_string());
            found
        }
        [and, rest @ ..] if is_punct(Some(and), '&') => {
            reference_lifetimes(&rest.iter().cloned().collect())
        }
        [TokenTree::Ident(word), rest @ ..] if word == "mut" => {
            reference_lifetimes(&rest.iter().cloned().collect())
        }
        _ => Vec::new(),
    }
}

/// Returns the lifetimes that a function with an argument of this type is general in: not those
/// that occur only in `<Self as Trait<'a>>::Item` or `Self::Item<'a>`.
pub fn constraining_lifetimes(tokens: &TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut tokens = tokens.clone().into_iter().peekable();
    let mut in_path = false;
    while let Some(token) = tokens.next() {
        let projection = match &token {
            TokenTree::Ident(ident) if ident == "Self" => is_punct(tokens.peek(), ':'),
            token => !in_path && is_punct(Some(token), '<'),
        };
        in_path = matches!(&token, TokenTree::Ident(_)) || is_punct(Some(&token), ':');
        if projection {
            skip_path(&token, &mut tokens);
            continue;
        }
        match token {
            TokenTree::Group(group) => {
                found.extend(constraining_lifetimes(&split_expression(&group).0));
            }
            TokenTree::Punct(mark) if mark.as_char() == '\'' => {
                if let Some(TokenTree::Ident(name)) = tokens.next() {
                    found.push(name.unraw().to_string());
                }
            }
            _ => {}
        }
    }
    found
}

/// Returns `T: 'a` for each `&'a T`.
pub fn outlives(tokens: &TokenStream) -> Vec<TokenStream> {
    let mut found = Vec::new();
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) => found.extend(outlives(&group.stream())),
            TokenTree::Punct(mark) if mark.as_char() == '&' && is_punct(tokens.peek(), '\'') => {
                let lifetime: TokenStream = tokens.by_ref().take(2).collect();
                tokens.next_if(|token| matches!(token, TokenTree::Ident(word) if word == "mut"));
                let mut depth = Depth::default();
                let mut ahead = tokens.clone();
                // At the colon of a bound too, which is no part of `::`.
                let ends = |token: &TokenTree| match token {
                    TokenTree::Punct(mark) => match mark.as_char() {
                        ',' | '+' | '=' => true,
                        ':' => mark.spacing() == Spacing::Alone,
                        _ => false,
                    },
                    _ => false,
                };
                let mut colons = false;
                let mut ty = TokenStream::new();
                while let Some(token) =
                    ahead.next_if(|token| depth.depth > 0 || colons || !ends(token))
                {
                    colons = !colons && is_punct(Some(&token), ':');
                    if !depth.step(&token) {
                        break;
                    }
                    ty.extend([token]);
                }
                if !has_elided(&ty) {
                    found.push(quote!(#ty: #lifetime));
                }
            }
            _ => {}
        }
    }
    found
}
