//! The symbols that items have had since the executable was built.

use crate::diff::object::SymbolId;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The symbols that one item has had.
#[derive(Clone, Debug, Default)]
pub struct SymbolHistory {
    /// Each renamed symbol, and the item's first one.
    first: HashMap<SymbolId, SymbolId>,
    /// Symbols that mean nothing that is known now.
    unclear: HashSet<SymbolId>,
}

impl SymbolHistory {
    /// Reports whether an old symbol and a new one mean the same item.
    pub fn same(&self, old: SymbolId, new: SymbolId) -> bool {
        !self.unclear.contains(&new) && (old == new || self.first(old) == self.first(new))
    }

    /// Reports whether nothing is known of what a symbol of the newest objects has been before.
    pub fn is_unclear(&self, name: SymbolId) -> bool {
        self.unclear.contains(&name)
    }

    /// Returns all symbols under which an item has been known, this one included.
    pub fn all(&self, name: SymbolId) -> Vec<SymbolId> {
        let first = self.first(name);
        let others = self.first.iter().filter(|(_, of)| **of == first).map(|(name, _)| *name);
        let all: BTreeSet<SymbolId> = others.chain([first, name]).collect();
        all.into_iter().collect()
    }

    /// Records that an item goes by a new symbol.
    pub fn rename(&mut self, was: SymbolId, now: SymbolId) {
        let first = self.first(was);
        self.first.insert(now, first);
    }

    /// Records that nothing is known of what these symbols of the newest objects were before.
    pub fn mark_unclear(&mut self, names: impl IntoIterator<Item = SymbolId>) {
        self.unclear.extend(names);
    }

    /// Forgets which symbols were unclear in the objects before.
    pub fn forget_unclear(&mut self) {
        self.unclear.clear();
    }

    /// Marks the symbols of items that now have several: one of long ago is back for another item.
    pub fn mark_returned(&mut self, is_defined: impl Fn(SymbolId) -> bool) {
        let mut bearers: HashMap<SymbolId, Vec<SymbolId>> = HashMap::new();
        let firsts: HashSet<SymbolId> = self.first.values().copied().collect();
        for &name in self.first.keys().chain(&firsts).collect::<HashSet<_>>() {
            if is_defined(name) {
                bearers.entry(self.first(name)).or_default().push(name);
            }
        }
        self.unclear.extend(bearers.into_values().filter(|b| b.len() > 1).flatten());
    }

    fn first(&self, name: SymbolId) -> SymbolId {
        self.first.get(&name).copied().unwrap_or(name)
    }
}
