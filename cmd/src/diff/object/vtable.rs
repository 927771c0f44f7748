//! Tables of methods among the constants of an object.

use super::atom::{Atom, AtomKind};
use super::file::ObjectFile;
use super::reloc::{RawTarget, RelocKind};
use super::symbol_table::SymbolId;
use crate::layout::{Vtable, Word};

const WORD: usize = 8;

/// Reads a constant as a table of methods. Returns none if it does not have the form of one.
pub fn read_vtable(object: &ObjectFile, atom: &Atom) -> Option<Vtable<SymbolId>> {
    let (words, rest) = object.bytes(atom).as_chunks::<WORD>();
    if atom.kind != AtomKind::ReadOnly || !rest.is_empty() {
        return None;
    }
    let mut words: Vec<Word<SymbolId>> =
        words.iter().map(|word| Word::Number(u64::from_le_bytes(*word))).collect();
    for reloc in &atom.relocs {
        let at = usize::try_from(reloc.at).ok()?;
        if reloc.kind != RelocKind::Absolute64 || !at.is_multiple_of(WORD) {
            return None;
        }
        let name = match reloc.target {
            RawTarget::Symbol(name) => Some(name),
            RawTarget::Atom(index) => object.atoms[index as usize].name,
        };
        *words.get_mut(at / WORD)? = Word::Address(name.filter(|_| reloc.offset == 0));
    }
    Vtable::read(words)
}
