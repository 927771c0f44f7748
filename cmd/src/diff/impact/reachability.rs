//! What a patch does not reach: who goes on with old code, and what `#[hot]` would change that.
//!
//! A function that changed may be called by a hot function and by one that is not. Through the
//! first its new code runs, in the patch; the second is as it was and calls the old code, which is
//! still there. So each changed item is one of three:
//!
//! - **live**: whatever leads to it is replaced, or is a hot function;
//! - **partly live**: it is in the patch, but some function outside of it that the program can
//!   still come to leads to the old code;
//! - **not live**: it is not in the patch.
//!
//! "Can still come to" is a walk over what runs, from where the program begins and from its
//! statics, that does not enter hot functions: new code never refers to old, so what only they lead
//! to is new. And what leads to the very code that the program was started with (an edit that was
//! taken back) is old in name only.

use super::changed::Report;
use super::item::item;
use super::not_applied::{Held, NotApplied, Partly};
use super::retainers::Holders;
use crate::diff::change::{Equality, ReverseRefs, differs, unlike_first};
use crate::diff::live::LiveSymbols;
use crate::diff::object::{AtomKind, Definitions, HotRegistry, SymbolId, SymbolTable};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// All that is looked at.
pub struct Effect<'a> {
    /// The names.
    pub names: &'a SymbolTable,
    /// The program's crates.
    pub crates: &'a [String],
    /// The newest objects.
    pub definitions: &'a Definitions,
    /// What runs, before the patch.
    pub loaded: &'a LiveSymbols,
    /// The references of the newest objects.
    pub uses: &'a ReverseRefs,
    /// The hot functions of the newest objects.
    pub hot: &'a HotRegistry,
    /// What would have to be replaced.
    pub dirty: &'a HashSet<SymbolId>,
    /// What is in the patch.
    pub included: &'a HashSet<SymbolId>,
}

impl Effect<'_> {
    /// What the patch leaves of the changes of this save.
    pub fn left(&self, report: &Report, compare: &mut Equality) -> NotApplied {
        // Whether an item is in the patch at all: of an item with several instances, some may be.
        let changed = report.names().filter(|(name, _)| self.loaded.contains(*name));
        let mut items: BTreeMap<String, (Vec<SymbolId>, bool)> = BTreeMap::new();
        for (name, kind) in changed {
            let Some(item) = report.item(self.names, name, kind) else { continue };
            let entry = items.entry(item).or_default();
            entry.0.push(name);
            entry.1 |= self.included.contains(&name);
        }
        let holders =
            Holders::new(self.names, self.crates, self.loaded, self.uses, &self.hot.bodies);
        let mut old: Option<HashSet<SymbolId>> = None;
        let mut left = NotApplied::default();
        let not_live: HashSet<SymbolId> = items
            .values()
            .filter(|(_, live)| !live)
            .flat_map(|(names, _)| names)
            .copied()
            .collect();
        left.not_live_why = self.why_not(report, |name| not_live.contains(&name));
        let mut held: Vec<Vec<Held>> = Vec::new();
        for (item, (names, live)) in items {
            if !live {
                left.not_live.push(item);
                continue;
            }
            let (above, mut outside) = self.above(&names);
            let once_plain = self.once_plain(&above, compare);
            outside.extend(self.left_by(&once_plain));
            if !outside.is_empty() {
                let old = old.get_or_insert_with(|| self.old(compare));
                let outside = outside.iter().filter(|name| old.contains(name));
                let old_in: Vec<String> = self.owners(outside.copied(), old).into_keys().collect();
                if !old_in.is_empty() {
                    let ways: Vec<SymbolId> = names.iter().chain(&once_plain).copied().collect();
                    let hot_on = self.hot_on(&ways, &item);
                    left.partly.push(Partly { item: item.clone(), old_in, hot_on });
                }
            }
            let own: BTreeSet<String> = names.iter().flat_map(|&name| holders.of(name)).collect();
            let by: BTreeSet<String> = above.iter().flat_map(|&name| holders.of(name)).collect();
            let others = by.difference(&own).cloned();
            let by = own.iter().cloned().chain(others);
            held.push(by.map(|by| Held { item: item.clone(), by }).collect());
        }
        (left.held, left.held_more) = some_of_each(held);
        left
    }

    /// What leads to these inside the patch, themselves included; and the first that does outside.
    fn above(&self, names: &[SymbolId]) -> (HashSet<SymbolId>, HashSet<SymbolId>) {
        let (mut inside, mut outside) = (HashSet::new(), HashSet::new());
        let mut open = names.to_vec();
        while let Some(name) = open.pop() {
            if !self.loaded.contains(name) {
                continue;
            }
            if self.included.contains(&name) {
                if inside.insert(name) {
                    open.extend(self.uses.of(name).iter().filter(|n| self.dirty.contains(n)));
                }
            } else {
                outside.insert(name);
            }
        }
        (inside, outside)
    }

    /// What leads to the hot functions among these now, but was something else when it was loaded
    /// first: a function that has become hot since. Who was built to call it still does, past the
    /// slot.
    fn once_plain(&self, above: &HashSet<SymbolId>, compare: &mut Equality) -> Vec<SymbolId> {
        let functions =
            self.hot.functions.iter().filter_map(|(slot, function)| Some((*slot, function.body?)));
        let slots = functions.chain(self.hot.instances.iter().copied());
        let slots = slots.filter(|(_, body)| above.contains(body)).map(|(slot, _)| slot);
        let trampolines: BTreeSet<SymbolId> =
            slots.flat_map(|slot| self.uses.of(slot)).copied().collect();
        let is_once_plain = |name: &SymbolId| {
            let original = self.loaded.original(*name);
            !original.is_empty() && differs(self.definitions.all(*name), original, compare)
        };
        trampolines.into_iter().filter(is_once_plain).collect()
    }

    /// Who leads to these, must be replaced, and is not. In between may be what runs in two versions:
    /// the newest, and one that only those have.
    fn left_by(&self, names: &[SymbolId]) -> Vec<SymbolId> {
        let (mut left, mut seen) = (Vec::new(), HashSet::new());
        let mut open: Vec<SymbolId> =
            names.iter().flat_map(|n| self.uses.of(*n)).copied().collect();
        while let Some(name) = open.pop() {
            let is_stale = self.dirty.contains(&name) && !self.included.contains(&name);
            match seen.insert(name) {
                true if is_stale && self.loaded.contains(name) => left.push(name),
                true => open.extend(self.uses.of(name)),
                false => {}
            }
        }
        left
    }

    /// The items of these, or of the nearest that lead to them where they are nobody's: an instance
    /// of a function of std is told as the function that it was made for.
    pub(super) fn owners(
        &self,
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
            match item(&self.names.path(name), self.crates) {
                Some(item) => found.entry(item).or_default().push(name),
                None => open.extend(self.uses.of(name).iter().filter(|n| among.contains(n))),
            }
        }
        found
    }

    /// What the program can still come to that leads to old code, outside of hot functions.
    fn old(&self, compare: &mut Equality) -> HashSet<SymbolId> {
        let unlike_first =
            unlike_first(self.definitions, self.loaded, self.uses, self.names, compare);
        let alive = self.alive();
        self.dirty
            .iter()
            .filter(|n| unlike_first.contains(n) && alive.contains(n))
            .copied()
            .collect()
    }

    /// What the program can still come to outside of hot functions: from its statics, and from what
    /// has a name that rustc did not make, `main` first of all. Without a `main`, everything.
    fn alive(&self) -> HashSet<SymbolId> {
        let kind = |name| self.loaded.original(name).first().map(|atom| atom.atom().kind);
        let names = || self.loaded.iter().map(|(name, _)| name);
        if !self.names.find("main").is_some_and(|main| self.loaded.contains(main)) {
            return names().collect();
        }
        let begins = |name: &SymbolId| match kind(*name) {
            Some(AtomKind::Text) => !self.names.is_mangled(*name),
            Some(AtomKind::Data) => true,
            _ => false,
        };
        let mut open: Vec<SymbolId> = names().filter(begins).collect();
        let mut found = HashSet::new();
        while let Some(name) = open.pop() {
            let slot =
                matches!(kind(name), Some(AtomKind::Slot | AtomKind::Entry | AtomKind::Instances));
            if slot || self.hot.bodies.contains(&name) || !found.insert(name) {
                continue;
            }
            for atom in self.loaded.original(name) {
                open.extend(atom.object.out_edges[atom.index as usize].iter());
            }
        }
        found
    }
}

/// Returns what is told of what may hold old code: of each item its first holders, those of its own
/// code before those of its callers', and how many more there are.
fn some_of_each(all: Vec<Vec<Held>>) -> (Vec<Held>, usize) {
    const MOST: usize = 24;
    let count: usize = all.iter().map(Vec::len).sum();
    let mut rounds: Vec<_> = all.into_iter().map(Vec::into_iter).collect();
    let mut told = Vec::new();
    while told.len() < MOST.min(count) {
        told.extend(rounds.iter_mut().filter_map(Iterator::next));
    }
    told.truncate(MOST);
    told.sort_by(|a, b| (&a.item, &a.by).cmp(&(&b.item, &b.by)));
    let more = count - told.len();
    (told, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_holders_some_of_each_item_are_told() {
        let held = |item: usize, count: usize| -> Vec<Held> {
            let one = |by| Held { item: format!("f{item}"), by: format!("{by:04}") };
            (0..count).map(one).collect()
        };
        assert_eq!(some_of_each(Vec::new()), (Vec::new(), 0));
        assert_eq!(some_of_each(vec![held(0, 2), held(1, 0)]), (held(0, 2), 0));
        let (told, more) = some_of_each(vec![held(0, 1000), held(1, 3)]);
        assert_eq!((told.len(), more), (24, 979));
        assert_eq!(told.iter().filter(|held| held.item == "f1").count(), 3);
        // So they are where there are more items than lines.
        let (told, more) = some_of_each((0..100).map(|item| held(item, 2)).collect());
        assert_eq!((told.len(), more), (24, 176));
    }
}
