//! The parts that all pieces of one function are made from.

use super::sibling::Sibling;
use crate::attributes::Sorted;
use crate::container::Container;
use crate::signature::{Argument, Function, Signature, parameters, parse_type};
use crate::tokens;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Generics, Ident, Result};

/// A function that is about to be split, and what is known of all its pieces.
pub struct Plan<'a> {
    pub function: &'a Function,
    pub container: Container<'a>,
    pub attributes: &'a Sorted,
    /// The path of what the expansion calls.
    pub hot: &'a TokenStream,
    pub pieces: PieceNames,
    pub locals: Locals,
    /// The generics of the pieces: those written, and a parameter for each `impl Trait`.
    pub generics: Generics,
    /// The types of the arguments, with those parameters.
    pub types: Vec<TokenStream>,
    /// The names under which the arguments are handed on.
    pub names: Vec<Ident>,
    /// The function has type or const parameters, its own or the impl block's.
    pub generic: bool,
}

/// The names of the pieces.
pub struct PieceNames {
    /// The function as written.
    pub body: Ident,
    /// Boxes the future of an `async` body.
    pub boxed: Ident,
    /// Has names for the parameters that stand for `impl Trait`.
    pub via: Ident,
    /// Returns the item that is called.
    pub item: Ident,
}

/// The names of the trampoline's variables, which nothing that is written can mean.
pub struct Locals {
    pub code: Ident,
    pub found: Ident,
    pub item: Ident,
    pub future: Ident,
}

impl<'a> Plan<'a> {
    /// Names everything, and decides nothing else.
    pub fn new(
        function: &'a Function,
        container: Container<'a>,
        attributes: &'a Sorted,
        hot: &'a TokenStream,
    ) -> Result<Self> {
        let signature = &function.signature;
        let name = signature.ident.unraw();
        let pieces = PieceNames {
            body: format_ident!("__hot_{name}"),
            boxed: format_ident!("__hotbox_{name}"),
            via: format_ident!("__hotvia_{name}"),
            item: format_ident!("__hotitem_{name}"),
        };
        let local = |name| Ident::new(name, Span::mixed_site());
        let locals = Locals {
            code: local("code"),
            found: local("found"),
            item: local("item"),
            future: local("future"),
        };
        let (generics, types) = name_impl_arguments(signature)?;
        let names = signature.argument_names();
        let generic = container.is_generic() || !parameters(&generics).is_empty();
        Ok(Plan {
            function,
            container,
            attributes,
            hot,
            pieces,
            locals,
            generics,
            types,
            names,
            generic,
        })
    }

    pub fn signature(&self) -> &'a Signature {
        &self.function.signature
    }

    pub fn is_async(&self) -> bool {
        self.signature().asyncness.is_some()
    }

    /// Returns the piece whose address the slot holds: the body, or the one that boxes its future.
    pub fn slot_holds(&self) -> &Ident {
        if self.is_async() { &self.pieces.boxed } else { &self.pieces.body }
    }

    /// Returns how many parameters stand for an `impl Trait`.
    pub fn inferred(&self) -> usize {
        self.generics.params.len() - self.signature().generics.params.len()
    }

    /// Returns `self` with a comma, as the body writes it or as the other pieces do.
    pub fn receiver(&self, with_pattern: bool) -> Option<TokenStream> {
        let receiver = self.signature().receiver.as_ref()?;
        let lints = LintLevels(&receiver.attributes);
        let receiver = receiver.write(with_pattern);
        Some(quote!(#lints #receiver,))
    }

    /// Returns the lint levels of each argument.
    pub fn lints(&self) -> impl Iterator<Item = LintLevels<'a>> {
        self.signature().arguments.iter().map(|argument| LintLevels(&argument.attributes))
    }

    /// Returns the arguments of a call, by their names.
    pub fn values(&self) -> TokenStream {
        let names = &self.names;
        let receiver = self.signature().receiver.as_ref().map(|receiver| {
            let token = &receiver.self_token;
            quote!(#token,)
        });
        quote!(#receiver #(#names),*)
    }

    /// Returns `::<T, N>`: the parameters as arguments; lifetimes are inferred.
    pub fn turbofish(&self) -> TokenStream {
        match parameters(&self.generics) {
            none if none.is_empty() => TokenStream::new(),
            names => quote!(::<#(#names),*>),
        }
    }

    /// Returns a call as this function may make it.
    // SAFETY (of what is emitted): the caller of an unsafe function has promised what it asks.
    pub fn guard(&self, call: TokenStream) -> TokenStream {
        match self.signature().unsafety {
            Some(_) => quote!(unsafe { #call }),
            None => call,
        }
    }

    /// Returns a piece that takes what the function takes.
    pub fn sibling(
        &self,
        ident: &Ident,
        qualifiers: TokenStream,
        output: TokenStream,
        body: TokenStream,
    ) -> Sibling {
        let Plan { names, types, .. } = self;
        let receiver = self.receiver(false);
        Sibling {
            attributes: match self.container {
                Container::Module => TokenStream::new(),
                Container::Impl(_) => self.attributes.every.clone(),
            },
            marks: TokenStream::new(),
            qualifiers,
            ident: ident.clone(),
            generics: self.generics.to_token_stream(),
            arguments: quote!(#receiver #(#names: #types),*),
            receiver,
            declared: quote!(#(#names: #types),*),
            output,
            where_clause: self.signature().where_clause.clone(),
            body,
        }
    }
}

/// The attributes of an argument: lint levels, on the body's and the trampoline's.
pub struct LintLevels<'a>(&'a [syn::Attribute]);

impl ToTokens for LintLevels<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.iter().for_each(|attribute| attribute.to_tokens(tokens));
    }
}

/// Gives each `impl Trait` among the argument types a name.
fn name_impl_arguments(signature: &Signature) -> Result<(Generics, Vec<TokenStream>)> {
    let mut generics = signature.generics.clone();
    let mut types = Vec::new();
    for Argument { ty, .. } in &signature.arguments {
        if !tokens::mentions(ty, "impl") {
            types.push(ty.clone());
            continue;
        }
        let mut found = Vec::new();
        types.push(tokens::name_impls(ty.clone(), &mut |bounds| {
            let ident = format_ident!("__HotArgument{}", generics.params.len() + found.len());
            found.push(quote!(#ident: #bounds));
            ident
        }));
        for parameter in found {
            generics.params.push(parse_type(&parameter)?);
        }
    }
    if generics.lt_token.is_none() && !generics.params.is_empty() {
        generics.lt_token = Some(Default::default());
        generics.gt_token = Some(Default::default());
    }
    Ok((generics, types))
}
