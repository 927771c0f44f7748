//! The `#[hot]` attribute of the crate `hot`, where it is documented.
//!
//! A function becomes a *trampoline* over a *body*: the body is the function as written under
//! another name, the trampoline calls whatever its slot holds. What stands in which file:
//!
//! - `signature`: a function, read by hand. Types and the body stay token streams, since all
//!   that the macro needs of them are lifetimes, `Self` and `impl`; reading them in full would
//!   double the cost of the attribute.
//! - `attributes`: which attribute goes to which piece, and which are refused.
//! - `home`: where a function stands, and how its pieces are called from there.
//! - `trampoline`: slot, entry, call; the sync, async and generic shapes.
//! - `identity`: the fn pointer type under which a replacement is checked.
//! - `name` and `text`: `*Cart.Display.fmt` and `fn(&Cart) -> u64`.
//! - `function`, `implementation`, `module`: the three places for the attribute.
//! - `mock`: the macros `mock!`, `mock_by_name!` and `call_original_by_name!`.
//! - `tokens`: scanning and rewriting of token streams.
//!
//! A refusal is a `compile_error!` at the right place *and* the item as written, so that one
//! mistake makes one message.

mod attributes;
mod closure;
mod function;
mod home;
mod identity;
mod implementation;
mod mock;
mod module;
mod name;
mod purpose;
mod signature;
mod text;
mod tokens;
mod trampoline;

use proc_macro2::{TokenStream, TokenTree};
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
    if !cfg!(feature = "enabled") {
        return match tokens::mentions(&item, "skip") {
            true => tokens::without_skips(item).into(),
            false => item.into(),
        };
    }
    match expand(arguments.into(), item.clone()) {
        Ok(tokens) => tokens.into(),
        Err(refusal) => {
            let refusal = refusal.to_compile_error();
            let item = tokens::without_skips(item);
            quote!(#refusal #item).into()
        }
    }
}

/// A closure in the place of a function. See the crate `hot`.
#[proc_macro]
pub fn mock(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    or_refusal(mock::expand(tokens.into(), false))
}

/// A closure in the place of a function that is given by name. See the crate `hot`.
#[proc_macro]
pub fn mock_by_name(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    or_refusal(mock::expand(tokens.into(), true))
}

/// Calls the code below the mocks of a function that is given by name. See the crate `hot`.
#[proc_macro]
pub fn call_original_by_name(tokens: proc_macro::TokenStream) -> proc_macro::TokenStream {
    or_refusal(mock::expand_original(tokens.into()))
}

fn or_refusal(expanded: Result<TokenStream>) -> proc_macro::TokenStream {
    expanded.unwrap_or_else(|refusal| refusal.to_compile_error()).into()
}

/// The argument of the attribute.
#[derive(Clone, Copy, PartialEq)]
enum Argument {
    /// None: what cannot be hot is refused.
    None,
    /// `skip`: the item stays as written.
    Skip,
    /// `within_module`: put there by the attribute on a module; what cannot be hot stays as
    /// written.
    WithinModule,
}

fn argument(tokens: TokenStream) -> Result<Argument> {
    let parse = |input: ParseStream| {
        if input.is_empty() {
            return Ok(Argument::None);
        }
        let (span, word) = (input.span(), input.parse::<TokenTree>()?.to_string());
        let argument = match word.as_str() {
            "skip" => Argument::Skip,
            "within_module" => Argument::WithinModule,
            other => {
                let message = format!(
                    "`#[hot]` has no argument `{other}`: it takes none, or `skip` on what is to \
                     be left out of a hot impl block or module"
                );
                return Err(syn::Error::new(span, message));
            }
        };
        match input.is_empty() {
            true => Ok(argument),
            false => Err(input.error("`#[hot]` takes one argument at most")),
        }
    };
    parse.parse2(tokens)
}

fn expand(arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let lenient = match argument(arguments)? {
        Argument::Skip => return Ok(item),
        argument => argument == Argument::WithinModule,
    };
    let parse = |input: ParseStream| {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility: Visibility = input.parse()?;
        if signature::starts_function(input) {
            let function = signature::Function::parse(attributes, visibility, input)?;
            return function::expand(function, lenient);
        }
        if input.peek(Token![impl]) || input.peek(Token![unsafe]) && input.peek2(Token![impl]) {
            return implementation::expand(attributes, input, lenient);
        }
        if input.peek(Token![mod]) {
            return module::expand(attributes, visibility, input);
        }
        Err(other(input))
    };
    parse.parse2(item)
}

/// The refusal of everything that is neither a function, an impl block nor a module.
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
