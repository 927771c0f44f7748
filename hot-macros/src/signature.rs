//! A function, read by hand.
//!
//! Kept apart are the pieces that trampoline, body and shim share or change: attributes,
//! qualifiers, generics, the patterns and types of the arguments, the result, the where clause.
//! The body is one token tree, which is not looked into.

use crate::tokens::{is_reserved, take_until};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::quote;
use syn::buffer::Cursor;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{
    Abi, Attribute, Error, GenericParam, Generics, Ident, Lifetime, Result, Token, Visibility,
    parenthesized, token,
};

/// A function with or without body.
pub struct Function {
    pub attributes: Vec<Attribute>,
    pub visibility: Visibility,
    pub signature: Signature,
    /// The braces and what is between them; none for a declaration.
    pub body: Option<TokenTree>,
    /// Everything after the visibility, as written.
    pub written: TokenStream,
}

/// Everything between visibility and body.
pub struct Signature {
    pub default: Option<Span>,
    pub constness: Option<Token![const]>,
    pub asyncness: Option<Token![async]>,
    pub unsafety: Option<Token![unsafe]>,
    pub abi: Option<Abi>,
    /// Kept for its place, so that what the compiler says about a function points at it.
    pub fn_token: Token![fn],
    pub ident: Ident,
    /// Without the where clause.
    pub generics: Generics,
    pub receiver: Option<Receiver>,
    pub arguments: Vec<Argument>,
    pub variadic: Option<Span>,
    /// The type after the arrow; none for `()`.
    pub output: Option<TokenStream>,
    /// With its `where`; empty when there is none.
    pub where_clause: TokenStream,
}

/// `self` in one of its forms.
pub struct Receiver {
    pub attributes: Vec<Attribute>,
    /// `&` and the lifetime after it.
    pub reference: Option<Option<Lifetime>>,
    pub mutability: Option<Token![mut]>,
    pub self_token: Token![self],
    /// The type after the colon.
    pub ty: Option<TokenStream>,
}

/// An argument that is not `self`.
pub struct Argument {
    pub attributes: Vec<Attribute>,
    pub pattern: TokenStream,
    pub ty: TokenStream,
}

/// Reports whether a function begins here, after its visibility.
pub fn starts_function(input: ParseStream) -> bool {
    let input = input.fork();
    loop {
        if input.peek(Token![fn]) {
            return true;
        }
        let qualifier = input.peek(Token![const])
            || input.peek(Token![async])
            || input.peek(Token![unsafe])
            || input.peek(Token![extern])
            || input.peek(syn::LitStr)
            || is_word(&input, "default");
        if !qualifier || input.parse::<TokenTree>().is_err() {
            return false;
        }
    }
}

fn is_word(input: ParseStream, word: &str) -> bool {
    input.fork().parse::<Ident>().is_ok_and(|ident| ident == word)
}

impl Function {
    /// Reads a function from its first qualifier on.
    pub fn parse(
        attributes: Vec<Attribute>,
        visibility: Visibility,
        input: ParseStream,
    ) -> Result<Self> {
        let start = input.cursor();
        let signature = Signature::parse(input)?;
        let body = if input.peek(token::Brace) {
            Some(input.parse()?)
        } else {
            input.parse::<Token![;]>()?;
            None
        };
        let written = between(start, input.cursor());
        Ok(Function { attributes, visibility, signature, body, written })
    }
}

impl Function {
    /// Changes the types of its signature, and its body. What is written stays.
    pub fn change(&mut self, change: impl Fn(TokenStream) -> TokenStream) {
        let Signature { arguments, output, where_clause, .. } = &mut self.signature;
        for argument in arguments {
            argument.ty = change(std::mem::take(&mut argument.ty));
        }
        *output = output.take().map(&change);
        *where_clause = change(std::mem::take(where_clause));
        self.body = self.body.take().and_then(|body| change(body.into()).into_iter().next());
    }
}

/// Returns the tokens from one place to a later one.
fn between(mut start: Cursor, end: Cursor) -> TokenStream {
    let mut tokens = TokenStream::new();
    while start != end
        && let Some((token, next)) = start.token_tree()
    {
        tokens.extend([token]);
        start = next;
    }
    tokens
}

impl Signature {
    fn parse(input: ParseStream) -> Result<Self> {
        let default =
            if is_word(input, "default") { Some(input.parse::<Ident>()?.span()) } else { None };
        let constness = input.parse()?;
        let asyncness = input.parse()?;
        let unsafety = input.parse()?;
        let abi = if input.peek(Token![extern]) { Some(input.parse()?) } else { None };
        let fn_token = input.parse()?;
        let ident = input.call(Ident::parse_any)?;
        let generics = input.parse()?;

        let content;
        parenthesized!(content in input);
        let (mut receiver, mut arguments, mut variadic) = (None, Vec::new(), None);
        while !content.is_empty() {
            let attributes = content.call(Attribute::parse_outer)?;
            if arguments.is_empty() && receiver.is_none() && Receiver::starts(&content) {
                receiver = Some(Receiver::parse(attributes, &content)?);
            } else if content.peek(Token![...]) {
                variadic = Some(content.parse::<Token![...]>()?.spans[0]);
            } else {
                let colon = |input: ParseStream| input.peek(Token![:]) && !input.peek(Token![::]);
                let pattern = take_until(&content, colon)?;
                content.parse::<Token![:]>()?;
                if content.peek(Token![...]) {
                    variadic = Some(content.parse::<Token![...]>()?.spans[0]);
                    continue;
                }
                let ty = take_until(&content, |input| input.peek(Token![,]))?;
                arguments.push(Argument { attributes, pattern, ty });
            }
            if !content.is_empty() {
                content.parse::<Token![,]>()?;
            }
        }

        let ends = |input: ParseStream| input.peek(token::Brace) || input.peek(Token![;]);
        let output = match input.parse::<Option<Token![->]>>()? {
            Some(_) => Some(take_until(input, |input| input.peek(Token![where]) || ends(input))?),
            None => None,
        };
        let where_clause =
            if input.peek(Token![where]) { take_until(input, ends)? } else { TokenStream::new() };
        Ok(Signature {
            default,
            constness,
            asyncness,
            unsafety,
            abi,
            fn_token,
            ident,
            generics,
            receiver,
            arguments,
            variadic,
            output,
            where_clause,
        })
    }

    /// Returns `[unsafe] [extern "ABI"]`: what belongs to the type of a pointer to it.
    pub fn pointer_qualifiers(&self) -> TokenStream {
        let (unsafety, abi) = (&self.unsafety, &self.abi);
        quote!(#unsafety #abi)
    }

    /// Returns `-> Output`, or nothing.
    pub fn arrow(&self) -> TokenStream {
        self.output.as_ref().map(|output| quote!(-> #output)).unwrap_or_default()
    }

    /// Names for the arguments where patterns cannot stand: the pattern itself when it is a name
    /// that is written like a variable's, and not that of the function, which the statics in it
    /// refer to. (`U` may be a unit struct; as an expression it would make another one.)
    pub fn argument_names(&self) -> Vec<Ident> {
        let named = |(index, argument): (usize, &Argument)| {
            argument.name().filter(|name| *name != self.ident).unwrap_or_else(|| {
                let name = format!("__hot_argument_{index}");
                Ident::new(&name, Span::mixed_site())
            })
        };
        self.arguments.iter().enumerate().map(named).collect()
    }

    /// Proves that the names from patterns are variables, in a branch that never runs: of what is
    /// an item in lower case there is no address.
    pub fn prove_names(&self, names: &[Ident]) -> TokenStream {
        let patterns = self.arguments.iter().zip(names);
        let kept = patterns.filter(|(argument, name)| argument.name().as_ref() == Some(*name));
        let kept: Vec<&Ident> = kept.map(|(_, name)| name).collect();
        if kept.is_empty() { TokenStream::new() } else { quote!(let _ = (#(&raw const #kept,)*);) }
    }

    /// Returns its own type and const parameters.
    pub fn parameters(&self) -> Vec<Ident> {
        parameters(&self.generics)
    }

    /// Returns all tokens that can mention a type, arguments and result.
    pub fn types(&self) -> TokenStream {
        let receiver = self.receiver.as_ref().and_then(|receiver| receiver.ty.as_ref());
        let arguments = self.arguments.iter().map(|argument| &argument.ty);
        let output = &self.output;
        quote!(#receiver #(, #arguments)* , #output)
    }
}

/// The most arguments of a function whose sizes are recorded and that can be mocked
/// (`registry::sizes` and `mock::dispatch::shim` in `hot`).
pub const MAX_ARGUMENTS: usize = 12;

/// Returns `fn(_, _) -> _`, of so many arguments.
pub fn pointer_holes(arguments: usize) -> TokenStream {
    let holes = std::iter::repeat_n(quote!(_), arguments);
    quote!(fn(#(#holes),*) -> _)
}

/// Returns the type and const parameters, without the lifetimes.
pub fn parameters(generics: &Generics) -> Vec<Ident> {
    let name = |parameter: &GenericParam| match parameter {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(ty) => Some(ty.ident.clone()),
        GenericParam::Const(constant) => Some(constant.ident.clone()),
    };
    generics.params.iter().filter_map(name).collect()
}

impl Receiver {
    fn starts(input: ParseStream) -> bool {
        let input = input.fork();
        if input.parse::<Token![&]>().is_ok() && input.peek(Lifetime) {
            let _ = input.parse::<Lifetime>();
        }
        let _ = input.parse::<Option<Token![mut]>>();
        input.peek(Token![self]) && !input.peek2(Token![::])
    }

    fn parse(attributes: Vec<Attribute>, input: ParseStream) -> Result<Self> {
        let reference = match input.parse::<Option<Token![&]>>()? {
            Some(_) => Some(input.parse()?),
            None => None,
        };
        let mutability = input.parse()?;
        let self_token = input.parse()?;
        let ty = match input.parse::<Option<Token![:]>>()? {
            Some(_) => Some(take_until(input, |input| input.peek(Token![,]))?),
            None => None,
        };
        Ok(Receiver { attributes, reference, mutability, self_token, ty })
    }

    /// As written (`mut self` included), or as a declaration and a trampoline need it.
    pub fn write(&self, pattern: bool) -> TokenStream {
        let self_token = &self.self_token;
        let mutability = self.mutability.filter(|_| pattern || self.reference.is_some());
        match (&self.reference, &self.ty) {
            (Some(lifetime), _) => quote!(& #lifetime #mutability #self_token),
            (None, Some(ty)) => quote!(#mutability #self_token: #ty),
            (None, None) => quote!(#mutability #self_token),
        }
    }

    /// Returns its type: `&mut Self`.
    pub fn full_type(&self) -> TokenStream {
        let mutability = &self.mutability;
        match (&self.reference, &self.ty) {
            (Some(lifetime), _) => quote!(& #lifetime #mutability Self),
            (None, Some(ty)) => ty.clone(),
            (None, None) => quote!(Self),
        }
    }

    /// Returns `self` by value, not behind a pointer.
    pub fn is_by_value(&self) -> bool {
        let typed = |ty: &TokenStream| ty.to_string() == "Self";
        self.reference.is_none() && self.ty.as_ref().is_none_or(typed)
    }
}

impl Argument {
    /// Returns the pattern, when it is a plain name in lower case, and none that the macros have
    /// made.
    fn name(&self) -> Option<Ident> {
        let mut tokens = self.pattern.clone().into_iter().peekable();
        tokens.next_if(|token| matches!(token, TokenTree::Ident(ident) if ident == "mut"));
        match (tokens.next(), tokens.next()) {
            (Some(TokenTree::Ident(name)), None) => {
                let text = name.unraw().to_string();
                let first = text.chars().find(|c| *c != '_')?;
                (!first.is_uppercase() && !is_reserved(&name)).then_some(name)
            }
            _ => None,
        }
    }
}

/// Parses a type of the signature; an error names the place.
pub fn parse_type<T: syn::parse::Parse>(tokens: &TokenStream) -> Result<T> {
    syn::parse2(tokens.clone()).map_err(|error| Error::new_spanned(tokens, error))
}
