//! Names for people and names for comparing.

use hot_patch::abi::BODY_PREFIX;

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

/// The path of a function or a static, from its symbol: `shop::Cart::total`. The macro's prefix of
/// a hot function's body and the cells inside a `thread_local!` are left out.
pub(super) fn path(symbol: &str) -> String {
    let demangled = format!("{:#}", rustc_demangle::demangle(stem(symbol)));
    let end = ["::{{constant}}", "::{constant#", "::{{closure}}::__RUST_STD_INTERNAL_VAL"]
        .iter()
        .filter(|_| demangled.contains("__RUST_STD_INTERNAL_VAL"))
        .filter_map(|mark| demangled.find(mark))
        .min();
    demangled[..end.unwrap_or(demangled.len())].replace(BODY_PREFIX, "")
}

/// Whether the compiler numbered this type or one in its name: closures, coroutines, and what is
/// declared inside the functions of an `impl`. The numbers shift when another is inserted before.
pub(super) fn is_numbered(name: &str) -> bool {
    name.contains('{') && name.contains('#')
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
