//! The layout guard: no value may be met by code that was compiled for another layout of its type.
//!
//! [`crate::layout`] compares the types of the newest objects with those of every object that has
//! been live in this process: values may still be there from any of them. It is given what old and
//! new code may meet through: the statics and thread-locals of the process, and the hot functions
//! whose slots are swapped. That nothing else is shared, and what follows from each, is argued in
//! `layout::roots`. What changed and is not found from there goes live.
//!
//! A codegen unit of which only one version has ever been live, and which is that version still,
//! describes nothing that has changed: were a type in it another now, its own description of the
//! type would be another, and it would not be the same object. What is compared in full are the
//! units that the saves have touched, so that the guard's cost does not grow with the program. The
//! others count where a type has changed, since they may mention it in the name of a `dyn` type.
//!
//! A crate that is compiled without debug information describes nothing. There `sizes` and `tables`
//! compare what the objects tell without it, which is less, as the person is told at the start.

use super::atom::{Atom, Kind, Object, Target};
use super::guards::Guard;
use super::hot::Size;
use super::name::Name;
use super::program::Program;
use super::sizes::Sizes;
use super::world::Loaded;
use super::{Detail, DiffError, World, tables};
use crate::layout::{Bound, HotFunction, LayoutError, Layouts, ObjectLayouts, compare};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The objects whose code has been live, by crate, newest first.
#[derive(Clone, Default)]
pub struct Lived {
    crates: BTreeMap<String, Vec<Arc<Object>>>,
}

impl Lived {
    /// Adds a program that has become live, and reads the layouts of what is new in it.
    pub fn add(&mut self, program: &Program) -> Result<(), DiffError> {
        for (key, unit) in &program.crates {
            let known = self.crates.entry(key.clone()).or_default();
            let fresh = unit.objects.iter().filter(|o| !known.iter().any(|k| Arc::ptr_eq(k, o)));
            let mut objects: Vec<Arc<Object>> = fresh.cloned().collect();
            read(objects.iter())?;
            objects.append(known);
            *known = objects;
        }
        Ok(())
    }

    /// The objects of one crate.
    pub fn objects(&self, key: &str) -> &[Arc<Object>] {
        self.crates.get(key).map_or(&[], Vec::as_slice)
    }
}

/// Keys of the crates that describe no types: there the guard would see no difference, whatever
/// changed.
pub fn undescribed(program: &Program) -> Result<BTreeSet<String>, DiffError> {
    let mut keys = BTreeSet::new();
    for (key, unit) in &program.crates {
        read(unit.objects.iter())?;
        if !gather(&unit.objects)?.has_debug_info() {
            keys.insert(key.clone());
        }
    }
    Ok(keys)
}

/// What of a patch meets the running program, as far as layouts are concerned.
pub struct Shared<'a> {
    /// The hot functions whose slots are swapped, or would be.
    pub functions: Vec<Swapped>,
    /// Running statics and thread-locals that the patch refers to.
    pub state: Option<&'a BTreeSet<Name>>,
}

/// A hot function, before and after.
pub struct Swapped {
    /// The code that runs, under all symbols that it has had: callers may go by what is described
    /// under each.
    pub was: Vec<Name>,
    /// The new code.
    pub now: Name,
    /// Its name in the registry.
    pub name: String,
    /// The sizes that it told, and those that it tells now.
    pub sizes: [Option<Vec<Size>>; 2],
}

/// Compares the types of what is shared; answers what differs.
pub fn check(
    world: &World,
    shared: &Shared<'_>,
    renamed: &HashMap<Name, Name>,
) -> Result<Vec<Detail>, DiffError> {
    let World { lived, newest, loaded, names, guards, .. } = world;
    let (mut old, mut new, mut same) = (Vec::new(), Vec::new(), Vec::new());
    for (key, unit) in &newest.crates {
        let lived = lived.crates.get(key).map_or(&[][..], Vec::as_slice);
        let untouched = |object: &Arc<Object>| {
            let same = |other: &Arc<Object>| Arc::ptr_eq(other, object);
            let mut versions = lived.iter().filter(|version| version.unit == object.unit);
            unit.objects.iter().any(same) && lived.iter().any(same) && versions.all(same)
        };
        old.push(layouts_of(lived, |object| !untouched(object))?);
        new.push(layouts_of(&unit.objects, |object| !untouched(object))?);
        same.push(layouts_of(&unit.objects, untouched)?);
    }
    // What was renamed in this save goes by the name that it has in the running objects.
    let was = |name: &Name| *renamed.get(name).unwrap_or(name);
    let bound: BTreeSet<Name> = shared.state.into_iter().flatten().map(was).collect();
    let text = |name: &Name| names.text(*name);
    let crates = newest.crate_names();
    let own = crates.iter().map(String::as_str).filter(|name| !RUNTIME.contains(name)).collect();
    let functions = shared.functions.iter().map(|swapped| HotFunction {
        was: swapped.was.iter().map(text).collect(),
        now: text(&swapped.now),
        name: &swapped.name,
    });
    let bound = Bound {
        state: state(lived, loaded).difference(&bound).map(text).collect(),
        statics: bound.iter().map(text).collect(),
        functions: functions.collect(),
        own,
        trusted: RUNTIME.to_vec(),
        off: guards.layout_checks_off(),
    };
    fn all(layouts: &[Layouts]) -> Vec<&Layouts> {
        layouts.iter().collect()
    }
    let differences = compare(&all(&old), &all(&new), &all(&same), &bound);
    let undescribed = undescribed(newest)?;
    let sizes = Sizes { undescribed: &undescribed, loaded, newest, names, guards };
    let mut details = sizes.check(&shared.functions);
    if guards.on(Guard::Places) {
        details.extend(tables::compare(lived, newest, &undescribed, names));
    }
    details.extend(differences.into_iter().map(|difference| Detail {
        item: difference.item.clone(),
        was: difference.was.clone(),
        now: difference.now.clone(),
        lines: difference.to_string().lines().skip(1).map(|l| l.trim().to_owned()).collect(),
    }));
    Ok(details)
}

/// Parts of `hot` that may be compiled with the program: what its slots lead to is told by the hot
/// functions, and it keeps no other values of theirs.
const RUNTIME: [&str; 2] = ["hot", "hot_patch"];

/// The statics and thread-locals in the process: those with state, and constants that lead to
/// state without a name.
fn state(lived: &Lived, loaded: &Loaded) -> BTreeSet<Name> {
    // Private constants may refer to each other in circles.
    fn leads_to_state(object: &Object, atom: &Atom) -> bool {
        let mut seen = HashSet::new();
        let mut waiting = vec![atom];
        while let Some(atom) = waiting.pop() {
            for reloc in &atom.relocs {
                let Target::Atom(index) = reloc.target else { continue };
                let target = &object.atoms[index as usize];
                match target.kind {
                    _ if target.name.is_some() => {}
                    Kind::Data => return true,
                    Kind::ReadOnly if seen.insert(index) => waiting.push(target),
                    _ => {}
                }
            }
        }
        false
    }
    let objects = lived.crates.values().flatten();
    let atoms = objects.flat_map(|object| object.atoms.iter().map(move |atom| (object, atom)));
    let state = atoms.filter_map(|(object, atom)| {
        let name = atom.name.filter(|name| loaded.contains(*name))?;
        let counts = match atom.kind {
            Kind::Data | Kind::ThreadLocal => true,
            Kind::ReadOnly => leads_to_state(object, atom),
            _ => false,
        };
        counts.then_some(name)
    });
    state.collect()
}

/// The layouts of some of the objects.
fn layouts_of(
    objects: &[Arc<Object>],
    wanted: impl Fn(&Arc<Object>) -> bool,
) -> Result<Layouts, DiffError> {
    let wanted: Vec<Arc<Object>> = objects.iter().filter(|o| wanted(o)).cloned().collect();
    read(wanted.iter())?;
    gather(&wanted)
}

fn gather(objects: &[Arc<Object>]) -> Result<Layouts, DiffError> {
    objects.iter().map(|object| layouts(object).cloned()).collect()
}

/// Reads the layouts that are not known yet, on all processors.
fn read<'a>(objects: impl Iterator<Item = &'a Arc<Object>>) -> Result<(), DiffError> {
    let unread: Vec<&Arc<Object>> = objects.filter(|o| o.layouts.get().is_none()).collect();
    let bytes: Vec<(&[u8], Option<&[u8]>)> =
        unread.iter().map(|o| (o.data.as_slice(), o.split.as_deref())).collect();
    let failed =
        |e: LayoutError| DiffError::Object { unit: "of the program".into(), what: e.to_string() };
    for (object, read) in unread.iter().zip(ObjectLayouts::read_all(&bytes).map_err(failed)?) {
        // Nobody else sets it: `unread` holds each object once.
        object.layouts.get_or_init(|| read);
    }
    Ok(())
}

fn layouts(object: &Object) -> Result<&ObjectLayouts, DiffError> {
    object
        .layouts()
        .map_err(|e| DiffError::Object { unit: object.unit.clone(), what: e.to_string() })
}
