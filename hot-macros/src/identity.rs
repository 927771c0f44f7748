//! The type under which a replacement is checked: `for<'a> fn(&'a Cart) -> u64`.
//!
//! What matters is that the type is general in every lifetime that a caller may choose, those of
//! the impl block included: a replacement that works for one lifetime only could keep what it
//! borrowed. The type is written out from the signature, with the self type for `Self`. Where
//! that could say something else than the signature says, there is another way or none:
//!
//! - *Left-out lifetimes.* `fn iter(&self, key: &str) -> Iter` may take a lifetime from `&self`
//!   that nobody sees, and a pointer type without `self` would not know which one is meant. Here
//!   the type is taken from two functions of the same signature instead: in an array they become
//!   pointers of their common type. The receiver is a reference, so its lifetime is general in
//!   that type, and all others occur in arguments alone and are general too.
//! - *Lifetimes with bounds, or in the result alone*, are chosen when the function is named, not
//!   when it is called; pointers are not general in them. Such a function has no identity.
//! - *Generic functions* have as many types as instances, `impl Trait` has no name: no identity.
//!
//! For an `async fn` the output stands in the place of the result.

use crate::home::{self, Home};
use crate::signature::Signature;
use crate::tokens;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Generics};

/// How the type is told.
pub enum Identity {
    /// Not at all.
    None,
    /// Written out.
    Named(TokenStream),
    /// Taken from the body and another function of its signature.
    Common,
}

/// Decides for one function.
pub fn of(signature: &Signature, home: Home<'_>) -> Identity {
    named_or_common(signature, home).unwrap_or(Identity::None)
}

fn named_or_common(signature: &Signature, home: Home<'_>) -> Option<Identity> {
    let types = signature.types();
    let generic = home.is_generic() || !signature.parameters().is_empty();
    if generic || tokens::mentions(&types, "impl") || bounded(&signature.generics) {
        return None;
    }
    let has_lifetime = |clause: &TokenStream| !tokens::lifetimes(clause).is_empty();
    if has_lifetime(&signature.where_clause) {
        return None;
    }
    let mut lifetimes = home::lifetimes(&signature.generics);
    let own_lifetimes = lifetimes.len();
    let mut self_lifetimes = false;
    if let Some(header) = home.header() {
        if bounded(&header.generics) || has_lifetime(&header.where_clause) {
            return None;
        }
        let defined =
            |name: &String| header.trait_path.is_some() && header.associated.contains(name);
        if !tokens::self_paths(&types).iter().all(defined) {
            return None;
        }
        let of_impl = header.lifetimes();
        self_lifetimes = !of_impl.is_empty();
        lifetimes.extend(of_impl);
    }

    let output = signature.output.clone().unwrap_or_else(|| quote!(()));
    let elided = tokens::has_elided(&output);
    let reference = signature.receiver.as_ref().is_some_and(|r| r.reference.is_some());
    let hides = !elided && may_hide_lifetime(&output);
    let others = signature.arguments.iter().any(|a| may_have_lifetime(&a.ty));
    if reference && hides && others {
        let common = own_lifetimes == 0 && !self_lifetimes && signature.asyncness.is_none();
        return common.then_some(Identity::Common);
    }

    let mut inputs = Vec::new();
    let mut output = output;
    if let Some(receiver) = &signature.receiver {
        let mut ty = receiver.full_type();
        if elided {
            // The result borrows from the receiver: both get the same name.
            let mut found = 0;
            ty = tokens::name_elided(ty, &mut || {
                found += 1;
                tokens::lifetime("__hot_self")
            });
            match found {
                0 if self_lifetimes => return None,
                0 => {}
                1 => {
                    output = tokens::name_elided(output, &mut || tokens::lifetime("__hot_self"));
                    lifetimes.push("__hot_self".to_owned());
                }
                _ => return None,
            }
        }
        inputs.push(ty);
    } else if self_lifetimes && (elided || hides) && tokens::mentions(&types, "Self") {
        return None;
    }
    inputs.extend(signature.arguments.iter().map(|argument| argument.ty.clone()));

    if let Some(header) = home.header() {
        let alone = header.self_alone();
        let (ty, path) = (&header.self_type, &header.trait_path);
        let before_path = quote!(<#ty as #path>);
        let replace = |ty| tokens::replace_self(ty, &alone, &before_path);
        inputs = inputs.into_iter().map(replace).collect();
        output = replace(output);
    }
    let given: Vec<String> = inputs.iter().flat_map(tokens::lifetimes).collect();
    let taken = tokens::lifetimes(&output);
    if taken.iter().any(|name| lifetimes.contains(name) && !given.contains(name)) {
        return None;
    }
    let binder = lifetimes.iter().map(|name| tokens::lifetime(name));
    let binder = (!lifetimes.is_empty()).then(|| quote!(for<#(#binder),*>));
    let qualifiers = signature.pointer_qualifiers();
    Some(Identity::Named(quote!(#binder #qualifiers fn(#(#inputs),*) -> #output)))
}

fn bounded(generics: &Generics) -> bool {
    let bounded = |parameter: &GenericParam| match parameter {
        GenericParam::Lifetime(lifetime) => !lifetime.bounds.is_empty(),
        _ => false,
    };
    generics.params.iter().any(bounded)
}

/// Types that everybody knows to have no lifetime of their own.
const PLAIN: &[&str] = &[
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64", "str", "String", "mut", "const",
];

fn may_have_lifetime(ty: &TokenStream) -> bool {
    tokens::has_elided(ty) || may_hide_lifetime(ty) || !tokens::lifetimes(ty).is_empty()
}

/// Whether a path in it may stand for a type with a lifetime that is not written.
fn may_hide_lifetime(ty: &TokenStream) -> bool {
    // The name of a lifetime that is written hides none.
    let mut quoted = false;
    ty.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(word) => {
            !std::mem::take(&mut quoted) && !PLAIN.contains(&word.to_string().as_str())
        }
        proc_macro2::TokenTree::Group(group) => may_hide_lifetime(&group.stream()),
        proc_macro2::TokenTree::Punct(mark) => {
            quoted = mark.as_char() == '\'';
            false
        }
        _ => false,
    })
}
