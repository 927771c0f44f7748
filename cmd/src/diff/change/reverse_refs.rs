//! Reverse references: the references of the newest objects turned round.
//!
//! Only code and constants are users, since only they are replaced; state keeps what it has. The
//! body of a hot function has no users: it is called through its slot, which is swapped. A private
//! constant has no name, so its references are those of the atoms that lead to it.

use crate::diff::object::{AtomKind, AtomRef, HotRegistry, Program, SymbolId, SymbolTable};
use std::collections::{HashMap, HashSet};

/// The users of each name.
#[derive(Default)]
pub struct ReverseRefs {
    users: HashMap<SymbolId, Vec<SymbolId>>,
}

impl ReverseRefs {
    /// Returns those of all that a program contains.
    pub fn new(program: &Program, hot: &HotRegistry, symbols: &SymbolTable) -> ReverseRefs {
        let mut uses = ReverseRefs { users: HashMap::new() };
        for object in program.objects() {
            for index in 0..object.atoms.len() as u32 {
                uses.enter(&AtomRef { object: object.clone(), index }, hot, symbols);
            }
        }
        uses
    }

    /// Adds what one atom refers to.
    pub fn enter(&mut self, atom: &AtomRef, hot: &HotRegistry, symbols: &SymbolTable) {
        let user = atom.atom().name.filter(|name| spreads(*name, atom.atom().kind, symbols));
        let Some(name) = user else { return };
        for &target in &atom.object.out_edges[atom.index as usize] {
            if target != name && !hot.bodies.contains(&target) {
                self.users.entry(target).or_default().push(name);
            }
        }
    }

    /// Returns the names that refer to a name; several times where several copies do.
    pub fn of(&self, name: SymbolId) -> &[SymbolId] {
        self.users.get(&name).map_or(&[], Vec::as_slice)
    }

    /// Returns these names and whoever leads to them, directly or not.
    pub fn closure(&self, names: impl IntoIterator<Item = SymbolId>) -> HashSet<SymbolId> {
        let mut found = HashSet::new();
        let mut open: Vec<SymbolId> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if found.insert(name) {
                open.extend(self.of(name));
            }
        }
        found
    }
}

/// Reports whether a change of it, or of what it refers to, makes a new copy necessary.
pub fn spreads(name: SymbolId, kind: AtomKind, symbols: &SymbolTable) -> bool {
    match kind {
        AtomKind::Text | AtomKind::ReadOnly | AtomKind::Merge { .. } => true,
        // What a macro made for the place where it stands describes that place.
        AtomKind::Data => symbols.is_made(name),
        _ => false,
    }
}
