//! A function, taken to pieces.

use super::bodies::bodies;
use super::call::call;
use super::choice::choose;
use super::plan::Plan;
use super::sibling::Sibling;
use crate::arguments::Arguments;
use crate::attributes::Sorted;
use crate::codegen_mode;
use crate::container::Container;
use crate::entry::entry;
use crate::identity::{self, Identity};
use crate::signature::Function;
use proc_macro2::{Delimiter, Group, TokenStream};
use quote::{format_ident, quote};
use syn::{Ident, Result};

/// A function, taken to pieces.
pub struct Pieces {
    /// The function that the program calls.
    pub trampoline: TokenStream,
    /// The functions behind it.
    pub siblings: Vec<Sibling>,
    /// The entry takes the function's type from the body and a second function of its signature.
    pub twin: bool,
}

/// Takes a function to pieces. It has passed the checks of [`crate::function`].
pub fn split(
    function: &Function,
    container: Container<'_>,
    attributes: &Sorted,
    Arguments { hot, .. }: &Arguments,
) -> Result<Pieces> {
    let plan = Plan::new(function, container, attributes, hot)?;
    let mut siblings = bodies(&plan);
    let Statics { entry, beside, twin } = statics(&plan);
    let mut prove_names = function.signature.prove_names(&plan.names);
    let choice = choose(&plan, &prove_names);
    if choice.proves_names {
        prove_names = TokenStream::new();
    }
    siblings.extend(choice.teller);
    let (statements, call) = (choice.statements, call(&plan, choice.may_have_data));
    let mut dispatch = quote!(#entry #statements #call);
    if plan.inferred() > 0 {
        siblings.push(via(&plan, &dispatch));
        dispatch = call_via(&plan);
    }
    let nested: TokenStream = match container {
        Container::Module => siblings.iter().map(Sibling::define).collect(),
        Container::Impl(_) => TokenStream::new(),
    };
    let prove_names = (!prove_names.is_empty()).then(|| quote!(if false { #prove_names }));
    let content = quote!(#beside #nested #prove_names #dispatch);
    Ok(Pieces { trampoline: trampoline(&plan, content), siblings, twin })
}

/// The statics of a function, and where they stand.
struct Statics {
    /// Slot and entry, with what stands beside them.
    entry: TokenStream,
    /// Items beside the pieces.
    beside: Option<TokenStream>,
    /// See [`Pieces::twin`].
    twin: bool,
}

/// Returns slot and entry, and the type whose path holds the function's. In a function the type
/// stands beside its pieces, in a method inside the one with the entry.
fn statics(plan: &Plan<'_>) -> Statics {
    let identity = identity::of(plan.signature(), plan.container, plan.hot);
    let twin = matches!(identity, Identity::Common);
    let here = here(plan.container, plan.generic, plan.inferred() > 0);
    let pieces = [plan.slot_holds(), &plan.pieces.body];
    let Plan { function, container, generic, hot, .. } = *plan;
    let entry = entry(function, container, generic, pieces, identity, here.as_ref(), hot);
    let beside = here.map(|here| quote!(#[allow(dead_code)] struct #here;));
    match container {
        Container::Impl(_) => Statics { entry: quote!(#beside #entry), beside: None, twin },
        Container::Module => Statics { entry, beside, twin },
    }
}

/// Returns the piece that does the work where arguments are of type `impl Trait`: the parameters
/// have names only one function further in.
fn via(plan: &Plan<'_>, dispatch: &TokenStream) -> Sibling {
    let signature = plan.signature();
    let (asyncness, pointer) = (&signature.asyncness, signature.pointer_qualifiers());
    let mut via = plan.sibling(
        &plan.pieces.via,
        quote!(#asyncness #pointer),
        signature.arrow(),
        quote!({ #dispatch }),
    );
    via.marks = quote!(#[inline]);
    via
}

/// Returns the call of that piece.
fn call_via(plan: &Plan<'_>) -> TokenStream {
    let (own, values) = (plan.signature().parameters(), plan.values());
    let inferred = std::iter::repeat_n(quote!(_), plan.inferred());
    let via = plan.container.inside(&plan.pieces.via);
    let call = plan.guard(quote!(#via::<#(#own,)* #(#inferred),*>(#values)));
    let wait = plan.is_async().then(|| quote!(.await));
    quote!(#call #wait)
}

/// Returns the function that the program calls.
fn trampoline(plan: &Plan<'_>, content: TokenStream) -> TokenStream {
    let (function, signature) = (plan.function, plan.signature());
    let (every, own) = (&plan.attributes.every, &plan.attributes.trampoline);
    let inline = (!plan.attributes.exported).then(|| quote!(#[inline]));
    // An entry that names the item, for mocks, keeps the function and all that it alone calls from
    // being reported as dead code. Elsewhere this does.
    let named = codegen_mode::emits_code() && cfg!(feature = "mock");
    let alive = (!named).then(|| quote!(#[allow(dead_code)]));
    let (visibility, fn_token) = (&function.visibility, &signature.fn_token);
    let (asyncness, pointer) = (&signature.asyncness, signature.pointer_qualifiers());
    let (ident, generics) = (&signature.ident, &signature.generics);
    let (receiver, lints, names) = (plan.receiver(false), plan.lints(), &plan.names);
    let types = signature.arguments.iter().map(|argument| &argument.ty);
    let (arrow, where_clause) = (signature.arrow(), &signature.where_clause);
    // Braces in the place of those written, so that what the compiler says about the whole function
    // points there and not at the attribute.
    let mut block = Group::new(Delimiter::Brace, content);
    if let Some(body) = &function.body {
        block.set_span(body.span());
    }
    quote! {
        #every #own #alive #inline
        #visibility #asyncness #pointer #fn_token #ident #generics(
            #receiver #(#lints #names: #types),*
        ) #arrow #where_clause #block
    }
}

/// Returns the name of a type inside the function, whose path holds the function's
/// (`registry::place` in `hot`): for generic functions, which no item type stands for, and methods
/// of trait impls, whose trait has to be known. With arguments that are `inferred` a method's entry
/// is in its second piece, which is of another trait than the method.
fn here(container: Container<'_>, generic: bool, inferred: bool) -> Option<Ident> {
    let of_trait = container.header().is_some_and(|header| header.trait_path.is_some());
    let name = if of_trait && inferred { "__HotHereToo" } else { "__HotHere" };
    ((generic || of_trait) && codegen_mode::emits_code()).then(|| format_ident!("{name}"))
}
