//! The code that a call runs, as statements that leave it in a variable.
//!
//! An ordinary function reads its slot. A generic one reads it too, and asks a table when it is not
//! null: for this instance's replacement, and in builds with the feature `mock` for its mocks.

use super::plan::Plan;
use super::sibling::Sibling;
use crate::signature::Signature;
use crate::tokens;
use proc_macro2::TokenStream;
use quote::quote;

/// Statements that choose the code of a call.
pub struct Choice {
    pub statements: TokenStream,
    /// The piece that returns the item that is called, where the trampoline cannot.
    pub teller: Option<Sibling>,
    /// They have proved that the arguments' names are variables.
    pub proves_names: bool,
    /// The code may be that of a mock with a closure, which takes its data first.
    pub may_have_data: bool,
}

/// Returns the statements that choose the code of a call.
pub fn choose(plan: &Plan<'_>, prove_names: &TokenStream) -> Choice {
    if !plan.generic {
        return Choice {
            statements: by_slot(plan, prove_names),
            teller: None,
            proves_names: true,
            may_have_data: false,
        };
    }
    let may_have_data = cfg!(feature = "mock");
    let (statements, teller) =
        if may_have_data { by_mocks(plan) } else { (by_instance(plan), None) };
    Choice { statements, teller, proves_names: false, may_have_data }
}

/// Returns the type of a pointer to the code, with holes.
fn pointer_type(plan: &Plan<'_>) -> TokenStream {
    let signature = plan.signature();
    let receiver = signature.receiver.as_ref().map(|_| quote!(_));
    let holes = receiver.into_iter().chain(plan.names.iter().map(|_| quote!(_)));
    match signature.asyncness {
        Some(_) => quote!(unsafe fn(#(#holes),*) -> _),
        None => {
            let pointer = signature.pointer_qualifiers();
            quote!(#pointer fn(#(#holes),*) -> _)
        }
    }
}

/// Returns the path of the code that the slot holds, and the type of a pointer to it.
fn code(plan: &Plan<'_>) -> (TokenStream, TokenStream) {
    (plan.container.inside(plan.slot_holds()), pointer_type(plan))
}

// SAFETY (of the casts that are emitted): a slot and a table of instances hold code of the
// function's own type only (`slot::layers::commit_live`), and the type is taken from the body.

/// Returns the choice of an ordinary function.
fn by_slot(plan: &Plan<'_>, prove_names: &TokenStream) -> TokenStream {
    let (hot, local_code) = (plan.hot, &plan.locals.code);
    let (path, pointer) = code(plan);
    quote! {
        let #local_code = if false {
            #prove_names
            #path as #pointer
        } else {
            unsafe { #hot::core::mem::transmute(__HOT_SLOT.get()) }
        };
    }
}

/// Returns the choice of a generic function in a build without mocks.
fn by_instance(plan: &Plan<'_>) -> TokenStream {
    let (hot, local_code, turbofish) = (plan.hot, &plan.locals.code, plan.turbofish());
    let (path, pointer) = code(plan);
    quote! {
        #hot::instance!(__HOT_SLOT, #path #turbofish);
        let #local_code = #path #turbofish as #pointer;
        let #local_code = if __HOT_SLOT.get().is_null() {
            #local_code
        } else {
            unsafe {
                #hot::core::mem::transmute(
                    #hot::instance(&__HOT_SLOT, #local_code as *const ())
                )
            }
        };
    }
}

/// Returns the choice of a generic function in a build with mocks: one call for all plain code, the
/// original included, by way of a pointer, so that the compiler does not inline the body here.
fn by_mocks(plan: &Plan<'_>) -> (TokenStream, Option<Sibling>) {
    let (hot, turbofish) = (plan.hot, plan.turbofish());
    let (local_code, local_found) = (&plan.locals.code, &plan.locals.found);
    let (path, pointer) = code(plan);
    let Item { statements, teller, sibling } = item(plan);
    let statements = quote! {
        #hot::instance!(__HOT_SLOT, #path #turbofish);
        let #local_code = #path #turbofish as #pointer;
        let #local_found = if __HOT_SLOT.get().is_null() {
            #hot::Found::plain(#local_code as *const ())
        } else {
            #statements
            #hot::find_instance(&__HOT_SLOT, #local_code as *const (), #teller)
        };
        let #local_code = if false {
            #local_code
        } else {
            unsafe { #hot::core::mem::transmute(#local_found.code) }
        };
    };
    (statements, sibling)
}

/// How a generic function says which item it is: the instance that is called.
struct Item {
    statements: TokenStream,
    /// A pointer to a function that returns the item.
    teller: TokenStream,
    sibling: Option<Sibling>,
}

/// Returns how the function says which item it is. Where it may not name its item, which would ask
/// what its own result is, a sibling does.
fn item(plan: &Plan<'_>) -> Item {
    let (hot, signature, local_item) = (plan.hot, plan.signature(), &plan.locals.item);
    let item = item_path(plan);
    let teller = quote!(#hot::Item::teller(&#local_item));
    if !(has_opaque_result(signature) && plan.container.is_of_trait()) {
        let inference = infer_item(plan, &plan.values());
        return Item {
            statements: quote!(let #local_item = #item; #inference),
            teller,
            sibling: None,
        };
    }
    let receiver = signature.receiver.as_ref().map(|receiver| receiver.full_type());
    let values = receiver.iter().chain(&plan.types).map(|ty| quote!(#hot::any::<#ty>()));
    let inference = infer_item(plan, &quote!(#(#values),*));
    let mut sibling = plan.sibling(
        &plan.pieces.item,
        TokenStream::new(),
        quote!(-> fn() -> #hot::Item),
        quote!({ let #local_item = #item; #inference #teller }),
    );
    sibling.take_no_arguments();
    let (path, turbofish) = (plan.container.inside(&plan.pieces.item), plan.turbofish());
    Item {
        statements: TokenStream::new(),
        teller: quote!(#path #turbofish()),
        sibling: Some(sibling),
    }
}

/// Returns the path of the instance that is called.
fn item_path(plan: &Plan<'_>) -> TokenStream {
    let signature = plan.signature();
    match (plan.container.item_inside(&signature.ident), signature.parameters()) {
        (None, _) => {
            let (path, turbofish) = (plan.container.inside(plan.slot_holds()), plan.turbofish());
            quote!(#path #turbofish)
        }
        (Some(item), none) if none.is_empty() => item,
        (Some(item), names) => quote!(#item::<#(#names),*>),
    }
}

/// Returns a call of the item that never runs: arguments of type `impl Trait` have no name in the
/// item, and are inferred from a call.
fn infer_item(plan: &Plan<'_>, values: &TokenStream) -> Option<TokenStream> {
    let (hot, local_item) = (plan.hot, &plan.locals.item);
    // SAFETY (of what is emitted): it is compiled and never run; only its type is asked for.
    let call = plan.guard(quote!(#local_item(#values)));
    (plan.inferred() > 0).then(|| quote!(if false { let _ = #call; #hot::never() }))
}

/// Reports whether the result is of a type that the compiler reads off the body.
fn has_opaque_result(signature: &Signature) -> bool {
    let output = signature.output.as_ref();
    signature.asyncness.is_some() || output.is_some_and(|output| tokens::mentions(output, "impl"))
}
