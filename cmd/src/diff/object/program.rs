//! All objects of the program's own crates, at one moment.

use super::atom::AtomKind;
use super::error::DiffError;
use super::file::{AtomRef, ObjectFile};
use super::input::CrateObjects;
use super::read;
use super::symbol_table::{SymbolId, SymbolTable};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// One crate's objects.
#[derive(Clone)]
pub struct ProgramCrate {
    /// The crate's name.
    pub name: String,
    /// Its objects.
    pub objects: Vec<Arc<ObjectFile>>,
}

/// The crates by key, with an index of what they define.
#[derive(Default)]
pub struct Program {
    /// By [`CrateObjects::key`].
    pub crates: BTreeMap<String, ProgramCrate>,
    /// The definitions of each name.
    pub definitions: Definitions,
}

impl Program {
    /// Returns the program with some crates replaced. Objects whose bytes are the same are not read
    /// again, so that what has not changed is recognised by identity.
    pub fn with(
        &self,
        rebuilt: Vec<CrateObjects>,
        symbols: &SymbolTable,
    ) -> Result<Program, DiffError> {
        let mut crates = self.crates.clone();
        for CrateObjects { key, name, objects, mut split } in rebuilt {
            let old = self.crates.get(&key);
            let known: HashMap<&str, &Arc<ObjectFile>> = old
                .into_iter()
                .flat_map(|unit| unit.objects.iter().map(|o| (o.unit.as_str(), o)))
                .collect();
            let mut read = Vec::with_capacity(objects.len());
            for (unit, data) in objects {
                read.push(match known.get(unit.as_str()) {
                    Some(&same) if same.data == data => same.clone(),
                    _ => {
                        let read = read::read(&unit, data, symbols).map_err(|error| {
                            let unit = format!("{unit} of {name}");
                            DiffError::Object { unit, what: error.to_string() }
                        })?;
                        let split = split.remove(&unit);
                        Arc::new(ObjectFile { crate_key: key.clone(), split, ..read })
                    }
                });
            }
            crates.insert(key, ProgramCrate { name, objects: read });
        }
        let definitions = Definitions::new(&crates);
        Ok(Program { crates, definitions })
    }

    /// Returns the names of the crates, as paths begin with them.
    pub fn crate_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.crates.values().map(|unit| unit.name.replace('-', "_")).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns every object.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<ObjectFile>> {
        self.crates.values().flat_map(|unit| &unit.objects)
    }

    /// Returns every atom of a kind.
    pub fn atoms(&self, wanted: AtomKind) -> impl Iterator<Item = AtomRef> {
        self.objects().flat_map(move |object| {
            object
                .atoms
                .iter()
                .enumerate()
                .filter(move |(_, atom)| atom.kind == wanted)
                .map(|(index, _)| AtomRef { object: object.clone(), index: index as u32 })
        })
    }

    /// Reports whether a demangled path speaks of one of the crates.
    pub fn is_mentioned(&self, path: &str) -> bool {
        let inside = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        self.crates.values().any(|unit| {
            let root = format!("{}::", unit.name.replace('-', "_"));
            path.match_indices(&root).any(|(at, _)| !path[..at].ends_with(inside))
        })
    }
}

/// The definitions of each name; several for what rustc instantiates in several units.
#[derive(Default)]
pub struct Definitions {
    by_name: HashMap<SymbolId, Vec<AtomRef>>,
}

impl Definitions {
    fn new(crates: &BTreeMap<String, ProgramCrate>) -> Definitions {
        let mut by_name: HashMap<SymbolId, Vec<AtomRef>> = HashMap::new();
        for object in crates.values().flat_map(|unit| &unit.objects) {
            for (&name, &(index, offset)) in &object.symbols {
                // Aliases inside an atom are reached through the atom's own name.
                if offset == 0 && object.atoms[index as usize].kind != AtomKind::Instances {
                    let atom = AtomRef { object: object.clone(), index };
                    by_name.entry(name).or_default().push(atom);
                }
            }
        }
        Definitions { by_name }
    }

    /// Returns all definitions of a name.
    pub fn all(&self, name: SymbolId) -> &[AtomRef] {
        self.by_name.get(&name).map_or(&[], Vec::as_slice)
    }

    /// Returns one definition of a name; they are alike.
    pub fn one(&self, name: SymbolId) -> Option<&AtomRef> {
        self.all(name).first()
    }

    /// Returns all names and their definitions.
    pub fn iter(&self) -> impl Iterator<Item = (SymbolId, &[AtomRef])> {
        self.by_name.iter().map(|(name, atoms)| (*name, atoms.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_mentioned_where_a_path_begins_with_it() {
        let unit =
            |name: &str| (name.to_owned(), ProgramCrate { name: name.to_owned(), objects: vec![] });
        let crates = BTreeMap::from([unit("shop"), unit("my-app")]);
        let program = Program { crates, definitions: Definitions::default() };
        for path in [
            "shop::cart::total",
            "<shop::Cart as core::fmt::Display>::fmt",
            "core::ptr::drop_in_place<alloc::vec::Vec<my_app::Job>>",
        ] {
            assert!(program.is_mentioned(path), "{path}");
        }
        for path in ["<u64 as core::fmt::Debug>::fmt", "workshop::run", "std::shop::run", "shop"] {
            assert!(!program.is_mentioned(path), "{path}");
        }
    }
}
