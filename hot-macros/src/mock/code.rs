//! The code of a mock: `__hot_typed`, a function that is generic in the closures.

use super::closure::Closure;
use super::hygienic::hygienic;
use super::parse::Mock;
use super::shape::Shape;
use crate::tokens;
use proc_macro2::TokenStream;

/// The closures that a mock is given: what stands for the function, its condition, what records.
struct Closures<'a> {
    /// The parameters that stand for them, and for what is recorded.
    parameters: Vec<TokenStream>,
    bounds: Vec<TokenStream>,
    /// The names of the arguments that hand them over.
    names: Vec<TokenStream>,
    /// The closures beside the first, as written.
    values: Vec<&'a TokenStream>,
    /// `if !when(…)`, or nothing.
    condition: Option<TokenStream>,
    /// `__hot_call.record(record(…));`, or nothing.
    record: Option<TokenStream>,
}

/// The function that makes a mock of its closures, and what is handed to it after the first.
pub struct Code<'a> {
    pub function: TokenStream,
    pub values: Vec<&'a TokenStream>,
}

/// Returns the code of a mock.
pub fn write<'a>(shape: &Shape<'_>, mock: &'a Mock) -> Code<'a> {
    let closures = Closures::of(shape, mock);
    let types = closures.types();
    let tuple = hygienic!((#(#types,)*));
    let Closures { parameters, bounds, names, .. } = &closures;
    let (hot, is_async, pointer) = (shape.hot, shape.is_async(), shape.pointer());
    let arguments = names.iter().zip(&types).map(|(name, ty)| hygienic!(#name: #ty));
    let answer = answer(shape);
    let (binder, written) = (&shape.binder, &shape.closure.types);
    let code = call_code(shape, &closures, &tuple, &answer);
    let function = hygienic! {
        #[allow(unused_variables, unused_unsafe, clippy::all, clippy::pedantic)]
        fn __hot_typed<#(#parameters),*>(#(#arguments),*) -> #hot::Typed<#tuple>
        where
            #(#bounds,)*
        {
            #code
            // SAFETY: the code is of the type given, with a pointer in front; it enters the call
            // once and asks for closures of the type given here. Futures were compared where they
            // are made.
            unsafe {
                #hot::Typed::new::<#pointer>(
                    __hot_code::<#(#parameters),*>
                        as #binder fn(*const () #(, #written)*) -> #answer as *const (),
                    (#(#names,)*),
                    #is_async,
                )
            }
        }
    };
    Code { function, values: closures.values }
}

impl<'a> Closures<'a> {
    fn of(shape: &Shape<'_>, Mock { when, record, .. }: &'a Mock) -> Self {
        let Shape { hot, binder, names, .. } = shape;
        let bound = shape.bound();
        let borrowed: Vec<TokenStream> =
            shape.closure.types.iter().map(|ty| hygienic!(&#ty)).collect();
        let mut closures = Closures {
            parameters: vec![hygienic!(__HotC)],
            bounds: vec![hygienic!(__HotC: #bound)],
            names: vec![hygienic!(__hot_c)],
            values: Vec::new(),
            condition: None,
            record: None,
        };
        if let Some(when) = when {
            closures.parameters.push(hygienic!(__HotW));
            let bound = hygienic!(#binder #hot::core::ops::Fn(#(#borrowed),*) -> bool);
            closures.bounds.push(hygienic!(__HotW: #bound));
            let index = closures.hand_over(hygienic!(__hot_w), when);
            closures.condition = Some(hygienic!(if !(__hot_closures.#index)(#(&#names),*)));
        }
        if let Some(record) = record {
            closures.parameters.extend([hygienic!(__HotR), hygienic!(__HotV)]);
            let bound = hygienic!(#binder #hot::core::ops::Fn(#(#borrowed),*) -> __HotV);
            closures.bounds.push(hygienic!(__HotR: #bound));
            closures.bounds.push(hygienic!(__HotV: #hot::core::marker::Send + 'static));
            let index = closures.hand_over(hygienic!(__hot_r), record);
            let recorded = hygienic!((__hot_closures.#index)(#(&#names),*));
            closures.record = Some(hygienic!(__hot_call.record(#recorded);));
        }
        closures
    }

    /// Adds a closure; returns its place in the tuple.
    fn hand_over(&mut self, name: TokenStream, value: &'a TokenStream) -> syn::Index {
        let index = syn::Index::from(self.names.len());
        self.names.push(name);
        self.values.push(value);
        index
    }

    /// Returns the parameters that stand for closures.
    fn types(&self) -> Vec<&TokenStream> {
        self.parameters.iter().filter(|parameter| parameter.to_string() != "__HotV").collect()
    }
}

/// Returns the type that the code gives: the result, or the future in its box.
fn answer(shape: &Shape<'_>) -> TokenStream {
    let Shape { hot, result, bound_result, .. } = shape;
    if shape.is_async() { hygienic!(#hot::RawFuture<#bound_result>) } else { result.clone() }
}

/// Returns `__hot_code`, which a shim calls with the mock and the function's arguments.
fn call_code(
    shape: &Shape<'_>,
    closures: &Closures<'_>,
    tuple: &TokenStream,
    answer: &TokenStream,
) -> TokenStream {
    let Closures { parameters, bounds, record, .. } = closures;
    let (hot, names) = (shape.hot, &shape.names);
    // The code's own lifetimes must not be called like those of the bounds in it.
    let (own_lifetimes, own_answer) = (renamed(&shape.lifetimes), renamed(answer));
    let own_types = shape.closure.types.iter().map(renamed);
    let pass = closures.condition.as_ref().map(|condition| pass(shape, condition));
    let run = run(shape, tuple);
    let mutable = hygienic!(let mut __hot_call);
    hygienic! {
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
                #record
            }
            __hot_call.begin();
            // SAFETY: as above.
            let __hot_closures = unsafe { __hot_call.closures::<#tuple>() };
            #run
        }
    }
}

/// Returns what hands the call on where the condition does not hold.
fn pass(shape: &Shape<'_>, condition: &TokenStream) -> TokenStream {
    let (hot, names) = (shape.hot, &shape.names);
    let Closure { unsafety, abi, types, .. } = shape.closure;
    let holes = types.iter().map(|_| hygienic!(_));
    let with_data = types.iter().map(|_| hygienic!(_));
    // The next one may be the function itself, whose ABI is its own; what boxes the future of an
    // `async` one has that of Rust.
    let abi = abi.as_ref().filter(|_| !shape.is_async());
    hygienic! {
        #condition {
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
}

/// Returns what runs the closure.
fn run(shape: &Shape<'_>, tuple: &TokenStream) -> TokenStream {
    let (hot, names) = (shape.hot, &shape.names);
    if shape.is_async() {
        hygienic! {
            // SAFETY: the future of the function, which is what this one stands for, borrows the
            // same; it keeps the mock alive by itself.
            unsafe {
                #hot::RawFuture::new(async move {
                    // SAFETY: as above.
                    let __hot_closures = unsafe { __hot_call.closures::<#tuple>() };
                    (__hot_closures.0)(#(#names),*).await
                })
            }
        }
    } else {
        hygienic!((__hot_closures.0)(#(#names),*))
    }
}

/// Returns a type or a list of lifetimes with other names for those that have one.
fn renamed(ty: &TokenStream) -> TokenStream {
    let named = |name: &str| name != "static" && name != "_";
    tokens::rename_lifetimes(ty.clone(), |name| named(name).then(|| format!("__hot_{name}")))
}
