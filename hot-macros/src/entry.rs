//! Slot and entry of a hot function: the statics by which tool and runtime find it.
//!
//! The slot is the one word through which the function is called. The entry holds all else that is
//! known when the function is compiled: its kind, names, place and visibility as text, the type
//! under which it is replaced ([`Identity`]), the sizes of its arguments and what mocks need. Its
//! layout is an agreement with `hot_patch::abi`.

use crate::codegen_mode;
use crate::container::Container;
use crate::identity::Identity;
use crate::signature::{Function, MAX_ARGUMENTS, Signature, pointer_holes};
use crate::text::render;
use crate::tokens;
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::Ident;
use syn::ext::IdentExt;

/// Returns the statics: slot and entry. The slot holds the body, or the function that boxes its
/// future.
pub fn entry(
    function: &Function,
    container: Container<'_>,
    generic: bool,
    [slot_holds, body]: [&Ident; 2],
    identity: Identity,
    inner: Option<&Ident>,
    hot: &TokenStream,
) -> TokenStream {
    let signature = &function.signature;
    // The common type of two functions is asked for nowhere else.
    let needed = codegen_mode::emits_code() || matches!(identity, Identity::Common);
    let original = if generic || !needed {
        quote!(#hot::core::ptr::null())
    } else {
        let path = container.outside(slot_holds);
        quote!(#path as *const ())
    };
    let slot = quote! {
        #[unsafe(link_section = "hot_slots")]
        static __HOT_SLOT: #hot::Slot = #hot::Slot::new(#original);
    };
    if !needed {
        return slot;
    }
    let kind = match (generic, signature.asyncness.is_some()) {
        (false, false) => quote!(Function),
        (false, true) => quote!(Async),
        (true, false) => quote!(Generic),
        (true, true) => quote!(GenericAsync),
    };
    let span = signature.ident.span();
    let here = tokens::moved_to(hot, span);
    let line = quote_spanned!(span=> #here::core::line!());
    let text = text(function, container, hot);
    let identity = stated(identity, signature, container, [slot_holds, body], hot);
    let crate_id = crate::crate_id::id();
    let place = inner.map(|inner| quote!(.with_place(#hot::core::any::type_name::<#inner>)));
    let with_type = (!generic).then(|| with_type(signature, container, slot_holds, hot));
    quote! {
        #slot
        #[used]
        #[unsafe(link_section = "hot_entries")]
        #[allow(deprecated)]
        static __HOT_ENTRY: #hot::Entry = #hot::Entry::new(
            #hot::Kind::#kind,
            #line,
            &__HOT_SLOT,
            #original,
            #text,
            #identity,
        ).with_crate(#crate_id) #place #with_type;
    }
}

/// Returns the expression that states the type of replacements.
fn stated(
    identity: Identity,
    signature: &Signature,
    container: Container<'_>,
    [slot_holds, body]: [&Ident; 2],
    hot: &TokenStream,
) -> TokenStream {
    match identity {
        Identity::None => quote!(#hot::core::option::Option::None),
        Identity::Named(named) => named.proved(signature, container, slot_holds, hot),
        Identity::Asked(named) => named.asked(signature, container, body, hot),
        Identity::Common => {
            let other = if container.is_of_trait() {
                twin_of(body).unwrap_or_else(|| body.clone())
            } else {
                signature.ident.clone()
            };
            let (body, other) = (container.outside(body), container.outside(&other));
            quote!(#hot::SignatureId::of_both([#body, #other]))
        }
    }
}

/// Returns the text of the entry, its parts between zero bytes (`hot_patch::abi::EntryText`).
fn text(function: &Function, container: Container<'_>, hot: &TokenStream) -> TokenStream {
    let signature = &function.signature;
    let span = signature.ident.span();
    let here = tokens::moved_to(hot, span);
    let file = quote_spanned!(span=> #here::core::file!());
    // Set by cargo when it compiles a binary or an example; names then begin with `main`.
    let binary = std::env::var("CARGO_BIN_NAME").unwrap_or_default();
    let (item, ty) = (item(signature, container), type_text(signature, container));
    let names = format!("\0{binary}\0{item}\0{ty}\0");
    let visibility = format!("\0{}", visibility(function, container));
    quote!(#hot::core::concat!(#hot::core::module_path!(), #names, #file, #visibility))
}

/// Returns the calls that add to the entry of an ordinary function whatever the compiler reads off
/// its type: the sizes of arguments and result, and the shim.
fn with_type(
    signature: &Signature,
    container: Container<'_>,
    slot_holds: &Ident,
    hot: &TokenStream,
) -> TokenStream {
    let body = container.outside(slot_holds);
    let mocked = cfg!(feature = "mock");
    let item = container.item_outside(&signature.ident).unwrap_or_else(|| body.clone());
    let arguments = signature.receiver.iter().len() + signature.arguments.len();
    let is_async = signature.asyncness.is_some();
    let abi = signature.abi.as_ref().filter(|_| !is_async);
    let c = match abi.map(|abi| abi.name.as_ref().map(|name| name.value())) {
        None => Some(false),
        Some(None) => Some(true),
        Some(Some(name)) => ["Rust", "C"].iter().position(|abi| name == *abi).map(|at| at == 1),
    };
    let Some(c) = c.filter(|_| arguments <= MAX_ARGUMENTS) else {
        let none = mocked.then(|| quote!(.with_mocks(#hot::Mocks::none(&#item))));
        return none.unwrap_or_default();
    };
    let abi = c.then(|| quote!(extern "C"));
    let holes = pointer_holes(arguments);
    let witness = quote!(#body as unsafe #abi #holes);
    let sizes = if is_async { quote!(async_sizes) } else { quote!(sizes) };
    let mocks = mocked.then(|| {
        let maker = format_ident!("mocks_{}{arguments}", if c { "c_" } else { "" });
        quote!(.with_mocks(#hot::#maker(&#item, #witness)))
    });
    quote!(.with_sizes(#hot::#sizes(#witness)) #mocks)
}

/// Returns the visibility as written; of a method of a trait impl, the impl's.
fn visibility(function: &Function, container: Container<'_>) -> String {
    match container.header() {
        Some(header) if header.trait_path.is_some() => {
            if header.unsafety { "unsafe impl" } else { "impl" }.to_owned()
        }
        _ => render(function.visibility.to_token_stream()),
    }
}

/// Returns `total`, `*Cart.total`, `Cart.From<Order>.from`.
pub fn item(signature: &Signature, container: Container<'_>) -> String {
    let name = signature.ident.unraw();
    match container.header() {
        None => name.to_string(),
        Some(header) => {
            let by_pointer = signature.receiver.as_ref().is_some_and(|r| !r.is_by_value());
            format!("{}{}.{name}", if by_pointer { "*" } else { "" }, header.name)
        }
    }
}

/// Returns the signature as a pointer type, as written but for `Self`.
fn type_text(signature: &Signature, container: Container<'_>) -> String {
    let receiver = signature.receiver.as_ref().map(|receiver| receiver.full_type());
    let inputs = receiver.into_iter().chain(signature.arguments.iter().map(|a| a.ty.clone()));
    let (asyncness, pointer) = (&signature.asyncness, signature.pointer_qualifiers());
    let (arrow, where_clause) = (signature.arrow(), &signature.where_clause);
    let binder = if signature.generics.params.is_empty() {
        None
    } else {
        let parameters = &signature.generics.params;
        Some(quote!(for<#parameters>))
    };
    let tokens = quote!(#binder #asyncness #pointer fn(#(#inputs),*) #arrow #where_clause);
    match container.header().and_then(|header| header.self_text.parse::<TokenStream>().ok()) {
        Some(mut self_type) => {
            let bare = self_type.clone().into_iter().next().is_some_and(|t| t.to_string() == "dyn");
            if bare && tokens::lifetimes(&self_type).is_empty() {
                self_type = quote!((#self_type + 'static));
            }
            let before_path = quote!(<#self_type>);
            render(tokens::replace_self(tokens, &self_type, &before_path))
        }
        None => render(tokens),
    }
}

/// Returns the name of another function of a body's signature, with which it has a common type.
pub fn twin_of(body: &Ident) -> Option<Ident> {
    let name = body.to_string();
    Some(format_ident!("__hottwin_{}", name.strip_prefix("__hot_")?))
}
