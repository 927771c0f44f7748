//! The code that a patch does not reach: who goes on with old code, and what `#[hot]` would change
//! that.
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

use super::advice::{hot_on, why_not};
use super::changed::changed_item;
use super::not_applied::{NotApplied, Partly, Retained};
use super::owners::owners;
use super::retainers::Retainers;
use crate::diff::change::{Analysis, unlike_first};
use crate::diff::object::{AtomKind, SymbolId};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Returns what a patch that includes these names leaves of the changes of its save.
pub fn not_applied(analysis: &Analysis<'_>, included: &HashSet<SymbolId>) -> NotApplied {
    Reach { analysis, included, retainers: Retainers::new(analysis), old: None }.not_applied()
}

/// The reach of a patch.
struct Reach<'a> {
    analysis: &'a Analysis<'a>,
    /// The names in the patch.
    included: &'a HashSet<SymbolId>,
    retainers: Retainers<'a>,
    /// The names that lead to old code, once they have been asked for.
    old: Option<HashSet<SymbolId>>,
}

/// A changed item: its names, and whether it is in the patch at all. Of an item with several
/// instances, some may be.
type Item = (Vec<SymbolId>, bool);

impl Reach<'_> {
    fn not_applied(mut self) -> NotApplied {
        let items = self.items();
        let dead = items.values().filter(|(_, live)| !live);
        let not_live: HashSet<SymbolId> = dead.flat_map(|(names, _)| names).copied().collect();
        let mut left = NotApplied {
            not_live_why: why_not(self.analysis, |name| not_live.contains(&name)),
            ..NotApplied::default()
        };
        let mut retained: Vec<Vec<Retained>> = Vec::new();
        for (item, (names, live)) in items {
            if !live {
                left.not_live.push(item);
                continue;
            }
            let (above, outside) = self.above(&names);
            left.partly.extend(self.partly(&item, &names, &above, outside));
            retained.push(self.retained(&item, &names, &above));
        }
        (left.retained, left.retained_more) = some_of_each(retained);
        left
    }

    /// Returns the changed items that were there before.
    fn items(&self) -> BTreeMap<String, Item> {
        let mut items: BTreeMap<String, Item> = BTreeMap::new();
        let changed = self.analysis.changed.iter();
        for (name, kind) in changed.filter(|(name, _)| self.analysis.live.contains(*name)) {
            let Some(item) = changed_item(self.analysis, *name, *kind) else { continue };
            let (names, live) = items.entry(item).or_default();
            names.push(*name);
            *live |= self.included.contains(name);
        }
        items
    }

    /// Returns the functions that go on with the old code of an item, if there are any.
    fn partly(
        &mut self,
        item: &str,
        names: &[SymbolId],
        above: &HashSet<SymbolId>,
        mut outside: HashSet<SymbolId>,
    ) -> Option<Partly> {
        let once_plain = self.once_plain(above);
        outside.extend(self.left_by(&once_plain));
        if outside.is_empty() {
            return None;
        }
        let old = match self.old.take() {
            Some(old) => old,
            None => self.old(),
        };
        let outside = outside.iter().filter(|name| old.contains(name));
        let old_in = owners(self.analysis, outside.copied(), &old).into_keys().collect::<Vec<_>>();
        self.old = Some(old);
        if old_in.is_empty() {
            return None;
        }
        let ways: Vec<SymbolId> = names.iter().chain(&once_plain).copied().collect();
        let hot_on = hot_on(self.analysis, &ways, item);
        Some(Partly { item: item.to_owned(), old_in, hot_on })
    }

    /// Returns what may hold the old code of an item: of its own first, then of its callers.
    fn retained(&self, item: &str, names: &[SymbolId], above: &HashSet<SymbolId>) -> Vec<Retained> {
        let own: BTreeSet<String> =
            names.iter().flat_map(|&name| self.retainers.of(name)).collect();
        let by: BTreeSet<String> = above.iter().flat_map(|&name| self.retainers.of(name)).collect();
        let others = by.difference(&own).cloned();
        let by = own.iter().cloned().chain(others);
        by.map(|by| Retained { item: item.to_owned(), by }).collect()
    }

    /// Returns the names that lead to these inside the patch, themselves included; and the first
    /// that do outside.
    fn above(&self, names: &[SymbolId]) -> (HashSet<SymbolId>, HashSet<SymbolId>) {
        let (mut inside, mut outside) = (HashSet::new(), HashSet::new());
        let mut open = names.to_vec();
        while let Some(name) = open.pop() {
            if !self.analysis.live.contains(name) {
                continue;
            }
            if self.included.contains(&name) {
                if inside.insert(name) {
                    open.extend(
                        self.analysis
                            .reverse_refs
                            .of(name)
                            .iter()
                            .filter(|n| self.analysis.dirty.contains(n)),
                    );
                }
            } else {
                outside.insert(name);
            }
        }
        (inside, outside)
    }

    /// Returns what leads to the hot functions among these now, but was something else when it was
    /// loaded first: a function that has become hot since. Who was built to call it still does,
    /// past the slot.
    fn once_plain(&self, above: &HashSet<SymbolId>) -> Vec<SymbolId> {
        let functions = self
            .analysis
            .registry
            .functions
            .iter()
            .filter_map(|(slot, function)| Some((*slot, function.body?)));
        let slots = functions.chain(self.analysis.registry.instances.iter().copied());
        let slots = slots.filter(|(_, body)| above.contains(body)).map(|(slot, _)| slot);
        let trampolines: BTreeSet<SymbolId> =
            slots.flat_map(|slot| self.analysis.reverse_refs.of(slot)).copied().collect();
        let is_once_plain = |name: &SymbolId| {
            let original = self.analysis.live.original(*name);
            !original.is_empty()
                && self.analysis.differs(self.analysis.definitions().all(*name), original)
        };
        trampolines.into_iter().filter(is_once_plain).collect()
    }

    /// Returns who leads to these, must be replaced, and is not. In between may be what runs in two
    /// versions: the newest, and one that only those have.
    fn left_by(&self, names: &[SymbolId]) -> Vec<SymbolId> {
        let (mut left, mut seen) = (Vec::new(), HashSet::new());
        let mut open: Vec<SymbolId> =
            names.iter().flat_map(|n| self.analysis.reverse_refs.of(*n)).copied().collect();
        while let Some(name) = open.pop() {
            let is_stale = self.analysis.dirty.contains(&name) && !self.included.contains(&name);
            if !seen.insert(name) {
                continue;
            }
            if is_stale && self.analysis.live.contains(name) {
                left.push(name);
            } else {
                open.extend(self.analysis.reverse_refs.of(name));
            }
        }
        left
    }

    /// Returns what the program can still come to that leads to old code, outside of hot functions.
    fn old(&self) -> HashSet<SymbolId> {
        let unlike_first = unlike_first(self.analysis);
        let alive = self.alive();
        self.analysis
            .dirty
            .iter()
            .filter(|n| unlike_first.contains(n) && alive.contains(n))
            .copied()
            .collect()
    }

    /// Returns what the program can still come to outside of hot functions: from its statics, and
    /// from what has a name that rustc did not make, `main` first of all. Without a `main`,
    /// everything.
    fn alive(&self) -> HashSet<SymbolId> {
        let kind = |name| self.analysis.live.original(name).first().map(|atom| atom.atom().kind);
        let names = || self.analysis.live.iter().map(|(name, _)| name);
        if !self.analysis.symbols.find("main").is_some_and(|main| self.analysis.live.contains(main))
        {
            return names().collect();
        }
        let begins = |name: &SymbolId| match kind(*name) {
            Some(AtomKind::Text) => !self.analysis.symbols.is_mangled(*name),
            Some(AtomKind::Data) => true,
            _ => false,
        };
        let mut open: Vec<SymbolId> = names().filter(begins).collect();
        let mut found = HashSet::new();
        while let Some(name) = open.pop() {
            let slot =
                matches!(kind(name), Some(AtomKind::Slot | AtomKind::Entry | AtomKind::Instances));
            if slot || self.analysis.registry.bodies.contains(&name) || !found.insert(name) {
                continue;
            }
            for atom in self.analysis.live.original(name) {
                open.extend(atom.object.out_edges[atom.index as usize].iter());
            }
        }
        found
    }
}

/// Returns the retainers that are shown: of each item its first ones, those of its own
/// code before those of its callers', and how many more there are.
fn some_of_each(all: Vec<Vec<Retained>>) -> (Vec<Retained>, usize) {
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
        let held = |item: usize, count: usize| -> Vec<Retained> {
            let one = |by| Retained { item: format!("f{item}"), by: format!("{by:04}") };
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
