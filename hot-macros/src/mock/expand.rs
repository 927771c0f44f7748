//! The expansion of `mock!` and `mock_by_name!`.

use super::check::check;
use super::code::{self, Code};
use super::future::prepare;
use super::hygienic::hygienic;
use super::install::install;
use super::parse::{Function, Mock};
use super::shape::Shape;
use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Result;
use syn::parse::{ParseStream, Parser};

/// Expands `mock!`, or `mock_by_name!` when `by_name`.
pub fn expand(tokens: TokenStream, by_name: bool) -> Result<TokenStream> {
    let mock = (|input: ParseStream| Mock::parse(input, by_name)).parse2(tokens)?;
    Ok(write(&mock))
}

fn write(mock: &Mock) -> TokenStream {
    let shape = Shape::of(mock);
    let Code { function, values } = code::write(&shape, mock);
    let (check, by_path) = match &mock.function {
        Function::Item { path, instance } => (Some(check(&shape, path, *instance)), true),
        Function::Named(_) => (None, false),
    };
    let prepared = prepare(&shape, by_path);
    let (prepare, first) = (prepared.statements, prepared.closure);
    let body = mock.closure.body.clone().into_iter().next();
    let span = body.map_or_else(Span::call_site, |token| token.span());
    let typed =
        quote_spanned!(span.resolved_at(Span::mixed_site())=> __hot_typed(#first #(, #values)*));
    let install = install(mock);
    hygienic! {{
        #function
        #[allow(unused_variables, unused_unsafe, clippy::all, clippy::pedantic)]
        let __hot_result = {
            #check
            #prepare
            let __hot_typed = #typed;
            #install
        };
        __hot_result
    }}
}
