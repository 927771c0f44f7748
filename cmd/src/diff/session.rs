//! Saves, judged one after the other against what runs.
//!
//! [`judge`] is the way of one save: it takes a baseline, which it does not change, and the objects
//! that were just compiled, and returns a candidate and the verdict. The session makes the
//! candidate the baseline, or a part of it, when that has become true.

use crate::diff::change::{Analysis, Root, Swapped, analyse, find_roots};
use crate::diff::check::{Refused, icf, layout, signature};
use crate::diff::impact::{NotApplied, StartupCalls, changed_items, no_effect, not_applied};
use crate::diff::link::{Linked, link};
use crate::diff::live::{Baseline, Candidate, StagedPatch};
use crate::diff::object::{Archives, CrateObjects, DiffError, HotFunction, SymbolId, undescribed};
use crate::diff::policy::Guards;
use crate::diff::verdict::{Prepared, Verdict};
use crate::refusal::Refusal;
use hot_patch::patch::PatchId;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

/// A running program, and the saves since it was started.
pub struct DiffSession {
    baseline: Baseline,
    /// The patch of the last verdict, until the program has loaded it or not.
    staged: Option<StagedPatch>,
}

impl DiffSession {
    /// Reads the executable and the objects that it was linked from.
    ///
    /// # Errors
    /// [`DiffError::Stale`] when the objects are not those that the executable was linked from;
    /// otherwise what could not be read.
    pub fn new(
        executable: &Path,
        crates: Vec<CrateObjects>,
        archives: Archives,
    ) -> Result<DiffSession, DiffError> {
        DiffSession::guarded(executable, crates, archives, Guards::default())
    }

    /// As [`DiffSession::new`], for tests, which take guards away to see them missed.
    ///
    /// # Errors
    /// As [`DiffSession::new`].
    #[doc(hidden)]
    pub fn guarded(
        executable: &Path,
        crates: Vec<CrateObjects>,
        archives: Archives,
        guards: Guards,
    ) -> Result<DiffSession, DiffError> {
        let baseline = Baseline::read(executable, crates, archives, guards)?;
        Ok(DiffSession { baseline, staged: None })
    }

    /// Returns the build ID of the executable.
    pub fn build_id(&self) -> &[u8] {
        &self.baseline.executable.build_id
    }

    /// Returns the number of hot functions in the executable.
    pub fn hot_functions(&self) -> usize {
        self.baseline.executable.hot_functions
    }

    /// Returns the names of the crates that share values with patches but describe no types. Of
    /// those only sizes, alignments and names are compared.
    ///
    /// # Errors
    /// When an object's debug information cannot be read.
    pub fn undescribed(&self) -> Result<Vec<String>, DiffError> {
        let program = &self.baseline.compiled;
        let keys = undescribed(program)?;
        let units = program.crates.iter().filter(|(key, _)| keys.contains(*key));
        let shares = units.filter(|(_, unit)| {
            unit.objects.iter().flat_map(|o| &o.atoms).any(|atom| atom.kind.is_state())
        });
        let mut names: Vec<String> = shares.map(|(_, unit)| unit.name.clone()).collect();
        names.dedup();
        Ok(names)
    }

    /// Compares the crates that were just rebuilt with what runs. Crates not named are as before.
    /// The objects are the newest from then on, whatever the verdict: the next save is compared
    /// with them.
    ///
    /// # Errors
    /// When an object or an archive cannot be read. Then the session is as it was: it does not know
    /// the objects, and has to be given them again.
    pub fn judge(&mut self, rebuilt: Vec<CrateObjects>) -> Result<Verdict, DiffError> {
        let (candidate, verdict) = judge(&self.baseline, rebuilt)?;
        self.baseline.set_compiled(candidate.program);
        self.staged = candidate.patch;
        Ok(verdict.in_source_names())
    }

    /// Records that the last verdict's patch is live in the process.
    pub fn committed(&mut self, id: PatchId) {
        if let Some(patch) = self.staged.take_if(|patch| patch.id == id) {
            self.baseline.commit(patch);
        }
    }

    /// Records that the last verdict's patch was not loaded: what ran before runs on.
    pub fn rejected(&mut self, id: PatchId) {
        self.staged.take_if(|patch| patch.id == id);
    }
}

/// Judges a save.
fn judge(
    baseline: &Baseline,
    rebuilt: Vec<CrateObjects>,
) -> Result<(Candidate, Verdict), DiffError> {
    let program = Arc::new(baseline.compiled.with(rebuilt, &baseline.symbols)?);
    let without_patch = Candidate { program: program.clone(), patch: None };
    let refused = |refusal: Refused| {
        let Refused { why, details } = refusal;
        Verdict::Refused { why, details }
    };

    let analysis = match analyse(baseline, program) {
        Ok(analysis) => analysis,
        Err(unclear) => {
            let refusal = signature::unclear(*unclear, &baseline.registry);
            return Ok((without_patch, refused(refusal)));
        }
    };
    if let Some(refusal) = signature::check(&analysis)? {
        return Ok((without_patch, refused(refusal)));
    }
    let roots = find_roots(&analysis);
    if roots.is_empty() {
        let (changed, why) = no_effect(&analysis);
        return Ok((without_patch, Verdict::NoEffect { changed, why }));
    }
    if let Some(refusal) = icf::check(&analysis, &roots) {
        return Ok((without_patch, refused(refusal)));
    }
    let linked = link(&analysis, &roots)?;
    let functions: Vec<Swapped> = roots.iter().map(|root| root.swapped(&analysis)).collect();
    let layouts = layout::check(&analysis, &functions, &linked.selection.state)?;
    // A static whose type has changed stands in the way of linking too, but the type says more.
    if !layouts.is_empty() {
        return Ok((without_patch, refused(Refused { why: Refusal::Layout, details: layouts })));
    }
    if let Some(refusal) = linked.refusal(&analysis) {
        return Ok((without_patch, refused(refusal)));
    }
    let (patch, prepared) = prepare(analysis, &roots, linked);
    let candidate = Candidate { patch: Some(patch), ..without_patch };
    Ok((candidate, Verdict::Patch(Box::new(prepared))))
}

/// Says what a patch does, and what becomes true when it is loaded.
fn prepare(analysis: Analysis<'_>, roots: &[Root], linked: Linked) -> (StagedPatch, Prepared) {
    let carried = linked.carried(&analysis);
    let included: HashSet<SymbolId> = carried.iter().map(|(name, ..)| *name).collect();
    let named = |(_, function): &(SymbolId, &HotFunction)| function.name.clone();
    let added = analysis.added();
    let added = added.iter().filter(|(slot, _)| included.contains(slot)).map(named).collect();
    let not_applied = NotApplied {
        removed: analysis.removed().iter().map(named).collect(),
        once: StartupCalls::new(&analysis).map_or_else(Vec::new, |mut calls| {
            let slots: BTreeSet<SymbolId> = roots.iter().map(|root| root.slot).collect();
            slots.into_iter().filter_map(|slot| calls.of(slot)).collect()
        }),
        ..not_applied(&analysis, &included)
    };
    let changed = changed_items(&analysis);
    let new_statics = linked.selection.new_statics.len();
    let (id, constructed) = (linked.id(), linked.constructors.iter().copied().collect());
    let patch = linked.into_patch(&analysis);
    let mut functions: Vec<String> = patch.swaps.iter().map(|swap| swap.name.clone()).collect();
    functions.sort();
    functions.dedup();
    let prepared = Prepared { patch, functions, added, changed, not_applied, new_statics };

    let remains = |name: &&SymbolId| analysis.live.contains(**name);
    let stale = analysis.dirty.difference(&included).filter(remains).copied().collect();
    let Analysis { newest, registry, history, live, .. } = analysis;
    let renamed = match live {
        Cow::Borrowed(_) => None,
        Cow::Owned(renamed) => Some(renamed),
    };
    let program = newest;
    let patch =
        StagedPatch { id, program, carried, renamed, history, registry, stale, constructed };
    (patch, prepared)
}
