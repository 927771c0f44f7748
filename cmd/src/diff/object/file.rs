//! One object file, and the ways to refer to its atoms.

use super::atom::{Atom, UnwindRecord};
use super::reloc::{RawTarget, Reloc};
use super::symbol_table::SymbolId;
use crate::layout::{LayoutError, ObjectLayouts};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// One relocatable object, cut into atoms.
pub struct ObjectFile {
    /// The codegen unit's stable name.
    pub unit: String,
    /// Key of the program's crate that it belongs to; empty for a member of an archive.
    pub crate_key: String,
    /// The file.
    pub data: Vec<u8>,
    /// The file with its debug information, where that was split off.
    pub split: Option<Vec<u8>>,
    /// Its atoms.
    pub atoms: Vec<Atom>,
    /// The atom and the offset at which each symbol stands that it defines.
    pub symbols: std::collections::HashMap<SymbolId, (u32, u64)>,
    /// The common parts of its unwind information.
    pub cies: Vec<UnwindRecord>,
    /// For each atom, the named things that it leads to, directly or through private constants.
    pub out_edges: Vec<Box<[SymbolId]>>,
    /// The layouts of the types that it describes, read when first asked for.
    pub layouts: OnceLock<ObjectLayouts>,
}

/// The target of a reference, whichever way the compiler wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelocTarget {
    /// Something with a name, at an offset in bytes.
    Named(SymbolId, i64),
    /// A private constant of the same object, at an offset in bytes.
    Private(AtomRef, i64),
}

impl ObjectFile {
    /// Returns the content of an atom; zeroed data has none.
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
    pub object: Arc<ObjectFile>,
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
    /// Returns another atom of the same object.
    pub fn sibling(&self, index: u32) -> AtomRef {
        AtomRef { object: self.object.clone(), index }
    }
    /// Returns the target of one of its references.
    pub fn target_of(&self, reloc: &Reloc) -> RelocTarget {
        match reloc.target {
            RawTarget::Symbol(name) => RelocTarget::Named(name, reloc.offset),
            RawTarget::Atom(index) => match self.object.atoms[index as usize].name {
                Some(name) => RelocTarget::Named(name, reloc.offset),
                None => RelocTarget::Private(self.sibling(index), reloc.offset),
            },
        }
    }
    /// Returns all references, those of its unwind information included.
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
