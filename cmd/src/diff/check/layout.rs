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

use super::sizes::Sizes;
use super::swap::Swapped;
use super::vtables;
use crate::diff::live::state;
use crate::diff::object::{DiffError, ObjectFile, SymbolId, layouts_of, undescribed};
use crate::diff::policy::Guard;
use crate::diff::session::DiffSession;
use crate::layout::{Bound, HotFunction, Layouts, compare};
use crate::refusal::Detail;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What of a patch meets the running program, as far as layouts are concerned.
pub struct Shared<'a> {
    /// The hot functions whose slots are swapped, or would be.
    pub functions: Vec<Swapped>,
    /// Running statics and thread-locals that the patch refers to.
    pub state: Option<&'a BTreeSet<SymbolId>>,
}

/// Compares the types of what is shared; answers what differs.
pub fn check(
    world: &DiffSession,
    shared: &Shared<'_>,
    renamed: &HashMap<SymbolId, SymbolId>,
) -> Result<Vec<Detail>, DiffError> {
    let DiffSession { live_objects: lived, newest, loaded, names, guards, .. } = world;
    let (mut old, mut new, mut same) = (Vec::new(), Vec::new(), Vec::new());
    for (key, unit) in &newest.crates {
        let lived = lived.objects(key);
        let untouched = |object: &Arc<ObjectFile>| {
            let same = |other: &Arc<ObjectFile>| Arc::ptr_eq(other, object);
            let mut versions = lived.iter().filter(|version| version.unit == object.unit);
            unit.objects.iter().any(same) && lived.iter().any(same) && versions.all(same)
        };
        old.push(layouts_of(lived, |object| !untouched(object))?);
        new.push(layouts_of(&unit.objects, |object| !untouched(object))?);
        same.push(layouts_of(&unit.objects, untouched)?);
    }
    // What was renamed in this save goes by the name that it has in the running objects.
    let was = |name: &SymbolId| *renamed.get(name).unwrap_or(name);
    let bound: BTreeSet<SymbolId> = shared.state.into_iter().flatten().map(was).collect();
    let text = |name: &SymbolId| names.text(*name);
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
        details.extend(vtables::compare(lived, newest, &undescribed, names));
    }
    details.extend(differences.into_iter().map(|difference| Detail {
        lines: difference.to_string().lines().skip(1).map(|l| l.trim().to_owned()).collect(),
        ..Detail::changed(difference.item, difference.was, difference.now)
    }));
    Ok(details)
}

/// Parts of `hot` that may be compiled with the program: what its slots lead to is told by the hot
/// functions, and it keeps no other values of theirs.
const RUNTIME: [&str; 2] = ["hot", "hot_patch"];
