//! Symbol names: interned, and demangled for people.
//!
//! A name is compared many times and written down seldom, so each distinct one is kept once and
//! handled as a number. Names are interned without the `.llvm.<digits>` that changes whenever a unit
//! is edited ([`crate::symbol::without_llvm_suffix`]).

use crate::symbol::{demangle, is_anonymous, is_mangled, without_llvm_suffix};
use std::collections::HashMap;
use std::sync::Arc;

/// An interned symbol name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SymbolId(u32);

/// All names seen.
#[derive(Default)]
pub struct SymbolTable {
    numbers: HashMap<Arc<str>, SymbolId>,
    texts: Vec<Arc<str>>,
}

impl SymbolTable {
    /// The number of a name, new or known.
    pub fn intern(&mut self, text: &str) -> SymbolId {
        let text = without_llvm_suffix(text);
        if let Some(&name) = self.numbers.get(text) {
            return name;
        }
        let name = SymbolId(u32::try_from(self.texts.len()).expect("fewer than 2^32 symbols"));
        let text: Arc<str> = text.into();
        self.texts.push(text.clone());
        self.numbers.insert(text, name);
        name
    }

    /// The number of a name, if it was ever seen.
    pub fn find(&self, text: &str) -> Option<SymbolId> {
        self.numbers.get(without_llvm_suffix(text)).copied()
    }

    /// The mangled name.
    pub fn text(&self, name: SymbolId) -> &str {
        &self.texts[name.0 as usize]
    }

    /// The path that a person would write: demangled, without the hash.
    pub fn path(&self, name: SymbolId) -> String {
        demangle(self.text(name))
    }

    /// Whether a macro has made the item for the place where it is used: such names begin, by custom,
    /// with two underscores (`__CALLSITE` is one, of `tracing`). What is of hot is not meant.
    pub fn is_made(&self, name: SymbolId) -> bool {
        let path = self.path(name);
        let item = path.rsplit("::").next().unwrap_or(&path);
        item.starts_with("__") && !item.starts_with("__HOT_")
    }

    /// Whether two instances of one generic function are told to be for different types: in the newer
    /// mangling, which writes them out.
    pub fn says_other_types(&self, one: SymbolId, other: SymbolId) -> bool {
        let [one, other] = [one, other].map(|name| self.text(name));
        one.starts_with("_R") && other.starts_with("_R") && demangle(one) != demangle(other)
    }

    /// Whether rustc made the name, so that it stands for one item of one build.
    pub fn is_mangled(&self, name: SymbolId) -> bool {
        is_mangled(self.text(name))
    }

    /// Whether LLVM made the name for something private that has none, so that it stands for nothing
    /// but a place in a unit.
    pub fn is_anonymous(&self, name: SymbolId) -> bool {
        is_anonymous(self.text(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_of_llvm_is_no_part_of_a_name() {
        let mut names = SymbolTable::default();
        let plain = names.intern("_ZN4shop5TOTAL17h0123456789abcdefE");
        assert_eq!(names.intern("_ZN4shop5TOTAL17h0123456789abcdefE.llvm.991"), plain);
        assert_eq!(names.path(plain), "shop::TOTAL");
        assert_ne!(names.intern("a.llvm.1x"), names.intern("a"));
        let constant = names.intern("anon.0204b29a27e3e9ecc58537d97d0a5326.7.llvm.594555360410");
        assert!(names.is_anonymous(constant));
    }

    #[test]
    fn what_a_macro_made_begins_with_two_underscores() {
        let mut names = SymbolTable::default();
        let site = names.intern("_ZN4shop5total10__CALLSITE17h0123456789abcdefE");
        let slot = names.intern("_ZN4shop5total10__HOT_SLOT17h0123456789abcdefE");
        let inside = names.intern("_ZN4shop7__total5TOTAL17h0123456789abcdefE");
        assert_eq!([site, slot, inside].map(|n| names.is_made(n)), [true, false, false]);
    }
}
