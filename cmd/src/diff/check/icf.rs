//! Instances of generic functions that the optimiser has merged with something else, since their
//! code was alike: trampolines ask by its address, and would all be given the code of one.

use super::refused::Refused;
use crate::diff::change::{Analysis, Root};
use crate::diff::live::Location;
use crate::diff::object::SymbolId;
use crate::diff::policy::Guard;
use crate::refusal::{Detail, Refusal};
use std::collections::HashMap;

/// Refuses a save that swaps such an instance.
pub fn check(analysis: &Analysis<'_>, roots: &[Root]) -> Option<Refused> {
    let instances = roots.iter().flat_map(|root| root.instances.iter().map(|&s| (s, root.body)));
    let instances: HashMap<Location, SymbolId> = instances.collect();
    if instances.is_empty() || !analysis.baseline.guards.on(Guard::Merged) {
        return None;
    }
    const MERGED: &str = "shares its code in the program with an instance of a generic function \
                          that has changed: the optimiser found them alike and merged them";
    let namesakes = analysis.live.namesakes(&instances).into_iter();
    let mut details: Vec<Detail> =
        namesakes.map(|name| Detail::of(analysis.symbols.path(name), MERGED.to_owned())).collect();
    details.sort_by(|a, b| a.item.cmp(&b.item));
    details.dedup();
    (!details.is_empty()).then_some(Refused { why: Refusal::Symbol, details })
}
