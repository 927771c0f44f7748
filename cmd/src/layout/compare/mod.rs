//! The comparison of the running types with those that were just compiled.
//!
//! `index` finds types by name and says which have changed. `roots` finds the places where values
//! may be met by code of another build, and argues why there are no others; `graph` follows the
//! types from there, and `shape` sets the two types of each pair side by side. `vtables` compares
//! the tables of methods behind trait objects. `report` words what differs.
//!
//! `renamed` says whether a function's symbol is another for the names of fields alone.

mod bound;
mod difference;
mod graph;
mod index;
mod prehashed;
mod renamed;
mod report;
mod roots;
mod shape;
mod untyped;
mod vtables;

pub use bound::{Bound, Check, HotFunction};
pub use difference::{Difference, Origin};
pub use renamed::{described, only_renamed};

use super::layouts::Layouts;
use super::types::Object;
use graph::Graph;
use index::TypeIndex;
use report::{Context, report};
use roots::{Roots, roots};

/// Returns what of the new layouts contradicts the old where a value of the one may meet code for
/// the other; what is bound by itself first.
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
    let index = TypeIndex::build(objects(old), objects(new), &shared);
    let Roots { pairs, differences, realigned, signatures } = roots(&index, bound);
    let graph = Graph::explore(&index, pairs, bound);
    let vtables = if bound.checks(Check::Tables) {
        vtables::compare(index.old_objects(), index.new_objects(), &shared, &bound.own)
    } else {
        Vec::new()
    };
    report(&graph, Context { differences, realigned, signatures, vtables })
}

fn objects<'a>(layouts: &[&'a Layouts]) -> Vec<&'a Object> {
    layouts.iter().flat_map(|layouts| &layouts.objects).map(|object| &*object.0).collect()
}
