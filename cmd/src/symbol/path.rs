//! Paths of items, as the source has them.
//!
//! A demangled symbol names more than the source does: what `#[hot]` and `thread_local!` have made
//! stands inside the item or beside it. Those identifiers are found by their prefixes and taken out
//! of the path.

use super::mangling::{demangle, without_llvm_suffix};
use hot_patch::abi::{BODY_PREFIX, OTHER_PREFIXES};

/// Returns the path of a function or a static from its symbol: `shop::Cart::total`. What the macro
/// has made of a hot function and the cells inside a `thread_local!` are left out.
pub fn item_path(symbol: &str) -> String {
    let demangled = demangle(without_llvm_suffix(symbol));
    // The block of a `const { … }`, as the older mangling, debug information and the newer one say.
    const CELLS: [&str; 4] =
        ["::{{constant}}", "::{constant#", "::{K#", "::{{closure}}::__RUST_STD_INTERNAL_VAL"];
    let end = CELLS
        .iter()
        .filter(|_| demangled.contains("__RUST_STD_INTERNAL_VAL"))
        .filter_map(|mark| demangled.find(mark))
        .min();
    as_written(&demangled[..end.unwrap_or(demangled.len())])
}

/// Returns a text in which paths are as the source has them, without what `#[hot]` has made: the
/// body of a function stands inside it (`shop::total::__hot_total`) or beside it
/// (`shop::Cart::__hot_total`), its slot inside it, and the bodies of a trait's methods in a trait
/// of their own (`shop::_::__HotDisplay`).
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
            if outer == name {
                out.truncate(out.len() - "::".len());
            } else {
                out.push_str(name);
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

/// Returns the prefixes of the functions that the macro makes of one.
fn bodies() -> impl Iterator<Item = &'static str> {
    OTHER_PREFIXES.into_iter().chain([BODY_PREFIX])
}

/// Returns where the first identifier begins that the macro has made.
fn find_made(text: &str) -> Option<usize> {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    let places = bodies().chain([TRAIT_PREFIX, "__HOT_"]).flat_map(|prefix| {
        text.match_indices(prefix).map(|(at, _)| at).filter(|at| !text[..*at].ends_with(inside))
    });
    places.min()
}

/// Returns the trait of a method from the path up to its name: of `<shop::Order as shop::Priced>`,
/// of `shop::other::<impl shop::Priced for shop::Order>`, and, of one that the trait provides, what
/// stands there.
pub fn implemented_trait(of: &str) -> &str {
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

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(implemented_trait(of), wanted, "{of}");
        }
    }

    #[test]
    fn paths_name_what_the_source_names() {
        let local = "_ZN4shop2TL29_$u7b$$u7b$constant$u7d$$u7d$28_$u7b$$u7b$closure$u7d$$u7d$23\
            __RUST_STD_INTERNAL_VAL17h232cf8f919f8d722E";
        assert_eq!(item_path(local), "shop::TL");
        let newer = "_RNvNCNKNvCskK9ONXSS8Nz_4shop2TL0023___RUST_STD_INTERNAL_VAL";
        assert_eq!(item_path(newer), "shop::TL");
        assert_eq!(
            item_path("_ZN4shop4cart11__hot_total17h92d18397f2b7254dE"),
            "shop::cart::total"
        );
        assert_eq!(
            item_path("_ZN4shop4cart13__hotbox_load17h92d18397f2b7254dE"),
            "shop::cart::load"
        );
        assert_eq!(item_path("plain"), "plain");
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
}
