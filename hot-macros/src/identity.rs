//! The type under which a replacement is checked: `for<'a> fn(&'a Cart) -> u64`.
//!
//! The type must be general in every lifetime that a caller may choose, those of
//! the impl block included: a replacement that works for one lifetime only could keep what it
//! borrowed. The type is written out from the signature, with the self type for `Self`. Where
//! that could say something else than the signature says, there is another way or none:
//!
//! - *Left-out lifetimes.* `fn iter(&self, key: &str) -> Iter` may take a lifetime from `&self`
//!   that is not to be seen, and a pointer type without `self` would not know which one is meant.
//!   Here the type is taken from two functions of the same signature instead: in an array they
//!   become pointers of their common type. The receiver is a reference, so its lifetime is general
//!   in that type; so is one that stands right after the `&` of an argument, and one that occurs in
//!   arguments alone. In the impl block of a type with lifetimes of its own no two functions are
//!   general in these. Here the compiler is asked for the result ([`Named::asked`]), and the type
//!   is made of that. What lifetimes an argument may hide, it would have to name: where there are
//!   such, there is no identity.
//! - *Lifetimes with bounds, or in the result alone*, are chosen when the function is named, not
//!   when it is called; pointers are not general in them. Such a function has no identity.
//! - *Bounds that the impl block implies* ([`implied`](crate::implied)) are lost where the type
//!   does not mention what implies them. It is then more general than the function: right for a
//!   replacement, which is called in fewer cases than it could be, and wrong for a call.
//! - *Generic functions* have as many types as instances, `impl Trait` has no name: no identity.
//! - *Macros* may expand to anything: the common type, or no identity.
//!
//! That the function may be called as the type says is not left to this reading of tokens: the
//! compiler has to take the function for one of that type ([`Named::proved`]), or the
//! program does not compile.
//!
//! For an `async fn` the output stands in the place of the result.

use crate::container::{self, Container, Header};
use crate::implied;
use crate::signature::{MAX_ARGUMENTS, Signature};
use crate::tokens;
use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{GenericParam, Generics, Ident};

/// The way in which the entry states the type.
pub enum Identity {
    /// Not at all.
    None,
    /// Written out.
    Named(Named),
    /// Taken from the body and another function of its signature.
    Common,
    /// Written out but for the result, which is asked of the body.
    Asked(Named),
}

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

/// Decides for one function.
pub fn of(signature: &Signature, container: Container<'_>, hot: &TokenStream) -> Identity {
    named_or_common(signature, container, hot).unwrap_or(Identity::None)
}

fn named_or_common(
    signature: &Signature,
    container: Container<'_>,
    hot: &TokenStream,
) -> Option<Identity> {
    let types = signature.types();
    // It may expand to `impl Trait`, and then the body and another function differ in it.
    if signature.output.as_ref().is_some_and(tokens::has_macro) {
        return None;
    }
    let generic = container.is_generic() || !signature.parameters().is_empty();
    if generic || tokens::mentions(&types, "impl") || bounded(&signature.generics) {
        return None;
    }
    let has_lifetime = |clause: &TokenStream| !tokens::lifetimes(clause).is_empty();
    if has_lifetime(&signature.where_clause) {
        return None;
    }
    let own_lifetimes = container::lifetimes(&signature.generics);
    let mut lifetimes = own_lifetimes.clone();
    let mut self_lifetimes = false;
    let mut spelled = !tokens::has_macro(&types);
    let mut callable = true;
    if let Some(header) = container.header() {
        if bounded(&header.generics) || has_lifetime(&header.where_clause) {
            return None;
        }
        let trait_path = header.trait_path.iter();
        if trait_path.chain([&header.self_type]).any(tokens::has_macro) {
            return None;
        }
        let defined =
            |name: &String| header.trait_path.is_some() && header.associated.contains(name);
        spelled &= tokens::self_paths(&types).iter().all(defined);
        let of_impl = header.lifetimes();
        self_lifetimes = !of_impl.is_empty();
        lifetimes.extend(of_impl);
        callable = match implied::bounds(signature, header) {
            implied::Bounds::Kept => true,
            implied::Bounds::Lost => false,
            implied::Bounds::Needed => return None,
        };
    }

    let output = signature.output.clone().unwrap_or_else(|| quote!(()));
    let elided = tokens::has_elided(&output);
    let hides = may_hide_lifetime(&output);
    let others = signature.arguments.iter().any(|a| may_have_lifetime(&a.ty));
    let reference =
        signature.receiver.as_ref().is_some_and(|r| tokens::has_reference(&r.full_type()));
    // A lifetime that is left out in a pointer's result is then the one of the function's.
    let borrows_alike = if reference {
        !others && !self_lifetimes
    } else {
        !self_lifetimes || !tokens::mentions(&types, "Self") && signature.receiver.is_none()
    };
    let asked = hides && !borrows_alike;
    if !spelled || asked && !self_lifetimes && signature.asyncness.is_none() {
        let inputs = || signature.receiver.iter().map(|receiver| receiver.full_type());
        let inputs = inputs().chain(signature.arguments.iter().map(|a| a.ty.clone()));
        let behind: Vec<String> = inputs.flat_map(|ty| tokens::reference_lifetimes(&ty)).collect();
        let taken = tokens::lifetimes(&output);
        // A macro may mention a lifetime where nothing of it is seen.
        let hidden = tokens::has_macro(&types) || tokens::has_macro(&signature.where_clause);
        let late = |name: &String| !hidden && (behind.contains(name) || !taken.contains(name));
        let general = own_lifetimes.iter().all(late) && (reference || !elided && !hides);
        let common = general && !self_lifetimes && signature.asyncness.is_none();
        return common.then_some(Identity::Common);
    }
    if asked {
        return ask(signature, container, lifetimes, callable, hot).map(Identity::Asked);
    }

    let mut inputs = Vec::new();
    let mut output = output;
    if let Some(receiver) = &signature.receiver {
        let mut ty = receiver.full_type();
        if elided && !hides {
            // The result borrows from the receiver: both get the same name.
            let mut found = 0;
            ty = tokens::name_elided(ty, &mut || {
                found += 1;
                tokens::lifetime("__hot_self")
            });
            let named = tokens::lifetimes(&ty);
            match found {
                // `&'a self`: the result borrows for `'a`.
                0 if named.len() == 1 && named[0] != "_" => {
                    output = tokens::name_elided(output, &mut || tokens::lifetime(&named[0]));
                }
                0 if self_lifetimes => return None,
                0 => {}
                1 => {
                    output = tokens::name_elided(output, &mut || tokens::lifetime("__hot_self"));
                    lifetimes.push("__hot_self".to_owned());
                }
                _ => return None,
            }
        }
        inputs.push(ty);
    } else if self_lifetimes && elided && tokens::mentions(&types, "Self") {
        return None;
    }
    inputs.extend(signature.arguments.iter().map(|argument| argument.ty.clone()));

    if let Some(header) = container.header() {
        let alone = header.self_alone(hot);
        let (ty, path) = (&header.self_type, &header.trait_path);
        let before_path = quote!(<#ty as #path>);
        let replace = |ty| tokens::replace_self(ty, &alone, &before_path);
        inputs = inputs.into_iter().map(replace).collect();
        output = replace(output);
    }
    let given: Vec<String> = inputs.iter().flat_map(tokens::constraining_lifetimes).collect();
    let taken = tokens::lifetimes(&output);
    if taken.iter().any(|name| lifetimes.contains(name) && !given.contains(name)) {
        return None;
    }
    let lifetimes = lifetimes.iter().map(|name| tokens::lifetime(name)).collect();
    let qualifiers = signature.pointer_qualifiers();
    Some(Identity::Named(Named { lifetimes, inputs, output, qualifiers, callable }))
}

/// Returns the type but for its result. All lifetimes have names here, since they are written
/// twice.
fn ask(
    signature: &Signature,
    container: Container<'_>,
    mut lifetimes: Vec<String>,
    callable: bool,
    hot: &TokenStream,
) -> Option<Named> {
    let arguments = signature.arguments.iter().map(|argument| &argument.ty);
    let receiver = signature.receiver.as_ref().map(|receiver| receiver.full_type());
    let header = container.header()?;
    let many = signature.receiver.iter().len() + signature.arguments.len() > MAX_ARGUMENTS;
    if !callable || many || signature.unsafety.is_some() || arguments.clone().any(may_hide_lifetime)
    {
        return None;
    }
    let (alone, ty, path) = (header.self_alone(hot), &header.self_type, &header.trait_path);
    let before_path = quote!(<#ty as #path>);
    let mut name = |ty: TokenStream| {
        let mut next = || {
            lifetimes.push(format!("__hot_{}", lifetimes.len()));
            lifetimes.last().map(|name| tokens::lifetime(name)).unwrap_or_default()
        };
        let ty = tokens::name_elided(ty, &mut next);
        tokens::replace_self(ty, &alone, &before_path)
    };
    let inputs: Vec<TokenStream> =
        receiver.into_iter().chain(arguments.cloned()).map(&mut name).collect();
    let given: Vec<String> = inputs.iter().flat_map(tokens::constraining_lifetimes).collect();
    let lifetimes = lifetimes
        .iter()
        .map(|name| given.contains(name).then(|| tokens::lifetime(name)))
        .collect::<Option<_>>()?;
    let qualifiers = signature.pointer_qualifiers();
    Some(Named { lifetimes, inputs, output: TokenStream::new(), qualifiers, callable })
}

fn bounded(generics: &Generics) -> bool {
    let bounded = |parameter: &GenericParam| match parameter {
        GenericParam::Lifetime(lifetime) => !lifetime.bounds.is_empty(),
        _ => false,
    };
    generics.params.iter().any(bounded)
}

/// Types that are known to have no lifetime of their own.
const PLAIN: &[&str] = &[
    "bool", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64", "str", "String", "Result", "Self", "mut", "const",
];

/// Types that have no lifetime of their own, and parameters: without these it is another type.
const PLAIN_OF: &[&str] = &["Option", "Vec", "Box"];

/// Reports whether a type may have a lifetime, written or left out.
pub fn may_have_lifetime(ty: &TokenStream) -> bool {
    tokens::has_elided(ty) || may_hide_lifetime(ty) || !tokens::lifetimes(ty).is_empty()
}

/// Reports whether a path in it may stand for a type with a lifetime that is not written.
fn may_hide_lifetime(ty: &TokenStream) -> bool {
    // The name of a lifetime that is written hides none; nor does a path that has lifetimes
    // written, a module, or a type that the impl block defines.
    let tokens: Vec<TokenTree> = ty.clone().into_iter().collect();
    let is = |at: usize, mark: char| match tokens.get(at) {
        Some(TokenTree::Punct(punct)) => punct.as_char() == mark,
        _ => false,
    };
    let of_self = |at: usize| {
        let is_self = |at: usize| tokens.get(at).is_some_and(|token| token.to_string() == "Self");
        is(at.wrapping_sub(1), ':') && is_self(at.wrapping_sub(3))
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Ident(word) => {
            let word = word.to_string();
            let spared = is(at.wrapping_sub(1), '\'')
                || is(at + 1, '<') && is(at + 2, '\'')
                || is(at + 1, ':') && is(at + 2, ':')
                || of_self(at)
                || PLAIN.contains(&word.as_str())
                || PLAIN_OF.contains(&word.as_str()) && is(at + 1, '<');
            !spared
        }
        TokenTree::Group(group) => may_hide_lifetime(&group.stream()),
        _ => false,
    })
}
