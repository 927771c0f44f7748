//! References of atoms: ELF relocations, reduced to what the tool needs of them.

use super::symbol_table::SymbolId;

/// A relocation type, reduced to what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelocKind {
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

impl RelocKind {
    /// Returns the width of the field in bytes.
    pub fn width(self) -> usize {
        match self {
            RelocKind::Absolute64 | RelocKind::Relative64 => 8,
            _ => 4,
        }
    }
}

/// The target of a relocation as the object has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawTarget {
    /// An atom of the same object.
    Atom(u32),
    /// A symbol that another object defines.
    Symbol(SymbolId),
}

/// One relocation of an atom.
#[derive(Clone, Copy, Debug)]
pub struct Reloc {
    /// Offset of the field in the atom, in bytes.
    pub at: u64,
    /// The kind of value that is asked for.
    pub kind: RelocKind,
    /// Its target.
    pub target: RawTarget,
    /// Offset in the target, in bytes, of what is really meant.
    pub offset: i64,
    /// The part that was taken off the offset because the processor counts from the end of the
    /// instruction: the ELF addend is `offset - bias`.
    pub bias: i64,
}

impl Reloc {
    /// Reports whether the field lies within so many bytes.
    pub fn is_within(&self, length: usize) -> bool {
        self.at.checked_add(self.kind.width() as u64).is_some_and(|end| end <= length as u64)
    }
}
