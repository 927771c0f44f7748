//! The bounds that an impl block implies for the lifetimes of its functions.
//!
//! In `impl<'a, 'b> P<'a, 'b>` every function may count on what the type asks for: where `P` holds
//! a `&'a &'b u8`, on `'b: 'a`; where it says `where 'a: 'static`, on that. A trait's arguments
//! imply bounds in the same way, and a clause such as `where Self: Any` does. A pointer type
//! implies only what the types in it ask for. So the bounds are kept
//!
//! - where the type of the block, and each argument of its trait, stands in the function's type (in
//!   the receiver, most often),
//! - where it can ask for nothing: `&'a str`,
//! - where the function's type mentions none of its lifetimes: the function may be called with
//!   `'static` for these, and what is asked of `'static` holds.
//!
//! Everywhere else they are lost.

use crate::container::Header;
use crate::signature::Signature;
use crate::tokens::{has_macro, lifetimes, mentions, parts, self_paths};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

/// The fate of the bounds in a pointer type.
pub enum Bounds {
    /// It implies them as well, or there are none.
    Kept,
    /// It may be more general than the function.
    Lost,
    /// It may not be written without them.
    Needed,
}

/// Compares what the block implies with what the function's type does.
pub fn bounds(signature: &Signature, header: &Header) -> Bounds {
    let of_header = header.lifetimes();
    if of_header.is_empty() {
        return Bounds::Kept;
    }
    let receiver = signature.receiver.as_ref().map(|receiver| receiver.full_type());
    let inputs = receiver.into_iter().chain(signature.arguments.iter().map(|a| a.ty.clone()));
    let types: Vec<TokenStream> = inputs.chain(signature.output.clone()).collect();
    let whole = quote!(#(#types),*);
    let own_clause = !says_sized(&signature.where_clause);
    if own_clause || !header.where_clause.is_empty() {
        // `<Self as Trait>::Item` may exist by the clause alone.
        let projects = !self_paths(&whole).is_empty() || mentions(&whole, "as");
        return if projects || has_macro(&whole) { Bounds::Needed } else { Bounds::Lost };
    }

    let mut mentioned = lifetimes(&whole);
    if mentions(&whole, "Self") {
        mentioned.extend(lifetimes(&header.self_type));
        mentioned.extend(header.trait_path.iter().flat_map(lifetimes));
    }
    let is_mentioned = |of: &TokenStream| {
        lifetimes(of).iter().any(|name| of_header.contains(name) && mentioned.contains(name))
    };
    let own = header.self_type.to_string();
    let is_kept = |of: &TokenStream| {
        let text = of.to_string();
        let same = |ty: &TokenStream| match ty.to_string() {
            ty if ty == "Self" => text == own,
            ty => ty == text,
        };
        asks_for_nothing(of) || !is_mentioned(of) || types.iter().any(|ty| holds(ty, &same))
    };
    let arguments = header.trait_path.as_ref().map(trait_arguments).unwrap_or_default();
    let kept = !has_macro(&whole) && [&header.self_type].into_iter().chain(&arguments).all(is_kept);
    if kept { Bounds::Kept } else { Bounds::Lost }
}

/// Reports whether a clause is empty or says `Self: Sized` and no more. (A trait of that name that
/// is not the usual one is met by the compiler's own comparison.)
fn says_sized(clause: &TokenStream) -> bool {
    let text: String = clause.to_string().chars().filter(|c| !c.is_whitespace()).collect();
    matches!(text.as_str(), "" | "whereSelf:Sized" | "whereSelf:Sized,")
}

/// Reports whether a type is such that no lifetime in it can be bound: it has none, or it is a
/// reference, or made of references, to types without.
fn asks_for_nothing(ty: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = ty.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Punct(quote), TokenTree::Ident(_)] if quote.as_char() == '\'' => true,
        [TokenTree::Punct(and), TokenTree::Punct(quote), TokenTree::Ident(_), rest @ ..]
            if and.as_char() == '&' && quote.as_char() == '\'' =>
        {
            lifetimes(&rest.iter().cloned().collect()).iter().all(|name| name == "static")
        }
        [TokenTree::Group(group)] => parts(&group.stream()).iter().all(asks_for_nothing),
        _ => lifetimes(ty).iter().all(|name| name == "static"),
    }
}

/// Reports whether a type holds another one, for which `same` is true, so that it is well-formed
/// only where that one is. What stands in the types of functions and trait objects does not count.
fn holds(ty: &TokenStream, same: &impl Fn(&TokenStream) -> bool) -> bool {
    if same(ty) {
        return true;
    }
    let tokens: Vec<TokenTree> = ty.clone().into_iter().collect();
    match tokens.as_slice() {
        [TokenTree::Group(group)] if group.delimiter() != Delimiter::Brace => {
            parts(&group.stream()).iter().any(|part| holds(part, same))
        }
        [TokenTree::Punct(and), TokenTree::Punct(quote), TokenTree::Ident(_), rest @ ..]
            if and.as_char() == '&' && quote.as_char() == '\'' =>
        {
            holds(&rest.iter().cloned().collect(), same)
        }
        [TokenTree::Punct(mark), rest @ ..] if matches!(mark.as_char(), '&' | '*') => {
            holds(&rest.iter().cloned().collect(), same)
        }
        [TokenTree::Ident(word), rest @ ..] if word == "mut" || word == "const" => {
            holds(&rest.iter().cloned().collect(), same)
        }
        [TokenTree::Ident(word), ..] if word != "dyn" && word != "fn" && word != "for" => {
            let path = ["extern", "unsafe", "impl", "as"].iter().all(|word| !mentions(ty, word));
            path && arguments_of_path(&tokens).iter().any(|part| holds(part, same))
        }
        _ => false,
    }
}

/// Returns the arguments of a trait.
fn trait_arguments(path: &TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<TokenTree> = path.clone().into_iter().collect();
    arguments_of_path(&tokens)
}

/// Returns the tokens between the first angle bracket of a path and its last.
fn arguments_of_path(tokens: &[TokenTree]) -> Vec<TokenStream> {
    let is = |token: &TokenTree, mark| matches!(token, TokenTree::Punct(p) if p.as_char() == mark);
    let open = tokens.iter().position(|token| is(token, '<'));
    let close = tokens.iter().rposition(|token| is(token, '>'));
    match (open, close) {
        (Some(open), Some(close)) if open < close => {
            parts(&tokens[open + 1..close].iter().cloned().collect())
        }
        _ => Vec::new(),
    }
}
