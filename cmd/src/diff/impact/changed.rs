//! What a save changed, in words: items that the person wrote, not what the compiler made of them.

use super::item::item;
use crate::diff::change::{Equality, differs};
use crate::diff::live::LiveSymbols;
use crate::diff::object::{AtomKind, AtomRef, Definitions, Program, SymbolId, SymbolTable};
use std::collections::{BTreeSet, HashSet};

/// The names that this save changed.
pub struct Report {
    changed: Vec<(SymbolId, AtomKind)>,
    crates: Vec<String>,
}

impl Report {
    /// Compares the newest objects with those of the save before, and with what runs: an edit that
    /// is taken back before it went live has changed nothing. Unless what runs is stale: then it is
    /// the same code, but calls what has been replaced since (`unlike_first`).
    pub fn new(
        newest: &Program,
        before: &Definitions,
        now: &Definitions,
        loaded: &LiveSymbols,
        stale: &HashSet<SymbolId>,
        unlike_first: impl FnOnce(&mut Equality<'_>) -> HashSet<SymbolId>,
        compare: &mut Equality<'_>,
    ) -> Report {
        let told = |atoms: &[AtomRef]| {
            matches!(
                atoms[0].atom().kind,
                AtomKind::Text | AtomKind::ReadOnly | AtomKind::Data | AtomKind::ThreadLocal
            )
        };
        let (mut changed, mut back) = (Vec::new(), Vec::new());
        for (name, atoms) in now.iter().filter(|(_, atoms)| told(atoms)) {
            if differs(atoms, before.all(name), compare) {
                let name_and_kind = (name, atoms[0].atom().kind);
                if differs(atoms, loaded.copies(name), compare) {
                    changed.push(name_and_kind);
                } else if stale.contains(&name) {
                    back.push(name_and_kind);
                }
            }
        }
        if !back.is_empty() {
            let old = unlike_first(compare);
            changed.extend(back.into_iter().filter(|(name, _)| old.contains(name)));
        }
        changed.sort_unstable_by_key(|(name, _)| *name);
        Report { changed, crates: newest.crate_names() }
    }

    /// The changed names.
    pub fn names(&self) -> impl Iterator<Item = (SymbolId, AtomKind)> {
        self.changed.iter().copied()
    }

    /// The program's crates.
    pub fn crates(&self) -> &[String] {
        &self.crates
    }

    /// The item that a changed name belongs to, if it is one of the program's.
    pub fn item(&self, names: &SymbolTable, name: SymbolId, kind: AtomKind) -> Option<String> {
        let item = item(&names.path(name), &self.crates)?;
        Some(match kind {
            AtomKind::Data | AtomKind::ThreadLocal => format!("{item} (its initial value)"),
            _ => item,
        })
    }

    /// The changed items, each once, in order.
    pub fn changed(&self, names: &SymbolTable) -> Vec<String> {
        let items: BTreeSet<String> =
            self.names().filter_map(|(name, kind)| self.item(names, name, kind)).collect();
        items.into_iter().collect()
    }
}

/// What becomes of hot functions that the source has since this save, or has no longer, when
/// nothing is swapped.
pub fn arrivals(added: &[&str], gone: &[&str]) -> String {
    let mut text = String::new();
    if !added.is_empty() {
        text += &format!(
            "; {} new: what is new or renamed goes live with a #[hot] \
             function that calls it, or at restart",
            are(added)
        );
    }
    if !gone.is_empty() {
        text += &format!(
            "; {} gone from the source: what still calls it gets its last code",
            are(gone)
        );
    }
    text
}

fn are(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
