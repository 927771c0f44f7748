//! Symbol names: interned, and demangled for people.
//!
//! A name is compared many times and written down seldom, so each distinct one is kept once and
//! handled as a number. Names are interned without the `.llvm.<digits>` that changes whenever a
//! unit is edited ([`crate::symbol::without_llvm_suffix`]).
//!
//! The table only grows, and what it has given out stays valid as long as it does: interning needs
//! no exclusive access, and what was interned for an object that is dropped again does no harm.

use crate::symbol::{demangle, is_anonymous, is_mangled, without_llvm_suffix};
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

/// The number of a symbol name in a [`SymbolTable`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SymbolId(u32);

/// All symbol names that have been seen.
#[derive(Default)]
pub struct SymbolTable {
    ids: RefCell<HashMap<Arc<str>, SymbolId>>,
    texts: Texts,
}

impl SymbolTable {
    /// Returns the id of a name, new or known.
    pub fn intern(&self, text: &str) -> SymbolId {
        let text = without_llvm_suffix(text);
        let mut ids = self.ids.borrow_mut();
        if let Some(&known) = ids.get(text) {
            return known;
        }
        let id = SymbolId(u32::try_from(ids.len()).expect("fewer than 2^32 symbols"));
        let text: Arc<str> = text.into();
        self.texts.set(id.0, text.clone());
        ids.insert(text, id);
        id
    }

    /// Returns the id of a name, if it was ever seen.
    pub fn find(&self, text: &str) -> Option<SymbolId> {
        self.ids.borrow().get(without_llvm_suffix(text)).copied()
    }

    /// Returns the mangled name.
    pub fn text(&self, name: SymbolId) -> &str {
        self.texts.get(name.0)
    }

    /// Returns the path that a person would write: demangled, without the hash.
    pub fn path(&self, name: SymbolId) -> String {
        demangle(self.text(name))
    }

    /// Reports whether a macro has made the item for the place where it is used: such names begin,
    /// by custom, with two underscores (`__CALLSITE` is one, of `tracing`). What is of hot is not
    /// meant.
    pub fn is_made(&self, name: SymbolId) -> bool {
        let path = self.path(name);
        let item = path.rsplit("::").next().unwrap_or(&path);
        item.starts_with("__") && !item.starts_with("__HOT_")
    }

    /// Reports whether two instances of one generic function are for different types by name: in
    /// the newer mangling, which writes them out.
    pub fn says_other_types(&self, one: SymbolId, other: SymbolId) -> bool {
        let [one, other] = [one, other].map(|name| self.text(name));
        one.starts_with("_R") && other.starts_with("_R") && demangle(one) != demangle(other)
    }

    /// Reports whether rustc made the name, so that it stands for one item of one build.
    pub fn is_mangled(&self, name: SymbolId) -> bool {
        is_mangled(self.text(name))
    }

    /// Reports whether LLVM made the name for something private that has none, so that it stands
    /// for nothing but a place in a unit.
    pub fn is_anonymous(&self, name: SymbolId) -> bool {
        is_anonymous(self.text(name))
    }
}

/// Texts by number, in blocks that never move: each is twice as long as the one before.
#[derive(Default)]
struct Texts {
    blocks: [OnceCell<Block>; BLOCKS],
}

type Block = Box<[OnceCell<Arc<str>>]>;

/// Length of the first block.
const FIRST: u64 = 64;
/// As many as 32-bit numbers need.
const BLOCKS: usize = 27;

impl Texts {
    /// Sets the text of a number that has none.
    fn set(&self, number: u32, text: Arc<str>) {
        let (block, at) = Texts::place(number);
        let length = (FIRST as usize) << block;
        let block = self.blocks[block].get_or_init(|| vec![OnceCell::new(); length].into());
        // Numbers are given out once.
        let _ = block[at].set(text);
    }

    /// Returns the text of a number that was given out.
    fn get(&self, number: u32) -> &str {
        let (block, at) = Texts::place(number);
        let text = self.blocks[block].get().and_then(|block| block[at].get());
        text.expect("each number has a text")
    }

    /// Returns the block of a number, and the index in it.
    fn place(number: u32) -> (usize, usize) {
        let shifted = u64::from(number) + FIRST;
        let block = shifted.ilog2() - FIRST.ilog2();
        (block as usize, (shifted - (FIRST << block)) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_of_llvm_is_no_part_of_a_name() {
        let names = SymbolTable::default();
        let plain = names.intern("_ZN4shop5TOTAL17h0123456789abcdefE");
        assert_eq!(names.intern("_ZN4shop5TOTAL17h0123456789abcdefE.llvm.991"), plain);
        assert_eq!(names.path(plain), "shop::TOTAL");
        assert_ne!(names.intern("a.llvm.1x"), names.intern("a"));
        let constant = names.intern("anon.0204b29a27e3e9ecc58537d97d0a5326.7.llvm.594555360410");
        assert!(names.is_anonymous(constant));
    }

    #[test]
    fn blocks_of_texts_follow_one_another() {
        assert_eq!(Texts::place(0), (0, 0));
        assert_eq!(Texts::place(63), (0, 63));
        assert_eq!(Texts::place(64), (1, 0));
        assert_eq!(Texts::place(191), (1, 127));
        assert_eq!(Texts::place(192), (2, 0));
        assert_eq!(Texts::place(u32::MAX).0, BLOCKS - 1);
        let names = SymbolTable::default();
        let all: Vec<SymbolId> = (0..1000).map(|n| names.intern(&format!("f{n}"))).collect();
        for (n, id) in all.into_iter().enumerate() {
            assert_eq!((names.text(id), names.intern(&format!("f{n}"))), (&*format!("f{n}"), id));
        }
    }

    #[test]
    fn what_a_macro_made_begins_with_two_underscores() {
        let names = SymbolTable::default();
        let site = names.intern("_ZN4shop5total10__CALLSITE17h0123456789abcdefE");
        let slot = names.intern("_ZN4shop5total10__HOT_SLOT17h0123456789abcdefE");
        let inside = names.intern("_ZN4shop7__total5TOTAL17h0123456789abcdefE");
        assert_eq!([site, slot, inside].map(|n| names.is_made(n)), [true, false, false]);
    }
}
