//! The items that compiled code belongs to.

use super::item::item;
use crate::diff::change::Analysis;
use crate::diff::object::SymbolId;
use std::collections::{BTreeMap, HashSet};

/// Returns the items of these names, or of the nearest among some that lead to them where they are
/// of none: an instance of a function of std counts as the function that it was made for.
pub fn owners(
    analysis: &Analysis<'_>,
    names: impl Iterator<Item = SymbolId>,
    among: &HashSet<SymbolId>,
) -> BTreeMap<String, Vec<SymbolId>> {
    let mut found: BTreeMap<String, Vec<SymbolId>> = BTreeMap::new();
    let mut seen = HashSet::new();
    let mut open: Vec<SymbolId> = names.collect();
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        match item(&analysis.symbols.path(name), &analysis.crates) {
            Some(item) => found.entry(item).or_default().push(name),
            None => {
                let users = analysis.reverse_refs.of(name).iter();
                open.extend(users.filter(|user| among.contains(user)));
            }
        }
    }
    found
}
