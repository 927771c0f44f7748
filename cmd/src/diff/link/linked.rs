//! Links the bodies whose slots are swapped into a patch.

use super::addresses::{Addresses, assign_addresses};
use super::debuginfo::describe;
use super::emit::apply_relocations;
use super::image::Image;
use super::select::select;
use super::selection::Selection;
use crate::diff::change::{Analysis, Root};
use crate::diff::check::Refused;
use crate::diff::live::PatchLocation;
use crate::diff::object::{AtomKind, AtomRef, DiffError, ObjectFile, RelocTarget, SymbolId};
use crate::refusal::{Detail, Refusal};
use hot_patch::patch::{Patch, PatchId, Swap};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// A patch with all that was found on the way to it.
pub struct Linked {
    /// The atoms that it carries, and their bindings.
    pub selection: Selection,
    /// The pointers in `.init_array` to functions that must run before main and have not.
    pub constructors: Vec<SymbolId>,
    addresses: Addresses,
    image: Image,
}

/// An atom by its address, for tables.
type AtomKey = (*const ObjectFile, u32);

fn key(atom: &AtomRef) -> AtomKey {
    (Arc::as_ptr(&atom.object), atom.index)
}

/// Links the new code of these slots, and what must run before it does.
pub fn link(analysis: &Analysis<'_>, roots: &[Root]) -> Result<Linked, DiffError> {
    let (constructors, first): (Vec<SymbolId>, Vec<SymbolId>) =
        constructors(analysis).into_iter().unzip();
    let bodies = roots.iter().map(|root| root.body);
    let wanted: Vec<SymbolId> = bodies.chain(first.iter().copied()).collect();
    let selection = select(&wanted, analysis)?;
    let addresses = assign_addresses(&selection, analysis);
    let id = PatchId(RandomState::new().hash_one(&analysis.baseline.executable.build_id));
    let mut image = apply_relocations(id, &selection, &addresses, analysis);
    let defined = first.iter().filter_map(|name| analysis.definitions().one(*name));
    image.patch.constructors = defined.map(|function| addresses.of(function)).collect();
    image.patch.swaps = swaps(roots, &addresses, &mut image, analysis);
    Ok(Linked { selection, constructors, addresses, image })
}

impl Linked {
    /// Returns what stands in the way of the patch, if something does.
    pub fn refusal(&self, analysis: &Analysis<'_>) -> Option<Refused> {
        let mut all: Vec<(Refusal, Detail)> = self.selection.obstacles.clone();
        for (atom, what) in &self.image.obstacles {
            let name = atom.atom().name;
            let item = name.map_or_else(|| "a constant".into(), |n| analysis.symbols.path(n));
            all.push((Refusal::Relocation, Detail::of(item, what.clone())));
        }
        let why = all.first()?.0;
        all.sort_by(|(_, a), (_, b)| a.item.cmp(&b.item));
        let mut details: Vec<Detail> = all.into_iter().map(|(_, detail)| detail).collect();
        details.dedup();
        Some(Refused { why, details })
    }

    /// Returns the named things in the image, each with all its copies in the program: crates that
    /// are compiled with other options have unlike copies of one inline function, and none of them
    /// is a change. The optimiser may have given one atom several names.
    pub fn carried(&self, analysis: &Analysis<'_>) -> Vec<(SymbolId, Vec<AtomRef>, PatchLocation)> {
        let others = self.other_names();
        let copies = |name: SymbolId, atom: &AtomRef| match analysis.definitions().all(name) {
            // Out of an archive.
            [] => vec![atom.clone()],
            copies => copies.to_vec(),
        };
        let atoms = self.selection.atoms.iter();
        let atoms = atoms.filter(|atom| atom.atom().kind != AtomKind::Entry);
        atoms
            .flat_map(|atom| {
                let others = others.get(&key(atom)).into_iter().flatten().copied();
                let names = atom.atom().name.into_iter().chain(others);
                let location = self.addresses.patch_location(atom);
                names.map(move |name| (name, atom, location))
            })
            .map(|(name, atom, location)| (name, copies(name, atom), location))
            .collect()
    }

    /// Returns the names of atoms that have several, without the first.
    fn other_names(&self) -> HashMap<AtomKey, Vec<SymbolId>> {
        let mut others: HashMap<AtomKey, Vec<SymbolId>> = HashMap::new();
        let mut seen = HashSet::new();
        for object in self.selection.atoms.iter().map(|atom| &atom.object) {
            if !seen.insert(Arc::as_ptr(object)) {
                continue;
            }
            for (&name, &(index, offset)) in &object.symbols {
                let first = object.atoms[index as usize].name;
                if offset == 0 && first.is_some_and(|first| first != name) {
                    others.entry((Arc::as_ptr(object), index)).or_default().push(name);
                }
            }
        }
        others
    }

    /// Returns the id of the patch.
    pub fn id(&self) -> PatchId {
        self.image.patch.id
    }

    /// Returns the patch, described for debuggers.
    pub fn into_patch(self, analysis: &Analysis<'_>) -> Patch {
        let debug = describe(&self.selection, &self.addresses, &self.image.patch, analysis);
        Patch { debug: Some(debug), ..self.image.patch }
    }
}

/// Returns what must run before new code does: pointers in `.init_array` that no version had that
/// ran, and the functions behind them.
fn constructors(analysis: &Analysis<'_>) -> Vec<(SymbolId, SymbolId)> {
    let constructed = &analysis.baseline.constructed;
    let has_run = |now: SymbolId| constructed.iter().any(|was| analysis.history.same(*was, now));
    let constructors = analysis.newest.atoms(AtomKind::Constructor);
    constructors
        .filter_map(|atom| {
            let name = atom.atom().name.filter(|name| !has_run(*name))?;
            match atom.target_of(atom.atom().relocs.first()?) {
                RelocTarget::Named(function, 0) => Some((name, function)),
                _ => None,
            }
        })
        .collect()
}

/// Returns the slots that the patch swaps, each instance of a generic function on its own.
fn swaps(
    roots: &[Root],
    addresses: &Addresses,
    image: &mut Image,
    analysis: &Analysis<'_>,
) -> Vec<Swap> {
    let live = &analysis.live;
    let mut swaps = Vec::new();
    for root in roots {
        let slot = live.location(root.slot).expect("roots have a slot in the process");
        let slot = image.place(slot, live);
        let body = analysis.definitions().one(root.body).expect("roots are defined");
        let target = addresses.of(body);
        let mut swap = |instance| {
            swaps.push(Swap { name: analysis.function_name(root.slot), slot, instance, target });
        };
        if root.instances.is_empty() {
            swap(None);
        }
        for instance in &root.instances {
            swap(Some(image.place(*instance, live)));
        }
    }
    swaps
}
