//! The live symbols: for each name in the process, the version that runs and where it is.

use super::executable::{Executable, ExecutableSymbol};
use super::location::{Location, PatchIndex, PatchLocation};
use crate::diff::object::{AtomRef, Definitions, SymbolId, SymbolTable};
use hot_patch::patch::PatchId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// The version of a name that runs.
#[derive(Clone, Debug)]
struct Version {
    /// The atoms that it was made from. Of what rustc has instantiated in several units these are
    /// all copies; they do the same, and are alike where the units are compiled with the same
    /// options.
    copies: Vec<AtomRef>,
    /// The atoms that the first version was made from, if this is a later one.
    original: Option<Vec<AtomRef>>,
    /// Its place, if it is at one only.
    location: Option<Location>,
    /// Its places when it was loaded first: trampolines know it by these.
    first: Vec<Location>,
}

/// The versions of all names in the process, and the patches that hold them.
#[derive(Clone, Default)]
pub struct LiveSymbols {
    versions: HashMap<SymbolId, Version>,
    patches: Vec<PatchId>,
}

impl LiveSymbols {
    /// Returns those of these definitions that the executable holds.
    pub fn from_executable(
        definitions: &Definitions,
        executable: &Executable,
        names: &SymbolTable,
    ) -> LiveSymbols {
        let mut versions = HashMap::new();
        for (name, copies) in definitions.iter() {
            let mangled = names.is_mangled(name);
            let location = |symbol: &ExecutableSymbol| executable.location(symbol);
            // A private constant that LLVM has named is in the process, which must be known, or
            // whoever uses it would be taken for changed. But its name says too little to bind to
            // it: units that make nothing visible call theirs alike.
            let anonymous = names.is_anonymous(name);
            // A name that rustc did not make may be a private one of some C file as well.
            let here = executable.symbols(name).iter().filter(|s| mangled || anonymous || s.global);
            let first: Vec<Location> = here.map(location).collect();
            let unique = executable.unique(name).filter(|s| !anonymous && (mangled || s.global));
            if !first.is_empty() {
                versions.insert(
                    name,
                    Version {
                        copies: copies.to_vec(),
                        original: None,
                        location: unique.as_ref().map(location),
                        first,
                    },
                );
            }
        }
        LiveSymbols { versions, patches: Vec::new() }
    }

    /// Returns the atoms that the running version of a name was made from; nothing when it is not
    /// in the process.
    pub fn copies(&self, name: SymbolId) -> &[AtomRef] {
        self.versions.get(&name).map_or(&[], |v| &v.copies)
    }

    /// Returns the atoms that its first version was made from; nothing when it is not in the
    /// process.
    pub fn original(&self, name: SymbolId) -> &[AtomRef] {
        self.versions.get(&name).map_or(&[], |v| v.original.as_ref().unwrap_or(&v.copies))
    }

    /// Reports whether the name is in the process, maybe at several places.
    pub fn contains(&self, name: SymbolId) -> bool {
        self.versions.contains_key(&name)
    }

    /// Returns where the running version is, if it is at one place.
    pub fn location(&self, name: SymbolId) -> Option<Location> {
        self.versions.get(&name)?.location
    }

    /// Returns where the name was when it was loaded first.
    pub fn first(&self, name: SymbolId) -> &[Location] {
        self.versions.get(&name).map_or(&[], |v| &v.first)
    }

    /// Returns the other names of what was loaded first at one of these places.
    pub fn namesakes(&self, places: &HashMap<Location, SymbolId>) -> Vec<SymbolId> {
        let shared = |(name, version): &(&SymbolId, &Version)| {
            version.first.iter().any(|place| places.get(place).is_some_and(|known| known != *name))
        };
        self.versions.iter().filter(shared).map(|(name, _)| *name).collect()
    }

    /// Returns every name, with what its running version was made from.
    pub fn iter(&self) -> impl Iterator<Item = (SymbolId, &[AtomRef])> {
        self.versions.iter().map(|(name, v)| (*name, v.copies.as_slice()))
    }

    /// Records that the process has something else under this name: new code brings its own.
    pub fn disown(&mut self, name: SymbolId) {
        if let Some(version) = self.versions.get_mut(&name) {
            version.location = None;
        }
    }

    /// Records that a patch is live that holds these.
    pub fn add(&mut self, id: PatchId, carried: &[(SymbolId, Vec<AtomRef>, PatchLocation)]) {
        let patch = PatchIndex(u32::try_from(self.patches.len()).expect("fewer than 2^32 patches"));
        self.patches.push(id);
        for (name, copies, spot) in carried {
            let location = match *spot {
                PatchLocation::Image(offset) => Location::Patch(patch, offset),
                PatchLocation::Tls(local) => Location::PatchTls(patch, local),
            };
            let version = match self.versions.entry(*name) {
                Entry::Occupied(known) => {
                    let version = known.into_mut();
                    let before = std::mem::replace(&mut version.copies, copies.clone());
                    version.original.get_or_insert(before);
                    version
                }
                Entry::Vacant(place) => place.insert(Version {
                    copies: copies.clone(),
                    original: None,
                    location: None,
                    first: vec![location],
                }),
            };
            version.location = Some(location);
        }
    }

    /// Records that what runs goes by other names now: each new name, and the one before.
    pub fn rename(&mut self, renamed: &HashMap<SymbolId, SymbolId>) {
        // All are taken out before any is put back: a name may pass from one to another.
        let versions: Vec<(SymbolId, Option<Version>)> =
            renamed.iter().map(|(now, was)| (*now, self.versions.remove(was))).collect();
        let versions = versions.into_iter().filter_map(|(now, version)| Some((now, version?)));
        self.versions.extend(versions);
    }

    /// Returns the patch with an index.
    pub fn patch(&self, index: PatchIndex) -> PatchId {
        self.patches[index.0 as usize]
    }
}
