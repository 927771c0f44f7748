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
//! where it is used ([`SymbolTable::is_made`]): their initial value describes the place, and with another
//! one they are those of another place. The code of `tracing` relies on it that a line of the log
//! has the fields that its static tells.
//!
//! When a patch commits, some of what was dirty may not be part of it, because no hot function
//! reaches it. It goes on calling old code and stays dirty for later saves (the session keeps
//! the set), or a later patch would bind to it and get old code by the back door.

use super::equality::Equality;
use super::reverse_refs::{ReverseRefs, spreads};
use crate::diff::live::LiveSymbols;
use crate::diff::object::{AtomRef, Definitions, SymbolId, SymbolTable};
use std::collections::HashSet;

/// Compares the program with what runs, and follows the references back: the names that must be
/// replaced where they are used.
pub fn find(
    definitions: &Definitions,
    loaded: &LiveSymbols,
    stale: &HashSet<SymbolId>,
    uses: &ReverseRefs,
    names: &SymbolTable,
    compare: &mut Equality<'_>,
) -> HashSet<SymbolId> {
    let changed = definitions
        .iter()
        .filter(|(name, atoms)| {
            spreads(*name, atoms[0].atom().kind, names)
                && differs(atoms, loaded.copies(*name), compare)
        })
        .map(|(name, _)| name);
    uses.closure(changed.chain(stale.iter().copied()))
}

/// Whether some copy is unlike every copy that runs.
pub fn differs(new: &[AtomRef], old: &[AtomRef], compare: &mut Equality<'_>) -> bool {
    new.iter().any(|n| !old.iter().any(|o| compare.same(o, n)))
}

/// What is not the code that the program was started with, and whoever leads to it.
pub fn unlike_first(
    definitions: &Definitions,
    loaded: &LiveSymbols,
    uses: &ReverseRefs,
    names: &SymbolTable,
    compare: &mut Equality<'_>,
) -> HashSet<SymbolId> {
    let unlike = definitions.iter().filter(|(name, atoms)| {
        spreads(*name, atoms[0].atom().kind, names)
            && differs(atoms, loaded.original(*name), compare)
    });
    uses.closure(unlike.map(|(name, _)| name))
}
