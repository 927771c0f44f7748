//! Names of types: compared, and shortened for people.
//!
//! rustc numbers what has no name of its own, closures (`{closure_env#0}`) and impl blocks
//! (`{impl#3}`) among it, and the numbers shift when another stands before. Where two builds are
//! compared, the numbers therefore do not count.

/// Reports whether rustc has numbered this type or one in its name: closures, coroutines, and what
/// is declared inside the functions of an `impl`. The numbers shift when another is inserted
/// before.
pub fn is_numbered(name: &str) -> bool {
    name.contains('{') && name.contains('#')
}

/// Reports whether this type is a closure or a coroutine, or one is in its name. Source cannot
/// write such a name, and so only a `TypeId` could find a value of it again.
pub fn is_nameless(name: &str) -> bool {
    name.contains("_env#")
}

/// Reports whether two names of types are the same but for rustc's numbers.
pub fn same_but_for_numbers(was: &str, now: &str) -> bool {
    was == now || is_numbered(was) && is_numbered(now) && unnumbered(was).eq(unnumbered(now))
}

/// Returns a name without the digits behind each `#`.
pub fn without_numbers(name: &str) -> String {
    unnumbered(name).collect()
}

/// Returns the characters of a name without the digits behind each `#`.
fn unnumbered(name: &str) -> impl Iterator<Item = char> {
    let mut after_hash = false;
    name.chars().filter(move |&c| {
        let skip = after_hash && c.is_ascii_digit();
        after_hash = c == '#' || skip;
        !skip
    })
}

/// Returns a type's name for people, without paths and without the usual default arguments:
/// `HashMap<u64, Order>`.
pub fn short_type_name(name: &str) -> String {
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
            assert_eq!(short_type_name(full), wanted);
        }
    }

    #[test]
    fn only_the_compilers_numbers_may_differ() {
        assert!(same_but_for_numbers("a::{impl#0}::f::X", "a::{impl#12}::f::X"));
        assert!(!same_but_for_numbers("a::{impl#0}::f::X", "a::{impl#0}::f::Y"));
        assert!(!same_but_for_numbers("a::X<1>", "a::X<2>"));
        assert!(!same_but_for_numbers("a::{closure_env#0}<1>", "a::{closure_env#0}<2>"));
    }
}
