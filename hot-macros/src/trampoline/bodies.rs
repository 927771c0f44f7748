//! The pieces that hold code: the body, and what boxes the future of an `async` one.

use super::plan::Plan;
use super::sibling::Sibling;
use crate::container::Container;
use crate::entry::item;
use crate::signature::Signature;
use crate::tokens;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// Returns the body first, then what boxes its future if there is one.
pub fn bodies(plan: &Plan<'_>) -> Vec<Sibling> {
    let mut bodies = vec![body(plan)];
    bodies.extend(plan.is_async().then(|| boxed(plan)));
    let held = bodies.last_mut().filter(|_| !plan.generic);
    if let Some(held) = held {
        held.marks.extend(own_section(plan.signature(), plan.container, plan.hot));
    }
    bodies
}

/// Returns the function as written, under its other name.
fn body(plan: &Plan<'_>) -> Sibling {
    let signature = plan.signature();
    let (asyncness, pointer) = (&signature.asyncness, signature.pointer_qualifiers());
    let (receiver, lints, types) = (plan.receiver(true), plan.lints(), &plan.types);
    let patterns = signature.arguments.iter().map(|argument| &argument.pattern);
    let mut body = plan.sibling(
        &plan.pieces.body,
        quote!(#asyncness #pointer),
        signature.arrow(),
        plan.function.body.to_token_stream(),
    );
    body.arguments = quote!(#receiver #(#lints #patterns: #types),*);
    if !matches!(plan.function.visibility, syn::Visibility::Inherited) {
        // Lints that spare what is public, since it cannot be changed freely. The body is not.
        body.marks = quote! {
            #[allow(
                clippy::box_collection, clippy::large_types_passed_by_value, clippy::owned_cow,
                clippy::redundant_allocation, clippy::trivially_copy_pass_by_ref,
                clippy::unnecessary_wraps, clippy::unused_async, clippy::unused_self,
                clippy::vec_box
            )]
        };
    }
    body
}

/// Returns the function that boxes the body's future.
fn boxed(plan: &Plan<'_>) -> Sibling {
    let hot = plan.hot;
    let body = plan.container.inside(&plan.pieces.body);
    let (turbofish, values) = (plan.turbofish(), plan.values());
    let output = plan.signature().output.clone().unwrap_or_else(|| quote!(()));
    let output = tokens::as_argument(output, hot);
    // SAFETY (of what is emitted): the trampoline wraps the result in a future that borrows what
    // the body's does, so it is dropped before that ends. In an impl block others could call
    // this too, so it is unsafe.
    plan.sibling(
        &plan.pieces.boxed,
        quote!(unsafe),
        quote!(-> #hot::RawFuture<#output>),
        quote!({ unsafe { #hot::RawFuture::new(#body #turbofish(#values)) } }),
    )
}

/// Returns a section of its own for what the slot holds. LLVM makes one function of those that
/// compile to the same instructions, but not across sections; and an entry has to name its own
/// function, whose symbol covers the types in its signature.
fn own_section(signature: &Signature, container: Container<'_>, hot: &TokenStream) -> TokenStream {
    let text = format!("::{}", item(signature, container));
    // Of the macro's making: to a lint this is unsafe code, and not the user's.
    // SAFETY (of what is emitted): the section is one of code, as a function's own would be.
    quote! {
        #[unsafe(link_section = #hot::core::concat!(
            ".text.body.", #hot::core::module_path!(), #text
        ))]
    }
}
