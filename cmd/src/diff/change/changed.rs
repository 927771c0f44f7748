//! The names that a save changed.
//!
//! The newest objects are compared with those of the save before, and with what runs: an edit that
//! is taken back before it went live has changed nothing. Unless what runs is stale: then it is the
//! same code, but calls what has been replaced since.

use super::analysis::Analysis;
use super::dirty::unlike_first;
use crate::diff::object::{AtomKind, SymbolId};

/// Returns the changed names that a person can have written, in order.
pub fn find(analysis: &Analysis<'_>) -> Vec<(SymbolId, AtomKind)> {
    let before = &analysis.baseline.compiled.definitions;
    let (mut changed, mut back) = (Vec::new(), Vec::new());
    for (name, atoms) in analysis.definitions().iter() {
        let kind = atoms[0].atom().kind;
        let is_written = matches!(
            kind,
            AtomKind::Text | AtomKind::ReadOnly | AtomKind::Data | AtomKind::ThreadLocal
        );
        if !is_written || !analysis.differs(atoms, before.all(name)) {
            continue;
        }
        if analysis.differs(atoms, analysis.live.copies(name)) {
            changed.push((name, kind));
        } else if analysis.stale.contains(&name) {
            back.push((name, kind));
        }
    }
    if !back.is_empty() {
        let old = unlike_first(analysis);
        changed.extend(back.into_iter().filter(|(name, _)| old.contains(name)));
    }
    changed.sort_unstable_by_key(|(name, _)| *name);
    changed
}
