//! What runs against what was just compiled.
//!
//! Pairs of types, one old and one new, form a graph: a pair leads to the pairs of its fields,
//! pointees and generic arguments that go by one name on both sides. It is walked from what old and
//! new code may share ([`super::roots`]). Types that nobody shares are not compared.
//!
//! A changed type changes the size and the offsets of all that hold it. A pair whose placement
//! alone differs is passed over when it holds a pair that differs too: then it is the inner one
//! that is told, and every holder is explained by it. Since fields by value form no circle, the
//! innermost is always told.
//!
//! A field that has only been renamed, or may be named from elsewhere, moves no value. But the type's
//! `TypeId` is another then, and what was kept under the old one is not found by new code. So it is
//! told where somebody may look for the `TypeId` of the type, or of one with the type among its generic
//! arguments; the `TypeId` knows nothing of the types of fields.

use super::super::layouts::Layouts;
use super::super::types::{Id, Kind, Object, Type};
use super::difference::{Difference, Origin, columns};
use super::index::{Names, Node};
use super::prehashed::Prehashed;
use super::roots::{Bound, Check};
use super::shape::{self, Changes};
use super::vtables;
use crate::symbol::is_nameless;
use std::collections::{HashMap, HashSet, VecDeque};
use std::ptr;

/// What of the new layouts contradicts the old where a value of the one may meet code for the
/// other; what is bound by itself first.
///
/// `old` is all that has been live, `new` the crates that were just rebuilt, both without the
/// objects that have been the same all the time: those are `shared`. A type that only they describe
/// cannot have changed, but they may lead to one by name.
///
/// A static that the patch refers to and that only one side describes is a difference. One that
/// neither describes is passed over: ask [`Layouts::static_type`].
pub fn compare<'a>(
    old: &[&'a Layouts],
    new: &[&'a Layouts],
    shared: &[&'a Layouts],
    bound: &Bound<'a>,
) -> Vec<Difference> {
    let shared = objects(shared);
    let names = Names::new(objects(old), objects(new), &shared);
    let mut walk = Walk::new(names, bound);
    walk.add_roots(bound);
    walk.explore();
    let tables = match bound.off.contains(&Check::Tables) {
        false => vtables::compare(walk.names.old(), walk.names.new_objects(), &shared, &bound.own),
        true => Vec::new(),
    };
    walk.report(tables)
}

fn objects<'a>(layouts: &[&'a Layouts]) -> Vec<&'a Object> {
    layouts.iter().flat_map(|layouts| &layouts.objects).map(|object| &*object.0).collect()
}

struct Pair {
    old: Node,
    new: Node,
    changes: Changes,
    /// The pairs that both hold by value.
    held: Vec<usize>,
    /// The pairs that lead here.
    from: Vec<usize>,
    /// The bound things whose type this is.
    origins: Vec<Origin>,
}

pub(super) struct Walk<'a> {
    pub(super) names: Names<'a>,
    /// Whether the names of `dyn` types are looked into.
    mentions: bool,
    /// Whether a type that nothing describes counts as one that may lead anywhere.
    untold: bool,
    /// The crates whose types are written for this program.
    own: Vec<&'a str>,
    /// The types, by the hash of the name, of which the crate `hot` makes a `TypeId` itself: those of
    /// functions, to tell whether one may stand for another. It keeps no values by them.
    pub(super) signatures: HashSet<u64, Prehashed>,
    pairs: Vec<Pair>,
    known: HashMap<(Node, Node), usize>,
    /// Number of pairs whose types have been compared.
    explored: usize,
    /// Differences of bound things themselves.
    pub(super) differences: Vec<Difference>,
    /// Statics with another alignment than before, each with the pair of its types: told only if
    /// the type does not explain it.
    pub(super) realigned: Vec<(Option<usize>, Difference)>,
}

impl<'a> Walk<'a> {
    fn new(names: Names<'a>, bound: &Bound<'a>) -> Self {
        let on = |check| !bound.off.contains(&check);
        Walk {
            names,
            mentions: on(Check::Mentions),
            untold: on(Check::Untyped),
            own: bound.own.clone(),
            signatures: HashSet::default(),
            pairs: Vec::new(),
            known: HashMap::new(),
            explored: 0,
            differences: Vec::new(),
            realigned: Vec::new(),
        }
    }

    pub(super) fn pair(&mut self, old: Node, new: Node) -> usize {
        *self.known.entry((old, new)).or_insert_with(|| {
            let changes = Changes::default();
            let (held, from, origins) = (Vec::new(), Vec::new(), Vec::new());
            self.pairs.push(Pair { old, new, changes, held, from, origins });
            self.pairs.len() - 1
        })
    }

    /// Notes that a shared thing leads to a pair.
    pub(super) fn originate(&mut self, pair: usize, origin: Origin) {
        let origins = &mut self.pairs[pair].origins;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }

    fn types(&self, pair: &Pair) -> ((&'a Object, Id), (&'a Object, Id)) {
        let (old, new) = (pair.old, pair.new);
        let objects = (self.names.old(), self.names.new_objects());
        ((objects.0[old.0 as usize], old.1), (objects.1[new.0 as usize], new.1))
    }

    /// Compares all pairs that wait for it, and those that they lead to.
    fn explore(&mut self) {
        while let Some(pair) = self.pairs.get(self.explored) {
            let index = self.explored;
            self.explored += 1;
            let (old, new) = (pair.old, pair.new);
            let (was, now) = self.types(pair);
            let changes = if ptr::eq(was.0, now.0) && was.1 == now.1 {
                // It cannot contradict itself, but may lead elsewhere by name.
                let children = was.0.get(was.1).children();
                let led_to = children.into_iter().map(|child| (child, child)).collect();
                Changes { led_to, ..Changes::default() }
            } else {
                shape::compare(was, now)
            };
            for &(was, now) in changes.held.iter().chain(&changes.led_to) {
                let child = self.pair((old.0, was), (new.0, now));
                self.pairs[child].from.push(index);
            }
            if was.0.get(was.1).declaration || now.0.get(now.1).declaration {
                self.add_described(index);
            }
            let held = changes.held.iter();
            let held = held.map(|&(was, now)| self.known[&((old.0, was), (new.0, now))]);
            self.pairs[index].held = held.collect();
            self.pairs[index].changes = changes;
            if self.mentions {
                for node in self.names.mentioned(was.0.name(was.1)) {
                    for (old, new) in self.names.pairs(node) {
                        let child = self.pair(old, new);
                        self.pairs[child].from.push(index);
                    }
                }
            }
        }
    }

    /// Adds what other units tell of a type that is only announced here. What none describes may
    /// lead to all that its name mentions, and to whatever has changed if it is the program's own.
    fn add_described(&mut self, index: usize) {
        let old = self.pairs[index].old;
        let described = self.names.described(old);
        let ty = self.names.old()[old.0 as usize].get(old.1);
        let pairs = match described.is_empty() {
            false => described,
            true if self.untold && self.is_own(&ty.name) => {
                let changed = self.names.changed().to_vec();
                let changed = changed.into_iter().flat_map(|node| self.names.pairs(node));
                changed.collect()
            }
            true => {
                let mentioned = self.names.within(&ty.name).into_iter();
                mentioned.flat_map(|node| self.names.pairs(node)).collect()
            }
        };
        for (old, new) in pairs {
            let child = self.pair(old, new);
            self.pairs[child].from.push(index);
        }
    }

    fn is_own(&self, name: &str) -> bool {
        self.own.contains(&name.split("::").next().unwrap_or_default())
    }

    /// For each pair, whether a `TypeId` that somebody may look for is made of it.
    fn asked_for(&self) -> Vec<bool> {
        let asks = |origin: &Origin| {
            matches!(
                origin,
                Origin::Instance { .. } | Origin::Behind { .. } | Origin::Untyped { .. }
            )
        };
        let mut asked = vec![false; self.pairs.len()];
        let begins = self.pairs.iter().enumerate();
        let is_signature = |pair: &Pair| {
            let ty = self.names.old()[pair.old.0 as usize].get(pair.old.1);
            matches!(ty.kind, Kind::Pointer { .. }) && self.signatures.contains(&ty.key)
        };
        let begins =
            begins.filter(|(_, pair)| pair.origins.iter().any(asks) && !is_signature(pair));
        let mut waiting: Vec<usize> = begins.map(|(index, _)| index).collect();
        waiting.iter().for_each(|&index| asked[index] = true);
        while let Some(index) = waiting.pop() {
            let Pair { old, new, changes, .. } = &self.pairs[index];
            let ty = self.names.old()[old.0 as usize].get(old.1);
            // Of what a struct's fields are its `TypeId` knows nothing; a closure's has them all.
            let all = !matches!(ty.kind, Kind::Struct { .. } | Kind::Union { .. })
                || ty.name.starts_with(['(', '[', '&', '*'])
                || is_nameless(&ty.name);
            let parts = changes.held.iter().chain(&changes.led_to).filter(|_| all);
            for &(was, now) in changes.generics.iter().chain(parts) {
                let child = self.known[&((old.0, was), (new.0, now))];
                if !std::mem::replace(&mut asked[child], true) {
                    waiting.push(child);
                }
            }
        }
        asked
    }

    /// Tells each pair that differs by itself, and `tables` where no pair tells it already.
    fn report(mut self, tables: Vec<Difference>) -> Vec<Difference> {
        let below = self.differing_below();
        let asked = self.asked_for();
        let mut told = std::mem::take(&mut self.differences);
        for (root, difference) in std::mem::take(&mut self.realigned) {
            let explained = |root: usize| below[root] || self.pairs[root].changes.differ();
            if !root.is_some_and(explained) {
                told.push(difference);
            }
        }
        for (index, pair) in self.pairs.iter().enumerate() {
            let ((was_in, was), (now_in, now)) = self.types(pair);
            let (was, now) = (was_in.get(was), now_in.get(now));
            let changes = &pair.changes;
            let mut differences = Vec::new();
            if let Some((object, before, after)) = &changes.vtable {
                let words = |words: &u64| format!("a method table of {words} words");
                differences.push(Difference::of(object.clone(), words(before), words(after)));
            }
            let renamed = changes.renamed && asked[index];
            if changes.own || changes.placement && !below[index] || renamed {
                let (before, after) = sizes(was, now);
                let difference = Difference::of(now.name.to_string(), before, after);
                differences.push(Difference { changes: columns(&changes.lines), ..difference });
            }
            for difference in differences {
                tell(&mut told, Difference { reached_from: self.origins(index), ..difference });
            }
        }
        for difference in tables {
            // Told already where the table is longer or shorter than it was.
            let object = difference.item.replacen("trait ", "dyn ", 1);
            if !told.iter().any(|known| known.item.contains(&object)) {
                tell(&mut told, difference);
            }
        }
        told
    }

    /// For each pair, whether something that it holds by value differs, however deep inside.
    fn differing_below(&self) -> Vec<bool> {
        let differs = |index: usize| self.pairs[index].changes.differ();
        // Spread outwards from those that differ: from the held to the holders.
        let mut holders = vec![Vec::new(); self.pairs.len()];
        for (index, pair) in self.pairs.iter().enumerate() {
            // A type inside itself by value can only be damage; it explains nothing.
            pair.held.iter().filter(|&&held| held != index).for_each(|&h| holders[h].push(index));
        }
        let mut below = vec![false; self.pairs.len()];
        let mut waiting: Vec<usize> = (0..self.pairs.len()).filter(|&i| differs(i)).collect();
        while let Some(index) = waiting.pop() {
            for &holder in &holders[index] {
                if !std::mem::replace(&mut below[holder], true) {
                    waiting.push(holder);
                }
            }
        }
        below
    }

    /// The shared things that lead to a pair, nearest first, those with a name in the source before
    /// the others.
    fn origins(&self, index: usize) -> Vec<Origin> {
        let mut seen = HashSet::from([index]);
        let mut waiting = VecDeque::from([index]);
        let mut origins: Vec<Origin> = Vec::new();
        while let Some(index) = waiting.pop_front() {
            origins.extend(self.pairs[index].origins.iter().cloned());
            let before = self.pairs[index].from.iter().copied();
            waiting.extend(before.filter(|&before| seen.insert(before)));
        }
        let named = |origin: &Origin| {
            use Origin::{Argument, Result, Static};
            matches!(origin, Static { .. } | Argument { .. } | Result { .. })
        };
        origins.sort_by_key(|origin| !named(origin));
        origins
    }
}

/// Adds a difference, or what it is reached from to the one already told of the same item.
fn tell(told: &mut Vec<Difference>, difference: Difference) {
    let Some(known) = told.iter_mut().find(|known| known.item == difference.item) else {
        told.push(difference);
        return;
    };
    for origin in difference.reached_from {
        if !known.reached_from.contains(&origin) {
            known.reached_from.push(origin);
        }
    }
}

fn sizes(was: &Type, now: &Type) -> (String, String) {
    let size = |ty: &Type| match ty.size {
        Some(1) => "1 byte".to_string(),
        Some(size) => format!("{size} bytes"),
        None => "of unknown size".to_string(),
    };
    if was.align == now.align {
        return (size(was), size(now));
    }
    let both = |ty: &Type| match ty.align {
        Some(align) => format!("{} aligned to {align}", size(ty)),
        None => size(ty),
    };
    (both(was), both(now))
}
