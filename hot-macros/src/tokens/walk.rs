//! Steps through the tokens of a type: what nests, what ends it, what is of one piece.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use std::iter::Peekable;
use syn::parse::ParseStream;
use syn::{Result, Token};

/// Counts angle brackets.
#[derive(Default)]
pub struct Depth {
    pub(super) depth: usize,
    arrow: bool,
}

impl Depth {
    /// Takes the next token into account; false when it closes more than was opened.
    pub(super) fn step(&mut self, token: &TokenTree) -> bool {
        let arrow = std::mem::take(&mut self.arrow);
        if let TokenTree::Punct(punct) = token {
            match punct.as_char() {
                '<' => self.depth += 1,
                '>' if !arrow => match self.depth.checked_sub(1) {
                    Some(depth) => self.depth = depth,
                    None => return false,
                },
                '-' | '=' => self.arrow = punct.spacing() == Spacing::Joint,
                _ => {}
            }
        }
        true
    }
}

/// Takes tokens until `stop` holds outside of angle brackets, or the input ends.
pub fn take_until(input: ParseStream, stop: impl Fn(ParseStream) -> bool) -> Result<TokenStream> {
    let mut depth = Depth::default();
    let mut taken = TokenStream::new();
    while !input.is_empty() && (depth.depth > 0 || !stop(input)) {
        // The two colons of a path are one: neither ends anything. (`peek` would look into a
        // fragment.)
        let mut more = true;
        while std::mem::take(&mut more) {
            let token: TokenTree = input.parse()?;
            depth.step(&token);
            match token {
                // A fragment of `macro_rules!`: a path or lifetime is what it would
                // be without the invisible marks around it; another type is one thing.
                TokenTree::Group(group) if is_path_or_lifetime(&group) => {
                    taken.extend(group.stream());
                }
                token => {
                    more = matches!(&token, TokenTree::Punct(p)
                        if p.as_char() == ':' && p.spacing() == Spacing::Joint)
                        && input.peek(Token![:]);
                    taken.extend([token]);
                }
            }
        }
    }
    Ok(taken)
}

fn is_path_or_lifetime(group: &Group) -> bool {
    let is_lifetime = |tokens| syn::parse2::<syn::Lifetime>(tokens).is_ok();
    let is_path = |tokens| syn::parse2::<syn::Path>(tokens).is_ok();
    group.delimiter() == Delimiter::None && (is_lifetime(group.stream()) || is_path(group.stream()))
}

pub(super) fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

/// Returns the types of a list with commas, up to a semicolon.
pub fn parts(tokens: &TokenStream) -> Vec<TokenStream> {
    let mut depth = Depth::default();
    let mut found = vec![TokenStream::new()];
    for token in tokens.clone() {
        let ends = depth.depth == 0;
        match &token {
            TokenTree::Punct(mark) if ends && mark.as_char() == ',' => {
                found.push(TokenStream::new());
            }
            TokenTree::Punct(mark) if ends && mark.as_char() == ';' => break,
            _ => {
                depth.step(&token);
                found.last_mut().expect("there is a first").extend([token]);
            }
        }
    }
    found.retain(|part| !part.is_empty());
    found
}

/// Returns the content of a group in a type: types, and the expression of an array's length or of
/// braces.
pub(super) fn split_expression(group: &Group) -> (TokenStream, TokenStream) {
    let stream = group.stream();
    match group.delimiter() {
        Delimiter::Brace => (TokenStream::new(), stream),
        Delimiter::Bracket => {
            let tokens: Vec<TokenTree> = stream.into_iter().collect();
            let end = tokens.iter().position(|token| is_punct(Some(token), ';'));
            let (types, expression) = tokens.split_at(end.unwrap_or(tokens.len()));
            (types.iter().cloned().collect(), expression.iter().cloned().collect())
        }
        Delimiter::Parenthesis | Delimiter::None => (stream, TokenStream::new()),
    }
}

/// Copies `-> Result` as it is, up to what ends the type.
pub(super) fn copy_arrow(
    tokens: &mut Peekable<impl Iterator<Item = TokenTree>>,
    out: &mut TokenStream,
) {
    if !is_punct(tokens.peek(), '-') {
        return;
    }
    let mut depth = Depth::default();
    while let Some(token) = tokens.peek() {
        let ends = matches!(token, TokenTree::Punct(p) if matches!(p.as_char(), ',' | '+' | ';'));
        if depth.depth == 0 && ends || !depth.step(token) {
            break;
        }
        out.extend(tokens.next());
    }
}

/// Skips `<Self as Trait>::Item<'a>` and `Self::Item<'a>` after their first token.
pub(super) fn skip_path(first: &TokenTree, tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) {
    let mut depth = Depth::default();
    depth.step(first);
    while let Some(token) = tokens.peek() {
        let goes_on = depth.depth > 0
            || matches!(token, TokenTree::Ident(_))
            || is_punct(Some(token), ':')
            || is_punct(Some(token), '<');
        if !goes_on || !depth.step(token) {
            break;
        }
        tokens.next();
    }
}

/// Applies `change` to every token, groups from the inside.
pub(super) fn map(
    tokens: TokenStream,
    change: &mut impl FnMut(TokenTree) -> TokenTree,
) -> TokenStream {
    let mut changed = Vec::new();
    for token in tokens {
        let token = match token {
            TokenTree::Group(group) => {
                TokenTree::Group(regroup(&group, map(group.stream(), change)))
            }
            other => other,
        };
        changed.push(change(token));
    }
    changed.into_iter().collect()
}

pub(super) fn regroup(group: &Group, stream: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span());
    new
}
