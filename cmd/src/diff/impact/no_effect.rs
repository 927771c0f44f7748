//! Why a save has no effect: nothing would be swapped.

use super::advice::why_not;
use super::changed::changed_items;
use crate::diff::change::Analysis;
use crate::diff::object::{HotFunction, SymbolId};

/// Returns the changed items, and why that has no effect now.
pub fn no_effect(analysis: &Analysis<'_>) -> (Vec<String>, String) {
    let changed = changed_items(analysis);
    let mut why = if changed.is_empty() {
        "the compiled code is the same as what runs".to_owned()
    } else {
        // Hot functions that are new are spoken of below.
        let is_new =
            |name| !analysis.live.contains(name) && analysis.registry.bodies.contains(&name);
        let why = why_not(analysis, |name| !is_new(name));
        if why.is_empty() { "no #[hot] function reaches it".to_owned() } else { why }
    };
    let is_news = |function: &HotFunction| {
        function.body.is_none_or(|body| analysis.changed.iter().any(|(name, _)| *name == body))
    };
    let was_there = |slot: SymbolId| analysis.baseline.compiled.definitions.one(slot).is_some();
    let (added, removed) = (analysis.added(), analysis.removed());
    let added = added.iter().filter(|(_, function)| is_news(function));
    let removed = removed.iter().filter(|(slot, _)| was_there(*slot));
    why += &arrivals(
        &added.map(|(_, function)| function.name.as_str()).collect::<Vec<_>>(),
        &removed.map(|(_, function)| function.name.as_str()).collect::<Vec<_>>(),
    );
    (changed, why)
}

/// Says what becomes of hot functions that the source has since this save, or has no longer, when
/// nothing is swapped.
pub fn arrivals(added: &[&str], removed: &[&str]) -> String {
    let mut text = String::new();
    if !added.is_empty() {
        text += &format!(
            "; {} new: what is new or renamed goes live with a #[hot] \
             function that calls it, or at restart",
            are(added)
        );
    }
    if !removed.is_empty() {
        text += &format!(
            "; {} gone from the source: what still calls it gets its last code",
            are(removed)
        );
    }
    text
}

fn are(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
