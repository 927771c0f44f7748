//! `#[hot]` on an impl block: every method is hot.
//!
//! In an inherent impl each body becomes a hidden sibling method, so that `self`, `Self` and the
//! parameters of the block mean what they meant. A trait impl may hold nothing but the trait's
//! items; the bodies go to an extension trait that nothing else sees:
//!
//! ```text
//! const _: () = {
//!     trait __HotDisplay: Display { fn __hot_fmt(&self, f: &mut Formatter<'_>) -> Result; }
//!     impl __HotDisplay for Cart { fn __hot_fmt(…) -> Result { the body } }
//!     impl Display for Cart { fn fmt(…) -> Result { the trampoline } }
//! };
//! ```
//!
//! In the bodies of a trait impl the trait's methods may be called without an import of the trait
//! (`self.0.fmt(f)` in `impl fmt::Display`); one that the header does not name alone is imported.
//!
//! `Display` is its supertrait, so `Self::Item` still means the item of the original trait, and the
//! type may be foreign. Where the trait's own types imply bounds (`PartialEq<&'a T>`) it is none,
//! since a header implies nothing in a trait, and `Self::Item` is written out. Three details: a
//! lifetime that the header leaves out gets a name, since a trait header may leave out none; and
//! `Self` in a declaration is written out as the type where it stands for a value, since in a trait
//! its size is not known; and where a method takes a value of the type, the extension trait says
//! that it has a size, which `impl Add for Cart` needs: the `Cart` that `Add` adds by default is
//! there the `Self` of whoever names it.

use crate::arguments::Arguments;
use crate::attributes::{self, Sorted};
use crate::container::{Container, Header};
use crate::function::{RESERVED, as_written, check, reserved_parameter};
use crate::identity::may_have_lifetime;
use crate::name;
use crate::signature::{Argument, Function, Receiver, Signature};
use crate::signature::{parameters, parse_type, starts_function};
use crate::text::render;
use crate::tokens::{
    has_elided, lifetimes, mentions, name_elided, qualify_self, replace_all, replace_self,
    self_paths, take_until,
};
use crate::trampoline::{Pieces, Sibling, split};
use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{Attribute, Error, GenericParam, Generics, Ident, Lifetime, LifetimeParam};
use syn::{Result, Token, Visibility};
use syn::{braced, token};

/// An item of the block.
enum Item {
    Function(Box<Function>),
    /// Copied.
    Other(TokenStream),
}

/// The methods of a block, taken to pieces.
#[derive(Default)]
struct Methods {
    /// Trampolines, and whatever else the block holds.
    inside: Vec<TokenStream>,
    /// The functions behind them.
    beside: Vec<TokenStream>,
    /// The same as the extension trait declares them.
    declared: Vec<TokenStream>,
    /// `Sized`, where a method takes a value of the type.
    sized: Option<TokenStream>,
    refusals: Option<Error>,
}

/// Expands an impl block, from `unsafe` or `impl` on. Within a hot module, a method that
/// cannot be hot stays as written.
pub fn expand(
    attributes: Vec<Attribute>,
    input: ParseStream,
    arguments: &Arguments,
) -> Result<TokenStream> {
    let sorted = attributes::sort(&attributes, arguments)?;
    let unsafety: Option<Token![unsafe]> = input.parse()?;
    let mut header = parse_header(input)?;
    header.unsafety = unsafety.is_some();
    let content;
    braced!(content in input);
    let inner = content.call(Attribute::parse_inner)?;
    let mut items = Vec::new();
    while !content.is_empty() {
        items.push(parse_item(&content, &mut header)?);
    }

    let qualified = qualified_path(&header, &items);
    let mut methods = Methods::default();
    for item in items {
        match item {
            Item::Function(function) => methods.add(*function, &header, arguments, qualified),
            Item::Other(tokens) => methods.inside.push(tokens),
        }
    }
    if let Some(refusals) = methods.refusals {
        return Err(refusals);
    }

    let Methods { inside, beside, .. } = &methods;
    let Header { generics, where_clause, self_type, .. } = &header;
    let Sorted { every, trampoline: own, .. } = sorted;
    let Some(trait_path) = &header.trait_path else {
        return Ok(quote! {
            #every #own #unsafety impl #generics #self_type #where_clause {
                #(#inner)* #(#beside)* #(#inside)*
            }
        });
    };
    let whole = quote! {
        #own #unsafety impl #generics #trait_path for #self_type #where_clause {
            #(#inner)* #(#inside)*
        }
    };
    if beside.is_empty() {
        return Ok(quote!(#every #whole));
    }
    Ok(with_extension(&header, trait_path, &methods, qualified.is_none(), every, whole))
}

/// Returns the trait's path where a `Self::Item` in the methods has to be written out: where the
/// trait cannot be the extension's supertrait. A name that the block does not define is one of a
/// supertrait, and needs the way by the trait.
fn qualified_path<'a>(header: &'a Header, items: &[Item]) -> Option<&'a TokenStream> {
    let names = [header.associated.as_slice(), header.constants.as_slice()].concat();
    let of_supertrait = |item: &Item| match item {
        Item::Function(function) => {
            self_paths(&function.signature.types()).iter().any(|name| !names.contains(name))
        }
        Item::Other(_) => false,
    };
    let apart = header.may_imply_bounds() && !items.iter().any(of_supertrait);
    header.trait_path.as_ref().filter(|_| apart)
}

impl Methods {
    /// Adds a method: in pieces, or as written where it is left out.
    fn add(
        &mut self,
        mut function: Function,
        header: &Header,
        arguments: &Arguments,
        qualified: Option<&TokenStream>,
    ) {
        if let (Some(_), Some(receiver)) = (&header.trait_path, &mut function.signature.receiver) {
            // `Box<Cart>`: a declaration knows only `Self`.
            let ty = receiver.ty.take();
            receiver.ty = ty.map(|ty| replace_all(ty, &header.self_type, &quote!(Self)));
        }
        if let Some(path) = qualified {
            let names = [header.associated.as_slice(), header.constants.as_slice()].concat();
            function.change(|tokens| qualify_self(tokens, path, &names));
        }
        match expand_method(&function, header, arguments) {
            Ok(None) => self.inside.push(as_written(&function, arguments)),
            Ok(Some(pieces)) => self.add_pieces(pieces, &function.signature, header, arguments),
            Err(refusal) => match &mut self.refusals {
                Some(refusals) => refusals.combine(refusal),
                None => self.refusals = Some(refusal),
            },
        }
    }

    fn add_pieces(
        &mut self,
        pieces: Pieces,
        signature: &Signature,
        header: &Header,
        arguments: &Arguments,
    ) {
        self.sized = self.sized.take().or_else(|| takes_value(signature, header, arguments));
        self.inside.push(pieces.trampoline);
        let spell = |ty| spell_self(ty, header, &arguments.hot);
        // The receiver keeps its `Self`: it is what makes it a receiver. Where a lifetime is left
        // out in the result, and no receiver gives it, the arguments must not bring others along.
        let kept = !header.lifetimes().is_empty() && result_borrows(signature);
        let spell_arguments = |ty| if kept { ty } else { spell_self(ty, header, &arguments.hot) };
        let change: [&dyn Fn(TokenStream) -> TokenStream; 2] = [&spell_arguments, &spell];
        self.declared.extend(pieces.siblings.iter().map(|sibling| sibling.declare(change)));
        let twins = pieces.siblings.iter().take(pieces.twin.into());
        self.declared.extend(twins.filter_map(|sibling| sibling.declare_twin(change)));
        self.beside.extend(pieces.siblings.iter().map(Sibling::define));
    }
}

/// Returns the block of a trait beside the extension trait that holds the bodies.
fn with_extension(
    header: &Header,
    trait_path: &TokenStream,
    Methods { beside, declared, sized, .. }: &Methods,
    is_supertrait: bool,
    every: TokenStream,
    whole: TokenStream,
) -> TokenStream {
    let Header { generics, self_type, .. } = header;
    let (extension, parameters) = (&header.extension, header.arguments());
    let (import, alias) = (import(trait_path), header.alias());
    let bounds = header.full_where_clause();
    let supertrait = is_supertrait.then(|| quote!(#trait_path +));
    quote! {
        #every const _: () = {
            #import
            #alias
            #[allow(drop_bounds, clippy::all, clippy::pedantic)]
            trait #extension #generics: #supertrait #sized #bounds { #(#declared)* }
            impl #generics #extension #parameters for #self_type #bounds { #(#beside)* }
            #whole
        };
    }
}

/// Returns `Sized` when the function takes a value of the type. A trait may have the type for its
/// own parameter by default, as `Add` has, and then asks for its size.
fn takes_value(
    signature: &Signature,
    header: &Header,
    arguments: &Arguments,
) -> Option<TokenStream> {
    let hot = &arguments.hot;
    let receives = Receiver::is_by_value;
    let own = [render(header.self_type.clone()), "Self".to_owned()];
    let takes = |argument: &Argument| own.contains(&render(argument.ty.clone()));
    let by_value =
        signature.receiver.as_ref().is_some_and(receives) || signature.arguments.iter().any(takes);
    by_value.then(|| quote!(#hot::core::marker::Sized))
}

/// Brings a trait into scope, if its name is not there already.
fn import(trait_path: &TokenStream) -> Option<TokenStream> {
    let is = |token: &TokenTree, mark| matches!(token, TokenTree::Punct(p) if p.as_char() == mark);
    let path: Vec<TokenTree> =
        trait_path.clone().into_iter().take_while(|token| !is(token, '<')).collect();
    let end = path.iter().rposition(|token| !is(token, ':'))? + 1;
    let elsewhere = path[..end].iter().any(|token| is(token, ':'));
    let path = path[..end].iter();
    elsewhere.then(|| quote!(#[allow(unused_imports)] use #(#path)* as _;))
}

fn expand_method(
    function: &Function,
    header: &Header,
    arguments: &Arguments,
) -> Result<Option<Pieces>> {
    let sorted = attributes::sort(&function.attributes, arguments)?;
    if sorted.skip {
        return Ok(None);
    }
    match check(function, Container::Impl(header), &sorted) {
        Err(_) if arguments.within_module => return Ok(None),
        checked => checked?,
    }
    split(function, Container::Impl(header), &sorted, arguments).map(Some)
}

/// Reports whether the result borrows, for all that can be seen, from an argument that is no
/// receiver.
fn result_borrows(signature: &Signature) -> bool {
    let by_receiver = |receiver: &Receiver| {
        let ty = receiver.full_type();
        has_elided(&ty) || !lifetimes(&ty).is_empty()
    };
    !signature.receiver.as_ref().is_some_and(by_receiver)
        && signature.output.as_ref().is_some_and(may_have_lifetime)
}

/// Writes the type for a `Self` that stands for a value, in the types of a declaration.
fn spell_self(tokens: TokenStream, header: &Header, hot: &TokenStream) -> TokenStream {
    replace_self(tokens, &header.self_alone(hot), &quote!(Self))
}

fn parse_item(input: ParseStream, header: &mut Header) -> Result<Item> {
    let attributes = input.call(Attribute::parse_outer)?;
    let visibility: Visibility = input.parse()?;
    if starts_function(input) {
        let function = Function::parse(attributes, visibility, input)?;
        return Ok(Item::Function(Box::new(function)));
    }
    let (mut rest, mut name) = (TokenStream::new(), None);
    let by_brace = !input.peek(Token![const]) && !input.peek(Token![type]);
    loop {
        let token: TokenTree = input.parse()?;
        if let TokenTree::Ident(word) = &token
            && let Ok(found) = input.fork().parse::<Ident>()
        {
            match word.to_string().as_str() {
                "type" => {
                    header.associated.push(found.to_string());
                    name = Some(found.to_string());
                }
                "const" => header.constants.push(found.to_string()),
                _ => {}
            }
        }
        let ends = match &token {
            TokenTree::Punct(mark) => mark.as_char() == ';',
            TokenTree::Group(group) => by_brace && group.delimiter() == Delimiter::Brace,
            _ => false,
        };
        rest.extend([token]);
        if ends {
            let where_clause = rest.clone().into_iter().skip_while(|t| t.to_string() != "where");
            let where_clause: TokenStream = where_clause.collect();
            if mentions(&where_clause, "Self") || !lifetimes(&where_clause).is_empty() {
                header.lending.extend(name);
            }
            return Ok(Item::Other(quote!(#(#attributes)* #visibility #rest)));
        }
    }
}

fn parse_header(input: ParseStream) -> Result<Header> {
    input.parse::<Token![impl]>()?;
    let mut generics: Generics =
        if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
    if let Some(name) = reserved_parameter(&generics) {
        return Err(Error::new(name.span(), RESERVED));
    }
    // `for<'a> fn(&'a T)` is a type, not the end of the trait's path.
    let ends = |input: ParseStream| {
        let binder = input.peek2(Token![<]) && input.peek3(Lifetime);
        input.peek(token::Brace) || input.peek(Token![where]) || input.peek(Token![for]) && !binder
    };
    let first = take_until(input, ends)?;
    let (trait_path, self_type) = match input.parse::<Option<Token![for]>>()? {
        Some(_) => (Some(first), take_until(input, ends)?),
        None => (None, first),
    };
    let where_clause = take_until(input, |input| input.peek(token::Brace))?;

    let own: Vec<String> = parameters(&generics).iter().map(Ident::to_string).collect();
    let self_text = render(self_type.clone());
    let mut name = name::of_type(&parse_type(&self_type)?, &own);
    let mut trait_name = String::new();
    if let Some(path) = &trait_path {
        trait_name = name::of_path(&parse_type(path)?, &own);
        name = format!("{name}.{trait_name}");
    }

    let mut named = Vec::new();
    let mut next = || {
        let lifetime = Lifetime::new(&format!("'__hot_{}", named.len()), Span::call_site());
        named.push(lifetime.clone());
        lifetime.into_token_stream()
    };
    let trait_path = trait_path.map(|path| name_elided(path, &mut next));
    let self_type = name_elided(self_type, &mut next);
    for (index, lifetime) in named.into_iter().enumerate() {
        generics.params.insert(index, GenericParam::Lifetime(LifetimeParam::new(lifetime)));
    }
    if !generics.params.is_empty() {
        generics.lt_token.get_or_insert_default();
        generics.gt_token.get_or_insert_default();
    }
    Ok(Header {
        generics,
        where_clause,
        trait_path,
        extension: Header::extension_of(&trait_name),
        unsafety: false,
        self_type,
        self_text,
        name,
        associated: Vec::new(),
        lending: Vec::new(),
        constants: Vec::new(),
    })
}
