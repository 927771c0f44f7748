//! The trampoline and what stands behind it.
//!
//! A plain function becomes
//!
//! ```text
//! #[inline] pub fn total(o: &Order) -> u64 {
//!     fn __hot_total(o: &Order) -> u64 { … }                                   the body
//!     static __HOT_SLOT: Slot = Slot::new(__hot_total as *const ());           in hot_slots
//!     #[used] static __HOT_ENTRY: Entry = Entry::new(…, &__HOT_SLOT, …)        in hot_entries
//!         .with_sizes(sizes(__hot_total as unsafe fn(_) -> _))
//!         .with_mocks(mocks_1(&total, __hot_total as unsafe fn(_) -> _));
//!     let code = if false { __hot_total as fn(_) -> _ } else { transmute(__HOT_SLOT.get()) };
//!     code(o)
//! }
//! ```
//!
//! *The witness.* The branch that never runs gives the pointer its type, so that no type is named:
//! `impl Trait` in the result and lifetimes of every kind come out right. The compiler removes
//! the branch before it generates code, without optimisation too; what is left are a load and a
//! call. This matters for more than speed: the machine code of a trampoline depends on the
//! signature alone, never on the body, so that an edit of a body leaves callers as they are.
//!
//! *Generic functions.* A static cannot depend on a type parameter, so there is one slot for all
//! instances, null until one of them is replaced or mocked; then a table knows which, and the
//! trampoline does itself what the shim of an ordinary function does (`mock::shim` in `hot`; not in
//! builds without the feature `mock`). Each trampoline that is compiled leaves the pair (slot, body)
//! for the tool. `impl Trait` in an argument becomes a parameter with a name in the body; the
//! trampoline keeps the signature as written (turbofish included) and hands on to `__hotvia_…`, which
//! has the parameters with names.
//!
//! *Async functions.* The slot holds `__hotbox_…`, which boxes the body's future; the trampoline
//! stays an `async fn` and awaits the box. A second witness gives the box the auto traits of the
//! body's future. The box keeps the size of the body's future out of its callers' futures.

use crate::arguments::Arguments;
use crate::attributes::Sorted;
use crate::codegen_mode;
use crate::container::Container;
use crate::entry::{entry, item, twin_of};
use crate::identity::{self, Identity};
use crate::signature::{Argument, Function, Signature, pointer_holes};
use crate::tokens;
use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Generics, Ident, Result};

/// A function, taken to pieces.
pub struct Pieces {
    /// What the program calls.
    pub trampoline: TokenStream,
    /// What stands behind it.
    pub siblings: Vec<Sibling>,
}

/// A piece that stands beside the trampoline, or inside it where there is no impl block.
pub struct Sibling {
    /// For the definition and a declaration.
    attributes: TokenStream,
    /// For the definition alone.
    marks: TokenStream,
    qualifiers: TokenStream,
    ident: Ident,
    generics: TokenStream,
    /// With the patterns of the body.
    arguments: TokenStream,
    /// For a declaration.
    receiver: Option<TokenStream>,
    /// The other arguments, with names, for a declaration.
    declared: TokenStream,
    output: TokenStream,
    where_clause: TokenStream,
    body: TokenStream,
}

impl Sibling {
    /// The whole function.
    pub fn define(&self) -> TokenStream {
        let Sibling { attributes, marks, qualifiers, ident, generics, arguments, .. } = self;
        let Sibling { output, where_clause, body, .. } = self;
        quote! {
            #attributes #marks #[doc(hidden)]
            #qualifiers fn #ident #generics(#arguments) #output #where_clause #body
        }
    }

    /// The function as a trait declares it, the types of its arguments changed by the first of
    /// `change` and its result by the second. The receiver stays, whose `Self` makes it one.
    pub fn declare(&self, change: [&dyn Fn(TokenStream) -> TokenStream; 2]) -> TokenStream {
        self.declare_as(&self.ident, change, quote!(;))
    }

    /// Leaves generics and where clause alone.
    fn take_no_arguments(&mut self) {
        self.arguments = TokenStream::new();
        self.receiver = None;
        self.declared = TokenStream::new();
    }

    /// A declaration under another name and with a default body, never called.
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

/// Takes a function to pieces. It has passed the checks of [`crate::function`].
pub fn split(
    function: &Function,
    container: Container<'_>,
    attributes: &Sorted,
    Arguments { hot, .. }: &Arguments,
) -> Result<(Pieces, bool)> {
    let signature = &function.signature;
    let name = signature.ident.unraw();
    let body_ident = format_ident!("__hot_{name}");
    let box_ident = format_ident!("__hotbox_{name}");
    let via_ident = format_ident!("__hotvia_{name}");
    let [local_code, local_found, local_item, local_future] =
        ["code", "found", "item", "future"].map(|name| Ident::new(name, Span::mixed_site()));

    let (generics, types) = name_impl_arguments(signature)?;
    let names = signature.argument_names();
    let mut prove_names = signature.prove_names(&names);
    let patterns: Vec<&TokenStream> = signature.arguments.iter().map(|a| &a.pattern).collect();
    let lints: Vec<_> = signature.arguments.iter().map(|a| Attributes(&a.attributes)).collect();
    let receiver = |pattern: bool| {
        let receiver = signature.receiver.as_ref()?;
        let (attributes, receiver) = (Attributes(&receiver.attributes), receiver.write(pattern));
        Some(quote!(#attributes #receiver,))
    };
    let (with_pattern, plain) = (receiver(true), receiver(false));
    let pointer = signature.pointer_qualifiers();
    let (asyncness, unsafety) = (&signature.asyncness, &signature.unsafety);
    let (arrow, where_clause) = (signature.arrow(), &signature.where_clause);
    let self_token = signature.receiver.as_ref().map(|r| &r.self_token);
    let self_value = self_token.map(|token| quote!(#token,));
    let values = quote!(#self_value #(#names),*);
    let turbofish = turbofish(&generics);

    let sibling =
        |ident: &Ident, qualifiers: TokenStream, output: TokenStream, body: TokenStream| Sibling {
            attributes: match container {
                Container::Module => TokenStream::new(),
                Container::Impl(_) => attributes.every.clone(),
            },
            marks: TokenStream::new(),
            qualifiers,
            ident: ident.clone(),
            generics: generics.to_token_stream(),
            arguments: quote!(#plain #(#names: #types),*),
            receiver: receiver(false),
            declared: quote!(#(#names: #types),*),
            output,
            where_clause: where_clause.clone(),
            body,
        };

    let mut siblings = Vec::new();
    let mut body = sibling(
        &body_ident,
        quote!(#asyncness #pointer),
        arrow.clone(),
        function.body.to_token_stream(),
    );
    body.arguments = quote!(#with_pattern #(#lints #patterns: #types),*);
    if !matches!(function.visibility, syn::Visibility::Inherited) {
        // Lints that spare what is public, since it cannot be changed freely. The body is not.
        body.marks = quote! {
            #[allow(
                clippy::box_collection, clippy::large_types_passed_by_value, clippy::owned_cow,
                clippy::redundant_allocation, clippy::trivially_copy_pass_by_ref,
                clippy::unnecessary_wraps, clippy::unused_async, clippy::unused_self,
                clippy::vec_box
            )]
        };
    }
    siblings.push(body);

    if asyncness.is_some() {
        let body = container.inside(&body_ident);
        let output = signature.output.clone().unwrap_or_else(|| quote!(()));
        let output = tokens::as_argument(output, hot);
        // SAFETY (of what is emitted): the trampoline wraps the result in a future that borrows what
        // the body's does, so it is dropped before that ends. In an impl block others could call
        // this too, so it is unsafe.
        siblings.push(sibling(
            &box_ident,
            quote!(unsafe),
            quote!(-> #hot::RawFuture<#output>),
            quote!({ unsafe { #hot::RawFuture::new(#body #turbofish(#values)) } }),
        ));
    }

    let generic = container.is_generic() || !crate::signature::parameters(&generics).is_empty();
    let slot_holds = if asyncness.is_some() { &box_ident } else { &body_ident };
    if !generic && let Some(held) = siblings.iter_mut().find(|s| s.ident == *slot_holds) {
        held.marks.extend(own_section(signature, container, hot));
    }
    let identity = identity::of(signature, container, hot);
    let twin = matches!(identity, Identity::Common);
    let inferred = generics.params.len() != signature.generics.params.len();
    let here = here(container, generic, inferred);
    let mut entry = entry(
        function,
        container,
        generic,
        [slot_holds, &body_ident],
        identity,
        here.as_ref(),
        hot,
    );
    // In a function the type stands beside its pieces, in a method inside the one with the entry.
    let mut beside = here.map(|here| quote!(#[allow(dead_code)] struct #here;));
    if matches!(container, Container::Impl(_)) {
        entry = quote!(#beside #entry);
        beside = None;
    }
    let holes = self_token.map(|_| quote!(_)).into_iter().chain(names.iter().map(|_| quote!(_)));
    let code_path = container.inside(slot_holds);
    let pointer_type = match asyncness {
        Some(_) => quote!(unsafe fn(#(#holes),*) -> _),
        None => quote!(#pointer fn(#(#holes),*) -> _),
    };
    // SAFETY (of both casts that are emitted): a slot and a table of instances hold code of the
    // function's own type only (`slot::layers::commit_live`), and the type is taken from the body.
    let mockable = generic && cfg!(feature = "mock");
    let code = if mockable {
        let item = match (container.item_inside(&signature.ident), signature.parameters()) {
            (None, _) => quote!(#code_path #turbofish),
            (Some(item), none) if none.is_empty() => item,
            (Some(item), names) => quote!(#item::<#(#names),*>),
        };
        // Arguments of type `impl Trait` have no name in the item: a call tells which they are.
        let unnamed = generics.params.len() != signature.generics.params.len();
        let tell = |values: &TokenStream| {
            // SAFETY (of what is emitted): it is compiled and never run; only its type is asked for.
            let call = match unsafety {
                Some(_) => quote!(unsafe { #local_item(#values) }),
                None => quote!(#local_item(#values)),
            };
            unnamed.then(|| quote!(if false { let _ = #call; #hot::never() }))
        };
        // Where the function itself may not name its item, which would ask what its own result is, a
        // sibling does.
        let teller = quote!(#hot::Item::teller(&#local_item));
        let (item, teller) = match has_opaque_result(signature) && container.is_of_trait() {
            false => {
                let told = tell(&values);
                (quote!(let #local_item = #item; #told), teller)
            }
            true => {
                let receiver = signature.receiver.as_ref().map(|receiver| receiver.full_type());
                let told = receiver.iter().chain(&types).map(|ty| quote!(#hot::any::<#ty>()));
                let told = tell(&quote!(#(#told),*));
                let item_ident = format_ident!("__hotitem_{name}");
                let mut teller = sibling(
                    &item_ident,
                    TokenStream::new(),
                    quote!(-> fn() -> #hot::Item),
                    quote!({ let #local_item = #item; #told #teller }),
                );
                teller.take_no_arguments();
                siblings.push(teller);
                let path = container.inside(&item_ident);
                (TokenStream::new(), quote!(#path #turbofish()))
            }
        };
        // One call for all plain code, the original included: by way of a pointer, so that the
        // compiler does not inline the body here.
        quote! {
            #hot::instance!(__HOT_SLOT, #code_path #turbofish);
            let #local_code = #code_path #turbofish as #pointer_type;
            let #local_found = if __HOT_SLOT.get().is_null() {
                #hot::Found::plain(#local_code as *const ())
            } else {
                #item
                #hot::find_instance(&__HOT_SLOT, #local_code as *const (), #teller)
            };
            let #local_code = if false {
                #local_code
            } else {
                unsafe { #hot::core::mem::transmute(#local_found.code) }
            };
        }
    } else if generic {
        quote! {
            #hot::instance!(__HOT_SLOT, #code_path #turbofish);
            let #local_code = #code_path #turbofish as #pointer_type;
            let #local_code = if __HOT_SLOT.get().is_null() {
                #local_code
            } else {
                unsafe {
                    #hot::core::mem::transmute(
                        #hot::instance(&__HOT_SLOT, #local_code as *const ())
                    )
                }
            };
        }
    } else {
        let prove_names = std::mem::take(&mut prove_names);
        quote! {
            let #local_code = if false {
                #prove_names
                #code_path as #pointer_type
            } else {
                unsafe { #hot::core::mem::transmute(__HOT_SLOT.get()) }
            };
        }
    };
    // SAFETY (of what is emitted): the caller of an unsafe function has promised what it asks.
    let guard = |call: TokenStream| match unsafety {
        Some(_) => quote!(unsafe { #call }),
        None => call,
    };
    let call = guard(quote!(#local_code(#values)));
    let call = if mockable {
        // SAFETY (of what is emitted): with data, the code is that of a mock with a closure, which
        // takes the data before the arguments, once.
        let with_data = pointer_holes(1 + self_token.iter().len() + names.len());
        quote! {
            if #local_found.data.is_null() {
                #call
            } else {
                unsafe {
                    #hot::core::mem::transmute::<*const (), #with_data>(#local_found.code)(
                        #local_found.data, #values
                    )
                }
            }
        }
    } else {
        call
    };
    let call = if asyncness.is_some() {
        let witness = container.inside(&body_ident);
        let witness = guard(quote!(#witness #turbofish(#values)));
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
    } else {
        call
    };
    let mut dispatch = quote!(#entry #code #call);

    if generics.params.len() != signature.generics.params.len() {
        // Arguments of type `impl Trait`: the parameters have names only one function further in.
        siblings.push(Sibling {
            marks: quote!(#[inline]),
            ..sibling(&via_ident, quote!(#asyncness #pointer), arrow.clone(), quote!({ #dispatch }))
        });
        let own = signature.parameters();
        let inferred = generics.params.len() - signature.generics.params.len();
        let inferred = std::iter::repeat_n(quote!(_), inferred);
        let via = container.inside(&via_ident);
        let call = guard(quote!(#via::<#(#own,)* #(#inferred),*>(#values)));
        let wait = asyncness.map(|_| quote!(.await));
        dispatch = quote!(#call #wait);
    }
    let nested = match container {
        Container::Module => siblings.iter().map(Sibling::define).collect(),
        Container::Impl(_) => TokenStream::new(),
    };

    let (every, own) = (&attributes.every, &attributes.trampoline);
    let inline = (!attributes.exported).then(|| quote!(#[inline]));
    let (visibility, fn_token) = (&function.visibility, &signature.fn_token);
    let (ident, written) = (&signature.ident, &signature.generics);
    let written_types = signature.arguments.iter().map(|argument| &argument.ty);
    // Braces in the place of those written, so that what the compiler says about the whole function
    // points there and not at the attribute.
    let prove_names = (!prove_names.is_empty()).then(|| quote!(if false { #prove_names }));
    let mut block = Group::new(Delimiter::Brace, quote!(#beside #nested #prove_names #dispatch));
    if let Some(body) = &function.body {
        block.set_span(body.span());
    }
    // The entry keeps the function, and all that it alone calls, from being told to be dead code. Where
    // it is left out, this does.
    let alive = (!codegen_mode::emits_code()).then(|| quote!(#[allow(dead_code)]));
    let trampoline = quote! {
        #every #own #alive #inline
        #visibility #asyncness #pointer #fn_token #ident #written(
            #plain #(#lints #names: #written_types),*
        ) #arrow #where_clause #block
    };
    Ok((Pieces { trampoline, siblings }, twin))
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
            generics.params.push(crate::signature::parse_type(&parameter)?);
        }
    }
    if generics.lt_token.is_none() && !generics.params.is_empty() {
        generics.lt_token = Some(Default::default());
        generics.gt_token = Some(Default::default());
    }
    Ok((generics, types))
}

/// Whether the result is of a type that the compiler reads off the body.
fn has_opaque_result(signature: &Signature) -> bool {
    let output = signature.output.as_ref();
    signature.asyncness.is_some() || output.is_some_and(|output| tokens::mentions(output, "impl"))
}

/// `::<T, N>`: the parameters of a function as arguments; lifetimes are inferred.
fn turbofish(generics: &Generics) -> TokenStream {
    match crate::signature::parameters(generics) {
        none if none.is_empty() => TokenStream::new(),
        names => quote!(::<#(#names),*>),
    }
}

/// A section of its own for what the slot holds. LLVM makes one function of those that compile to
/// the same instructions, but not across sections; and an entry has to name its own function, whose
/// symbol covers the types in its signature.
fn own_section(signature: &Signature, container: Container<'_>, hot: &TokenStream) -> TokenStream {
    let text = format!("::{}", item(signature, container));
    // Of the macro's making: to a lint this is unsafe code, and not the user's.
    // SAFETY (of what is emitted): the section is one of code, as a function's own would be.
    quote! {
        #[unsafe(link_section = #hot::core::concat!(".text.body.", #hot::core::module_path!(), #text))]
    }
}

/// The name of a type inside the function, whose path tells the function's (`registry::place` in
/// `hot`): for generic functions, which no item type stands for, and methods of trait impls, whose
/// trait has to be known. With arguments that are `inferred` a method's entry is in its second piece,
/// which is of another trait than the method.
fn here(container: Container<'_>, generic: bool, inferred: bool) -> Option<Ident> {
    let of_trait = container.header().is_some_and(|header| header.trait_path.is_some());
    let name = if of_trait && inferred { "__HotHereToo" } else { "__HotHere" };
    ((generic || of_trait) && codegen_mode::emits_code()).then(|| format_ident!("{name}"))
}

/// Attributes of an argument: lint levels, on the body's and the trampoline's.
struct Attributes<'a>(&'a [syn::Attribute]);

impl ToTokens for Attributes<'_> {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.iter().for_each(|attribute| attribute.to_tokens(tokens));
    }
}
