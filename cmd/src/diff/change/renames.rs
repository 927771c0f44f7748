//! Renames: which running item a new one is, when rustc has given it another number.
//!
//! A symbol's hash covers the numbers that rustc gives to the impl blocks of a module and to the
//! closures and blocks of a function. A `derive` more, or a closure inserted, shifts them, and
//! whatever stands behind goes by another symbol although it was not touched; worse, a symbol
//! may pass from one item to its neighbour. What stays is the path as it is written, with the type
//! whose block it is, and the type that the debug information has.
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
//! - **Slots** are paired by the name in the registry ([`HotRegistry::renamed`]).
//!
//! Code keeps referring to the symbols of its time. [`SymbolHistory`] knows, over all patches,
//! which symbols have meant one item.

use crate::diff::live::{Baseline, SymbolHistory};
use crate::diff::object::{AtomKind, AtomRef, Definitions, HotRegistry, SymbolId, SymbolTable};
use crate::diff::policy::Guard;
use crate::layout::Layouts;
use crate::symbol::without_numbers;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The symbols that a save has renamed.
#[derive(Clone, Default)]
pub struct Renames {
    /// Each new symbol, and the one before.
    pub renamed: HashMap<SymbolId, SymbolId>,
    /// All symbols up to now.
    pub history: SymbolHistory,
}

/// The two sides of the search.
pub struct Sides<'a> {
    /// The baseline: what runs, and the objects of the last patch that went live.
    pub baseline: &'a Baseline,
    /// The newest objects.
    pub newest: &'a Definitions,
    /// Their hot functions.
    pub registry: &'a HotRegistry,
}

/// Finds what has been renamed since the last patch. Fails with the hot functions that cannot be
/// told apart.
pub fn find(sides: &Sides<'_>) -> Result<Renames, Vec<String>> {
    let Sides { baseline, newest, registry } = sides;
    let running = &baseline.registry;
    let history = SymbolHistory::clone(&baseline.history);
    let mut renames = Renames { renamed: HashMap::new(), history };
    renames.history.forget_unclear();
    statics(&mut renames, sides);
    let bodies = running.instances.iter().chain(&registry.instances);
    code(&mut renames, sides, &bodies.map(|(_, body)| *body).collect());
    let instances = renames.renamed.clone();
    let slots = registry.renamed(running, |slot| baseline.live.contains(slot), &instances)?;
    renames.renamed.extend(slots);
    for (&now, &was) in &renames.renamed {
        renames.history.rename(was, now);
    }
    renames.history.mark_returned(|name| newest.one(name).is_some());
    Ok(renames)
}

/// Reports whether the path is enough where no type is described: in tests alone.
fn is_path_enough(sides: &Sides<'_>) -> bool {
    !sides.baseline.guards.on(Guard::Nameless)
}

/// Crate, path and type.
type Family = (String, String, Option<String>);

fn statics(renames: &mut Renames, sides: &Sides<'_>) {
    let is_static = |atoms: &[AtomRef]| {
        atoms
            .first()
            .is_some_and(|a| matches!(a.atom().kind, AtomKind::Data | AtomKind::ThreadLocal))
    };
    let before: HashMap<SymbolId, &AtomRef> = sides
        .baseline
        .live
        .iter()
        .chain(sides.baseline.settled.definitions.iter())
        .filter(|(_, atoms)| is_static(atoms) && !atoms[0].object.crate_key.is_empty())
        .map(|(name, atoms)| (name, &atoms[0]))
        .collect();
    let now: HashMap<SymbolId, &AtomRef> = sides
        .newest
        .iter()
        .filter(|(_, atoms)| is_static(atoms))
        .map(|(name, atoms)| (name, &atoms[0]))
        .collect();
    if before.keys().all(|n| now.contains_key(n)) && now.keys().all(|n| before.contains_key(n)) {
        return;
    }
    let mut paths: HashMap<(&str, String), [BTreeSet<SymbolId>; 2]> = HashMap::new();
    for (side, items) in [&before, &now].into_iter().enumerate() {
        for (&name, atom) in items {
            if sides.baseline.symbols.is_mangled(name) {
                let path = (
                    atom.object.crate_key.as_str(),
                    without_numbers(&sides.baseline.symbols.path(name)),
                );
                paths.entry(path).or_default()[side].insert(name);
            }
        }
    }
    // Types are asked for only where something has come or gone.
    paths.retain(|_, [before, now]| before != now && !before.is_empty() && !now.is_empty());
    let mut families: HashMap<Family, [Vec<SymbolId>; 2]> = HashMap::new();
    for ((crate_key, path), names) in &paths {
        for (side, (items, of)) in names.iter().zip([&before, &now]).enumerate() {
            for &name in items {
                let family = (
                    (*crate_key).to_owned(),
                    path.clone(),
                    type_of(of[&name], &sides.baseline.symbols),
                );
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
            ([_], [_]) if !told && !is_path_enough(sides) => {}
            ([was], [now]) => {
                renames.renamed.insert(*now, *was);
            }
            _ => renames.history.mark_unclear(now),
        }
    }
}

/// Returns the name of a static's type, without the compiler's numbers. It is described under the
/// symbol that the static had when its object was compiled.
fn type_of(atom: &AtomRef, symbols: &SymbolTable) -> Option<String> {
    let layouts: Layouts = atom.object.layouts().ok().cloned().into_iter().collect();
    Some(without_numbers(layouts.static_type(symbols.text(atom.atom().name?))?.name()))
}

/// A symbol, and the numbers in its path.
type Numbered = (Vec<u32>, SymbolId);

/// `instances` are the bodies of generic hot functions: trampolines know each by its address, so
/// that a wrong pair would give the callers of one the code of another.
fn code(renames: &mut Renames, sides: &Sides<'_>, instances: &HashSet<SymbolId>) {
    let is_code = |atoms: &[AtomRef]| {
        atoms.first().is_some_and(|a| {
            !a.object.crate_key.is_empty()
                && matches!(
                    a.atom().kind,
                    AtomKind::Text | AtomKind::ReadOnly | AtomKind::Constructor
                )
        })
    };
    let mut pairs: HashMap<(String, String), [Vec<Numbered>; 2]> = HashMap::new();
    let mut add = |side: usize, name: SymbolId, atom: &AtomRef| {
        let (path, told) = code_path(atom, name, &sides.baseline.symbols);
        if !told && !is_path_enough(sides) && instances.contains(&name) {
            return;
        }
        let family = (atom.object.crate_key.clone(), without_numbers(&path));
        pairs.entry(family).or_default()[side].push((numbers(&path), name));
    };
    for (name, atoms) in sides.baseline.live.iter() {
        if is_code(atoms)
            && sides.newest.one(name).is_none()
            && sides.baseline.symbols.is_mangled(name)
        {
            add(0, name, &atoms[0]);
        }
    }
    for (name, atoms) in sides.newest.iter() {
        if is_code(atoms)
            && !sides.baseline.live.contains(name)
            && sides.baseline.symbols.is_mangled(name)
        {
            add(1, name, &atoms[0]);
        }
    }
    for [mut gone, mut come] in pairs.into_values() {
        if gone.len() == come.len() {
            gone.sort();
            come.sort();
            renames.renamed.extend(come.iter().zip(&gone).map(|((_, now), (_, was))| (*now, *was)));
        }
    }
}

/// Returns the numbers behind each `#` of a name.
fn numbers(name: &str) -> Vec<u32> {
    let digits = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().unwrap_or(0)
    };
    name.split('#').skip(1).map(digits).collect()
}

/// Returns the path of a function or a constant, with the types of its instance where they are
/// described, and whether they are.
fn code_path(atom: &AtomRef, name: SymbolId, symbols: &SymbolTable) -> (String, bool) {
    let path = symbols.path(name);
    if atom.atom().kind != AtomKind::Text {
        return (path, false);
    }
    let layouts: Layouts = atom.object.layouts().ok().cloned().into_iter().collect();
    let then = atom.atom().name.unwrap_or(name);
    match layouts.function_name(symbols.text(then)) {
        Some(instance) => (format!("{path} {instance}"), true),
        None => (path, false),
    }
}
