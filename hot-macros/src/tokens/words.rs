//! Words and marks among the tokens of an item: names, macros, `#[hot(skip)]`.

use super::walk::{is_punct, map, regroup, split_expression};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt;

/// Reports whether an identifier occurs, at any depth.
pub fn mentions(tokens: &TokenStream, word: &str) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == word,
        TokenTree::Group(group) => mentions(&group.stream(), word),
        _ => false,
    })
}

/// Reports whether a name is kept for what the macros make.
pub fn is_reserved(name: &Ident) -> bool {
    name.unraw().to_string().get(..5).is_some_and(|start| start.eq_ignore_ascii_case("__hot"))
}

/// Returns the first such name that occurs, at any depth.
pub fn find_reserved(tokens: &TokenStream) -> Option<Ident> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => is_reserved(&ident).then_some(ident),
        TokenTree::Group(group) => find_reserved(&group.stream()),
        _ => None,
    })
}

/// Reports whether a macro is called in a type.
pub fn has_macro(tokens: &TokenStream) -> bool {
    let mut mark = false;
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => std::mem::take(&mut mark) || has_macro(&group.stream()),
        token => {
            mark = is_punct(Some(&token), '!');
            false
        }
    })
}

/// Reports whether a reference occurs in a type.
pub fn has_reference(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => has_reference(&split_expression(&group).0),
        token => is_punct(Some(&token), '&'),
    })
}

/// Returns the tokens without any `#[hot(skip)]`, at any depth. `name` is what the attribute is
/// called.
pub fn without_skips(tokens: TokenStream, name: &str) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let skip =
            |group: &TokenTree| matches!(group, TokenTree::Group(group) if is_skip(group, name));
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' && tokens.peek().is_some_and(skip) => {
                tokens.next();
            }
            TokenTree::Group(group) => {
                let stream = without_skips(group.stream(), name);
                out.extend([TokenTree::Group(regroup(&group, stream))]);
            }
            other => out.extend([other]),
        }
    }
    out
}

/// Reports whether a group is the `[hot(skip)]` of an attribute.
fn is_skip(group: &Group, name: &str) -> bool {
    let text: String = group.stream().to_string().chars().filter(|c| !c.is_whitespace()).collect();
    let path = text.strip_suffix("(skip)");
    path.and_then(|path| path.rsplit(':').next()).is_some_and(|word| word == "hot" || word == name)
}

/// Takes the items out of the invisible marks of `$item:item`.
pub fn ungroup_items(tokens: TokenStream) -> TokenStream {
    let change = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => group.stream(),
        token => token.into(),
    };
    tokens.into_iter().map(change).collect()
}

/// Returns a result as an argument of a type: stable Rust has no `!` there.
pub fn as_argument(result: TokenStream, hot: &TokenStream) -> TokenStream {
    if result.to_string() == "!" { quote!(#hot::Never) } else { result }
}

/// Returns a path as if it stood elsewhere, so that `line!` at its end gives that place.
pub fn moved_to(path: &TokenStream, place: Span) -> TokenStream {
    map(path.clone(), &mut |mut token| {
        // This one means what it does where it comes from.
        if token.to_string() != "$crate" {
            token.set_span(place);
        }
        token
    })
}
