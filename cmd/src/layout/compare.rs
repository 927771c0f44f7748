//! What runs against what was just compiled.
//!
//! Pairs of types, one old and one new, form a graph: a pair leads to the pairs of its fields,
//! pointees and generic arguments that go by one name on both sides. It is walked twice. First
//! from what is bound, the types of statics and the signatures of functions: what is found there
//! is compared whatever it is. Then from every named type whose description differs from all that
//! the name stood for before, except for those that the compiler numbers: closures and coroutines,
//! and all that is declared in the functions of an `impl`, whose numbers shift with every edit.
//!
//! A changed type changes the size and the offsets of all that hold it. A pair whose placement
//! alone differs is passed over when it holds a pair that differs too: then it is the inner one
//! that is told, and every holder is explained by it. Since fields by value form no circle, the
//! innermost is always told.
//!
//! One name can stand for several types: two versions of a dependency, two blocks with a `struct
//! Line` each, a function item and a pointer to such a function. A name is taken to have changed
//! when some description of it went and some other came; bound types are exact, since they are
//! followed from definition to definition and not by name.

use super::Layouts;
use super::changes::{self, Changes};
use super::difference::{Difference, Origin};
use super::symbol::{is_numbered, path, same, short, stem};
use super::types::{Function, Id, Kind, Object, Static, Type};
use super::vtables::{self, signature};
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::ptr;

/// What of the running program new code is bound to.
#[derive(Clone, Debug, Default)]
pub struct Bound<'a> {
    /// Symbols of statics and thread-locals that stay the running ones. The hash in a symbol
    /// covers the names and the visibility of the fields of every type in the static's own type,
    /// so that an edit there renames the static: either symbol may be given, the other side is
    /// then found by path.
    pub statics: Vec<&'a str>,
    /// Symbols of functions through which old and new code call each other: bodies of hot
    /// functions that will be swapped, and running functions that new code calls. Each by the
    /// symbol that it has in the old objects and the one in the new, mostly the same.
    pub functions: Vec<(&'a str, &'a str)>,
}

/// What of the new layouts contradicts the old where both must agree; the bound things first.
///
/// `old` is what runs, `new` the crates that were just rebuilt. Where several layouts in `old`
/// describe a bound symbol the first counts, so the newest should stand first; the named types of
/// all are compared.
///
/// A static that only one side describes is a difference. One that neither describes is passed
/// over, since it may belong to a crate without debug information: ask [`Layouts::static_type`].
/// So is a function that one of them does not describe.
pub fn compare(old: &[&Layouts], new: &[&Layouts], bound: &Bound<'_>) -> Vec<Difference> {
    let mut walk = Walk::new(objects(old), objects(new));
    for symbol in &bound.statics {
        walk.bind_static(stem(symbol));
    }
    for (was, now) in &bound.functions {
        walk.bind_function(stem(was), stem(now));
    }
    walk.explore();
    let rooted = walk.pairs.len();
    walk.add_changed_names();
    walk.explore();
    walk.report(rooted)
}

fn objects<'a>(layouts: &[&'a Layouts]) -> Vec<&'a Object> {
    layouts.iter().flat_map(|layouts| &layouts.objects).map(|object| &*object.0).collect()
}

/// A type: its object's number on its side, and its place there.
type Node = (u32, Id);

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

struct Walk<'a> {
    old: Vec<&'a Object>,
    new: Vec<&'a Object>,
    pairs: Vec<Pair>,
    known: HashMap<(Node, Node), usize>,
    /// Number of pairs whose types have been compared.
    explored: usize,
    /// Differences of bound things themselves.
    differences: Vec<Difference>,
    /// Statics with another alignment than before, each with the pair of its types: told only if
    /// the type does not explain it.
    realigned: Vec<(usize, Difference)>,
}

impl<'a> Walk<'a> {
    fn new(old: Vec<&'a Object>, new: Vec<&'a Object>) -> Self {
        Walk {
            old,
            new,
            pairs: Vec::new(),
            known: HashMap::new(),
            explored: 0,
            differences: Vec::new(),
            realigned: Vec::new(),
        }
    }

    fn bind_static(&mut self, symbol: &str) {
        let mut old = find(&self.old, |object| object.statics.get(symbol));
        let mut new = find(&self.new, |object| object.statics.get(symbol));
        match (old, new) {
            (Some((index, known)), None) => {
                new = renamed(&self.new, symbol, self.old[index].name(known.ty));
            }
            (None, Some((index, known))) => {
                old = renamed(&self.old, symbol, self.new[index].name(known.ty));
            }
            _ => {}
        }
        let path = path(symbol);
        let item = format!("static {path}");
        let ((old_in, was), (new_in, now)) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, None) => return,
            (old, new) => {
                let told = |side: Option<&Object>, id: Option<Id>| match (side, id) {
                    (Some(object), Some(id)) => short(object.name(id)),
                    _ => "not described by any debug information".into(),
                };
                self.differences.push(Difference {
                    item,
                    was: told(old.map(|o| self.old[o.0]), old.map(|o| o.1.ty)),
                    now: told(new.map(|n| self.new[n.0]), new.map(|n| n.1.ty)),
                    changes: Vec::new(),
                    reached_from: Vec::new(),
                });
                return;
            }
        };
        let (was_name, now_name) = (self.old[old_in].name(was.ty), self.new[new_in].name(now.ty));
        if !same(was_name, now_name) {
            let (was, now) = shortest(was_name, now_name);
            let (changes, reached_from) = (Vec::new(), Vec::new());
            self.differences.push(Difference { item, was, now, changes, reached_from });
            return;
        }
        let origin =
            Origin::Static { symbol: symbol.into(), path, type_name: now_name.to_string() };
        let told = (aligned(was_name, was.align), aligned(now_name, now.align));
        let root = self.root((old_in, was.ty), (new_in, now.ty), origin);
        if let Some(root) = root
            && was.align != now.align
        {
            let ((was, now), changes, reached_from) = (told, Vec::new(), Vec::new());
            let difference = Difference { item, was, now, changes, reached_from };
            self.realigned.push((root, difference));
        }
    }

    fn bind_function(&mut self, was: &str, symbol: &str) {
        let old = find(&self.old, |object| object.functions.get(was));
        let new = find(&self.new, |object| object.functions.get(symbol));
        let (Some((old_in, was)), Some((new_in, now))) = (old, new) else { return };
        let (old_object, new_object) = (self.old[old_in], self.new[new_in]);
        let path = path(symbol);
        let agree = was.arguments.len() == now.arguments.len()
            && was.result.is_some() == now.result.is_some()
            && types_of(was)
                .zip(types_of(now))
                .all(|(was, now)| same(old_object.name(was), new_object.name(now)));
        if !agree {
            let (was, now) = shortest(&signature(old_object, was), &signature(new_object, now));
            self.differences.push(Difference {
                item: format!("fn {path}"),
                was,
                now,
                changes: Vec::new(),
                reached_from: Vec::new(),
            });
            return;
        }
        let count = was.arguments.len();
        for (index, (was, now)) in types_of(was).zip(types_of(now)).enumerate() {
            let (symbol, path) = (symbol.to_string(), path.clone());
            let origin = if index < count {
                Origin::Argument { symbol, path, number: index + 1 }
            } else {
                Origin::Result { symbol, path }
            };
            self.root((old_in, was), (new_in, now), origin);
        }
    }

    /// Adds the pair of a bound thing's type, unless one object file describes both.
    fn root(&mut self, old: (usize, Id), new: (usize, Id), origin: Origin) -> Option<usize> {
        if ptr::eq(self.old[old.0], self.new[new.0]) {
            // It cannot contradict itself.
            return None;
        }
        let index = self.pair((old.0 as u32, old.1), (new.0 as u32, new.1));
        self.pairs[index].origins.push(origin);
        Some(index)
    }

    fn pair(&mut self, old: Node, new: Node) -> usize {
        *self.known.entry((old, new)).or_insert_with(|| {
            let changes = Changes::default();
            let (held, from, origins) = (Vec::new(), Vec::new(), Vec::new());
            self.pairs.push(Pair { old, new, changes, held, from, origins });
            self.pairs.len() - 1
        })
    }

    /// Compares all pairs that wait for it, and those that they lead to.
    fn explore(&mut self) {
        while let Some(&Pair { old, new, .. }) = self.pairs.get(self.explored) {
            let index = self.explored;
            self.explored += 1;
            let changes = changes::compare(
                (self.old[old.0 as usize], old.1),
                (self.new[new.0 as usize], new.1),
            );
            for &(was, now) in changes.held.iter().chain(&changes.led_to) {
                let child = self.pair((old.0, was), (new.0, now));
                self.pairs[child].from.push(index);
            }
            let held = changes.held.iter();
            let held = held.map(|&(was, now)| self.known[&((old.0, was), (new.0, now))]);
            self.pairs[index].held = held.collect();
            self.pairs[index].changes = changes;
        }
    }

    /// Adds a pair for every name of which some description went and some other came.
    fn add_changed_names(&mut self) {
        let (old, new) = (prints(&self.old), prints(&self.new));
        let mut gone: HashMap<u64, Node, Prehashed> = HashMap::default();
        for (node, ty) in named(&self.old) {
            if !new.contains(&(ty.key, ty.print)) {
                gone.entry(ty.key).or_insert(node);
            }
        }
        if gone.is_empty() {
            return;
        }
        let mut added = HashSet::new();
        let mut found = Vec::new();
        for (node, ty) in named(&self.new) {
            if let Some(was) = gone.get(&ty.key)
                && !old.contains(&(ty.key, ty.print))
                && !is_numbered(&ty.name)
                && added.insert(ty.key)
            {
                found.push((*was, node));
            }
        }
        for (old, new) in found {
            self.pair(old, new);
        }
    }

    /// Tells each pair that differs by itself. Those before `rooted` are reached from what is
    /// bound.
    fn report(mut self, rooted: usize) -> Vec<Difference> {
        let below = self.differing_below();
        let mut told = std::mem::take(&mut self.differences);
        for (root, difference) in std::mem::take(&mut self.realigned) {
            if !below[root] && !self.pairs[root].changes.differ() {
                told.push(difference);
            }
        }
        for (index, pair) in self.pairs.iter().enumerate() {
            let was = self.old[pair.old.0 as usize].get(pair.old.1);
            let now = self.new[pair.new.0 as usize].get(pair.new.1);
            let changes = &pair.changes;
            let reached_from = |walk: &Walk<'_>| walk.origins(index);
            if let Some((object, before, after)) = &changes.vtable
                && (index < rooted || !is_numbered(object))
            {
                let words = |words: &u64| format!("a method table of {words} words");
                let difference = Difference {
                    item: object.clone(),
                    was: words(before),
                    now: words(after),
                    changes: Vec::new(),
                    reached_from: reached_from(&self),
                };
                tell(&mut told, difference);
            }
            let own = changes.own || changes.placement && !below[index];
            if own && (index < rooted || !is_numbered(&now.name)) {
                let (before, after) = sizes(was, now);
                let difference = Difference {
                    item: now.name.to_string(),
                    was: before,
                    now: after,
                    changes: changes.lines.clone(),
                    reached_from: reached_from(&self),
                };
                tell(&mut told, difference);
            }
        }
        for difference in vtables::compare(&self.old, &self.new) {
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

    /// The bound things that lead to a pair, nearest first.
    fn origins(&self, index: usize) -> Vec<Origin> {
        let mut seen = HashSet::from([index]);
        let mut waiting = VecDeque::from([index]);
        let mut origins: Vec<Origin> = Vec::new();
        while let Some(index) = waiting.pop_front() {
            origins.extend(self.pairs[index].origins.iter().cloned());
            let before = self.pairs[index].from.iter().copied();
            waiting.extend(before.filter(|&before| seen.insert(before)));
        }
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

fn find<'a, T>(
    objects: &[&'a Object],
    get: impl Fn(&'a Object) -> Option<&'a T>,
) -> Option<(usize, &'a T)> {
    objects.iter().enumerate().find_map(|(index, object)| Some((index, get(object)?)))
}

/// A static of the same path, whose symbol has another hash: the one of that type, or the only one
/// (a `thread_local!` makes two).
fn renamed<'a>(
    objects: &[&'a Object],
    symbol: &str,
    type_name: &str,
) -> Option<(usize, &'a Static)> {
    let wanted = path(symbol);
    let mut found = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let namesakes = object.statics.iter().filter(|(symbol, _)| path(symbol) == wanted);
        found.extend(namesakes.map(|(symbol, known)| (symbol, index, known)));
    }
    found.sort_by_key(|(symbol, index, _)| (*symbol, *index));
    let of_type =
        |(_, index, known): &&(_, usize, &Static)| same(objects[*index].name(known.ty), type_name);
    let chosen = found.iter().find(of_type).or(match found.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    chosen.map(|&(_, index, known)| (index, known))
}

fn types_of(function: &Function) -> impl Iterator<Item = Id> {
    function.arguments.iter().map(|(_, ty)| *ty).chain(function.result)
}

/// Two type names, shortened where they still differ then.
fn shortest(was: &str, now: &str) -> (String, String) {
    let (a, b) = (short(was), short(now));
    if a == b { (was.to_string(), now.to_string()) } else { (a, b) }
}

fn aligned(what: &str, align: Option<u64>) -> String {
    match align {
        Some(align) => format!("{} aligned to {align}", short(what)),
        None => format!("{} of unknown alignment", short(what)),
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

/// The types that are compared by name.
fn named<'a>(objects: &[&'a Object]) -> impl Iterator<Item = (Node, &'a Type)> {
    objects.iter().enumerate().flat_map(|(index, object)| {
        object.types.iter().enumerate().filter_map(move |(id, ty)| {
            let by_name = match ty.kind {
                Kind::Base { .. }
                | Kind::Struct { .. }
                | Kind::Union { .. }
                | Kind::Enumeration { .. } => !ty.declaration && ty.variant_of.is_none(),
                _ => false,
            };
            // The compiler's tables of methods are no types of values.
            let by_name = by_name && !ty.name.ends_with("::{vtable_type}");
            by_name.then_some(((index as u32, Id(id as u32)), ty))
        })
    })
}

/// Name and fingerprint of every type that is compared by name.
fn prints(objects: &[&Object]) -> HashSet<(u64, u64), Prehashed> {
    named(objects).map(|(_, ty)| (ty.key, ty.print)).collect()
}

type Prehashed = BuildHasherDefault<Mixed>;

/// Keys that are hashes already only need to be mixed.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64((*byte).into()));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = self.0.rotate_left(5) ^ word;
    }
}
