//! The changes of a save in words: items that the person wrote, not what the compiler made of them.

use super::item::item;
use crate::diff::change::Analysis;
use crate::diff::object::{AtomKind, SymbolId};
use std::collections::BTreeSet;

/// Returns the item that a changed name belongs to, if it is one of the program's.
pub fn changed_item(analysis: &Analysis<'_>, name: SymbolId, kind: AtomKind) -> Option<String> {
    let item = item(&analysis.symbols.path(name), &analysis.crates)?;
    Some(match kind {
        AtomKind::Data | AtomKind::ThreadLocal => format!("{item} (its initial value)"),
        _ => item,
    })
}

/// Returns the changed items, each once, in order.
pub fn changed_items(analysis: &Analysis<'_>) -> Vec<String> {
    let changed = analysis.changed.iter();
    let items: BTreeSet<String> =
        changed.filter_map(|(name, kind)| changed_item(analysis, *name, *kind)).collect();
    items.into_iter().collect()
}
