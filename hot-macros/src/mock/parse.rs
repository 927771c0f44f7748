//! The arguments of `mock!` and `mock_by_name!`.

use super::closure::{Closure, take_closure, take_expression};
use crate::tokens::take_until;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Result, Token};

/// A call of the macro.
pub struct Mock {
    /// The path of what the expansion calls.
    pub hot: TokenStream,
    /// The scope after `in`.
    pub scope: Option<TokenStream>,
    pub function: Function,
    pub closure: Closure,
    pub when: Option<TokenStream>,
    pub record: Option<TokenStream>,
}

/// The function that is mocked.
pub enum Function {
    Item { path: TokenStream, instance: bool },
    Named(TokenStream),
}

impl Mock {
    /// Reads the arguments, after the `$crate` that the macros of `hot` put first.
    pub fn parse(input: ParseStream, by_name: bool) -> Result<Mock> {
        let hot = parse_runtime(input)?;
        let scope = take_scope(input)?;
        let function = if by_name {
            Function::Named(take_expression(input)?)
        } else {
            Function::parse_item(input)?
        };
        if input.is_empty() {
            return Err(input.error(
                "what is to stand for the function is missing: a closure with its types, such as \
                 `|order: &Order| -> u64 { 42 }`",
            ));
        }
        input.parse::<Token![,]>()?;
        let closure = Closure::parse(input)?;
        let [when, record] = parse_observers(input)?;
        Ok(Mock { hot, scope, function, closure, when, record })
    }
}

impl Function {
    /// Reads `[instance] path`.
    fn parse_item(input: ParseStream) -> Result<Function> {
        let mark = input.fork();
        let instance = mark.parse::<Ident>().is_ok_and(|word| word == "instance")
            && !mark.peek(Token![,])
            && !mark.peek(Token![::]);
        if instance {
            input.parse::<Ident>()?;
        }
        let path = take_until(input, |input| input.peek(Token![,]))?;
        refuse_std(&path)?;
        let typed = path.clone().into_iter().any(|token| token.to_string() == "<");
        Ok(Function::Item { path, instance: instance || typed })
    }
}

/// Reads what follows the closure: `when |…| …` and `record |…| …`.
fn parse_observers(input: ParseStream) -> Result<[Option<TokenStream>; 2]> {
    let (mut when, mut record) = (None, None);
    while !input.is_empty() {
        input.parse::<Token![,]>()?;
        if input.is_empty() {
            break;
        }
        let word: Ident = input.parse()?;
        let place = match word.to_string().as_str() {
            "when" => &mut when,
            "record" => &mut record,
            other => {
                let message = format!(
                    "`{other}` is not known here: after the closure there may be `when |…| …` and \
                     `record |…| …`; numbers of calls are given to what the macro returns"
                );
                return Err(Error::new(word.span(), message));
            }
        };
        *place = Some(take_closure(input)?);
    }
    Ok([when, record])
}

/// Reads the path of what the expansion calls, from the `$crate` that the macros of `hot` put
/// first.
pub fn parse_runtime(input: ParseStream) -> Result<TokenStream> {
    let path = take_until(input, |input| input.peek(Token![;]))?;
    input.parse::<Token![;]>()?;
    Ok(quote!(#path::__private))
}

/// Reads `in scope,`.
pub fn take_scope(input: ParseStream) -> Result<Option<TokenStream>> {
    if input.parse::<Option<Token![in]>>()?.is_none() {
        return Ok(None);
    }
    let scope = take_expression(input)?;
    input.parse::<Token![,]>()?;
    Ok(Some(scope))
}

/// Refuses a path that can only be of the standard library, at compile time. That another function
/// is not hot is found out at run time: no part of a program can name the type of a function, so
/// none can be written that holds for hot ones alone. Without leading colons `core` and `alloc` may
/// be modules.
fn refuse_std(path: &TokenStream) -> Result<()> {
    let of_std = |input: ParseStream| {
        let global = input.parse::<Option<Token![::]>>()?.is_some();
        let first: Ident = input.parse()?;
        input.parse::<Token![::]>()?;
        input.parse::<TokenStream>()?;
        Ok(first == "std" || global && (first == "core" || first == "alloc"))
    };
    // Anything that is not a path is refused where it is used.
    if !of_std.parse2(path.clone()).unwrap_or(false) {
        return Ok(());
    }
    Err(Error::new_spanned(
        path,
        "functions of the standard library are not hot and cannot be mocked: write a thin `#[hot]` \
         function around this one, call that, and mock that",
    ))
}
