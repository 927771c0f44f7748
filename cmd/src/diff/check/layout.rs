//! The layout guard: no value may be met by code that was compiled for another layout of its type.
//!
//! [`crate::layout`] compares the types of the newest objects with those of every object that has
//! been live in this process: values may still be there from any of them. It is given what old and
//! new code may meet through: the statics and thread-locals of the process, and the hot functions
//! whose slots are swapped. That nothing else is shared, and what follows from each, is argued in
//! `layout::compare::roots`. What changed and is not found from there goes live.
//!
//! A codegen unit of which only one version has ever been live, and which is that version still,
//! describes nothing that has changed: were a type in it another now, its own description of the
//! type would be another, and it would not be the same object. What is compared in full are the
//! units that the saves have touched, so that the guard's cost does not grow with the program. The
//! others count where a type has changed, since they may mention it in the name of a `dyn` type.
//!
//! A crate that is compiled without debug information describes nothing. There `sizes` and
//! `vtables` compare what the objects have without it, which is less, as is said at the start.

use super::{sizes, vtables};
use crate::diff::change::{Analysis, Swapped};
use crate::diff::live::state;
use crate::diff::object::{DiffError, ObjectFile, SymbolId, layouts_of, undescribed};
use crate::diff::policy::Guard;
use crate::layout::{Bound, Difference, HotFunction, Layouts, compare};
use crate::refusal::Detail;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Compares the types of what is shared, and returns what differs: of the hot functions whose slots
/// are swapped, or would be, and of the running statics and thread-locals that the patch refers to.
pub fn check(
    analysis: &Analysis<'_>,
    functions: &[Swapped],
    bound: &BTreeSet<SymbolId>,
) -> Result<Vec<Detail>, DiffError> {
    let differences = Versions::read(analysis)?.compare(analysis, functions, bound);
    let undescribed = undescribed(&analysis.newest)?;
    let mut details = sizes::check(analysis, &undescribed, functions);
    if analysis.baseline.guards.on(Guard::Places) {
        details.extend(vtables::compare(analysis, &undescribed));
    }
    details.extend(differences.into_iter().map(|difference| Detail {
        lines: difference.to_string().lines().skip(1).map(|l| l.trim().to_owned()).collect(),
        ..Detail::changed(difference.item, difference.was, difference.now)
    }));
    Ok(details)
}

/// The layouts of each crate: of what has been live, of what is new, and of what is in both.
struct Versions {
    old: Vec<Layouts>,
    new: Vec<Layouts>,
    same: Vec<Layouts>,
}

impl Versions {
    fn read(analysis: &Analysis<'_>) -> Result<Versions, DiffError> {
        let mut all = Versions { old: Vec::new(), new: Vec::new(), same: Vec::new() };
        for (key, unit) in &analysis.newest.crates {
            let lived = analysis.baseline.objects.objects(key);
            let untouched = |object: &Arc<ObjectFile>| {
                let same = |other: &Arc<ObjectFile>| Arc::ptr_eq(other, object);
                let mut versions = lived.iter().filter(|version| version.unit == object.unit);
                unit.objects.iter().any(same) && lived.iter().any(same) && versions.all(same)
            };
            all.old.push(layouts_of(lived, |object| !untouched(object))?);
            all.new.push(layouts_of(&unit.objects, |object| !untouched(object))?);
            all.same.push(layouts_of(&unit.objects, untouched)?);
        }
        Ok(all)
    }

    fn compare(
        &self,
        analysis: &Analysis<'_>,
        functions: &[Swapped],
        bound: &BTreeSet<SymbolId>,
    ) -> Vec<Difference> {
        let Analysis { baseline, symbols, crates, .. } = analysis;
        // What was renamed in this save goes by the name that it has in the running objects.
        let bound: BTreeSet<SymbolId> =
            bound.iter().map(|name| analysis.name_before(*name)).collect();
        let text = |name: &SymbolId| symbols.text(*name);
        let own = crates.iter().map(String::as_str).filter(|name| !RUNTIME.contains(name));
        let functions = functions.iter().map(|swapped| HotFunction {
            was: swapped.was.iter().map(text).collect(),
            now: text(&swapped.now),
            name: &swapped.name,
        });
        let state = state(&baseline.objects, &baseline.live);
        let bound = Bound {
            state: state.difference(&bound).map(text).collect(),
            statics: bound.iter().map(text).collect(),
            functions: functions.collect(),
            own: own.collect(),
            trusted: RUNTIME.to_vec(),
            off: baseline.guards.layout_checks_off(),
        };
        fn all(layouts: &[Layouts]) -> Vec<&Layouts> {
            layouts.iter().collect()
        }
        compare(&all(&self.old), &all(&self.new), &all(&self.same), &bound)
    }
}

/// Parts of `hot` that may be compiled with the program: what its slots lead to is described by the
/// hot functions, and it keeps no other values of theirs.
const RUNTIME: [&str; 2] = ["hot", "hot_patch"];
