//! The slots that a save swaps.

use super::analysis::Analysis;
use crate::diff::live::Location;
use crate::diff::object::{SizeAlign, SymbolId};

/// A slot that will be swapped.
pub struct Root {
    /// The slot.
    pub slot: SymbolId,
    /// The new body.
    pub body: SymbolId,
    /// For an instance of a generic function: the bodies under which trampolines ask.
    pub instances: Vec<Location>,
}

/// Returns the slots in the process whose body must be replaced, in order.
pub fn find(analysis: &Analysis<'_>) -> Vec<Root> {
    let Analysis { registry, dirty, live, .. } = analysis;
    let mut roots = Vec::new();
    for (&slot, function) in &registry.functions {
        if let Some(body) = function.body
            && dirty.contains(&body)
            && live.location(slot).is_some()
        {
            roots.push(Root { slot, body, instances: Vec::new() });
        }
    }
    for &(slot, body) in &registry.instances {
        let first = live.first(body);
        if dirty.contains(&body) && live.location(slot).is_some() && !first.is_empty() {
            roots.push(Root { slot, body, instances: first.to_vec() });
        }
    }
    roots.sort_by_key(|root| (root.slot, root.body));
    roots
}

/// A hot function, before and after.
pub struct Swapped {
    /// The code that runs, under all symbols that it has had: callers may go by what is described
    /// under each.
    pub was: Vec<SymbolId>,
    /// The new code.
    pub now: SymbolId,
    /// Its name in the registry.
    pub name: String,
    /// The sizes that its entry had, and those that it has now.
    pub sizes: [Option<Vec<SizeAlign>>; 2],
}

impl Root {
    /// Returns the function behind the slot, as it runs and as it is now.
    pub fn swapped(&self, analysis: &Analysis<'_>) -> Swapped {
        let (running, now) =
            (analysis.running_function(self.slot), analysis.registry.functions.get(&self.slot));
        // The body in the slot may go by another name than the new one.
        let was = running.and_then(|function| function.body).unwrap_or(self.body);
        Swapped {
            was: analysis.history.all(was),
            now: self.body,
            name: analysis.function_name(self.slot),
            sizes: [running, now].map(|function| function.and_then(|f| f.sizes.clone())),
        }
    }
}
