//! Which pairs of the graph are differences, and how each is worded.
//!
//! A changed type changes the size and the offsets of all that hold it. A pair whose placement
//! alone differs is passed over when it holds a pair that differs too: then the inner one is
//! reported, and explains every holder. Since fields by value form no circle, the innermost is
//! always reported.
//!
//! A field that has only been renamed, or may be named from elsewhere, moves no value. But the
//! type's `TypeId` is another then, and new code does not find what was kept under the old one. So
//! it is reported where code may look for the `TypeId` of the type, or of one with the type among
//! its generic arguments; the `TypeId` knows nothing of the types of fields.

use super::super::types::{Kind, Type};
use super::difference::{Difference, Origin, columns};
use super::graph::{Graph, Pair};
use super::prehashed::Prehashed;
use super::roots::Realigned;
use crate::symbol::is_nameless;
use std::collections::{HashSet, VecDeque};

/// The knowledge that is not in the graph.
pub(super) struct Context {
    /// Differences of shared things themselves.
    pub(super) differences: Vec<Difference>,
    /// Statics with another alignment, which are reported if their types do not explain it.
    pub(super) realigned: Vec<Realigned>,
    /// The types, by the hash of the name, of which only `hot` makes a `TypeId`.
    pub(super) signatures: HashSet<u64, Prehashed>,
    /// Differences between tables of methods, which are reported where no pair explains them.
    pub(super) vtables: Vec<Difference>,
}

/// Returns each difference once, those of shared things themselves first.
pub(super) fn report(graph: &Graph<'_>, context: Context) -> Vec<Difference> {
    let below = differing_below(graph);
    let asked = asked_for(graph, &context.signatures);
    let mut found = context.differences;
    for Realigned { types, difference } in context.realigned {
        let pair = types.and_then(|(old, new)| graph.find(old, new));
        if !pair.is_some_and(|pair| below[pair] || graph.pairs[pair].changes.differ()) {
            found.push(difference);
        }
    }
    for (at, pair) in graph.pairs.iter().enumerate() {
        for difference in differences_of(graph, pair, below[at], asked[at]) {
            add(&mut found, Difference { reached_from: origins(graph, at), ..difference });
        }
    }
    for difference in context.vtables {
        // Another length of the table has been reported as a change of the `dyn` type.
        let object = difference.item.replacen("trait ", "dyn ", 1);
        if !found.iter().any(|known| known.item.contains(&object)) {
            add(&mut found, difference);
        }
    }
    found
}

/// Returns what differs in a pair itself. `explained` says whether it holds another pair that
/// differs, `asked` whether code may look for its `TypeId`.
fn differences_of(
    graph: &Graph<'_>,
    pair: &Pair,
    explained: bool,
    asked: bool,
) -> impl Iterator<Item = Difference> {
    let ((was_in, was), (now_in, now)) = graph.types(pair);
    let (was, now) = (was_in.get(was), now_in.get(now));
    let changes = &pair.changes;
    let table = changes.vtable.as_ref().map(|(object, before, after)| {
        let words = |words: &u64| format!("a method table of {words} words");
        Difference::of(object.clone(), words(before), words(after))
    });
    let differs = changes.own || changes.placement && !explained || changes.renamed && asked;
    let of_type = differs.then(|| {
        let (before, after) = sizes(was, now);
        let difference = Difference::of(now.name.to_string(), before, after);
        Difference { changes: columns(&changes.lines), ..difference }
    });
    table.into_iter().chain(of_type)
}

/// Returns for each pair whether code may look for a `TypeId` that is made of it.
fn asked_for(graph: &Graph<'_>, signatures: &HashSet<u64, Prehashed>) -> Vec<bool> {
    let asks = |origin: &Origin| {
        matches!(origin, Origin::Instance { .. } | Origin::Behind { .. } | Origin::Untyped { .. })
    };
    let old_type = |pair: &Pair| graph.index.old_objects()[pair.old.0 as usize].get(pair.old.1);
    let is_signature = |pair: &Pair| {
        let ty = old_type(pair);
        matches!(ty.kind, Kind::Pointer { .. }) && signatures.contains(&ty.key)
    };
    let mut asked: Vec<bool> = graph
        .pairs
        .iter()
        .map(|pair| pair.origins.iter().any(asks) && !is_signature(pair))
        .collect();
    let mut waiting: Vec<usize> = (0..asked.len()).filter(|&at| asked[at]).collect();
    while let Some(at) = waiting.pop() {
        let pair = &graph.pairs[at];
        let ty = old_type(pair);
        // The `TypeId` of a struct knows nothing of its fields; a closure's has them all.
        let all = !matches!(ty.kind, Kind::Struct { .. } | Kind::Union { .. })
            || ty.name.starts_with(['(', '[', '&', '*'])
            || is_nameless(&ty.name);
        let Pair { old, new, changes, .. } = pair;
        let parts = changes.held.iter().chain(&changes.led_to).filter(|_| all);
        for &(was, now) in changes.generics.iter().chain(parts) {
            if let Some(child) = graph.find((old.0, was), (new.0, now))
                && !std::mem::replace(&mut asked[child], true)
            {
                waiting.push(child);
            }
        }
    }
    asked
}

/// Returns for each pair whether something that it holds by value differs, however deep inside.
fn differing_below(graph: &Graph<'_>) -> Vec<bool> {
    let pairs = &graph.pairs;
    // Spread outwards from those that differ: from the held to the holders.
    let mut holders = vec![Vec::new(); pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        // A type inside itself by value can only be damage; it explains nothing.
        pair.held.iter().filter(|&&held| held != at).for_each(|&held| holders[held].push(at));
    }
    let mut below = vec![false; pairs.len()];
    let mut waiting: Vec<usize> =
        (0..pairs.len()).filter(|&at| pairs[at].changes.differ()).collect();
    while let Some(at) = waiting.pop() {
        for &holder in &holders[at] {
            if !std::mem::replace(&mut below[holder], true) {
                waiting.push(holder);
            }
        }
    }
    below
}

/// Returns the shared things that lead to a pair, nearest first, those with a name in the source
/// before the others.
fn origins(graph: &Graph<'_>, at: usize) -> Vec<Origin> {
    let mut seen = HashSet::from([at]);
    let mut waiting = VecDeque::from([at]);
    let mut origins: Vec<Origin> = Vec::new();
    while let Some(at) = waiting.pop_front() {
        origins.extend(graph.pairs[at].origins.iter().cloned());
        let before = graph.pairs[at].from.iter().copied();
        waiting.extend(before.filter(|&before| seen.insert(before)));
    }
    let named = |origin: &Origin| {
        use Origin::{Argument, Result, Static};
        matches!(origin, Static { .. } | Argument { .. } | Result { .. })
    };
    origins.sort_by_key(|origin| !named(origin));
    origins
}

/// Adds a difference, or, where its item has one already, what it is reached from.
fn add(found: &mut Vec<Difference>, difference: Difference) {
    let Some(known) = found.iter_mut().find(|known| known.item == difference.item) else {
        found.push(difference);
        return;
    };
    for origin in difference.reached_from {
        if !known.reached_from.contains(&origin) {
            known.reached_from.push(origin);
        }
    }
}

/// Returns the sizes of two types in words, with the alignments where those differ.
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
