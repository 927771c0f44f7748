//! Which running item a new one is, when rustc has numbered it anew.
//!
//! A symbol's hash covers the numbers that rustc gives to the impl blocks of a module and to the
//! closures and blocks of a function. A `derive` more, or a closure inserted, shifts them, and
//! whatever stands behind goes by another symbol although nobody has touched it; worse, a symbol
//! may pass from one item to its neighbour. What stays is the path as it is written, with the type
//! whose block it is, and the type that the debug information tells.
//!
//! - **Statics and thread-locals** of one path and one type, in one crate, are a family. One before
//!   and one now, under different symbols: it is the same one, renamed. The same symbols before and
//!   now: nothing has moved. Anything else with members on both sides is *unclear*: none of its
//!   symbols can be trusted, neither those that are new nor those that seem to have stayed. New
//!   code that uses an unclear static is refused, and code that refers to one is never taken to be
//!   unchanged.
//! - **Code and constants** of one path, and instance of a generic, are paired in the order of
//!   their numbers, if as many came as went. Nothing is trusted here: pairs are compared like all
//!   other code, down to the bytes, and a wrong pair is merely a change.
//!   Without debug information nothing tells a renamed static from one of another type, nor one
//!   instance of a generic from another: then no static is found again, and no instance of a hot
//!   function, and what uses them is refused.
//! - **Slots** are paired by the name in the registry ([`Hot::renamed`]).
//!
//! Code keeps referring to the symbols of its time. [`Lineage`] knows, over all patches, which
//! symbols have meant one item.

use super::atom::{AtomRef, Kind};
use super::hot::Hot;
use super::name::{Name, Names};
use super::program::Definitions;
use super::world::Loaded;
use crate::layout::Layouts;
use crate::symbol::without_numbers;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The symbols that one item has had.
#[derive(Clone, Debug, Default)]
pub struct Lineage {
    /// Each renamed symbol, and the item's first one.
    first: HashMap<Name, Name>,
    /// Symbols that mean nothing that is known now.
    unclear: HashSet<Name>,
}

impl Lineage {
    /// Whether an old symbol and a new one mean the same item.
    pub fn same(&self, old: Name, new: Name) -> bool {
        !self.unclear.contains(&new) && (old == new || self.first(old) == self.first(new))
    }

    /// Whether nothing is known of what a symbol of the newest objects has been before.
    pub fn is_unclear(&self, name: Name) -> bool {
        self.unclear.contains(&name)
    }

    /// All symbols under which an item has been known, this one included.
    pub fn all(&self, name: Name) -> Vec<Name> {
        let first = self.first(name);
        let others = self.first.iter().filter(|(_, of)| **of == first).map(|(name, _)| *name);
        let all: BTreeSet<Name> = others.chain([first, name]).collect();
        all.into_iter().collect()
    }

    fn first(&self, name: Name) -> Name {
        self.first.get(&name).copied().unwrap_or(name)
    }
}

/// What a save has renamed.
#[derive(Default)]
pub struct Moved {
    /// Each new symbol, and the one before.
    pub renamed: HashMap<Name, Name>,
    /// All symbols up to now.
    pub lineage: Lineage,
}

/// What the search looks at.
pub struct Both<'a> {
    /// The names.
    pub names: &'a Names,
    /// What runs.
    pub loaded: &'a Loaded,
    /// The objects of the last patch that went live, or of the executable.
    pub settled: &'a Definitions,
    /// The newest objects.
    pub newest: &'a Definitions,
    /// Whether the path is enough where no type is told; for tests.
    pub by_path: bool,
}

/// Finds what has been renamed since the lineage was last brought up to date. Fails with the hot
/// functions that cannot be told apart.
pub fn find(
    lineage: &Lineage,
    both: &Both<'_>,
    running: &Hot,
    hot: &Hot,
) -> Result<Moved, Vec<String>> {
    let mut moved = Moved { renamed: HashMap::new(), lineage: lineage.clone() };
    moved.lineage.unclear.clear();
    statics(&mut moved, both);
    let bodies = running.instances.iter().chain(&hot.instances);
    code(&mut moved, both, &bodies.map(|(_, body)| *body).collect());
    let instances = moved.renamed.clone();
    let slots = hot.renamed(running, |slot| both.loaded.contains(slot), &instances)?;
    moved.renamed.extend(slots);
    for (&now, &was) in &moved.renamed {
        let first = moved.lineage.first(was);
        moved.lineage.first.insert(now, first);
    }
    // A symbol of long ago may be back for another item.
    let mut bearers: HashMap<Name, Vec<Name>> = HashMap::new();
    let firsts: HashSet<Name> = moved.lineage.first.values().copied().collect();
    for &name in moved.lineage.first.keys().chain(&firsts).collect::<HashSet<_>>() {
        if both.newest.one(name).is_some() {
            bearers.entry(moved.lineage.first(name)).or_default().push(name);
        }
    }
    moved.lineage.unclear.extend(bearers.into_values().filter(|b| b.len() > 1).flatten());
    Ok(moved)
}

/// Crate, path and type.
type Family = (String, String, Option<String>);

fn statics(moved: &mut Moved, both: &Both<'_>) {
    let is_static = |atoms: &[AtomRef]| {
        atoms.first().is_some_and(|a| matches!(a.atom().kind, Kind::Data | Kind::ThreadLocal))
    };
    let before: HashMap<Name, &AtomRef> = both
        .loaded
        .iter()
        .chain(both.settled.iter())
        .filter(|(_, atoms)| is_static(atoms) && !atoms[0].object.home.is_empty())
        .map(|(name, atoms)| (name, &atoms[0]))
        .collect();
    let now: HashMap<Name, &AtomRef> = both
        .newest
        .iter()
        .filter(|(_, atoms)| is_static(atoms))
        .map(|(name, atoms)| (name, &atoms[0]))
        .collect();
    if before.keys().all(|n| now.contains_key(n)) && now.keys().all(|n| before.contains_key(n)) {
        return;
    }
    let mut paths: HashMap<(&str, String), [BTreeSet<Name>; 2]> = HashMap::new();
    for (side, items) in [&before, &now].into_iter().enumerate() {
        for (&name, atom) in items {
            if both.names.is_mangled(name) {
                let path = (atom.object.home.as_str(), without_numbers(&both.names.path(name)));
                paths.entry(path).or_default()[side].insert(name);
            }
        }
    }
    // Types are asked for only where something has come or gone.
    paths.retain(|_, [before, now]| before != now && !before.is_empty() && !now.is_empty());
    let mut families: HashMap<Family, [Vec<Name>; 2]> = HashMap::new();
    for ((home, path), sides) in &paths {
        for (side, (items, of)) in sides.iter().zip([&before, &now]).enumerate() {
            for &name in items {
                let family = ((*home).to_owned(), path.clone(), type_of(of[&name], both.names));
                families.entry(family).or_default()[side].push(name);
            }
        }
    }
    for ((.., ty), [before, now]) in families {
        let told = ty.is_some();
        match (before.as_slice(), now.as_slice()) {
            (a, b) if a == b => {}
            ([], _) | (_, []) => {}
            // The path alone does not tell another type from another number.
            ([_], [_]) if !told && !both.by_path => {}
            ([was], [now]) => {
                moved.renamed.insert(*now, *was);
            }
            _ => moved.lineage.unclear.extend(now),
        }
    }
}

/// The name of a static's type, without the compiler's numbers. It is described under the symbol
/// that the static had when its object was compiled.
fn type_of(atom: &AtomRef, names: &Names) -> Option<String> {
    let layouts: Layouts = atom.object.layouts().ok().cloned().into_iter().collect();
    Some(without_numbers(layouts.static_type(names.text(atom.atom().name?))?.name()))
}

/// A symbol, and the numbers in its path.
type Numbered = (Vec<u32>, Name);

/// `instances` are the bodies of generic hot functions: trampolines know each by its address, so
/// that a wrong pair would give the callers of one the code of another.
fn code(moved: &mut Moved, both: &Both<'_>, instances: &HashSet<Name>) {
    let is_code = |atoms: &[AtomRef]| {
        atoms.first().is_some_and(|a| {
            !a.object.home.is_empty()
                && matches!(a.atom().kind, Kind::Text | Kind::ReadOnly | Kind::Constructor)
        })
    };
    let mut pairs: HashMap<(String, String), [Vec<Numbered>; 2]> = HashMap::new();
    let mut add = |side: usize, name: Name, atom: &AtomRef| {
        let (path, told) = code_path(atom, name, both.names);
        if !told && !both.by_path && instances.contains(&name) {
            return;
        }
        let family = (atom.object.home.clone(), without_numbers(&path));
        pairs.entry(family).or_default()[side].push((numbers(&path), name));
    };
    for (name, atoms) in both.loaded.iter() {
        if is_code(atoms) && both.newest.one(name).is_none() && both.names.is_mangled(name) {
            add(0, name, &atoms[0]);
        }
    }
    for (name, atoms) in both.newest.iter() {
        if is_code(atoms) && !both.loaded.contains(name) && both.names.is_mangled(name) {
            add(1, name, &atoms[0]);
        }
    }
    for [mut gone, mut come] in pairs.into_values() {
        if gone.len() == come.len() {
            gone.sort();
            come.sort();
            moved.renamed.extend(come.iter().zip(&gone).map(|((_, now), (_, was))| (*now, *was)));
        }
    }
}

/// The numbers behind each `#` of a name.
fn numbers(name: &str) -> Vec<u32> {
    let digits = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().unwrap_or(0)
    };
    name.split('#').skip(1).map(digits).collect()
}

/// The path of a function or a constant, with the types of its instance where they are described,
/// and whether they are.
fn code_path(atom: &AtomRef, name: Name, names: &Names) -> (String, bool) {
    let path = names.path(name);
    if atom.atom().kind != Kind::Text {
        return (path, false);
    }
    let layouts: Layouts = atom.object.layouts().ok().cloned().into_iter().collect();
    let then = atom.atom().name.unwrap_or(name);
    match layouts.function_name(names.text(then)) {
        Some(instance) => (format!("{path} {instance}"), true),
        None => (path, false),
    }
}
