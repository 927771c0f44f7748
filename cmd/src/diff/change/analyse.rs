//! Analyses a save: the phases up to the first question whether it may go live.
//!
//! Renamed symbols are found again, what is in the process gets the names that it has now, the
//! references are turned round, and what changed spreads along them.

use super::analysis::Analysis;
use super::equality::Equality;
use super::renames::{self, Renames, Sides};
use super::reverse_refs::{ReverseRefs, spreads};
use super::{changed, dirty};
use crate::diff::live::{Baseline, SymbolHistory};
use crate::diff::object::{HotRegistry, Program, SymbolId};
use crate::diff::policy::Guard;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The hot functions that go by other symbols and cannot be told apart by name.
pub struct Unclear {
    /// Their names.
    pub names: Vec<String>,
    /// The hot functions of the newest objects.
    pub registry: HotRegistry,
}

/// Compares the newest objects with the baseline.
pub fn analyse(baseline: &Baseline, newest: Arc<Program>) -> Result<Analysis<'_>, Box<Unclear>> {
    let registry = HotRegistry::read(&newest);
    let sides = Sides { baseline, newest: &newest.definitions, registry: &registry };
    let Renames { renamed, history } = match renames::find(&sides) {
        Ok(renames) => renames,
        Err(names) if baseline.guards.on(Guard::Renamed) => {
            return Err(Box::new(Unclear { names, registry }));
        }
        Err(_) => {
            Renames { renamed: HashMap::new(), history: SymbolHistory::clone(&baseline.history) }
        }
    };
    let history = Arc::new(history);
    let mut live = Cow::Borrowed(&baseline.live);
    if !renamed.is_empty() {
        live.to_mut().rename(&renamed);
    }
    let mut analysis = Analysis {
        baseline,
        symbols: &baseline.symbols,
        crates: newest.crate_names(),
        stale: stale(baseline, &newest, &renamed),
        reverse_refs: ReverseRefs::new(&newest, &registry, &baseline.symbols),
        equality: RefCell::new(Equality::new(history.clone())),
        newest,
        registry,
        renamed,
        history,
        live,
        dirty: HashSet::new(),
        changed: Vec::new(),
    };
    analysis.dirty = dirty::find(&analysis);
    analysis.changed = changed::find(&analysis);
    // What goes on with old code refers to what it was compiled with.
    for atom in analysis.stale.iter().flat_map(|name| analysis.live.copies(*name)) {
        analysis.reverse_refs.enter(atom, &analysis.registry, analysis.symbols);
    }
    Ok(analysis)
}

/// Returns what calls old code, under the names that it has now: what did so before, and what comes
/// back after it was gone from the program.
fn stale(
    baseline: &Baseline,
    newest: &Program,
    renamed: &HashMap<SymbolId, SymbolId>,
) -> HashSet<SymbolId> {
    let now: HashMap<SymbolId, SymbolId> = renamed.iter().map(|(now, was)| (*was, *now)).collect();
    let by_new_name = |name: &SymbolId| *now.get(name).unwrap_or(name);
    let mut stale: HashSet<SymbolId> = baseline.stale.iter().map(by_new_name).collect();
    stale.extend(baseline.absent.iter().map(by_new_name).filter(|name| {
        let atom = newest.definitions.all(*name).first();
        atom.is_some_and(|atom| spreads(*name, atom.atom().kind, &baseline.symbols))
    }));
    stale
}
