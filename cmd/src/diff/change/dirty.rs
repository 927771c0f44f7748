//! The names that must be replaced: those that changed, and whoever calls them, up to the hot
//! functions.
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
//! Constants and vtables are replaced like code. So are the statics that a macro makes for the
//! place where it is used (`SymbolTable::is_made`): their initial value describes the place, and
//! with another one they are those of another place. The code of `tracing` relies on it that a line
//! of the log has the fields that its static names.
//!
//! When a patch commits, some of what was dirty may not be part of it, because no hot function
//! reaches it. It goes on calling old code and stays dirty for later saves (the session keeps
//! the set), or a later patch would bind to it and get old code by the back door.

use super::analysis::Analysis;
use super::reverse_refs::spreads;
use crate::diff::object::{AtomRef, SymbolId};
use std::collections::HashSet;

/// Compares the program with what runs, and follows the references back: the names that must be
/// replaced where they are used.
pub fn find(analysis: &Analysis<'_>) -> HashSet<SymbolId> {
    let changed = changed_since(analysis, |name| analysis.live.copies(name));
    analysis.reverse_refs.closure(changed.into_iter().chain(analysis.stale.iter().copied()))
}

/// Returns what is not the code that the program was started with, and whoever leads to it.
pub fn unlike_first(analysis: &Analysis<'_>) -> HashSet<SymbolId> {
    analysis.reverse_refs.closure(changed_since(analysis, |name| analysis.live.original(name)))
}

/// Returns the names of code and constants that differ from what they were.
fn changed_since<'a>(
    analysis: &'a Analysis<'_>,
    before: impl Fn(SymbolId) -> &'a [AtomRef],
) -> Vec<SymbolId> {
    let names = analysis.definitions().iter().filter(|(name, atoms)| {
        spreads(*name, atoms[0].atom().kind, analysis.symbols)
            && analysis.differs(atoms, before(*name))
    });
    names.map(|(name, _)| name).collect()
}
