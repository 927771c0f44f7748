//! `mock!` and `mock_by_name!`: the code of a mock, written where the macro stands.
//!
//! ```text
//! mock!([in scope,] [instance] path, closure [, when |…| …] [, record |…| …])
//! mock_by_name!([in scope,] "name", closure …)
//! closure: [for<'a>] [async] [unsafe] [extern "C"] [move] |pattern: Type, …| [-> Type] body
//! ```
//!
//! The types are written, and everything is made of them: with `|o: &Order| -> u64 { … }`
//!
//! ```text
//! fn __hot_check(a: &Order) -> u64 { path(a) }            the function takes and answers that
//! fn __hot_typed<C: Fn(&Order) -> u64>(c: C) -> Typed<…> {
//!     fn code<C: Fn(&Order) -> u64>(mock: *const (), a: &Order) -> u64 { … }
//!     Typed::new::<fn(&Order) -> u64>(code::<C> as fn(*const (), &Order) -> u64, …)
//! }
//! ```
//!
//! A lifetime that is left out is a new one for each call in all of these places. So the closure is
//! held against `Fn(&Order) -> u64` for every lifetime, and one that is good for a single lifetime
//! does not compile. Whether the type is that of the function is compared at run time, or, for an
//! instance of a generic function, by the compiler: in `[path, __hot_check]` the two items have to
//! become pointers of one type. The futures of two `async fn` differ in type, so an instance of such a
//! one is held against `AsyncFn(&Order) -> u64` instead. That lets a function through that takes
//! more than is written, any `&str` where `&'static str` is, or any two where two of one lifetime are;
//! so the types that are written must have no lifetime but that of an outer `&`, which is general, and
//! no two of them the same.
//!
//! The closure is handed on with its patterns but without its types, which follow from the bound;
//! so a lifetime from `for<'a>` need not be known in it.

use crate::closure::{Closure, take_closure, take_expression};
use crate::tokens::{self, take_until};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Result, Token};

/// `quote!` whose variables are not those of the code around it, whatever they are called.
macro_rules! hygienic {
    ($($tokens:tt)*) => { quote_spanned!(Span::mixed_site()=> $($tokens)*) };
}

/// What is mocked.
enum Function {
    Item { path: TokenStream, instance: bool },
    Named(TokenStream),
}

/// Expands `mock!`, or `mock_by_name!` when `by_name`.
pub fn expand(tokens: TokenStream, by_name: bool) -> Result<TokenStream> {
    (|input: ParseStream| expand_call(&parse_runtime(input)?, input, by_name)).parse2(tokens)
}

/// Expands `call_original_by_name!`.
pub fn expand_original(tokens: TokenStream) -> Result<TokenStream> {
    let parse = |input: ParseStream| {
        let hot = parse_runtime(input)?;
        let name = take_until(input, |input| input.peek(Token![,]))?;
        input.parse::<Token![,]>()?;
        let ty = take_until(input, |input| input.peek(Token![,]))?;
        input.parse::<Option<Token![,]>>()?;
        let arguments: TokenStream = input.parse()?;
        // The call stands outside of the closure, so that an unsafe function asks for `unsafe`.
        let viewer = viewer(&hot);
        Ok(hygienic! {
            match #hot::original_by_name::<#ty>(#name, #viewer) {
                #hot::core::result::Result::Ok(__hot_original) => {
                    #hot::core::result::Result::Ok(__hot_original(#arguments))
                }
                #hot::core::result::Result::Err(__hot_error) => {
                    #hot::core::result::Result::Err(__hot_error)
                }
            }
        })
    };
    parse.parse2(tokens)
}

/// The path of what the expansion calls, from the `$crate` that the macros of `hot` put first.
fn parse_runtime(input: ParseStream) -> Result<TokenStream> {
    let path = take_until(input, |input| input.peek(Token![;]))?;
    input.parse::<Token![;]>()?;
    Ok(quote!(#path::__private))
}

/// Expands `forbid!`.
pub fn expand_forbid(tokens: TokenStream) -> Result<TokenStream> {
    let parse = |input: ParseStream| {
        let hot = parse_runtime(input)?;
        let scope = take_scope(input)?;
        let pattern: TokenStream = input.parse()?;
        let viewer = viewer(&hot);
        Ok(match scope {
            Some(scope) => quote!((#scope).__forbid(#pattern, #viewer)),
            None => quote!(#hot::forbid_from(#pattern, #viewer)),
        })
    };
    parse.parse2(tokens)
}

/// `in scope,`
fn take_scope(input: ParseStream) -> Result<Option<TokenStream>> {
    if input.parse::<Option<Token![in]>>()?.is_none() {
        return Ok(None);
    }
    let scope = take_expression(input)?;
    input.parse::<Token![,]>()?;
    Ok(Some(scope))
}

/// Where the macro stands, for the registry to know what can be named there.
fn viewer(hot: &TokenStream) -> TokenStream {
    let id = crate::crate_id::id();
    // SAFETY (of what is emitted): it is the module, and the number that entries of this crate have.
    quote!(unsafe { #hot::Viewer::new(#hot::core::module_path!(), #id) })
}

fn expand_call(hot: &TokenStream, input: ParseStream, by_name: bool) -> Result<TokenStream> {
    let scope = take_scope(input)?;
    let function = match by_name {
        true => Function::Named(take_expression(input)?),
        false => {
            let mark = input.fork();
            let instance = mark.parse::<Ident>().is_ok_and(|word| word == "instance")
                && !mark.peek(Token![,])
                && !mark.peek(Token![::]);
            if instance {
                input.parse::<Ident>()?;
            }
            let path = take_until(input, |input| input.peek(Token![,]))?;
            refuse_std(&path)?;
            let typed = path.clone().into_iter().any(|token| token.to_string() == "<");
            Function::Item { path, instance: instance || typed }
        }
    };
    if input.is_empty() {
        return Err(input.error(
            "what is to stand for the function is missing: a closure with its types, such as \
             `|order: &Order| -> u64 { 42 }`",
        ));
    }
    input.parse::<Token![,]>()?;
    let closure = Closure::parse(input)?;
    let (mut when, mut record) = (None, None);
    while !input.is_empty() {
        input.parse::<Token![,]>()?;
        if input.is_empty() {
            break;
        }
        let word: Ident = input.parse()?;
        let place = match word.to_string().as_str() {
            "when" => &mut when,
            "record" => &mut record,
            other => {
                let message = format!(
                    "`{other}` is not known here: after the closure there may be `when |…| …` and \
                     `record |…| …`; numbers of calls are given to what the macro returns"
                );
                return Err(Error::new(word.span(), message));
            }
        };
        *place = Some(take_closure(input)?);
    }
    Ok(write(hot, scope, function, closure, when, record))
}

/// Refuses a path that can only be of the standard library, at compile time. That another function is
/// not hot is found out at run time: no part of a program can name the type of a function, so none
/// can be written that holds for hot ones alone. Without leading colons `core` and `alloc` may be
/// modules.
fn refuse_std(path: &TokenStream) -> Result<()> {
    let of_std = |input: ParseStream| {
        let global = input.parse::<Option<Token![::]>>()?.is_some();
        let first: Ident = input.parse()?;
        input.parse::<Token![::]>()?;
        input.parse::<TokenStream>()?;
        Ok(first == "std" || global && (first == "core" || first == "alloc"))
    };
    // What is no path is refused where it is used.
    if !of_std.parse2(path.clone()).unwrap_or(false) {
        return Ok(());
    }
    Err(Error::new_spanned(
        path,
        "functions of the standard library are not hot and cannot be mocked: write a thin `#[hot]` \
         function around this one, call that, and mock that",
    ))
}

fn write(
    hot: &TokenStream,
    scope: Option<TokenStream>,
    function: Function,
    closure: Closure,
    when: Option<TokenStream>,
    record: Option<TokenStream>,
) -> TokenStream {
    let Closure { unsafety, abi, asyncness, capture, patterns, types, output, body, .. } = &closure;
    // Each where its type is written, so that a mismatch is shown there.
    let name = |(index, ty): (usize, &TokenStream)| {
        let span = ty.clone().into_iter().next().map_or_else(Span::call_site, |t| t.span());
        let span = span.resolved_at(Span::mixed_site());
        Ident::new(&format!("__hot_argument_{index}"), span)
    };
    let names: Vec<Ident> = types.iter().enumerate().map(name).collect();
    let lifetimes = closure.lifetimes();
    let binder = (!lifetimes.is_empty()).then(|| hygienic!(for<#lifetimes>));
    let result = output.clone().unwrap_or_else(|| {
        let span = closure.bars[1].resolved_at(Span::call_site());
        quote_spanned!(span=> ())
    });
    let is_async = asyncness.is_some();
    // `!` may be the result of a function, but not that of a bound.
    let told = tokens::as_argument(result.clone(), hot);

    // The closures' bounds, types and values.
    let call = match is_async {
        true => hygienic!(#hot::core::ops::AsyncFn),
        false => hygienic!(#hot::core::ops::Fn),
    };
    let mut parameters = vec![hygienic!(__HotC)];
    let mut bounds = vec![hygienic!(__HotC: #binder #call(#(#types),*) -> #told)];
    let (mut given, mut values) = (vec![hygienic!(__hot_c)], Vec::new());
    let (mut conditions, mut records) = (TokenStream::new(), TokenStream::new());
    let borrowed: Vec<TokenStream> = types.iter().map(|ty| hygienic!(&#ty)).collect();
    if let Some(when) = when {
        parameters.push(hygienic!(__HotW));
        bounds.push(hygienic!(__HotW: #binder #hot::core::ops::Fn(#(#borrowed),*) -> bool));
        let index = syn::Index::from(given.len());
        given.push(hygienic!(__hot_w));
        values.push(when);
        conditions = hygienic!(if !(__hot_closures.#index)(#(&#names),*));
    }
    if let Some(record) = record {
        parameters.extend([hygienic!(__HotR), hygienic!(__HotV)]);
        bounds.push(hygienic!(__HotR: #binder #hot::core::ops::Fn(#(#borrowed),*) -> __HotV));
        bounds.push(hygienic!(__HotV: #hot::core::marker::Send + 'static));
        let index = syn::Index::from(given.len());
        given.push(hygienic!(__hot_r));
        values.push(record);
        records = hygienic!(__hot_call.record((__hot_closures.#index)(#(&#names),*)););
    }
    let of_closures: Vec<&TokenStream> =
        parameters.iter().filter(|p| p.to_string() != "__HotV").collect();
    let arguments = given.iter().zip(&of_closures).map(|(name, ty)| hygienic!(#name: #ty));
    let tuple = hygienic!((#(#of_closures,)*));

    let answer = match is_async {
        true => hygienic!(#hot::RawFuture<#told>),
        false => result.clone(),
    };
    // The code's own lifetimes must not be called like those of the bounds in it.
    let (own_lifetimes, own_answer) = (renamed(&lifetimes), renamed(&answer));
    let own_types = types.iter().map(renamed);
    let pass = (!conditions.is_empty()).then(|| {
        let holes = types.iter().map(|_| hygienic!(_));
        let with_data = types.iter().map(|_| hygienic!(_));
        // The next one may be the function itself, whose ABI is its own; what boxes the future of an
        // `async` one has that of Rust.
        let abi = abi.as_ref().filter(|_| !is_async);
        hygienic! {
            #conditions {
                let __hot_found = __hot_call.pass();
                // SAFETY: what is found is code of the function's type, which is the one written
                // here, or code of a mock, with its data, which is handed over this once.
                return unsafe {
                    if __hot_found.data.is_null() {
                        #hot::core::mem::transmute::<
                            *const (), #unsafety #abi fn(#(#holes),*) -> _
                        >(__hot_found.code)(#(#names),*)
                    } else {
                        #hot::core::mem::transmute::<
                            *const (), fn(*const () #(, #with_data)*) -> _
                        >(__hot_found.code)(__hot_found.data, #(#names),*)
                    }
                };
            }
        }
    });
    let run = match is_async {
        false => hygienic!((__hot_closures.0)(#(#names),*)),
        true => hygienic! {
            // SAFETY: the future of the function, which is what this one stands for, borrows the
            // same; it keeps the mock alive by itself.
            unsafe {
                #hot::RawFuture::new(async move {
                    // SAFETY: as above.
                    let __hot_closures = unsafe { __hot_call.closures::<#tuple>() };
                    (__hot_closures.0)(#(#names),*).await
                })
            }
        },
    };

    let call_bound = &call;
    let (path, exact) = match &function {
        // What is `unsafe` does not implement `AsyncFn`.
        Function::Item { path, instance } => {
            (Some(path), *instance && !(is_async && unsafety.is_some()))
        }
        Function::Named(_) => (None, false),
    };
    let check = path.map(|path| {
        let wait = asyncness.map(|_| hygienic!(.await));
        let call = hygienic!(#path(#(#names),*));
        // SAFETY (of what is emitted): it is compiled and never run; only its type is asked for.
        let call = match unsafety {
            Some(_) => hygienic!(unsafe { #call #wait }),
            None => hygienic!(#call #wait),
        };
        let generics = (!lifetimes.is_empty()).then(|| hygienic!(<#lifetimes>));
        let same = exact.then(|| match is_async {
            false => hygienic! {
                let __hot_both = [__hot_item, __hot_check];
                let __hot_exact = #hot::SignatureId::of_both(__hot_both);
            },
            true => {
                let exact = exact_async(hot, types);
                hygienic! {
                    fn __hot_same<__HotF: #binder #call_bound(#(#types),*) -> #told>(_: &__HotF) {}
                    __hot_same(&__hot_item);
                    fn __hot_exact() -> #hot::core::option::Option<
                        fn() -> #hot::SignatureId
                    > {
                        // What `__hot_same` leaves open.
                        (#exact).then_some(#hot::SignatureId::of::<
                            #binder #unsafety #abi fn(#(#types),*) -> #result
                        >)
                    }
                    let __hot_exact = __hot_exact();
                }
            }
        });
        let same =
            same.unwrap_or_else(|| hygienic!(let __hot_exact = #hot::core::option::Option::None;));
        hygienic! {
            #asyncness #unsafety #abi fn __hot_check #generics (#(#names: #types),*) -> #result {
                #call
            }
            let __hot_item = #path;
            #same
            if false {
                let _ = __hot_check;
            }
        }
    });
    let [open, close] = closure.bars;
    let (open, close) = (quote_spanned!(open=> |), quote_spanned!(close=> |));
    let closure_tokens = hygienic!(#asyncness #capture #open #(#patterns),* #close #body);
    // An async closure is looked at before it is handed on: its futures are compared with the
    // function's. Its types are told by a bound all the same.
    let (prepare, first) = match is_async {
        false => (TokenStream::new(), closure_tokens),
        true => {
            let general: Vec<TokenStream> = types.iter().map(unnamed).collect();
            let more: Vec<Ident> = names.iter().map(|name| format_ident!("{name}_too")).collect();
            let compare = match path {
                Some(_) => {
                    // By the item: the path could mean another thing beside these arguments.
                    let call = hygienic!(__hot_item(#(#names),*));
                    // SAFETY (of what is emitted): it is compiled and never run; only its type is asked for.
                    let call = unsafety.map(|_| hygienic!(unsafe { #call })).unwrap_or(call);
                    hygienic! {
                        let _ = |#(#names: #general,)* #(#more: #general),*| {
                            #[allow(unused_imports)]
                            use #hot::{LikeAny as _, LikeSend as _};
                            #hot::Own::of(&#call).like(&__hot_closure(#(#more),*))
                        };
                    }
                }
                None => hygienic! {
                    let _ = |#(#more: #general),*| {
                        fn __hot_send<T: #hot::core::marker::Send>(_: &T) {}
                        __hot_send(&__hot_closure(#(#more),*))
                    };
                },
            };
            let prepare = hygienic! {
                fn __hot_expect<__HotC: #binder #call(#(#types),*) -> #told>(c: __HotC) -> __HotC {
                    c
                }
                let __hot_closure = __hot_expect(#closure_tokens);
                if false {
                    #compare
                }
            };
            (prepare, hygienic!(__hot_closure))
        }
    };
    let span = closure.body.clone().into_iter().next().map_or_else(Span::call_site, |t| t.span());
    let typed =
        quote_spanned!(span.resolved_at(Span::mixed_site())=> __hot_typed(#first #(, #values)*));
    let viewer = viewer(hot);
    // SAFETY (of what is emitted): `__hot_typed` was made for the item, or is compared by its name,
    // and the type in `__hot_exact` is the item's. What the user has written stands outside.
    let put = match (&function, &scope) {
        (Function::Item { .. }, Some(scope)) => hygienic! {
            match &(#scope) {
                __hot_scope => unsafe {
                    __hot_scope.__put(
                        #hot::Item::of(&__hot_item), __hot_typed, __hot_exact
                    )
                },
            }
        },
        (Function::Item { .. }, None) => hygienic! {
            unsafe {
                #hot::put_closure(
                    #hot::Item::of(&__hot_item), __hot_typed, __hot_exact
                )
            }
        },
        (Function::Named(name), Some(scope)) => hygienic! {
            match (&(#scope), #name) {
                (__hot_scope, __hot_name) => unsafe {
                    __hot_scope.__put_by_name(__hot_name, #viewer, __hot_typed)
                },
            }
        },
        (Function::Named(name), None) => hygienic! {
            match #name {
                __hot_name => unsafe {
                    #hot::put_closure_by_name(__hot_name, #viewer, __hot_typed)
                },
            }
        },
    };
    let mutable = hygienic!(let mut __hot_call);
    hygienic! {{
        #[allow(unused_variables, unused_unsafe, clippy::all, clippy::pedantic)]
        fn __hot_typed<#(#parameters),*>(#(#arguments),*) -> #hot::Typed<#tuple>
        where
            #(#bounds,)*
        {
            fn __hot_code<#own_lifetimes #(#parameters),*>(
                __hot_data: *const (), #(#names: #own_types),*
            ) -> #own_answer
            where
                #(#bounds,)*
            {
                // SAFETY: a shim has called this with what it was given for it.
                #mutable = unsafe { #hot::Call::enter(__hot_data) };
                {
                    // SAFETY: the type that the mock is made with, below.
                    let __hot_closures = unsafe { __hot_call.closures::<#tuple>() };
                    #pass
                    #records
                }
                __hot_call.begin();
                // SAFETY: as above.
                let __hot_closures = unsafe { __hot_call.closures::<#tuple>() };
                #run
            }
            // SAFETY: the code is of the type given, with a pointer in front; it enters the call
            // once and asks for closures of the type given here. Futures were compared where they
            // are made.
            unsafe {
                #hot::Typed::new::<#binder #unsafety #abi fn(#(#types),*) -> #result>(
                    __hot_code::<#(#parameters),*>
                        as #binder fn(*const () #(, #types)*) -> #answer as *const (),
                    (#(#given,)*),
                    #is_async,
                )
            }
        }
        #[allow(unused_variables, unused_unsafe, clippy::all, clippy::pedantic)]
        let __hot_result = {
            #check
            #prepare
            let __hot_typed = #typed;
            #put
        };
        __hot_result
    }}
}

/// Whether arguments have no lifetimes but general ones, each its own, as an expression. What a path
/// may hide is found out by its type's name at run time.
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

/// A type with `'_` for its lifetimes, but for `'static`.
fn unnamed(ty: &TokenStream) -> TokenStream {
    tokens::rename_lifetimes(ty.clone(), |name| (name != "static").then(|| "_".to_owned()))
}

/// A type or a list of lifetimes with other names for those that have one.
fn renamed(ty: &TokenStream) -> TokenStream {
    let named = |name: &str| name != "static" && name != "_";
    tokens::rename_lifetimes(ty.clone(), |name| named(name).then(|| format!("__hot_{name}")))
}
