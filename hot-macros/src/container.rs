//! Where a function stands, and how its pieces are called from there.
//!
//! | container | the body is | called inside the trampoline | called by the slot, a static |
//! | --- | --- | --- | --- |
//! | none | a nested function | `__hot_total` | the same |
//! | inherent impl | a sibling method | `Self::__hot_total` | `<Cart>::__hot_total` |
//! | trait impl | a method of a private extension trait | `<Self as __HotSink<T>>::__hot_push` | `<Cart as __HotSink<'static>>::__hot_push` |
//!
//! A static knows neither `Self` nor the parameters around it: it writes the self type out, with
//! `'static` for every lifetime of the impl. The address is the same for all lifetimes.

use crate::signature::parameters;
use crate::tokens;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{GenericParam, Generics, Ident};

/// Where a function stands.
#[derive(Clone, Copy)]
pub enum Container<'a> {
    /// In a module or in another function.
    Module,
    /// In an impl block.
    Impl(&'a Header),
}

/// The header of an impl block. Lifetimes that the header leaves out have names here.
pub struct Header {
    /// Without the where clause.
    pub generics: Generics,
    /// With its `where`; empty when there is none.
    pub where_clause: TokenStream,
    /// The trait, for an impl of one.
    pub trait_path: Option<TokenStream>,
    /// Name of the extension trait that holds the bodies of a trait impl.
    pub extension: Ident,
    /// It is an `unsafe impl`.
    pub unsafety: bool,
    /// The type.
    pub self_type: TokenStream,
    /// The type as written, for people.
    pub self_text: String,
    /// `Cart`, or `Cart.Display`: the part of the name before the method.
    pub name: String,
    /// Names of the types that the block defines.
    pub associated: Vec<String>,
    /// Those of them that exist only as long as the type or a part of it: `type Item<'a> where
    /// Self: 'a`.
    pub lending: Vec<String>,
    /// Names of the constants that it defines.
    pub constants: Vec<String>,
}

impl<'a> Container<'a> {
    /// Returns the impl block, if there is one.
    pub fn header(self) -> Option<&'a Header> {
        match self {
            Container::Module => None,
            Container::Impl(header) => Some(header),
        }
    }

    /// Reports whether the impl block has type or const parameters.
    pub fn is_generic(self) -> bool {
        self.header().is_some_and(|header| !parameters(&header.generics).is_empty())
    }

    /// Reports whether the impl block is one of a trait.
    pub fn is_of_trait(self) -> bool {
        self.header().is_some_and(|header| header.trait_path.is_some())
    }

    /// Returns the path of a piece, as the trampoline writes it.
    pub fn inside(self, piece: &Ident) -> TokenStream {
        match self {
            Container::Module => quote!(#piece),
            Container::Impl(header) if header.trait_path.is_some() => {
                let (extension, arguments) = (&header.extension, header.arguments());
                quote!(<Self as #extension #arguments>::#piece)
            }
            Container::Impl(_) => quote!(Self::#piece),
        }
    }

    /// Returns the path of the function itself, as the trampoline writes it; none for what may be
    /// `Drop::drop`, which cannot be named.
    pub fn item_inside(self, function: &Ident) -> Option<TokenStream> {
        match self.header().and_then(|header| header.trait_path.as_ref()) {
            Some(_) if may_be_destructor(function) => None,
            Some(path) => Some(quote!(<Self as #path>::#function)),
            None => Some(self.inside(function)),
        }
    }

    /// Returns the path of the function itself, as a static writes it. Only for containers that are
    /// not generic.
    pub fn item_outside(self, function: &Ident) -> Option<TokenStream> {
        match self.header() {
            Some(header) if header.trait_path.is_some() => {
                let (self_type, path) = (&header.self_type, header.trait_path.as_ref()?);
                let item = quote!(<#self_type as #path>::#function);
                (!may_be_destructor(function))
                    .then(|| tokens::make_static(item, &header.lifetimes()))
            }
            _ => Some(self.outside(function)),
        }
    }

    /// Returns the path of a piece, as a static writes it. Only for containers that are not
    /// generic.
    pub fn outside(self, piece: &Ident) -> TokenStream {
        self.outside_for(piece, Some("static"))
    }

    /// Returns the same with the lifetimes of the block, where they are known.
    pub fn outside_named(self, piece: &Ident) -> TokenStream {
        self.outside_for(piece, None)
    }

    /// Returns the same with lifetimes for the compiler to find.
    pub fn outside_inferred(self, piece: &Ident) -> TokenStream {
        self.outside_for(piece, Some("_"))
    }

    fn outside_for(self, piece: &Ident, lifetime: Option<&str>) -> TokenStream {
        match self {
            Container::Module => quote!(#piece),
            Container::Impl(header) => {
                let self_type = &header.self_type;
                let path = if header.trait_path.is_some() {
                    let (extension, arguments) = (&header.extension, header.arguments());
                    quote!(<#self_type as #extension #arguments>::#piece)
                } else {
                    quote!(<#self_type>::#piece)
                };
                let of_impl = header.lifetimes();
                tokens::rename_lifetimes(path, |name| {
                    of_impl
                        .iter()
                        .any(|own| own == name)
                        .then(|| lifetime.map(str::to_owned))
                        .flatten()
                })
            }
        }
    }
}

impl Header {
    /// Returns the names of its lifetimes.
    pub fn lifetimes(&self) -> Vec<String> {
        lifetimes(&self.generics)
    }

    /// Returns `<'a, T, N>`: its parameters as arguments.
    pub fn arguments(&self) -> TokenStream {
        let arguments = self.generics.params.iter().map(|parameter| match parameter {
            GenericParam::Lifetime(lifetime) => {
                let lifetime = &lifetime.lifetime;
                quote!(#lifetime)
            }
            GenericParam::Type(ty) => {
                let ident = &ty.ident;
                quote!(#ident)
            }
            GenericParam::Const(constant) => {
                let ident = &constant.ident;
                quote!(#ident)
            }
        });
        quote!(<#(#arguments),*>)
    }

    /// Returns the type where it stands beside other tokens. A bare `dyn Foo` takes the lifetime of
    /// a reference before it; here it has the one that it has in the header: by way of
    /// [`Header::alias`], or, where it can only be `'static`, as an argument that has no other.
    pub fn self_alone(&self, hot: &TokenStream) -> TokenStream {
        let self_type = &self.self_type;
        match self.alias_lifetimes() {
            Some(lifetimes) => quote!(__HotSelf<#(#lifetimes),*>),
            None => quote!(#hot::Same<#self_type>),
        }
    }

    /// Returns the type under another name, an item beside the uses of [`Header::self_alone`].
    pub fn alias(&self) -> Option<TokenStream> {
        let (self_type, lifetimes) = (&self.self_type, self.alias_lifetimes()?);
        Some(quote! {
            #[allow(dead_code)]
            type __HotSelf<#(#lifetimes),*> = #self_type;
        })
    }

    /// Returns the lifetimes of the type; none where it has no need of another name, or parameters.
    fn alias_lifetimes(&self) -> Option<Vec<TokenStream>> {
        let used = tokens::lifetimes(&self.self_type);
        let mut own = self.lifetimes();
        own.retain(|name| used.contains(name));
        let named = !own.is_empty() && parameters(&self.generics).is_empty();
        named.then(|| own.iter().map(|name| tokens::lifetime(name)).collect())
    }

    /// Returns the where clause with the bounds that references in the header need. They hold in
    /// the impl, or it would not compile; the header of the extension trait implies none.
    pub fn full_where_clause(&self) -> TokenStream {
        let (self_type, trait_path, written) =
            (&self.self_type, &self.trait_path, &self.where_clause);
        let generics = &self.generics;
        let header = quote!(#self_type, #trait_path, #generics, #written);
        // Not those of a `for<'a>` in there.
        let mut known = self.lifetimes();
        known.push("static".to_owned());
        let is_known = |bound: &TokenStream| {
            let named = tokens::lifetimes(bound);
            named.iter().all(|name| known.contains(name))
        };
        let mut implied = tokens::outlives(&header);
        implied.retain(is_known);
        let alone = parameters(&self.generics).is_empty() && self.lifetimes().len() < 2;
        if implied.is_empty() || alone {
            return written.clone();
        }
        let comma = match written.clone().into_iter().last().map(|token| token.to_string()) {
            None => quote!(where),
            Some(last) if last == "," || last == "where" => TokenStream::new(),
            Some(_) => quote!(,),
        };
        quote!(#written #comma #(#implied),*)
    }

    /// Reports whether types in the trait's path may imply that one of the block's parameters
    /// outlives another, as `PartialEq<&'a T>` does. That holds in an impl; a trait's header has to
    /// state it.
    pub fn may_imply_bounds(&self) -> bool {
        let others = || !parameters(&self.generics).is_empty() || self.lifetimes().len() > 1;
        let mentions = |path: &TokenStream| !tokens::lifetimes(path).is_empty();
        self.trait_path.as_ref().is_some_and(mentions) && others()
    }

    /// Name of the extension trait for a trait called `name`.
    pub fn extension_of(name: &str) -> Ident {
        let letters: String =
            name.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        format_ident!("__Hot{letters}")
    }
}

/// Reports whether a method of a trait impl may be the destructor: a trait has many spellings.
fn may_be_destructor(method: &Ident) -> bool {
    method.unraw() == "drop"
}

/// Returns the names of the lifetimes that are declared.
pub fn lifetimes(generics: &Generics) -> Vec<String> {
    let name = |parameter: &GenericParam| match parameter {
        GenericParam::Lifetime(lifetime) => Some(lifetime.lifetime.ident.unraw().to_string()),
        _ => None,
    };
    generics.params.iter().filter_map(name).collect()
}
