//! The path of an item as the compiler prints it, by which generic functions and the traits of
//! methods are recognised.
//!
//! A generic function has an item type for each instance, and no static can list them. What a
//! static inside the function can name is a type that is defined there, and its path holds the
//! function's:
//!
//! ```text
//! shop::parse::Here                                         shop::parse
//! shop::Stack<_>::push::Here                                shop::Stack<_>::push
//! shop::_::<impl shop::Sink<_> for shop::Stack<_>>::push::Here   <shop::Stack<_> as shop::Sink<_>>::push
//! ```
//!
//! An instance is printed with its types where the definition has a `_` (or the name of a
//! constant): `shop::Stack<u8>::push`. So [`Place::is_of`] compares the two from the crate's name
//! on, whatever path, `use` or re-export the program reached the function by. Two functions have
//! one path only in two blocks of one function, or in two crates of one name.
//!
//! *Whose trait.* A trait of another crate can be named everywhere: its path begins with another
//! crate's name. *Destructors* are recognised by the path of the trait, which is compared with that
//! of an impl of `Drop` in this crate, so that it does not matter how the program spells `Drop`.
//!
//! A method with arguments of type `impl Trait` has its entry in a trait of the macro's. Of its own
//! trait there is the name alone, as the impl block has it: a trait that is imported under another
//! name is not found by path, and two traits of one name are one.

use once_cell::sync::Lazy;
use std::any::type_name;
use std::cell::Cell;

/// The path of a function or method.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    path: String,
    /// The trait's name, where the trait in the path is one of the macro's.
    trait_name: Option<String>,
    /// It is a generic function and no method: an instance has parameters of its own.
    free: bool,
}

/// Ends the name of the type in a function of the macro's own trait, in the place of the trait
/// impl's.
const IN_OWN_TRAIT: &str = "::__HotHereToo";

impl Place {
    /// From the name of a type that is defined inside, and the item's part of the registry's name.
    pub(super) fn of(inner: &str, item: &str) -> Place {
        let inner = inner.replace("r#", "");
        let path = parent(&inner);
        // The body of an `async fn`.
        let mut path = path.strip_suffix("::{{closure}}").unwrap_or(path).to_owned();
        // In a method the type may stand in a piece of the macro's making.
        if let Some((_, method)) = item.rsplit_once('.') {
            path = format!("{}::{method}", parent(&path));
        }
        Place {
            path: as_trait_method(&path).unwrap_or(path),
            trait_name: inner.ends_with(IN_OWN_TRAIT).then(|| trait_name(item)),
            free: !item.contains('.'),
        }
    }

    /// Reports whether the item of this name is this function or an instance of it.
    pub(crate) fn is_of(&self, item: &str) -> bool {
        let item = item.replace("r#", "");
        let without_trait =
            |path: &str| Some(format!("{}::{}", split_trait(path)?.0, parent_and_last(path).1));
        if let Some(trait_name) = &self.trait_name {
            let of_trait =
                split_trait(&item).is_some_and(|(_, path)| last_name(path) == trait_name);
            let both = without_trait(&self.path).zip(without_trait(&item));
            return of_trait
                && both.is_some_and(|(path, item)| fits(path.as_bytes(), item.as_bytes()));
        }
        // A unit struct may have the function's name: it is a type of the same path.
        (!self.free || item.ends_with('>')) && fits(self.path.as_bytes(), item.as_bytes())
    }

    /// Returns the trait of a method of a trait impl.
    fn trait_path(&self) -> Option<&str> {
        split_trait(&self.path).filter(|_| self.trait_name.is_none()).map(|(_, path)| path)
    }

    /// Reports whether this is a method of a trait of another crate than the one with this name.
    pub(crate) fn is_of_foreign_trait(&self, own: &str) -> bool {
        let root = self.trait_path().and_then(|path| path.split_once("::")).map(|(root, _)| root);
        // `<shop::Bar as shop::Foo>::f::Secret`: a trait that is defined in a method.
        let is_name = |root: &str| root.chars().all(|c| c.is_alphanumeric() || c == '_');
        let own = own.trim_start_matches("r#");
        root.is_some_and(|root| root != own && is_name(root)) && *SHOWS_TRAITS
    }

    /// Reports whether this is `Drop::drop`.
    pub(crate) fn is_destructor(&self) -> bool {
        let may_be = |path: &str| {
            if *SHOWS_TRAITS {
                Some(path) == OWN_DESTRUCTOR.trait_path()
            } else {
                // This compiler does not print which trait it is.
                parent_and_last(&self.path).1 == "drop"
            }
        };
        self.trait_path().is_some_and(may_be)
    }
}

/// Builds what is otherwise built at its first use, or waits for the thread that does.
pub(super) fn build() {
    Lazy::force(&OWN_DESTRUCTOR);
    Lazy::force(&SHOWS_TRAITS);
}

/// The destructor of a type of this crate.
static OWN_DESTRUCTOR: Lazy<Place> = Lazy::new(|| {
    struct Dropped<'a>(&'a Cell<&'static str>);
    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            struct Here;
            self.0.set(type_name::<Here>());
        }
    }
    let name = Cell::new("");
    drop(Dropped(&name));
    Place::of(name.get(), "Dropped.Drop.drop")
});

/// True if this compiler prints the crate of a trait.
static SHOWS_TRAITS: Lazy<bool> = Lazy::new(|| {
    trait Own {
        fn place() -> &'static str;
    }
    struct Probe;
    impl Own for Probe {
        fn place() -> &'static str {
            struct Here;
            type_name::<Here>()
        }
    }
    let root = |place: &Place| Some(place.trait_path()?.split_once("::")?.0.to_owned());
    let own = env!("CARGO_CRATE_NAME");
    root(&Place::of(Probe::place(), "Probe.Own.place")).as_deref() == Some(own)
        && root(&OWN_DESTRUCTOR).as_deref() == Some("core")
});

/// Returns the first place of `wanted` inside of so many brackets.
fn find_at_depth(path: &str, wanted: &str, depth: usize) -> Option<usize> {
    let bytes = path.as_bytes();
    let mut open = 0usize;
    for (at, byte) in bytes.iter().enumerate() {
        if open == depth && path.is_char_boundary(at) && path[at..].starts_with(wanted) {
            return Some(at);
        }
        match byte {
            b'<' | b'(' | b'[' | b'{' => open += 1,
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// Returns a path without its last segment, and that segment.
fn parent_and_last(path: &str) -> (&str, &str) {
    let (mut start, mut from) = (None, 0);
    while let Some(at) = find_at_depth(&path[from..], "::", 0) {
        start = Some(from + at);
        from += at + 2;
    }
    start.map_or(("", path), |at| (&path[..at], &path[at + 2..]))
}

fn parent(path: &str) -> &str {
    parent_and_last(path).0
}

/// Returns `<Type as Trait>::method` for `shop::<impl Trait for Type>::method`.
fn as_trait_method(path: &str) -> Option<String> {
    let (block, method) = parent_and_last(path);
    let block = parent_and_last(block).1.strip_prefix("<impl ")?.strip_suffix('>')?;
    let at = find_at_depth(block, " for ", 0)?;
    Some(format!("<{} as {}>::{method}", &block[at + 5..], &block[..at]))
}

/// Returns `Type` and `Trait` of `<Type as Trait>::method`.
fn split_trait(path: &str) -> Option<(&str, &str)> {
    let block = parent(path).strip_prefix('<')?.strip_suffix('>')?;
    let at = find_at_depth(block, " as ", 0)?;
    Some((&block[..at], &block[at + 4..]))
}

/// Returns `Sink` of `shop::Sink<u8>`.
fn last_name(path: &str) -> &str {
    let last = parent_and_last(path).1;
    last.split('<').next().unwrap_or(last)
}

/// Returns `Sink` of `*Stack<Vec<u8>>.Sink<u8>.push`, the item's part of the registry's name.
fn trait_name(item: &str) -> String {
    let of_type = find_at_depth(item, ".", 0).map_or(item, |at| &item[at + 1..]);
    let end = find_at_depth(of_type, ".", 0).unwrap_or(of_type.len());
    last_name(&of_type[..end]).trim_start_matches("r#").to_owned()
}

/// Words that stand for themselves where no path is around them.
const WORDS: &[&str] = &[
    "as", "bool", "char", "const", "dyn", "extern", "f128", "f16", "f32", "f64", "fn", "for",
    "i128", "i16", "i32", "i64", "i8", "impl", "isize", "mut", "str", "u128", "u16", "u32", "u64",
    "u8", "unsafe", "usize",
];

/// Returns the parameter at the beginning of a path, after this byte: `_`, or the name of a
/// constant.
fn parameter(path: &[u8], before: Option<u8>) -> Option<usize> {
    let letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let begins = !before.is_some_and(|b| letter(&b) || matches!(b, b'\'' | b':' | b'{' | b'"'));
    let length = path.iter().take_while(|byte| letter(byte)).count();
    if !begins || length == 0 || path[0].is_ascii_digit() || path[length..].starts_with(b"::") {
        return None;
    }
    let word = std::str::from_utf8(&path[..length]).ok()?;
    (!WORDS.contains(&word) && !path[length..].starts_with(b"\"")).then_some(length)
}

/// Reports whether an item's name is this path, with types for its parameters and the function's
/// own after it.
fn fits(path: &[u8], item: &[u8]) -> bool {
    fits_after(path, item, None)
}

fn fits_after(path: &[u8], item: &[u8], before: Option<u8>) -> bool {
    let Some(&first) = path.first() else {
        return item.is_empty() || item.starts_with(b"<") && item.ends_with(b">");
    };
    let Some(length) = parameter(path, before) else {
        return item.first() == Some(&first) && fits_after(&path[1..], &item[1..], Some(first));
    };
    let mut open = 0usize;
    for (at, byte) in item.iter().enumerate() {
        if open == 0 && at > 0 && fits_after(&path[length..], &item[at..], Some(b'_')) {
            return true;
        }
        match byte {
            b'<' | b'(' | b'[' | b'{' => open += 1,
            b'>' if at > 0 && item[at - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' if open == 0 => return false,
            b'>' | b')' | b']' | b'}' => open -= 1,
            b',' | b';' if open == 0 => return false,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{OWN_DESTRUCTOR, Place, SHOWS_TRAITS};

    fn place(inner: &str, item: &str) -> Place {
        Place::of(inner, item)
    }

    #[test]
    fn this_compiler_prints_what_is_needed() {
        assert!(*SHOWS_TRAITS);
        assert!(OWN_DESTRUCTOR.is_destructor());
    }

    #[test]
    fn a_function_is_told_by_its_whole_path() {
        let parse = place("shop::a::parse::Here", "parse");
        assert!(parse.is_of("shop::a::parse<u8>"));
        assert!(parse.is_of("shop::a::parse<alloc::vec::Vec<u8>, u8>"));
        // A type of that path, or another function.
        assert!(!parse.is_of("shop::a::parse"));
        for other in
            ["shop::b::parse<u8>", "shop::parse<u8>", "workshop::a::parse<u8>", "shop::a::parser"]
        {
            assert!(!parse.is_of(other), "{other}");
        }
        let inner = place("shop::main::{{closure}}::inner::Here", "inner");
        assert!(inner.is_of("shop::main::{{closure}}::inner<u8>"));
        assert!(!inner.is_of("shop::main::inner<u8>"));
        assert!(place("shop::r#match::Here", "match").is_of("shop::match<u8>"));
        assert!(place("shop::load::{{closure}}::Here", "load").is_of("shop::load<u8>"));
    }

    #[test]
    fn a_method_is_told_by_its_type_and_trait() {
        let top = place("shop::Stack<_>::top::Here", "*Stack.top");
        assert!(top.is_of("shop::Stack<core::option::Option<u8>>::top<u16>"));
        assert!(!top.is_of("shop::Pile<u8>::top<u16>"));
        assert!(!top.is_of("<shop::Stack<u8> as shop::Sink<u8>>::top"));
        let only = place("shop::Stack<u8>::only::Here", "*Stack<u8>.only");
        assert!(only.is_of("shop::Stack<u8>::only<u16>"));
        assert!(!only.is_of("shop::Stack<u16>::only<u16>"));
        let elsewhere = place(
            "shop::m::<impl shop::Stack<core::option::Option<_>>>::get::Here",
            "*Stack<Option>.get",
        );
        assert!(elsewhere.is_of("shop::m::<impl shop::Stack<core::option::Option<u8>>>::get<3>"));

        let push =
            place("shop::_::<impl shop::Sink<&_> for [_; N]>::push::Here", "*[T; N].Sink.push");
        assert!(push.is_of("<[u8; 2] as shop::Sink<&u8>>::push"));
        assert!(!push.is_of("<[u8; 2] as shop::Sink<u8>>::push"));
        assert!(!push.is_of("<[u8; 2] as other::Sink<&u8>>::push"));
        let push = place(
            "<dyn core::ops::Fn(_) -> u8 + core::marker::Send as shop::Sink<_>>::push::Here",
            "*dyn Fn.Sink.push",
        );
        assert!(
            push.is_of(
                "<dyn core::ops::Fn(u16) -> u8 + core::marker::Send as shop::Sink<u16>>::push"
            )
        );
        assert!(!push.is_of(
            "<dyn core::ops::Fn(u16) -> u16 + core::marker::Send as shop::Sink<u16>>::push"
        ));
        let inferred = place(
            "shop::_::<impl shop::_::__HotSink<_> for shop::Stack<_>>::__hot_via_all::__HotHereToo",
            "*Stack.Sink.all",
        );
        assert!(inferred.is_of("<shop::Stack<u8> as shop::Sink<u8>>::all<u8>"));
        assert!(!inferred.is_of("<shop::Pile<u8> as shop::Sink<u8>>::all<u8>"));
        assert!(inferred.is_of("<shop::Stack<u8> as other::Sink<u8>>::all<u8>"));
        assert!(!inferred.is_of("<shop::Stack<u8> as shop::Drain<u8>>::all<u8>"));
        assert!(!inferred.is_of("<shop::Stack<u8> as shop::Sink<u8>>::none<u8>"));
        assert!(!inferred.is_of_foreign_trait("shop"));
    }

    #[test]
    fn whose_trait_it_is() {
        let of = |inner| place(inner, "*Cart.Any.any");
        assert!(
            of("shop::_::<impl core::fmt::Display for shop::Cart>::any::Here")
                .is_of_foreign_trait("shop")
        );
        assert!(
            !of("shop::_::<impl shop::net::Send for alloc::vec::Vec<_>>::any::Here")
                .is_of_foreign_trait("shop")
        );
        // Not a method of a trait, or not printed.
        assert!(!of("shop::Cart::any::Here").is_of_foreign_trait("shop"));
        assert!(!of("<Cart as Display>::any::Here").is_of_foreign_trait("shop"));
        // One that is defined in a method.
        let nested = "<u8 as <shop::Cart as shop::Total>::total::Secret>::any::Here";
        assert!(!of(nested).is_of_foreign_trait("shop"));
        assert!(
            of("x::_::<impl core::ops::drop::Drop for x::A<'_, _>>::drop::Here").is_destructor()
        );
        assert!(!of("x::_::<impl x::Drop for x::A>::drop::Here").is_destructor());
    }
}
