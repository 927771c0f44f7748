//! A closure whose types are written, read by hand: what `mock!` puts in the place of a function.

use crate::tokens::take_until;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::parse::ParseStream;
use syn::{Abi, Error, GenericParam, Generics, Result, Token, token};

/// The closure, taken to pieces.
pub struct Closure {
    pub binder: Generics,
    pub unsafety: Option<Token![unsafe]>,
    pub abi: Option<Abi>,
    pub asyncness: Option<Token![async]>,
    pub capture: Option<Token![move]>,
    /// Where the bars stand, for what the compiler says about the closure.
    pub bars: [Span; 2],
    pub patterns: Vec<TokenStream>,
    pub types: Vec<TokenStream>,
    pub output: Option<TokenStream>,
    pub body: TokenStream,
}

/// Returns an expression up to the next comma.
pub fn take_expression(input: ParseStream) -> Result<TokenStream> {
    let mut taken = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        taken.extend([input.parse::<TokenTree>()?]);
    }
    Ok(taken)
}

/// Returns a closure up to the comma after it; those between its bars belong to it.
pub fn take_closure(input: ParseStream) -> Result<TokenStream> {
    let mut taken = take_expression_until_bar(input)?;
    let bar = |input: ParseStream| input.parse::<TokenTree>();
    if input.peek(Token![||]) {
        taken.extend([bar(input)?, bar(input)?]);
    } else if input.peek(Token![|]) {
        taken.extend([bar(input)?]);
        while !input.peek(Token![|]) {
            taken.extend([input.parse::<TokenTree>()?]);
        }
        taken.extend([bar(input)?]);
    }
    taken.extend(take_expression(input)?);
    Ok(taken)
}

fn take_expression_until_bar(input: ParseStream) -> Result<TokenStream> {
    let mut taken = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) && !input.peek(Token![|]) {
        taken.extend([input.parse::<TokenTree>()?]);
    }
    Ok(taken)
}

impl Closure {
    /// Reads a closure whose types are written.
    pub fn parse(input: ParseStream) -> Result<Closure> {
        let binder = match input.parse::<Option<Token![for]>>()? {
            Some(_) => input.parse()?,
            None => Generics::default(),
        };
        let mut asyncness: Option<Token![async]> = input.parse()?;
        let unsafety = input.parse()?;
        let abi = if input.peek(Token![extern]) { Some(input.parse()?) } else { None };
        asyncness = asyncness.or(input.parse()?);
        let capture = input.parse()?;
        if !input.peek(Token![|]) && !input.peek(Token![||]) {
            return Err(no_closure(input));
        }
        let Arguments { patterns, types, bars } = parse_arguments(input)?;
        let output = match input.parse::<Option<Token![->]>>()? {
            Some(_) => Some(take_until(input, |input| input.peek(token::Brace))?),
            None => None,
        };
        let body = match &output {
            Some(_) => input.parse::<TokenTree>()?.into(),
            None => take_expression(input)?,
        };
        Ok(Closure {
            binder,
            unsafety,
            abi,
            asyncness,
            capture,
            bars,
            patterns,
            types,
            output,
            body,
        })
    }

    /// Returns the lifetimes after `for`, with a comma behind each.
    pub fn lifetimes(&self) -> TokenStream {
        let names = self.binder.params.iter().map(|parameter| match parameter {
            GenericParam::Lifetime(lifetime) => lifetime.lifetime.clone(),
            _ => syn::Lifetime::new("'static", Span::call_site()),
        });
        quote!(#(#names,)*)
    }
}

/// Returns the refusal of something that is no closure.
fn no_closure(input: ParseStream) -> Error {
    // A path and then a closure: a scope without its `in`, probably.
    let after = input.fork();
    let scope = take_expression(&after).is_ok() && after.peek(Token![,]);
    input.error(if scope {
        "a mock is a closure with its types, such as `|order: &Order| -> u64 { 42 }`; a scope is named \
         with `in` before the path: `hot::mock!(in scope, path, |…| …)`"
    } else {
        "a mock is a closure with its types, such as `|order: &Order| -> u64 { 42 }`; for a function \
         pointer use the function `hot::mock(path, fake as fn(…) -> …)`"
    })
}

/// The arguments of a closure, and where the bars around them stand.
struct Arguments {
    patterns: Vec<TokenStream>,
    types: Vec<TokenStream>,
    bars: [Span; 2],
}

/// Reads the arguments, bars included.
fn parse_arguments(input: ParseStream) -> Result<Arguments> {
    let (mut patterns, mut types) = (Vec::new(), Vec::new());
    let mut bars = [input.span(); 2];
    if input.parse::<Option<Token![||]>>()?.is_some() {
        return Ok(Arguments { patterns, types, bars });
    }
    input.parse::<Token![|]>()?;
    while !input.peek(Token![|]) {
        let ends = |input: ParseStream| {
            input.peek(Token![,])
                || input.peek(Token![|])
                || input.peek(Token![:]) && !input.peek(Token![::])
        };
        let pattern = take_until(input, ends)?;
        if !input.peek(Token![:]) {
            return Err(Error::new_spanned(
                pattern,
                "the type of this argument is missing: a mock is checked by the types that are \
                 written, as in `|order: &Order| -> u64 { 42 }`",
            ));
        }
        input.parse::<Token![:]>()?;
        patterns.push(pattern);
        types.push(take_until(input, |input| input.peek(Token![,]) || input.peek(Token![|]))?);
        if !input.peek(Token![|]) {
            input.parse::<Token![,]>()?;
        }
    }
    bars[1] = input.parse::<Token![|]>()?.span;
    Ok(Arguments { patterns, types, bars })
}
