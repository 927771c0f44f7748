//! `#[hot]` on a function that stands alone, and what no hot function may be.

use crate::arguments::Arguments;
use crate::attributes::{self, Sorted};
use crate::container::Container;
use crate::signature::{Function, Signature};
use crate::tokens::{find_reserved, is_reserved, mentions, self_paths};
use crate::trampoline;
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Attribute, Error, GenericParam, Generics, Result};

/// Expands a free function. Within a hot module, one that cannot be hot stays as written.
pub fn expand(function: Function, arguments: &Arguments) -> Result<TokenStream> {
    let sorted = attributes::sort(&function.attributes, arguments)?;
    if sorted.skip {
        return Ok(as_written(&function, arguments));
    }
    match check(&function, Container::Module, &sorted) {
        Ok(()) => {}
        Err(_) if arguments.within_module => return Ok(as_written(&function, arguments)),
        Err(refusal) => return Err(refusal),
    }
    let pieces = trampoline::split(&function, Container::Module, &sorted, arguments)?;
    Ok(pieces.trampoline)
}

/// Returns the function unchanged, without the marks that are for this macro.
pub fn as_written(function: &Function, arguments: &Arguments) -> TokenStream {
    let attributes = function.attributes.iter().filter(|a| !arguments.is_skip(&a.meta));
    let (visibility, rest) = (&function.visibility, &function.written);
    quote!(#(#attributes)* #visibility #rest)
}

/// Reports whether the function can be hot; the refusal says what to do instead.
pub fn check(function: &Function, container: Container<'_>, sorted: &Sorted) -> Result<()> {
    match find_obstacle(function, container, sorted) {
        None => Ok(()),
        Some(refusal) if container.header().is_none() => Err(refusal),
        Some(refusal) => {
            let message = format!("{refusal}; or leave the method out with `#[hot(skip)]`");
            Err(Error::new(refusal.span(), message))
        }
    }
}

/// The refusal of a name that [`is_reserved`].
pub const RESERVED: &str =
    "names that begin with `__hot` are for what `#[hot]` makes of a function: choose another";

/// Returns a parameter with such a name.
pub fn reserved_parameter(generics: &Generics) -> Option<Ident> {
    let names = generics.params.iter().map(|parameter| match parameter {
        GenericParam::Lifetime(lifetime) => lifetime.lifetime.ident.clone(),
        GenericParam::Type(ty) => ty.ident.clone(),
        GenericParam::Const(constant) => constant.ident.clone(),
    });
    names.into_iter().find(is_reserved)
}

/// Returns a name of the user's that one of the macro's could take the place of. In the body, which
/// is large, it is looked for only where the source shows one.
fn reserved(signature: &Signature, body: &TokenTree) -> Option<Ident> {
    let own = Some(signature.ident.clone()).filter(is_reserved);
    own.or_else(|| reserved_parameter(&signature.generics)).or_else(|| {
        let source = body.span().source_text();
        let shows = |source: String| ["__hot", "__Hot", "__HOT"].iter().any(|p| source.contains(p));
        source.is_none_or(shows).then(|| find_reserved(&body.to_token_stream())).flatten()
    })
}

/// Returns the first reason why a function cannot be hot.
fn find_obstacle(function: &Function, container: Container<'_>, sorted: &Sorted) -> Option<Error> {
    let signature = &function.signature;
    let of_its_kind = find_qualifier(signature).or_else(|| sorted.refusal.clone());
    if of_its_kind.is_some() {
        return of_its_kind;
    }
    let Some(body) = &function.body else {
        return Some(Error::new_spanned(
            &signature.ident,
            "a function without a body cannot be `#[hot]`: put the attribute on the functions that \
             implement or wrap it",
        ));
    };
    if let Some(name) = reserved(signature, body) {
        return Some(Error::new(name.span(), RESERVED));
    }
    let place = match container.header() {
        Some(_) => find_lending(signature, container),
        None => find_lone_method(signature, body),
    };
    place.or_else(|| find_conditional(signature))
}

/// Refuses what its qualifiers make of a function.
fn find_qualifier(signature: &Signature) -> Option<Error> {
    if let Some(constness) = &signature.constness {
        return Some(Error::new_spanned(
            constness,
            "a `const fn` cannot be `#[hot]`, since the compiler itself runs it: take `const` \
             off, or call a `#[hot]` function where it is used at run time",
        ));
    }
    if let Some(span) = signature.variadic {
        return Some(Error::new(
            span,
            "a C-variadic function cannot be `#[hot]`, since its arguments cannot be handed on: \
             let it call a `#[hot]` function that takes a `VaList`",
        ));
    }
    let span = signature.default?;
    Some(Error::new(
        span,
        "a `default fn` cannot be `#[hot]`, since what it does is decided by specialisation: \
         move its body into a `#[hot]` function",
    ))
}

/// Refuses a method that lends its type for every lifetime, in a block with parameters.
fn find_lending(signature: &Signature, container: Container<'_>) -> Option<Error> {
    let header = container.header()?;
    let lends = (container.is_generic() || !header.lifetimes().is_empty())
        && self_paths(&signature.types()).iter().any(|name| header.lending.contains(name));
    lends.then(|| {
        Error::new_spanned(
            &signature.ident,
            "a method whose type mentions a `Self::Item<'_>` that is there `where Self: '_` cannot \
             be `#[hot]` where the impl block has parameters, since rustc takes no pointer to it: \
             let it call a `#[hot]` function",
        )
    })
}

/// Refuses a method without its impl block.
fn find_lone_method(signature: &Signature, body: &TokenTree) -> Option<Error> {
    let lone = "a method cannot be `#[hot]` alone, since the attribute has to know its type: write \
                `#[hot]` on the impl block, and `#[hot(skip)]` on the methods to be left out";
    if let Some(receiver) = &signature.receiver {
        return Some(Error::new_spanned(receiver.self_token, lone));
    }
    let body = body.to_token_stream();
    // A `Self` in a body may also belong to an impl block in there.
    let in_body = mentions(&body, "Self") && !mentions(&body, "impl") && !mentions(&body, "trait");
    let is_method = mentions(&signature.types(), "Self") || in_body;
    is_method.then(|| Error::new_spanned(&signature.ident, lone))
}

/// Refuses an argument under a condition.
fn find_conditional(signature: &Signature) -> Option<Error> {
    let receiver = signature.receiver.iter().flat_map(|receiver| &receiver.attributes);
    let arguments = signature.arguments.iter().flat_map(|argument| &argument.attributes);
    // `cfg_attr` may also set a lint level, which is no matter.
    let conditional = |a: &&Attribute| {
        a.path().is_ident("cfg")
            || a.path().is_ident("cfg_attr") && mentions(&a.meta.to_token_stream(), "cfg")
    };
    receiver.chain(arguments).find(conditional).map(|attribute| {
        Error::new_spanned(
            attribute,
            "an argument of a `#[hot]` function cannot be conditional: write the function twice, \
             each under its own `#[cfg]`",
        )
    })
}
