//! One save as it is analysed: the facts that all later phases look at.

use super::equality::Equality;
use super::reverse_refs::ReverseRefs;
use crate::diff::live::{Baseline, LiveSymbols, SymbolHistory};
use crate::diff::object::{
    AtomKind, AtomRef, Definitions, HotFunction, HotRegistry, Program, SymbolId, SymbolTable,
};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// A save beside what it is compared with, and what the comparison has found.
pub struct Analysis<'a> {
    /// The baseline that the save is compared with.
    pub baseline: &'a Baseline,
    /// The names.
    pub symbols: &'a SymbolTable,
    /// The newest objects.
    pub newest: Arc<Program>,
    /// Their crates, as paths begin with them.
    pub crates: Vec<String>,
    /// Their hot functions.
    pub registry: HotRegistry,
    /// Each symbol that is new to something that runs, and the one before.
    pub renamed: HashMap<SymbolId, SymbolId>,
    /// Which symbols mean one item, those of this save included.
    pub history: Arc<SymbolHistory>,
    /// The versions in the process, by the names that they have now.
    pub live: Cow<'a, LiveSymbols>,
    /// The names that call old code although that was replaced elsewhere.
    pub stale: HashSet<SymbolId>,
    /// The users of each name, in the newest objects and in what is stale.
    pub reverse_refs: ReverseRefs,
    /// The names that must be replaced where they are used.
    pub dirty: HashSet<SymbolId>,
    /// The names that this save changed.
    pub changed: Vec<(SymbolId, AtomKind)>,
    /// The comparisons that have been made before.
    pub equality: RefCell<Equality>,
}

impl Analysis<'_> {
    /// Returns where each name is defined in the newest objects.
    pub fn definitions(&self) -> &Definitions {
        &self.newest.definitions
    }

    /// Returns whether some new copy is unlike every old one.
    pub fn differs(&self, new: &[AtomRef], old: &[AtomRef]) -> bool {
        self.equality.borrow_mut().differs(new, old)
    }

    /// Returns the name that something had before this save.
    pub fn name_before(&self, now: SymbolId) -> SymbolId {
        *self.renamed.get(&now).unwrap_or(&now)
    }

    /// Returns the hot function that runs behind a slot of the newest objects.
    pub fn running_function(&self, slot: SymbolId) -> Option<&HotFunction> {
        self.baseline.registry.functions.get(&self.name_before(slot))
    }

    /// Returns the name of the hot function with a slot.
    pub fn function_name(&self, slot: SymbolId) -> String {
        self.registry.functions.get(&slot).map_or_else(String::new, |f| f.name.clone())
    }

    /// Returns the hot functions that the process does not have yet.
    pub fn added(&self) -> Vec<(SymbolId, &HotFunction)> {
        self.registry.added(|slot| self.live.contains(slot))
    }

    /// Returns the hot functions that run, but that the source has no longer.
    pub fn removed(&self) -> Vec<(SymbolId, &HotFunction)> {
        let runs = |slot| self.live.contains(slot);
        self.registry.removed(&self.baseline.registry, &self.renamed, runs)
    }
}
