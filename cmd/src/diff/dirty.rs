//! What must be replaced: what changed, and whoever calls it, up to the hot functions.
//!
//! Code that runs calls addresses. When `f` changes, an unchanged caller of `f` still calls the
//! old one, so the caller has to be replaced as well, and its callers, until a hot function is
//! reached: that one is called through its slot. A change therefore spreads against the
//! references, except
//!
//! - from the body of a hot function to whoever refers to it (trampoline, slot, entry);
//! - through statics with state: they keep the value that they have, old function pointers
//!   included.
//!
//! Constants and vtables are replaced like code. So are the statics that a macro makes for the place
//! where it is used ([`Names::is_made`]): their initial value describes the place, and with another
//! one they are those of another place. The code of `tracing` relies on it that a line of the log
//! has the fields that its static tells.
//!
//! When a patch commits, some of what was dirty may not be part of it, because no hot function
//! reaches it. It goes on calling old code and stays dirty for later saves ([`super::World`] keeps
//! the set), or a later patch would bind to it and get old code by the back door.

use super::atom::{AtomRef, Kind};
use super::compare::Compare;
use super::hot::Hot;
use super::name::{Name, Names};
use super::program::{Definitions, Program};
use super::world::Loaded;
use std::collections::{HashMap, HashSet};

/// Compares the program with what runs, and follows the references back: the names that must be
/// replaced where they are used.
pub fn find(
    program: &Program,
    definitions: &Definitions,
    loaded: &Loaded,
    stale: &HashSet<Name>,
    hot: &Hot,
    names: &Names,
    compare: &mut Compare,
) -> HashSet<Name> {
    let spreads = |name, kind| spreads(kind) || kind == Kind::Data && names.is_made(name);
    let changed: Vec<Name> = definitions
        .iter()
        .filter(|(name, atoms)| {
            spreads(*name, atoms[0].atom().kind) && differs(atoms, loaded.copies(*name), compare)
        })
        .map(|(name, _)| name)
        .collect();
    let mut users: HashMap<Name, Vec<Name>> = HashMap::new();
    for object in program.objects() {
        for (index, atom) in object.atoms.iter().enumerate() {
            let Some(name) = atom.name else { continue };
            if !spreads(name, atom.kind) {
                continue;
            }
            for &target in &object.reach[index] {
                if target != name && !hot.bodies.contains(&target) {
                    users.entry(target).or_default().push(name);
                }
            }
        }
    }
    let mut dirty = HashSet::new();
    let mut spread: Vec<Name> = changed.iter().chain(stale).copied().collect();
    while let Some(name) = spread.pop() {
        if dirty.insert(name) {
            spread.extend(users.get(&name).into_iter().flatten());
        }
    }
    dirty
}

/// Whether a change of it, or of what it refers to, makes a new copy necessary.
fn spreads(kind: Kind) -> bool {
    matches!(kind, Kind::Text | Kind::ReadOnly | Kind::Merge { .. })
}

/// Whether some copy is unlike every copy that runs.
pub fn differs(new: &[AtomRef], old: &[AtomRef], compare: &mut Compare) -> bool {
    new.iter().any(|n| !old.iter().any(|o| compare.same(o, n)))
}
