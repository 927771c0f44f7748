//! Who refers to whom, backwards: the references of the newest objects turned round.
//!
//! Only code and constants are users, since only they are replaced; state keeps what it has. The
//! body of a hot function has no users: it is called through its slot, which is swapped. A private
//! constant has no name, so its references are those of the atoms that lead to it.

use super::atom::{AtomRef, Kind};
use super::hot::Hot;
use super::name::{Name, Names};
use super::program::Program;
use std::collections::{HashMap, HashSet};

/// The users of each name.
pub struct Uses {
    users: HashMap<Name, Vec<Name>>,
}

impl Uses {
    /// Of all that a program contains.
    pub fn new(program: &Program, hot: &Hot, names: &Names) -> Uses {
        let mut uses = Uses { users: HashMap::new() };
        for object in program.objects() {
            for index in 0..object.atoms.len() as u32 {
                uses.enter(&AtomRef { object: object.clone(), index }, hot, names);
            }
        }
        uses
    }

    /// Adds what one atom refers to.
    pub fn enter(&mut self, atom: &AtomRef, hot: &Hot, names: &Names) {
        let user = atom.atom().name.filter(|name| spreads(*name, atom.atom().kind, names));
        let Some(name) = user else { return };
        for &target in &atom.object.reach[atom.index as usize] {
            if target != name && !hot.bodies.contains(&target) {
                self.users.entry(target).or_default().push(name);
            }
        }
    }

    /// Who refers to a name; several times where several copies do.
    pub fn of(&self, name: Name) -> &[Name] {
        self.users.get(&name).map_or(&[], Vec::as_slice)
    }

    /// These names and whoever leads to them, directly or not.
    pub fn closure(&self, names: impl IntoIterator<Item = Name>) -> HashSet<Name> {
        let mut found = HashSet::new();
        let mut open: Vec<Name> = names.into_iter().collect();
        while let Some(name) = open.pop() {
            if found.insert(name) {
                open.extend(self.of(name));
            }
        }
        found
    }
}

/// Whether a change of it, or of what it refers to, makes a new copy necessary.
pub fn spreads(name: Name, kind: Kind, names: &Names) -> bool {
    match kind {
        Kind::Text | Kind::ReadOnly | Kind::Merge { .. } => true,
        // What a macro made for the place where it stands describes that place.
        Kind::Data => names.is_made(name),
        _ => false,
    }
}
