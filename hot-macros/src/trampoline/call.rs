//! The call of the chosen code.

use super::plan::Plan;
use crate::signature::pointer_holes;
use proc_macro2::TokenStream;
use quote::quote;

/// Returns the call as an expression: of plain code, of a mock's with its data, awaited where the
/// function is `async`.
pub fn call(plan: &Plan<'_>, may_have_data: bool) -> TokenStream {
    let (local_code, values) = (&plan.locals.code, plan.values());
    let mut call = plan.guard(quote!(#local_code(#values)));
    if may_have_data {
        call = with_data(plan, &call);
    }
    if plan.is_async() {
        call = awaited(plan, &call);
    }
    call
}

/// Returns the call of code that may take data.
fn with_data(plan: &Plan<'_>, plain: &TokenStream) -> TokenStream {
    let (hot, local_found, values) = (plan.hot, &plan.locals.found, plan.values());
    // SAFETY (of what is emitted): with data, the code is that of a mock with a closure, which
    // takes the data before the arguments, once.
    let with_data = pointer_holes(1 + plan.signature().receiver.iter().len() + plan.names.len());
    quote! {
        if #local_found.data.is_null() {
            #plain
        } else {
            unsafe {
                #hot::core::mem::transmute::<*const (), #with_data>(#local_found.code)(
                    #local_found.data, #values
                )
            }
        }
    }
}

/// Returns the future that the call boxes, with the type of the body's, and waits for it.
fn awaited(plan: &Plan<'_>, call: &TokenStream) -> TokenStream {
    let (hot, local_future) = (plan.hot, &plan.locals.future);
    let (body, turbofish) = (plan.container.inside(&plan.pieces.body), plan.turbofish());
    let values = plan.values();
    let witness = plan.guard(quote!(#body #turbofish(#values)));
    // SAFETY (of what is emitted): the slot's code boxes a future that stands for the body's,
    // whose type the branch that never runs gives to the wrapper.
    quote! {
        let #local_future = if false {
            #hot::HotFuture::like(#witness)
        } else {
            unsafe { #hot::HotFuture::new(#call) }
        };
        #local_future.await
    }
}
