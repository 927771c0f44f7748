//! Hands the debug information of what a patch carries to `crate::debug`.

use super::addresses::Addresses;
use super::selection::Selection;
use crate::debug::{self, Part, Piece, Shape, Symbol};
use crate::diff::change::Analysis;
use crate::diff::object::{AtomKind, ObjectFile};
use hot_patch::patch::{Debug, Patch};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Describes a patch.
pub fn describe(
    selection: &Selection,
    addresses: &Addresses,
    patch: &Patch,
    analysis: &Analysis<'_>,
) -> Debug {
    let own: HashSet<*const ObjectFile> = analysis.newest.objects().map(Arc::as_ptr).collect();
    let mut pieces: Vec<Piece<'_>> = Vec::new();
    let mut places: HashMap<*const ObjectFile, usize> = HashMap::new();
    let mut symbols = Vec::new();
    for atom in &selection.atoms {
        let (object, it) = (Arc::as_ptr(&atom.object), atom.atom());
        let is_code = it.kind == AtomKind::Text;
        let Some(at) = addresses.body(atom).filter(|_| is_code || it.kind == AtomKind::Data) else {
            continue;
        };
        if let Some(name) = it.name {
            symbols.push(Symbol { name: analysis.symbols.text(name), at, size: it.size, is_code });
        }
        if own.contains(&object) && !it.bytes.is_empty() {
            let index = *places.entry(object).or_insert_with(|| {
                pieces.push(Piece { object: &atom.object.data, parts: Vec::new() });
                pieces.len() - 1
            });
            pieces[index].parts.push(Part { file: it.bytes.clone(), at, is_code });
        }
    }
    let frames = patch.unwind.and_then(|at| {
        let from = usize::try_from(at - patch.read_only_offset()).ok()?;
        Some((at, patch.read_only.get(from..)?))
    });
    debug::describe(&Shape { text: patch.text.len() as u64, symbols, frames }, &pieces)
}
