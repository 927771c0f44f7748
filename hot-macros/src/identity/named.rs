//! A type that is written out, and the expressions that put it into the entry.

use crate::container::{Container, Header};
use crate::signature::Signature;
use crate::tokens;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

/// A type, written out.
pub struct Named {
    /// Its lifetimes: `for<'a>`.
    pub lifetimes: Vec<TokenStream>,
    /// The types of the arguments, the receiver's first.
    pub inputs: Vec<TokenStream>,
    pub output: TokenStream,
    /// `unsafe extern "C"`.
    pub qualifiers: TokenStream,
    /// The function may be called in every case in which the type may.
    pub callable: bool,
}

impl Named {
    /// Returns the type.
    fn pointer(&self) -> TokenStream {
        let (qualifiers, output) = (&self.qualifiers, &self.output);
        self.pointer_of(qualifiers, output)
    }

    /// Returns a pointer to a function of the same arguments.
    fn pointer_of(&self, qualifiers: &TokenStream, output: &TokenStream) -> TokenStream {
        let Named { lifetimes, inputs, .. } = self;
        let binder = (!lifetimes.is_empty()).then(|| quote!(for<#(#lifetimes),*>));
        quote!(#binder #qualifiers fn(#(#inputs),*) -> #output)
    }

    /// Returns the type with the result that the body has: an opaque type, for which the compiler
    /// puts what is behind it. The function that gives it is general in all lifetimes. It does not
    /// call the body, whose arguments could then be taken for shorter ones than they are, and the
    /// result too; it asks for the body's result for arguments of exactly these types.
    pub fn asked(
        &self,
        signature: &Signature,
        container: Container<'_>,
        body: &Ident,
        hot: &TokenStream,
    ) -> TokenStream {
        let Named { lifetimes, inputs, .. } = self;
        let alias =
            container.header().filter(|header| header.trait_path.is_none()).and_then(Header::alias);
        let path = container.outside_named(body);
        let exact = match signature.asyncness {
            Some(_) => quote!(exact_async),
            None => quote!(exact),
        };
        let output = quote! {
            <<__HotF as #hot::Called<(#(#inputs,)*)>>::Output as #hot::Exact>::Type
        };
        let ty = self.pointer_of(&self.qualifiers, &output);
        quote!({
            #alias
            fn __hot_ask<#(#lifetimes),*>(
                #(_: #inputs),*
            ) -> impl #hot::Exact + use<#(#lifetimes),*> {
                #hot::#exact::<_, (#(#inputs,)*)>(#path)
            }
            const fn __hot_identity<__HotF>(
                _: __HotF,
            ) -> #hot::core::option::Option<fn() -> #hot::SignatureId>
            where
                __HotF: #hot::core::marker::Copy + 'static
                    + for<#(#lifetimes),*> #hot::Called<(#(#inputs,)*), Output: #hot::Exact>,
            {
                #hot::core::option::Option::Some(#hot::SignatureId::of::<#ty>)
            }
            __hot_identity(__hot_ask)
        })
    }

    /// Returns the type that has been written out, and the proof that the function may be called as
    /// it says: the code is taken for a pointer of that type. A path of an impl block is good for
    /// one choice of lifetimes only, so there it is called by a function that is general in them.
    pub fn proved(
        &self,
        signature: &Signature,
        container: Container<'_>,
        slot_holds: &Ident,
        hot: &TokenStream,
    ) -> TokenStream {
        let ty = self.pointer();
        // That of a trait impl stands outside.
        let alias =
            container.header().filter(|header| header.trait_path.is_none()).and_then(Header::alias);
        if !self.callable {
            return quote!({ #alias #hot::SignatureId::of_replacement::<#ty>() });
        }
        let is_async = signature.asyncness.is_some();
        let (qualifiers, output) = if is_async {
            let output = tokens::as_argument(self.output.clone(), hot);
            (quote!(unsafe), quote!(#hot::RawFuture<#output>))
        } else {
            (self.qualifiers.clone(), self.output.clone())
        };
        let of_impl = container.header().map(|header| header.lifetimes()).unwrap_or_default();
        let (code, function) = if of_impl.is_empty() {
            (container.outside(slot_holds), None)
        } else {
            let (lifetimes, inputs) = (&self.lifetimes, &self.inputs);
            let names = (0..inputs.len()).map(|index| format_ident!("__hot_argument_{index}"));
            let names: Vec<Ident> = names.collect();
            let path = container.outside_inferred(slot_holds);
            // SAFETY (of what is emitted): it is compiled and never run.
            let call = if is_async || signature.unsafety.is_some() {
                quote!(unsafe { #path(#(#names),*) })
            } else {
                quote!(#path(#(#names),*))
            };
            let function = quote! {
                #qualifiers fn __hot_proof<#(#lifetimes),*>(#(#names: #inputs),*) -> #output {
                    #call
                }
            };
            (quote!(__hot_proof), Some(function))
        };
        if is_async {
            let boxed = self.pointer_of(&qualifiers, &output);
            quote!({ #alias #function #hot::SignatureId::of_async::<#ty, #boxed>(#code) })
        } else {
            quote!({ #alias #function #hot::SignatureId::of_code::<#ty>(#code) })
        }
    }
}
