//! The named things that each atom leads to, directly or through what has no name.

use super::atom::{Atom, UnwindRecord};
use super::reloc::RawTarget;
use super::symbol_table::SymbolId;
use std::collections::HashSet;
/// Returns the names that each atom leads to. What one atom of a fallthrough group leads to, all
/// do.
pub(super) fn out_edges(atoms: &[Atom], cies: &[UnwindRecord]) -> Vec<Box<[SymbolId]>> {
    let mut edges = own_edges(atoms, cies);
    let groups: HashSet<_> = atoms.iter().filter_map(|atom| atom.fallthrough_group).collect();
    for (first, last) in groups {
        let range = first as usize..=last as usize;
        let own = atoms[range.clone()].iter().filter_map(|atom| atom.name);
        let all: HashSet<_> = edges[range.clone()].iter().flatten().copied().chain(own).collect();
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_unstable();
        edges[range].fill(all.into_boxed_slice());
    }
    edges
}

/// Private constants may refer to each other in circles, so each atom walks on its own.
fn own_edges(atoms: &[Atom], cies: &[UnwindRecord]) -> Vec<Box<[SymbolId]>> {
    let mut seen = vec![u32::MAX; atoms.len()];
    let mut stack = Vec::new();
    (0..atoms.len() as u32)
        .map(|from| {
            let mut found = Vec::new();
            stack.push(from);
            seen[from as usize] = from;
            while let Some(index) = stack.pop() {
                let atom = &atoms[index as usize];
                let frame = atom.frame.iter();
                let relocs = atom.relocs.iter().chain(
                    frame.flat_map(|f| f.record.relocs.iter().chain(&cies[f.cie as usize].relocs)),
                );
                for reloc in relocs {
                    match reloc.target {
                        RawTarget::Symbol(name) => found.push(name),
                        RawTarget::Atom(to) => match atoms[to as usize].name {
                            Some(name) => found.push(name),
                            None if seen[to as usize] != from => {
                                seen[to as usize] = from;
                                stack.push(to);
                            }
                            None => {}
                        },
                    }
                }
            }
            found.sort_unstable();
            found.dedup();
            found.into_boxed_slice()
        })
        .collect()
}
