//! Atoms: the smallest pieces of an object file that are compared and moved on their own.
//!
//! With one section per function and per static (rustc's default) an atom is a section; sections
//! that hold several items (`hot_slots`, those of `#[link_section]`) are cut at their symbols. A
//! mergeable section (string and float literals) is one atom, of which references use pieces.

use super::name::Name;
use crate::layout::{LayoutError, ObjectLayouts};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// What an atom is, which decides how it is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Machine code.
    Text,
    /// Constants, whether or not they need relocation.
    ReadOnly,
    /// Constants that the linker may merge: pieces of so many bytes, or NUL-terminated strings.
    Merge {
        /// Size of a piece (of a character, for strings) in bytes.
        size: u64,
        /// Whether the pieces are strings.
        strings: bool,
    },
    /// Writable data: a static with state.
    Data,
    /// What instrumentation counts in (coverage, profiles): each version of a function has its own.
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

impl Kind {
    /// Whether the running one must be used, where there is one: it has state.
    pub fn is_state(self) -> bool {
        matches!(self, Kind::Data | Kind::Counter | Kind::ThreadLocal | Kind::Slot)
    }
}

/// A relocation type, reduced to what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// The address, 64 bits.
    Absolute64,
    /// The distance, 32 bits; for code maybe through a stub (PC32, PLT32).
    Relative32,
    /// The distance, 64 bits.
    Relative64,
    /// The distance to a word that holds the address.
    Got,
    /// The distance to a word that holds the thread-local's offset.
    GotThreadOffset,
    /// Address of a pair (module, offset) for `__tls_get_addr`: general dynamic.
    TlsGeneral,
    /// The same for the module alone: local dynamic.
    TlsLocal,
    /// The thread-local's offset in its module.
    ModuleOffset32,
    /// The thread-local's offset from the thread pointer.
    ThreadOffset32,
    /// Any other ELF relocation type: carried code that has one is refused.
    Unknown(u32),
}

impl Ask {
    /// Width of the field in bytes.
    pub fn width(self) -> usize {
        match self {
            Ask::Absolute64 | Ask::Relative64 => 8,
            _ => 4,
        }
    }
}

/// What a relocation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An atom of the same object.
    Atom(u32),
    /// A symbol that another object defines.
    Symbol(Name),
}

/// One relocation of an atom.
#[derive(Clone, Copy, Debug)]
pub struct Reloc {
    /// Offset of the field in the atom, in bytes.
    pub at: u64,
    /// What is asked for.
    pub ask: Ask,
    /// What it refers to.
    pub target: Target,
    /// Offset in the target, in bytes, of what is really meant.
    pub offset: i64,
    /// What was taken off the offset because the processor counts from the end of the
    /// instruction: the ELF addend is `offset - bias`.
    pub bias: i64,
}

impl Reloc {
    /// Whether the field lies within so many bytes.
    pub fn is_within(&self, length: usize) -> bool {
        self.at.checked_add(self.ask.width() as u64).is_some_and(|end| end <= length as u64)
    }
}

/// The unwind information of a function.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Which of the object's CIEs it uses.
    pub cie: u32,
    /// The record from its length field to its end; references as in an atom.
    pub record: Record,
}

/// Bytes with references.
#[derive(Clone, Debug)]
pub struct Record {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The references, ascending.
    pub relocs: Vec<Reloc>,
}

/// One atom.
#[derive(Clone, Debug)]
pub struct Atom {
    /// Its symbol, unless it is a private constant.
    pub name: Option<Name>,
    /// A symbol that means this in its own object alone: C has such for what is `static`.
    pub label: Option<Name>,
    /// What it is.
    pub kind: Kind,
    /// Its content; empty for zeroed data.
    pub bytes: std::ops::Range<usize>,
    /// Its size in bytes.
    pub size: u64,
    /// Its alignment in bytes.
    pub align: u64,
    /// Its references, ascending.
    pub relocs: Vec<Reloc>,
    /// How to unwind through it.
    pub frame: Option<Frame>,
    /// The atoms among which control passes without relocations, if this is one of several.
    pub tangle: Option<(u32, u32)>,
}

/// One relocatable object, cut into atoms.
pub struct Object {
    /// The codegen unit's stable name.
    pub unit: String,
    /// Key of the program's crate that it belongs to; empty for a member of an archive.
    pub home: String,
    /// The file.
    pub data: Vec<u8>,
    /// The file with its debug information, where that was split off.
    pub split: Option<Vec<u8>>,
    /// Its atoms.
    pub atoms: Vec<Atom>,
    /// Where each symbol that it defines stands: atom and offset.
    pub symbols: std::collections::HashMap<Name, (u32, u64)>,
    /// The common parts of its unwind information.
    pub cies: Vec<Record>,
    /// For each atom, the named things that it leads to, directly or through private constants.
    pub reach: Vec<Box<[Name]>>,
    /// The layouts of the types that it describes, read when first asked for.
    pub layouts: OnceLock<ObjectLayouts>,
}

/// What a reference means, whichever way the compiler wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Something with a name, at an offset in bytes.
    Named(Name, i64),
    /// A private constant of the same object, at an offset in bytes.
    Private(AtomRef, i64),
}

impl Object {
    /// The content of an atom; zeroed data has none.
    pub fn bytes(&self, atom: &Atom) -> &[u8] {
        &self.data[atom.bytes.clone()]
    }

    /// The layouts of the types that it describes.
    pub fn layouts(&self) -> Result<&ObjectLayouts, LayoutError> {
        if let Some(known) = self.layouts.get() {
            return Ok(known);
        }
        let read = ObjectLayouts::read_split(&self.data, self.split.as_deref())?;
        Ok(self.layouts.get_or_init(|| read))
    }
}

/// One atom of one object; keeps the object alive.
#[derive(Clone)]
pub struct AtomRef {
    /// The object.
    pub object: Arc<Object>,
    /// Index of the atom in it.
    pub index: u32,
}

impl AtomRef {
    /// The atom.
    pub fn atom(&self) -> &Atom {
        &self.object.atoms[self.index as usize]
    }
    /// Its content.
    pub fn bytes(&self) -> &[u8] {
        self.object.bytes(self.atom())
    }
    /// Another atom of the same object.
    pub fn sibling(&self, index: u32) -> AtomRef {
        AtomRef { object: self.object.clone(), index }
    }
    /// What one of its references means.
    pub fn meaning(&self, reloc: &Reloc) -> Meaning {
        match reloc.target {
            Target::Symbol(name) => Meaning::Named(name, reloc.offset),
            Target::Atom(index) => match self.object.atoms[index as usize].name {
                Some(name) => Meaning::Named(name, reloc.offset),
                None => Meaning::Private(self.sibling(index), reloc.offset),
            },
        }
    }
    /// All references, those of its unwind information included.
    pub fn references(&self) -> impl Iterator<Item = &Reloc> {
        let atom = self.atom();
        let frame = atom.frame.as_ref();
        let cie = frame.map(|f| &self.object.cies[f.cie as usize]);
        atom.relocs
            .iter()
            .chain(frame.into_iter().flat_map(|f| &f.record.relocs))
            .chain(cie.into_iter().flat_map(|c| &c.relocs))
    }
}

impl PartialEq for AtomRef {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.object, &other.object) && self.index == other.index
    }
}
impl Eq for AtomRef {}
impl Hash for AtomRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (Arc::as_ptr(&self.object) as usize, self.index).hash(state);
    }
}
impl std::fmt::Debug for AtomRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.object.unit, self.index)
    }
}
