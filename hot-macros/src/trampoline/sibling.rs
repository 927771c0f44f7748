//! A piece of a hot function that is a function of its own.

use crate::entry::twin_of;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

/// A piece that stands beside the trampoline, or inside it where there is no impl block.
pub struct Sibling {
    /// For the definition and a declaration.
    pub(super) attributes: TokenStream,
    /// For the definition alone.
    pub(super) marks: TokenStream,
    pub(super) qualifiers: TokenStream,
    pub(super) ident: Ident,
    pub(super) generics: TokenStream,
    /// With the patterns of the body.
    pub(super) arguments: TokenStream,
    /// For a declaration.
    pub(super) receiver: Option<TokenStream>,
    /// The other arguments, with names, for a declaration.
    pub(super) declared: TokenStream,
    pub(super) output: TokenStream,
    pub(super) where_clause: TokenStream,
    pub(super) body: TokenStream,
}

impl Sibling {
    /// Returns the whole function.
    pub fn define(&self) -> TokenStream {
        let Sibling { attributes, marks, qualifiers, ident, generics, arguments, .. } = self;
        let Sibling { output, where_clause, body, .. } = self;
        quote! {
            #attributes #marks #[doc(hidden)]
            #qualifiers fn #ident #generics(#arguments) #output #where_clause #body
        }
    }

    /// Returns the function as a trait declares it, the types of its arguments changed by the first
    /// of `change` and its result by the second. The receiver stays, whose `Self` makes it one.
    pub fn declare(&self, change: [&dyn Fn(TokenStream) -> TokenStream; 2]) -> TokenStream {
        self.declare_as(&self.ident, change, quote!(;))
    }

    /// Leaves generics and where clause alone.
    pub(super) fn take_no_arguments(&mut self) {
        self.arguments = TokenStream::new();
        self.receiver = None;
        self.declared = TokenStream::new();
    }

    /// Returns a declaration under another name and with a default body, never called.
    pub fn declare_twin(
        &self,
        change: [&dyn Fn(TokenStream) -> TokenStream; 2],
    ) -> Option<TokenStream> {
        let twin = twin_of(&self.ident)?;
        Some(self.declare_as(&twin, change, quote!({ loop {} })))
    }

    fn declare_as(
        &self,
        ident: &Ident,
        [change_argument, change_result]: [&dyn Fn(TokenStream) -> TokenStream; 2],
        end: TokenStream,
    ) -> TokenStream {
        let Sibling { attributes, qualifiers, generics, receiver, where_clause, .. } = self;
        let declared = change_argument(self.declared.clone());
        let output = change_result(self.output.clone());
        quote! {
            #attributes #[allow(unused_variables)]
            #qualifiers fn #ident #generics(#receiver #declared) #output #where_clause #end
        }
    }
}
