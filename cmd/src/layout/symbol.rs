//! Names for people and names for comparing.

use hot_patch::abi::{BODY_PREFIX, OTHER_PREFIXES};

/// A symbol without the `.llvm.<digits>` that optimised builds append and change at will.
pub(super) fn stem(symbol: &str) -> &str {
    match symbol.rsplit_once(".llvm.") {
        Some((stem, digits))
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            stem
        }
        _ => symbol,
    }
}

/// The path of a function or a static, from its symbol: `shop::Cart::total`. What the macro has made
/// of a hot function and the cells inside a `thread_local!` are left out.
pub fn path(symbol: &str) -> String {
    let demangled = format!("{:#}", rustc_demangle::demangle(stem(symbol)));
    let end = ["::{{constant}}", "::{constant#", "::{{closure}}::__RUST_STD_INTERNAL_VAL"]
        .iter()
        .filter(|_| demangled.contains("__RUST_STD_INTERNAL_VAL"))
        .filter_map(|mark| demangled.find(mark))
        .min();
    as_written(&demangled[..end.unwrap_or(demangled.len())])
}

/// Returns a text in which paths are as the source has them, without what `#[hot]` has made: the body
/// of a function stands inside it (`shop::total::__hot_total`) or beside it
/// (`shop::Cart::__hot_total`), its slot inside it, and the bodies of a trait's methods in a trait of
/// their own (`shop::_::__HotDisplay`).
pub fn as_written(text: &str) -> String {
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = find_made(rest) {
        out.push_str(&rest[..at]);
        let end = rest[at..].find(|c: char| !c.is_alphanumeric() && c != '_');
        let (made, after) = rest[at..].split_at(end.unwrap_or(rest.len() - at));
        rest = after;
        if let Some(of) = made.strip_prefix(TRAIT_PREFIX) {
            let path = out.trim_end_matches(is_path).len();
            out.truncate(path);
            out.push_str(of);
        } else if let Some(name) = bodies().find_map(|prefix| made.strip_prefix(prefix)) {
            let outer = out.strip_suffix("::").map_or("", |outer| {
                outer.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(outer)
            });
            match outer == name {
                true => out.truncate(out.len() - "::".len()),
                false => out.push_str(name),
            }
        } else if out.ends_with("::") {
            // A static of the macro's inside the function.
            out.truncate(out.len() - "::".len());
        }
    }
    out + rest
}

/// The private trait that declares the bodies of a trait's methods.
const TRAIT_PREFIX: &str = "__Hot";

/// How the functions are called that the macro makes of one.
fn bodies() -> impl Iterator<Item = &'static str> {
    OTHER_PREFIXES.into_iter().chain([BODY_PREFIX])
}

/// Where the first identifier begins that the macro has made.
fn find_made(text: &str) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let places = bodies().chain([TRAIT_PREFIX, "__HOT_"]).flat_map(|prefix| {
        text.match_indices(prefix).map(|(at, _)| at).filter(|at| !text[..*at].ends_with(inside))
    });
    places.min()
}

/// The trait of a method, from the path up to its name: of `<shop::Order as shop::Priced>`, of
/// `shop::other::<impl shop::Priced for shop::Order>`, and, of one that the trait provides, what
/// stands there.
pub fn implemented(of: &str) -> &str {
    let within = |inner: &'_ str, word: &str| {
        let mut depth = 0usize;
        inner.char_indices().find_map(|(at, c)| {
            match c {
                '<' | '(' | '[' => depth += 1,
                '>' | ')' | ']' => depth = depth.saturating_sub(1),
                ' ' if depth == 0 && inner[at..].starts_with(word) => return Some(at),
                _ => {}
            }
            None
        })
    };
    let Some(inside) = of.strip_suffix('>') else { return of };
    if let Some(inner) = inside.strip_prefix('<').filter(|inner| !inner.starts_with("impl ")) {
        return within(inner, " as ").map_or(inner, |at| &inner[at + " as ".len()..]);
    }
    let Some(start) = inside.find("<impl ") else { return of };
    let inner = &inside[start + "<impl ".len()..];
    within(inner, " for ").map_or(of, |at| &inner[..at])
}

/// Whether the compiler numbered this type or one in its name: closures, coroutines, and what is
/// declared inside the functions of an `impl`. The numbers shift when another is inserted before.
pub(super) fn is_numbered(name: &str) -> bool {
    name.contains('{') && name.contains('#')
}

/// Whether this type is a closure or a coroutine, or one is in its name: nobody can write its name,
/// and so only a `TypeId` could find a value of it again.
pub(super) fn is_nameless(name: &str) -> bool {
    name.contains("_env#")
}

/// Whether two type names are the same but for the compiler's numbers.
pub(super) fn same(was: &str, now: &str) -> bool {
    was == now || is_numbered(was) && is_numbered(now) && unnumbered(was).eq(unnumbered(now))
}

/// The characters of a name without the digits that follow a `#`.
fn unnumbered(name: &str) -> impl Iterator<Item = char> {
    let mut after_hash = false;
    name.chars().filter(move |&c| {
        let skip = after_hash && c.is_ascii_digit();
        after_hash = c == '#' || skip;
        !skip
    })
}

/// A type's name for people, without paths and without the usual default arguments:
/// `HashMap<u64, Order>`.
pub(super) fn short(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut word = String::new();
    let mut rest = name.chars().peekable();
    // Inside `{impl#0}` and the like nothing is cut.
    while let Some(c) = rest.next() {
        if c.is_alphanumeric() || matches!(c, '_' | '{' | '}' | '#' | '$') {
            word.push(c);
        } else if c == ':' && rest.peek() == Some(&':') {
            rest.next();
            word.clear();
        } else {
            out.push_str(&word);
            word.clear();
            out.push(c);
        }
    }
    out.push_str(&word);
    for default in [", Global", ", RandomState"] {
        out = out.replace(&format!("{default}>"), ">").replace(&format!("{default},"), ",");
    }
    // `LazyLock<T, fn() -> T>` and the like, whose second argument is there by default.
    if let Some((head, tail)) = out.split_once(", fn() -> ")
        && let Some((_, inner)) = head.split_once('<')
        && tail.strip_suffix('>') == Some(inner)
    {
        return format!("{head}>");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems_lose_only_what_the_optimiser_added() {
        assert_eq!(stem("_ZN4shop4SLOT17h0E.llvm.1234"), "_ZN4shop4SLOT17h0E");
        for kept in ["a.llvm.", "a.llvm.1x", "a.0", "llvm.1"] {
            assert_eq!(stem(kept), kept);
        }
    }

    #[test]
    fn a_method_tells_its_trait() {
        for (of, wanted) in [
            ("<shop::Order as shop::Priced>", "shop::Priced"),
            ("shop::Priced", "shop::Priced"),
            ("<alloc::vec::Vec<<a::A as a::B>::C> as shop::Sum<u8>>", "shop::Sum<u8>"),
            ("<F as shop::Visit>", "shop::Visit"),
            ("shop::other::<impl shop::Sum<u8> for shop::Order>", "shop::Sum<u8>"),
            ("<impl shop::Sum<fn() -> u8> for shop::Order>", "shop::Sum<fn() -> u8>"),
        ] {
            assert_eq!(implemented(of), wanted, "{of}");
        }
    }

    #[test]
    fn paths_name_what_the_source_names() {
        let local = "_ZN4shop2TL29_$u7b$$u7b$constant$u7d$$u7d$28_$u7b$$u7b$closure$u7d$$u7d$23\
            __RUST_STD_INTERNAL_VAL17h232cf8f919f8d722E";
        assert_eq!(path(local), "shop::TL");
        assert_eq!(path("_ZN4shop4cart11__hot_total17h92d18397f2b7254dE"), "shop::cart::total");
        assert_eq!(path("_ZN4shop4cart13__hotbox_load17h92d18397f2b7254dE"), "shop::cart::load");
        assert_eq!(path("plain"), "plain");
    }

    #[test]
    fn what_the_macro_has_made_is_not_told() {
        for (made, written) in [
            ("shop::total::__hot_total", "shop::total"),
            ("shop::Cart::__hot_total", "shop::Cart::total"),
            ("shop::total::__hotbox_total", "shop::total"),
            ("shop::Cart::__hotvia_total::{{closure}}", "shop::Cart::total::{{closure}}"),
            ("shop::box_load::__hot_box_load", "shop::box_load"),
            ("shop::Cart::__hot_box_load", "shop::Cart::box_load"),
            ("shop::Cart::__hottwin_load", "shop::Cart::load"),
            ("shop::total::__hot_total::RATE", "shop::total::RATE"),
            ("shop::total::__HOT_SLOT", "shop::total"),
            ("<shop::Cart as shop::_::__HotDisplay>::__hot_fmt", "<shop::Cart as Display>::fmt"),
            (
                "u64 → Map<Iter<u8>, shop::rows::__hot_rows::{closure_env#0}> in shop::__hot_go",
                "u64 → Map<Iter<u8>, shop::rows::{closure_env#0}> in shop::go",
            ),
            ("shop::my__hot_total", "shop::my__hot_total"),
            ("shop::__hotel", "shop::__hotel"),
            ("", ""),
        ] {
            assert_eq!(as_written(made), written, "{made}");
        }
    }

    #[test]
    fn short_names_keep_what_tells_types_apart() {
        let cases = [
            ("u64", "u64"),
            ("[shop::Order; 4]", "[Order; 4]"),
            (
                "std::collections::hash::map::HashMap<u64, shop::Order, \
                 std::hash::random::RandomState, alloc::alloc::Global>",
                "HashMap<u64, Order>",
            ),
            (
                "alloc::vec::Vec<(u8, alloc::string::String), alloc::alloc::Global>",
                "Vec<(u8, String)>",
            ),
            ("std::sync::lazy_lock::LazyLock<a::B<u8>, fn() -> a::B<u8>>", "LazyLock<B<u8>>"),
            ("std::sync::lazy_lock::LazyLock<a::B, fn() -> a::C>", "LazyLock<B, fn() -> C>"),
            (
                "&dyn core::ops::function::Fn<(&shop::Order), Output=u64>",
                "&dyn Fn<(&Order), Output=u64>",
            ),
            ("shop::{impl#0}::m::{closure_env#1}", "{closure_env#1}"),
        ];
        for (full, wanted) in cases {
            assert_eq!(short(full), wanted);
        }
    }

    #[test]
    fn only_the_compilers_numbers_may_differ() {
        assert!(same("a::{impl#0}::f::X", "a::{impl#12}::f::X"));
        assert!(!same("a::{impl#0}::f::X", "a::{impl#0}::f::Y"));
        assert!(!same("a::X<1>", "a::X<2>"));
        assert!(!same("a::{closure_env#0}<1>", "a::{closure_env#0}<2>"));
    }
}
