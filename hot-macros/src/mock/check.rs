//! The path that is mocked, held against the types that are written.

use super::hygienic::hygienic;
use super::shape::{Shape, unnamed};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Token;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};

/// Returns statements that leave the item in `__hot_item`, and in `__hot_exact` the type that it is
/// proved to have: that is asked of an `instance` alone.
pub fn check(shape: &Shape<'_>, path: &TokenStream, instance: bool) -> TokenStream {
    let Shape { names, lifetimes, result, .. } = shape;
    let closure = shape.closure;
    let (asyncness, unsafety, abi) = (&closure.asyncness, &closure.unsafety, &closure.abi);
    let types = &closure.types;
    let wait = asyncness.map(|_| hygienic!(.await));
    let call = hygienic!(#path(#(#names),*));
    let call = shape.guard(hygienic!(#call #wait));
    let generics = (!lifetimes.is_empty()).then(|| hygienic!(<#lifetimes>));
    let exact = exact(shape, instance);
    hygienic! {
        #asyncness #unsafety #abi fn __hot_check #generics (#(#names: #types),*) -> #result {
            #call
        }
        let __hot_item = #path;
        #exact
        if false {
            let _ = __hot_check;
        }
    }
}

/// Returns the statements that prove an instance's type.
fn exact(shape: &Shape<'_>, instance: bool) -> TokenStream {
    let (hot, is_async) = (shape.hot, shape.is_async());
    // An `unsafe` function does not implement `AsyncFn`.
    if !instance || is_async && shape.closure.unsafety.is_some() {
        return hygienic!(let __hot_exact = #hot::core::option::Option::None;);
    }
    if !is_async {
        return hygienic! {
            let __hot_both = [__hot_item, __hot_check];
            let __hot_exact = #hot::SignatureId::of_both(__hot_both);
        };
    }
    let exact = exact_async(hot, &shape.closure.types);
    let (bound, pointer) = (shape.bound(), shape.pointer());
    hygienic! {
        fn __hot_same<__HotF: #bound>(_: &__HotF) {}
        __hot_same(&__hot_item);
        fn __hot_exact() -> #hot::core::option::Option<
            fn() -> #hot::SignatureId
        > {
            // `__hot_same` leaves this open.
            (#exact).then_some(#hot::SignatureId::of::<#pointer>)
        }
        let __hot_exact = __hot_exact();
    }
}

/// Returns an expression that is true if the arguments have no lifetimes but general ones, each its
/// own. Lifetimes that a path hides are found by its type's name, at run time.
fn exact_async(hot: &TokenStream, types: &[TokenStream]) -> TokenStream {
    let mut seen = vec!["static".to_owned()];
    let inner = types.iter().map(|ty| {
        let parse = |input: ParseStream| {
            if input.parse::<Option<Token![&]>>()?.is_some() {
                let name = input.parse::<Option<syn::Lifetime>>()?;
                // `'r#a` is `'a`.
                let name = name.map(|name| name.ident.unraw().to_string());
                if let Some(name) = name.filter(|name| name != "_") {
                    if seen.contains(&name) {
                        return Ok(None);
                    }
                    seen.push(name);
                }
                input.parse::<Option<Token![mut]>>()?;
            }
            input.parse::<TokenStream>().map(Some)
        };
        parse.parse2(ty.clone()).ok().flatten().map(|ty| unnamed(&ty))
    });
    match inner.collect::<Option<Vec<_>>>() {
        Some(inner) => quote! {
            #hot::no_lifetimes(&[#(#hot::core::any::type_name::<#inner>()),*])
        },
        None => quote!(false),
    }
}
