//! Atoms: the smallest pieces of an object file that are compared and moved on their own.
//!
//! With one section per function and per static (rustc's default) an atom is a section; sections
//! that hold several items (`hot_slots`, those of `#[link_section]`) are cut at their symbols. A
//! mergeable section (string and float literals) is one atom, of which references use pieces.

use super::reloc::Reloc;
use super::symbol_table::SymbolId;

/// The kind of an atom, which decides how it is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtomKind {
    /// Machine code.
    Text,
    /// Constants, whether or not they need relocation.
    ReadOnly,
    /// Constants that the linker may merge: pieces of so many bytes, or NUL-terminated strings.
    Merge {
        /// Size of a piece (of a character, for strings) in bytes.
        size: u64,
        /// Set if the pieces are strings.
        strings: bool,
    },
    /// Writable data: a static with state.
    Data,
    /// A counter of instrumentation (coverage, profiles): each version of a function has its own.
    Counter,
    /// A thread-local.
    ThreadLocal,
    /// A slot.
    Slot,
    /// A registry entry.
    Entry,
    /// Pairs of slot and body.
    Instances,
    /// Pointers to functions that run before main.
    Constructor,
}

impl AtomKind {
    /// Reports whether the running one must be used, where there is one: it has state.
    pub fn is_state(self) -> bool {
        matches!(self, AtomKind::Data | AtomKind::Counter | AtomKind::ThreadLocal | AtomKind::Slot)
    }
}

/// The unwind information of a function.
#[derive(Clone, Debug)]
pub struct UnwindEntry {
    /// Which of the object's CIEs it uses.
    pub cie: u32,
    /// The record from its length field to its end; references as in an atom.
    pub record: UnwindRecord,
}

/// Bytes with references.
#[derive(Clone, Debug)]
pub struct UnwindRecord {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The references, ascending.
    pub relocs: Vec<Reloc>,
}

/// The smallest piece of an object file that is compared and moved on its own.
#[derive(Clone, Debug)]
pub struct Atom {
    /// Its symbol, unless it is a private constant.
    pub name: Option<SymbolId>,
    /// A symbol that means this in its own object alone: C has such for what is `static`.
    pub label: Option<SymbolId>,
    /// Its kind.
    pub kind: AtomKind,
    /// Its content; empty for zeroed data.
    pub bytes: std::ops::Range<usize>,
    /// Its size in bytes.
    pub size: u64,
    /// Its alignment in bytes.
    pub align: u64,
    /// Its references, ascending.
    pub relocs: Vec<Reloc>,
    /// How to unwind through it.
    pub frame: Option<UnwindEntry>,
    /// The atoms among which control passes without relocations, if this is one of several.
    pub fallthrough_group: Option<(u32, u32)>,
}
