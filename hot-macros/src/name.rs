//! The item part of a name: `total`, `*Cart.total`, `Cart.From<Order>.from`.
//!
//! Of a path the last segment is kept; of its arguments those that are concrete. A parameter of
//! the impl block is dropped, since instances differ by their types.

use crate::text::render;
use quote::ToTokens;
use syn::{GenericArgument, Path, PathArguments, ReturnType, Type, TypeParamBound};

/// Returns a type by its short name. `own` are the parameters of the impl block.
pub fn of_type(ty: &Type, own: &[String]) -> String {
    concrete(ty, own).unwrap_or_else(|| render(ty.to_token_stream()))
}

/// Returns a trait or type path by its last segment.
pub fn of_path(path: &Path, own: &[String]) -> String {
    let Some(last) = path.segments.last() else { return String::new() };
    let mut name = syn::ext::IdentExt::unraw(&last.ident).to_string();
    match &last.arguments {
        PathArguments::None => {}
        PathArguments::AngleBracketed(arguments) => {
            let kept: Vec<String> =
                arguments.args.iter().filter_map(|argument| of_argument(argument, own)).collect();
            if !kept.is_empty() {
                name = format!("{name}<{}>", kept.join(", "));
            }
        }
        PathArguments::Parenthesized(arguments) => {
            let inputs: Vec<String> =
                arguments.inputs.iter().map(|input| of_type(&input.ty, own)).collect();
            name = format!("{name}({})", inputs.join(", "));
            if let ReturnType::Type(_, output) = &arguments.output {
                name = format!("{name} -> {}", of_type(output, own));
            }
        }
    }
    name
}

fn of_argument(argument: &GenericArgument, own: &[String]) -> Option<String> {
    match argument {
        GenericArgument::Lifetime(lifetime) => {
            (lifetime.ident == "static").then(|| "'static".to_owned())
        }
        GenericArgument::Type(ty) => concrete(ty, own),
        GenericArgument::AssocType(binding) => {
            Some(format!("{} = {}", binding.ident, of_type(&binding.ty, own)))
        }
        other => {
            let tokens = other.to_token_stream();
            let dependent = own.iter().any(|name| crate::tokens::mentions(&tokens, name));
            (!dependent).then(|| render(tokens))
        }
    }
}

/// Returns the name, or none when the type is nothing but a parameter.
fn concrete(ty: &Type, own: &[String]) -> Option<String> {
    Some(match ty {
        Type::Path(path) if path.qself.is_none() => {
            if path.path.get_ident().is_some_and(|ident| own.contains(&ident.to_string())) {
                return None;
            }
            of_path(&path.path, own)
        }
        Type::Group(group) => return concrete(&group.elem, own),
        Type::Paren(paren) => return concrete(&paren.elem, own),
        Type::Reference(reference) => {
            let mutable = if reference.mutability.is_some() { "mut " } else { "" };
            format!("&{mutable}{}", of_type(&reference.elem, own))
        }
        Type::Slice(slice) => format!("[{}]", of_type(&slice.elem, own)),
        Type::Array(array) => {
            format!("[{}; {}]", of_type(&array.elem, own), render(array.len.to_token_stream()))
        }
        Type::Tuple(tuple) => {
            let elements: Vec<String> = tuple.elems.iter().map(|ty| of_type(ty, own)).collect();
            match elements.as_slice() {
                [one] => format!("({one},)"),
                more => format!("({})", more.join(", ")),
            }
        }
        Type::TraitObject(object) => {
            let bounds: Vec<String> = object
                .bounds
                .iter()
                .filter_map(|bound| match bound {
                    TypeParamBound::Trait(bound) => Some(of_path(&bound.path, own)),
                    _ => None,
                })
                .collect();
            format!("dyn {}", bounds.join(" + "))
        }
        other => render(other.to_token_stream()),
    })
}

#[cfg(test)]
mod tests {
    fn name(ty: &str, own: &[&str]) -> String {
        let own: Vec<String> = own.iter().map(|name| name.to_string()).collect();
        super::of_type(&syn::parse_str(ty).unwrap(), &own)
    }

    #[test]
    fn last_segment_with_concrete_arguments() {
        assert_eq!(name("shop::cart::Cart", &[]), "Cart");
        assert_eq!(name("std::vec::Vec<u8>", &[]), "Vec<u8>");
        assert_eq!(name("Map<std::string::String, Vec<u8>>", &[]), "Map<String, Vec<u8>>");
        assert_eq!(name("Cow<'a, str>", &[]), "Cow<str>");
        assert_eq!(name("Cow<'static, str>", &[]), "Cow<'static, str>");
    }

    #[test]
    fn own_parameters_are_dropped() {
        assert_eq!(name("Stack<T>", &["T"]), "Stack");
        assert_eq!(name("Map<K, u8>", &["K"]), "Map<u8>");
        assert_eq!(name("Vec<Option<T>>", &["T"]), "Vec<Option>");
        assert_eq!(name("Ring<N>", &["N"]), "Ring");
        assert_eq!(name("T", &["T"]), "T");
    }

    #[test]
    fn types_without_a_path() {
        assert_eq!(name("&'a mut shop::Cart", &[]), "&mut Cart");
        assert_eq!(name("[std::string::String]", &[]), "[String]");
        assert_eq!(name("(u8, a::B)", &[]), "(u8, B)");
        assert_eq!(name("dyn fmt::Debug + Send + 'a", &[]), "dyn Debug + Send");
        assert_eq!(name("[T; 4]", &["T"]), "[T; 4]");
        assert_eq!(name("fn(u8) -> u8", &[]), "fn(u8) -> u8");
    }
}
