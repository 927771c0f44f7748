//! Tables of methods: how one is built, and what its name and its methods' symbols tell.
//!
//! The debug information names each table after its type and its trait
//! (`<shop::Order as shop::Priced>`); a trait that is `_` stands for none (`dyn Send`).

use crate::symbol::{demangle, implemented_trait};

/// Words before the methods: drop glue, size, alignment.
pub(super) const HEADER: usize = 3;

/// Returns `price`, of `<shop::Order as shop::Priced>::price`.
pub(super) fn method_name(symbol: &str) -> String {
    let path = demangle(symbol);
    // Shims carry what they are in braces.
    let named = path.rsplit("::").map(|part| part.split('{').next().unwrap_or(part));
    named.into_iter().find(|part| !part.is_empty()).unwrap_or(&path).to_string()
}

/// Returns `shop::Priced::price`, of `<shop::Order as shop::Priced>::price`: the same for every type.
pub(super) fn trait_method(symbol: &str) -> String {
    let path = demangle(symbol);
    let name = method_name(symbol);
    match path.rfind(&format!("::{name}")) {
        Some(at) => format!("{}::{name}", implemented_trait(&path[..at])),
        None => name,
    }
}

/// Reports whether a trait is one of the standard library's, or none (`dyn Send`). Where a crate of the
/// program's own is called `core`, traits of that name may be either's, and count as its own.
pub(super) fn is_standard(path: &str, own: &[&str]) -> bool {
    let of = |krate: &str| path.strip_prefix(krate).is_some_and(|rest| rest.starts_with("::"));
    path == "_" || ["core", "alloc", "std"].iter().any(|krate| of(krate) && !own.contains(krate))
}

/// Returns `shop::Order`, of `<shop::Order as shop::Priced>`.
pub(super) fn self_of(table: &str) -> &str {
    let name = table.split_once(" as ").map_or(table, |(name, _)| name);
    name.strip_prefix('<').unwrap_or(name)
}

/// Returns `shop::Priced`, of `<shop::Order as shop::Priced>`.
pub(super) fn trait_of(table: &str) -> &str {
    let name = table.split_once(" as ").map_or(table, |(_, name)| name);
    name.strip_suffix('>').unwrap_or(name)
}
