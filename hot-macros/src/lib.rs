//! The `#[hot]` attribute of the crate `hot`, where it is documented.
//!
//! A function becomes a *trampoline* over a *body*: the body is the function as written under
//! another name, the trampoline calls whatever its slot holds. What stands in which file:
//!
//! - `signature`: a function, read by hand. Types and the body stay token streams, since all
//!   that the macro needs of them are lifetimes, `Self` and `impl`; reading them in full would
//!   double the cost of the attribute.
//! - `arguments`, `runtime`: what stands in the attribute's parentheses, and where `hot` is.
//! - `attributes`: which attribute goes to which piece, and which are refused.
//! - `container`: where a function stands, and how its pieces are called from there.
//! - `trampoline`: the call; the sync, async and generic shapes. `entry`: slot and entry.
//! - `identity`: the fn pointer type under which a replacement is checked; `implied`: the bounds
//!   that it must not lose.
//! - `name` and `text`: `*Cart.Display.fmt` and `fn(&Cart) -> u64`.
//! - `function`, `implementation`, `module`: the three places for the attribute.
//! - `mock`: the macros `mock!`, `mock_by_name!`, `call_original_by_name!` and `forbid!`.
//! - `patch_fn`: the attribute of a hot patch's functions.
//! - `crate_id`: which crate it is that is compiled.
//! - `tokens`: scanning and rewriting of token streams.
//!
//! A refusal is a `compile_error!` at the right place *and* the item as written, so that one
//! mistake makes one message.

mod arguments;
mod attributes;
mod codegen_mode;
mod container;
mod crate_id;
mod entry;
mod function;
mod identity;
mod implementation;
mod implied;
mod mock;
mod module;
mod name;
#[cfg(feature = "patch")]
mod patch_fn;
mod runtime;
mod signature;
mod text;
mod tokens;
mod trampoline;

use arguments::Arguments;
use proc_macro2::TokenStream;
use quote::quote;
use syn::Result;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Token, Visibility};

/// Makes functions replaceable while the program runs. See the crate `hot`.
#[proc_macro_attribute]
pub fn hot(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    let written = || proc_macro::Span::call_site().source_text();
    if !cfg!(feature = "enabled") {
        return if tokens::mentions(&item, "skip") {
            tokens::without_skips(item, &arguments::name(written())).into()
        } else {
            item.into()
        };
    }
    let arguments = match Arguments::parse(arguments.into(), written()) {
        Ok(arguments) => arguments,
        Err(refusal) => return refuse(refusal, item, &arguments::name(written())).into(),
    };
    match expand(&arguments, item.clone()) {
        Ok(tokens) => tokens.into(),
        Err(refusal) => refuse(refusal, item, &arguments.name).into(),
    }
}

/// Returns the refusal and the item as written; `name` is what the attribute is called.
fn refuse(refusal: syn::Error, item: TokenStream, name: &str) -> TokenStream {
    let (refusal, item) = (refusal.to_compile_error(), tokens::without_skips(item, name));
    quote!(#refusal #item)
}

/// A function of a hot patch, by the name under which an operator assigns it. See the crate `hot`.
#[cfg(feature = "patch")]
#[proc_macro_attribute]
pub fn patch_fn(
    arguments: proc_macro::TokenStream,
    item: proc_macro::TokenStream,
) -> proc_macro::TokenStream {
    let item = TokenStream::from(item);
    let expanded = patch_fn::expand(&arguments.into(), item.clone());
    let refused = |refusal: syn::Error| {
        let refusal = refusal.to_compile_error();
        quote!(#refusal #item)
    };
    expanded.unwrap_or_else(refused).into()
}

/// A closure in the place of a function: `mock!` of the crate `hot`, which puts its own path first.
#[proc_macro]
pub fn mock_in(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    or_refusal(mock::expand(tokens.into(), false))
}

/// The same for a function that is given by name: `mock_by_name!` of the crate `hot`.
#[proc_macro]
pub fn mock_by_name_in(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    or_refusal(mock::expand(tokens.into(), true))
}

/// Calls the code below the mocks of a function that is given by name: `call_original_by_name!` of
/// the crate `hot`.
#[proc_macro]
pub fn call_original_by_name_in(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    or_refusal(mock::expand_original(tokens.into()))
}

/// Forbids the functions that fit a pattern: `forbid!` of the crate `hot`.
#[proc_macro]
pub fn forbid_in(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    or_refusal(mock::expand_forbid(tokens.into()))
}

fn or_refusal(expanded: Result<TokenStream>) -> proc_macro::TokenStream {
    expanded.unwrap_or_else(|refusal| refusal.to_compile_error()).into()
}

fn expand(arguments: &Arguments, item: TokenStream) -> Result<TokenStream> {
    if arguments.skip {
        return Ok(item);
    }
    let parse = |input: ParseStream| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        if signature::starts_function(input) {
            let function = signature::Function::parse(attributes, visibility, input)?;
            return function::expand(function, arguments);
        }
        if input.peek(Token![impl]) || input.peek(Token![unsafe]) && input.peek2(Token![impl]) {
            return implementation::expand(attributes, input, arguments);
        }
        if input.peek(Token![mod]) {
            return module::expand(attributes, visibility, input, arguments);
        }
        Err(other(input))
    };
    parse.parse2(item)
}

/// Returns the refusal of everything that is neither a function, an impl block nor a module.
fn other(input: ParseStream) -> syn::Error {
    let message = if input.peek(Token![trait]) {
        "`#[hot]` does not work on a trait definition, since its default methods have no type yet: \
         put it on the impl blocks, or move a default method's body into a `#[hot]` function"
    } else if input.peek(Token![static]) {
        "`#[hot]` does not work on a static: put it on a function that returns the value"
    } else if input.peek(Token![const]) {
        "`#[hot]` does not work on a constant, which is copied into every user at compile time: \
         put it on a function that returns the value"
    } else if input.peek(Token![extern]) {
        "`#[hot]` does not work on foreign functions, whose code is not Rust: wrap the call in a \
         `#[hot]` function"
    } else {
        "`#[hot]` works on functions, impl blocks and inline modules: put it on the functions that \
         use this item"
    };
    input.error(message)
}
