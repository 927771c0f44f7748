//! The objects whose code has been live.

use super::symbols::LiveSymbols;
use crate::diff::object::{Atom, AtomKind, ObjectFile, Program, RawTarget, SymbolId};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// The objects whose code has been live, by crate, newest first.
#[derive(Clone, Default)]
pub struct LiveObjects {
    crates: BTreeMap<String, Vec<Arc<ObjectFile>>>,
}

impl LiveObjects {
    /// Adds a program that has become live.
    pub fn add(&mut self, program: &Program) {
        for (key, unit) in &program.crates {
            let known = self.crates.entry(key.clone()).or_default();
            let fresh = unit.objects.iter().filter(|o| !known.iter().any(|k| Arc::ptr_eq(k, o)));
            let mut objects: Vec<Arc<ObjectFile>> = fresh.cloned().collect();
            objects.append(known);
            *known = objects;
        }
    }

    /// The objects of one crate.
    pub fn objects(&self, key: &str) -> &[Arc<ObjectFile>] {
        self.crates.get(key).map_or(&[], Vec::as_slice)
    }
}

/// The statics and thread-locals in the process: those with state, and constants that lead to
/// state without a name.
pub fn state(lived: &LiveObjects, loaded: &LiveSymbols) -> BTreeSet<SymbolId> {
    // Private constants may refer to each other in circles.
    fn leads_to_state(object: &ObjectFile, atom: &Atom) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![atom];
        while let Some(atom) = waiting.pop() {
            for reloc in &atom.relocs {
                let RawTarget::Atom(index) = reloc.target else { continue };
                let target = &object.atoms[index as usize];
                match target.kind {
                    _ if target.name.is_some() => {}
                    AtomKind::Data => return true,
                    AtomKind::ReadOnly if seen.insert(index) => waiting.push(target),
                    _ => {}
                }
            }
        }
        false
    }
    let objects = lived.crates.values().flatten();
    let atoms = objects.flat_map(|object| object.atoms.iter().map(move |atom| (object, atom)));
    let state = atoms.filter_map(|(object, atom)| {
        let name = atom.name.filter(|name| loaded.contains(*name))?;
        let counts = match atom.kind {
            AtomKind::Data | AtomKind::ThreadLocal => true,
            AtomKind::ReadOnly => leads_to_state(object, atom),
            _ => false,
        };
        counts.then_some(name)
    });
    state.collect()
}
