//! The layout guard: what the patch shares with the running program must look the same to both.
//!
//! [`crate::layout`] compares the types of the newest objects with those of every object that has
//! been live in this process: values may still be there from any of them. What is shared are the
//! running statics and thread-locals that the patch refers to, the bodies whose slots are swapped,
//! and the running functions that it calls.

use super::atom::Object;
use super::bind::Selection;
use super::name::{Name, Names};
use super::program::Program;
use super::{Detail, DiffError};
use crate::layout::{Bound, LayoutError, Layouts, ObjectLayouts, compare};
use std::collections::{BTreeMap, HashSet};
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
}

/// Compares what would be shared; answers what differs. `bodies` are those whose slots are swapped:
/// the name that runs, and the new one.
pub fn check(
    lived: &Lived,
    newest: &Program,
    bodies: &[(Name, Name)],
    selection: &Selection,
    names: &Names,
) -> Result<Vec<Detail>, DiffError> {
    let pointer = |object: &Arc<Object>| Arc::as_ptr(object) as usize;
    let now: HashSet<usize> = newest.objects().map(pointer).collect();
    let then: HashSet<usize> = lived.crates.values().flatten().map(pointer).collect();
    let only = |objects: &[Arc<Object>], other: &HashSet<usize>| -> Result<Layouts, DiffError> {
        let touched = objects.iter().filter(|o| !other.contains(&pointer(o)));
        read(touched.clone())?;
        touched.map(|object| layouts(object).cloned()).collect()
    };
    let old = lived.crates.values().map(|objects| only(objects, &now));
    let old: Vec<Layouts> = old.collect::<Result<_, _>>()?;
    let new = newest.crates.values().map(|unit| only(&unit.objects, &then));
    let new: Vec<Layouts> = new.collect::<Result<_, _>>()?;
    let bound = Bound {
        statics: selection.state.iter().map(|&name| names.text(name)).collect(),
        functions: bodies
            .iter()
            .copied()
            .chain(selection.called.iter().map(|&name| (name, name)))
            .map(|(was, now)| (names.text(was), names.text(now)))
            .collect(),
    };
    let blind = without_types(newest, &then)?;
    if !blind.is_empty() {
        return Ok(blind);
    }
    let differences =
        compare(&old.iter().collect::<Vec<_>>(), &new.iter().collect::<Vec<_>>(), &bound);
    Ok(differences
        .into_iter()
        .map(|difference| Detail {
            item: difference.item.clone(),
            was: difference.was.clone(),
            now: difference.now.clone(),
            lines: difference.to_string().lines().skip(1).map(|l| l.trim().to_owned()).collect(),
        })
        .collect())
}

/// The crates that were compiled anew and whose types cannot be compared, since nothing describes
/// them. A slot or a static alone is described by a type where there is full debug information.
fn without_types(newest: &Program, then: &HashSet<usize>) -> Result<Vec<Detail>, DiffError> {
    let mut blind = Vec::new();
    for unit in newest.crates.values() {
        let shared = |object: &Arc<Object>| {
            object.atoms.iter().any(|atom| atom.kind.is_state() && atom.name.is_some())
        };
        let touched = |object: &Arc<Object>| !then.contains(&(Arc::as_ptr(object) as usize));
        if !unit.objects.iter().any(touched) || !unit.objects.iter().any(shared) {
            continue;
        }
        let all = unit.objects.iter().map(|object| layouts(object).cloned());
        if !all.collect::<Result<Layouts, _>>()?.has_debug_info() {
            blind.push(Detail {
                item: format!("the crate {}", unit.name),
                was: String::new(),
                now: "is compiled without full debug information, so that its types cannot be \
                      compared with those of the running program; set `debug = true` in the \
                      profile"
                    .into(),
                lines: Vec::new(),
            });
        }
    }
    Ok(blind)
}

/// Reads the layouts that are not known yet, on all processors.
fn read<'a>(objects: impl Iterator<Item = &'a Arc<Object>>) -> Result<(), DiffError> {
    let unread: Vec<&Arc<Object>> = objects.filter(|o| o.layouts.get().is_none()).collect();
    let bytes: Vec<&[u8]> = unread.iter().map(|object| object.data.as_slice()).collect();
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
