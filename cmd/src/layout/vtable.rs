//! Tables of methods (vtables): how one is built, and what the names in one tell.
//!
//! A table is a constant of words: the address of the drop glue or zero, size, alignment, and then
//! the methods in their places. In the place of a method that cannot be called stands zero, and the
//! table of a supertrait has a place as well. Nothing in a constant says that it is a table, but
//! few others have that form. With debug information a table has a name, that of its type and its
//! trait (`<shop::Order as shop::Priced>`); a trait that is `_` stands for none (`dyn Send`).

use crate::symbol::{demangle, implemented_trait};

/// A word of a constant.
#[derive(Clone, Debug)]
pub enum Word<T> {
    /// A number.
    Number(u64),
    /// An address, with the function that stands there; none where it is not that of a function.
    Address(Option<T>),
}

/// A table of methods; `T` stands for a function.
#[derive(Debug)]
pub struct Vtable<T> {
    /// The drop glue; none if values need no drop.
    pub drop_glue: Option<T>,
    /// The functions in their places; none where there is no method, or the table of a supertrait.
    pub methods: Vec<Option<T>>,
}

impl<T> Vtable<T> {
    /// Reads the words of a constant as a table. Returns none if they do not have the form of one.
    pub fn read(words: impl IntoIterator<Item = Word<T>>) -> Option<Vtable<T>> {
        let mut words = words.into_iter();
        let drop_glue = function(words.next()?)?;
        let (Word::Number(_size), Word::Number(align)) = (words.next()?, words.next()?) else {
            return None;
        };
        // The largest alignment of a type is 2^29.
        if !align.is_power_of_two() || align >= 1 << 30 {
            return None;
        }
        let methods = words.map(function).collect::<Option<_>>()?;
        Some(Vtable { drop_glue, methods })
    }
}

/// Returns the function at the address that a word is, or that there is none. A number has no place
/// among functions.
fn function<T>(word: Word<T>) -> Option<Option<T>> {
    match word {
        Word::Address(function) => Some(function),
        Word::Number(0) => Some(None),
        Word::Number(_) => None,
    }
}

/// Returns `price`, of `<shop::Order as shop::Priced>::price`.
pub(super) fn method_name(symbol: &str) -> String {
    let path = demangle(symbol);
    // Shims carry what they are in braces.
    let named = path.rsplit("::").map(|part| part.split('{').next().unwrap_or(part));
    named.into_iter().find(|part| !part.is_empty()).unwrap_or(&path).to_string()
}

/// Returns `shop::Priced::price`, of `<shop::Order as shop::Priced>::price`: the same for every
/// type.
pub(super) fn trait_method(symbol: &str) -> String {
    let path = demangle(symbol);
    let name = method_name(symbol);
    match path.rfind(&format!("::{name}")) {
        Some(at) => format!("{}::{name}", implemented_trait(&path[..at])),
        None => name,
    }
}

/// Reports whether a trait is one of the standard library's, or none (`dyn Send`). Where a crate of
/// the program's own is called `core`, traits of that name may be either's, and count as its own.
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

#[cfg(test)]
mod tests {
    use super::Word::{Address, Number};
    use super::*;

    #[test]
    fn a_table_is_known_by_its_form() {
        let table = [Address(Some("drop")), Number(24), Number(8), Address(Some("price"))];
        let read = Vtable::read(table).expect("a table");
        assert_eq!((read.drop_glue, read.methods), (Some("drop"), vec![Some("price")]));
        let bare = Vtable::<&str>::read([Number(0), Number(0), Number(1)]).expect("a table");
        assert_eq!((bare.drop_glue, bare.methods.len()), (None, 0));
        let more = [Number(0), Number(4), Number(4), Number(0), Address(None), Address(Some("f"))];
        let read = Vtable::read(more).expect("a table with a vacant place and a supertrait");
        assert_eq!(read.methods, [None, None, Some("f")]);
    }

    #[test]
    fn another_constant_is_no_table() {
        let f = || Address(Some("f"));
        for (words, what) in [
            (vec![f(), Number(1)], "too short"),
            (vec![Number(7), Number(8), Number(8), f()], "a number instead of the drop glue"),
            (vec![f(), Number(8), f(), f()], "an address instead of the alignment"),
            (vec![f(), f(), Number(8), f()], "an address instead of the size"),
            (vec![f(), Number(8), Number(3), f()], "no power of two"),
            (vec![f(), Number(8), Number(1 << 30), f()], "an alignment that no type has"),
            (vec![f(), Number(8), Number(8), f(), Number(3)], "a number among the methods"),
        ] {
            assert!(Vtable::read(words).is_none(), "{what}");
        }
    }
}
