//! Scanning and rewriting of token streams.
//!
//! A type is looked at only for what the macro has to change in it: lifetimes left out, `Self`
//! and `impl Trait`. All three are plain to see in the tokens, once one knows two things: angle
//! brackets nest (and the `>` of `->` is none), and what stands in the parentheses of `Fn(…)` or
//! `fn(…)`, or after their arrow, has lifetimes of its own.

use proc_macro2::{Delimiter, Group, Ident, Punct, Spacing, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use std::iter::Peekable;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Result, Token};

/// Counts angle brackets.
#[derive(Default)]
pub struct Depth {
    depth: usize,
    arrow: bool,
}

impl Depth {
    /// Takes the next token into account; false when it closes more than was opened.
    fn step(&mut self, token: &TokenTree) -> bool {
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

/// Takes the items out of the invisible marks of `$item:item`.
pub fn ungroup_items(tokens: TokenStream) -> TokenStream {
    let change = |token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => group.stream(),
        token => token.into(),
    };
    tokens.into_iter().map(change).collect()
}

/// A result as an argument of a type: stable Rust has no `!` there.
pub fn as_argument(result: TokenStream, hot: &TokenStream) -> TokenStream {
    if result.to_string() == "!" { quote!(#hot::Never) } else { result }
}

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

/// The first such name that occurs, at any depth.
pub fn find_reserved(tokens: &TokenStream) -> Option<Ident> {
    tokens.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) => is_reserved(&ident).then_some(ident),
        TokenTree::Group(group) => find_reserved(&group.stream()),
        _ => None,
    })
}

/// The names of all lifetimes that occur, `'_` as `_`, `'r#a` as `a`.
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

/// Applies `change` to every token, groups from the inside.
fn map(tokens: TokenStream, change: &mut impl FnMut(TokenTree) -> TokenTree) -> TokenStream {
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

fn regroup(group: &Group, stream: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span());
    new
}

/// A path as if it stood elsewhere, so that `line!` at its end gives that place.
pub fn moved_to(path: &TokenStream, place: Span) -> TokenStream {
    map(path.clone(), &mut |mut token| {
        // This one means what it does where it comes from.
        if token.to_string() != "$crate" {
            token.set_span(place);
        }
        token
    })
}

/// A lifetime as tokens.
pub fn lifetime(name: &str) -> TokenStream {
    let ident = Ident::new(name, Span::call_site());
    let quote = Punct::new('\'', Spacing::Joint);
    quote!(#quote #ident)
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

/// Returns the content of a group in a type: types, and the expression of an array's length or of
/// braces.
fn split_expression(group: &Group) -> (TokenStream, TokenStream) {
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
fn copy_arrow(tokens: &mut Peekable<impl Iterator<Item = TokenTree>>, out: &mut TokenStream) {
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

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
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

/// The lifetimes of references that a type consists of: what it is, or what its elements are.
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

/// The types of a list with commas, up to a semicolon.
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

/// The lifetimes that a function with an argument of this type is general in: not those that occur
/// only in `<Self as Trait<'a>>::Item` or `Self::Item<'a>`.
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

/// Skips `<Self as Trait>::Item<'a>` and `Self::Item<'a>` after their first token.
fn skip_path(first: &TokenTree, tokens: &mut Peekable<impl Iterator<Item = TokenTree>>) {
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

/// `T: 'a` for each `&'a T`.
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

/// The names that follow `Self::`.
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

/// The tokens without any `#[hot(skip)]`, at any depth. `name` is what the attribute is called.
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
