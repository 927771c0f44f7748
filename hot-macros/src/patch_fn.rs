//! `#[hot::patch_fn]`: a function of a hot patch, exported so that an operator can name it.
//!
//! The function stays as it is. Beside it comes a wrapper of the same type, which keeps a panic at
//! home and hands its payload to the program, and a static table with the function's name, its type
//! and the wrapper, exported as `__hot_patch_fn_v1_` and the name. The type is told by the
//! compiler: two functions of one signature have a pointer type in common, with all its lifetimes.

use crate::runtime;
use crate::signature::{Function, Signature};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Error, GenericParam, Result, Visibility};

/// The names of hooks, which are run and never assigned.
const HOOKS: [&str; 4] = ["hp_before_load", "hp_after_load", "hp_before_unload", "hp_after_unload"];

/// Expands the attribute.
pub fn expand(arguments: &TokenStream, item: TokenStream) -> Result<TokenStream> {
    if let Some(token) = arguments.clone().into_iter().next() {
        let message = "`#[hot::patch_fn]` takes no arguments: what the function replaces is said \
                       when the patch is loaded";
        return Err(Error::new(token.span(), message));
    }
    let parse = |input: ParseStream| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        if !crate::signature::starts_function(input) {
            return Err(input.error("`#[hot::patch_fn]` works on functions"));
        }
        Function::parse(attributes, visibility, input)
    };
    let function = parse.parse2(item.clone())?;
    check(&function)?;
    let table = table(&function);
    Ok(quote!(#item #table))
}

/// Refuses what a patch cannot have.
fn check(function: &Function) -> Result<()> {
    let signature = &function.signature;
    let refuse = |message| Err(Error::new_spanned(&signature.ident, message));
    if signature.asyncness.is_some() {
        return refuse(
            "an async function cannot be patched in from a library, whose copy of the runtime is not \
             set up: patch a function below it that is not async",
        );
    }
    let is_lifetime = |parameter: &GenericParam| matches!(parameter, GenericParam::Lifetime(_));
    if !signature.generics.params.iter().all(is_lifetime) {
        return refuse(
            "a generic function has no one type that could be compared: write one for each instance",
        );
    }
    if signature.receiver.is_some() {
        return refuse(
            "a method is patched by a function whose first argument is the receiver: \
             `fn new_total(cart: &Cart) -> u64`",
        );
    }
    if signature.variadic.is_some() || signature.default.is_some() || function.body.is_none() {
        return refuse("`#[hot::patch_fn]` works on functions with a body and a fixed signature");
    }
    Ok(())
}

/// The wrapper and the exported static.
fn table(function: &Function) -> TokenStream {
    let signature = &function.signature;
    let (ident, span) = (&signature.ident, signature.ident.span());
    let root = runtime::path().unwrap_or_else(|| quote!(::hot));
    let hot = quote!(#root::__library);
    let name = ident.unraw().to_string();
    let symbol = format_ident!("__hot_patch_fn_v1_{name}");
    let names: Vec<_> = (0..signature.arguments.len()).map(|n| format_ident!("a{n}")).collect();
    let call = quote!(#ident(#(#names),*));
    let is_hook = HOOKS.contains(&&*name);
    let body = match (&signature.abi, &signature.unsafety) {
        // A panic does not leave these; there is nothing to wrap.
        (Some(_), _) => quote_spanned!(span=> unsafe { #call }),
        (None, Some(_)) => quote_spanned!(span=> #hot::guard(move || unsafe { #call })),
        // What an error says is asked for on this side of the border, where it may panic.
        (None, None) if is_hook => quote_spanned!(span=> #hot::guard(move || #hot::said(#call))),
        (None, None) => quote_spanned!(span=> #hot::guard(move || #call)),
    };
    let [wrapped, twin] = [("wrapped", body), ("twin", quote!(::core::unreachable!()))]
        .map(|(name, body)| like(signature, name, &names, &body));
    // An item that is left out has no table.
    let conditions = function.attributes.iter().filter(|a| a.path().is_ident("cfg"));
    let is_of_hooks = is_hook.then(|| quote_spanned!(span=> const _: #hot::Hook = #ident;));
    quote! {
        #(#conditions)*
        const _: () = {
            #is_of_hooks
            #[allow(clippy::all, deprecated, mismatched_lifetime_syntaxes, unused_unsafe)]
            #wrapped
            #[allow(clippy::all, deprecated, mismatched_lifetime_syntaxes, unused_variables)]
            #twin
            #[unsafe(no_mangle)]
            pub static #symbol: #hot::Table = #hot::Table::new(&[
                // SAFETY: the type is that of the wrapper and of another like it.
                unsafe {
                    #hot::Replacement::new(
                        #name,
                        #hot::common([wrapped, twin]),
                        wrapped as *const (),
                    )
                },
            ]);
        };
    }
}

/// A function of this signature.
fn like(
    signature: &Signature,
    name: &str,
    names: &[syn::Ident],
    body: &TokenStream,
) -> TokenStream {
    let name = format_ident!("{name}");
    let Signature { unsafety, abi, generics, arguments, output, where_clause, .. } = signature;
    let types = arguments.iter().map(|argument| &argument.ty);
    let output = output.as_ref().map(|output| quote!(-> #output));
    quote! {
        #unsafety #abi fn #name #generics (#(#names: #types),*) #output #where_clause { #body }
    }
}
