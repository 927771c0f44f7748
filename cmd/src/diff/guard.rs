//! The layout guard: what the patch shares with the running program must look the same to both.
//!
//! [`crate::layout`] compares the types of the newest objects with those of every object that has
//! been live in this process: values may still be there from any of them. What is shared are the
//! running statics and thread-locals that the patch refers to, the bodies whose slots are swapped,
//! and the running functions that it calls.
//!
//! A codegen unit of which only one version has ever been live, and which is that version still, is
//! left out: were a type in it another now, its own description of the type would be another, and
//! it would not be the same object. What is left is what the saves have touched, so that the
//! guard's cost does not grow with the program.

use super::atom::Object;
use super::bind::Selection;
use super::name::{Name, Names};
use super::program::Program;
use super::{Detail, DiffError};
use crate::layout::{Bound, LayoutError, Layouts, ObjectLayouts, compare};
use std::collections::{BTreeMap, HashMap};
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

    /// Checks that each crate that has statics or hot functions describes its types: without that
    /// the guard would see no difference, whatever changed.
    pub fn check_described(&self, program: &Program) -> Result<(), DiffError> {
        for (key, unit) in &program.crates {
            let objects = self.crates.get(key).map_or(&[][..], Vec::as_slice);
            let shares = objects.iter().flat_map(|o| &o.atoms).any(|a| a.kind.is_state());
            if shares && !gather(objects)?.has_debug_info() {
                return Err(DiffError::NoDebugInformation { name: unit.name.clone() });
            }
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
    renamed: &HashMap<Name, Name>,
    names: &Names,
) -> Result<Vec<Detail>, DiffError> {
    let mut old = Vec::new();
    let mut new = Vec::new();
    for (key, unit) in &newest.crates {
        let lived = lived.crates.get(key).map_or(&[][..], Vec::as_slice);
        let untouched = |object: &Arc<Object>| {
            let same = |other: &Arc<Object>| Arc::ptr_eq(other, object);
            let mut versions = lived.iter().filter(|version| version.unit == object.unit);
            unit.objects.iter().any(same) && lived.iter().any(same) && versions.all(same)
        };
        old.push(touched(lived, untouched)?);
        new.push(touched(&unit.objects, untouched)?);
    }
    let was = |name: &Name| *renamed.get(name).unwrap_or(name);
    let bound = Bound {
        statics: selection.state.iter().map(|name| names.text(was(name))).collect(),
        functions: bodies
            .iter()
            .copied()
            .chain(selection.called.iter().map(|name| (was(name), *name)))
            .map(|(was, now)| (names.text(was), names.text(now)))
            .collect(),
    };
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

/// The layouts of the objects that are not to be left out.
fn touched(
    objects: &[Arc<Object>],
    untouched: impl Fn(&Arc<Object>) -> bool,
) -> Result<Layouts, DiffError> {
    let touched: Vec<Arc<Object>> = objects.iter().filter(|o| !untouched(o)).cloned().collect();
    read(touched.iter())?;
    gather(&touched)
}

fn gather(objects: &[Arc<Object>]) -> Result<Layouts, DiffError> {
    objects.iter().map(|object| layouts(object).cloned()).collect()
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
