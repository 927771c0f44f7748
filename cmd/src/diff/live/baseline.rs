//! The baseline that saves are compared with: what is in the process, and what was compiled last.
//!
//! A save is judged against a baseline that nothing changes meanwhile, and comes out as a
//! [`Candidate`]. The baseline takes from it what has become true, and no sooner: the objects when
//! the verdict is there ([`Baseline::set_compiled`]), what runs when the program has loaded the
//! patch ([`Baseline::commit`]). An error in between drops the candidate, and nothing else.

use super::executable::Executable;
use super::history::SymbolHistory;
use super::linked;
use super::location::PatchLocation;
use super::objects::LiveObjects;
use super::symbols::LiveSymbols;
use crate::diff::object::{
    ArchiveReader, Archives, AtomKind, AtomRef, CrateObjects, DiffError, HotRegistry, Program,
    SymbolId, SymbolTable, read_layouts,
};
use crate::diff::policy::{Guard, Guards};
use hot_patch::patch::PatchId;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// The state that a save is compared with: the executable, for each function and static the version
/// that is loaded, and the objects that were compiled last.
pub struct Baseline {
    /// The symbols of all objects. The table grows while a save is judged; that changes nothing.
    pub symbols: SymbolTable,
    /// The archives that missing functions come from. What was read of them is kept; that changes
    /// nothing.
    pub archives: ArchiveReader,
    /// The guards that stand.
    pub guards: Guards,
    /// The executable.
    pub executable: Executable,
    /// The newest objects that were compiled, live or not.
    pub compiled: Arc<Program>,
    /// The objects of which the newest patch was made, or those of the executable.
    pub settled: Arc<Program>,
    /// The versions that are in the process.
    pub live: LiveSymbols,
    /// The names that still call old code although that was replaced elsewhere.
    pub stale: HashSet<SymbolId>,
    /// The names that are in the process but were not in the program when the last patch was made,
    /// so that it is not known whether what they call was replaced. One that comes back counts as
    /// stale.
    pub absent: HashSet<SymbolId>,
    /// The hot functions as they run, by slot.
    pub registry: HotRegistry,
    /// The symbols that have been renamed since the executable was built.
    pub history: Arc<SymbolHistory>,
    /// Functions that run before main and have run.
    pub constructed: HashSet<SymbolId>,
    /// The objects whose types may have values in the process.
    pub objects: LiveObjects,
}

/// The parts of the baseline that a save replaces when they become true.
pub struct Candidate {
    /// The objects that were judged.
    pub program: Arc<Program>,
    /// The patch, if there is one.
    pub patch: Option<StagedPatch>,
}

/// A patch with the state that becomes true when it is loaded.
pub struct StagedPatch {
    /// The patch.
    pub id: PatchId,
    /// The objects that it was made of.
    pub program: Arc<Program>,
    /// The contents: each name, its copies in the program, and where it is in the patch.
    pub carried: Vec<(SymbolId, Vec<AtomRef>, PatchLocation)>,
    /// The versions in the process by the names that they have now, if some are new.
    pub renamed: Option<LiveSymbols>,
    /// All symbols up to now.
    pub history: Arc<SymbolHistory>,
    /// The hot functions that run then.
    pub registry: HotRegistry,
    /// The names that call old code then.
    pub stale: HashSet<SymbolId>,
    /// Functions that run before main and run with it.
    pub constructed: HashSet<SymbolId>,
}

impl Baseline {
    /// Reads the executable and the objects that it was linked from.
    pub fn read(
        executable: &Path,
        crates: Vec<CrateObjects>,
        archives: Archives,
        guards: Guards,
    ) -> Result<Baseline, DiffError> {
        let symbols = SymbolTable::default();
        let executable = Executable::read(executable, &symbols)?;
        let program = Arc::new(Program::default().with(crates, &symbols)?);
        let mut live = LiveSymbols::from_executable(&program.definitions, &executable, &symbols);
        match linked::check(&executable, &live, &symbols, &program) {
            Ok(foreign) => foreign.into_iter().for_each(|name| live.disown(name)),
            Err(stale) if guards.on(Guard::Stale) => return Err(stale),
            Err(_) => {}
        }
        read_layouts(program.objects())?;
        let mut objects = LiveObjects::default();
        objects.add(&program);
        let constructors = program.atoms(AtomKind::Constructor);
        Ok(Baseline {
            symbols,
            archives: ArchiveReader::new(archives.paths, archives.shared),
            guards,
            executable,
            live,
            stale: HashSet::new(),
            absent: HashSet::new(),
            registry: HotRegistry::read(&program),
            history: Arc::default(),
            constructed: constructors.filter_map(|atom| atom.atom().name).collect(),
            objects,
            settled: program.clone(),
            compiled: program,
        })
    }

    /// Records the objects that were compiled last: the next save is compared with these.
    pub fn set_compiled(&mut self, program: Arc<Program>) {
        self.compiled = program;
    }

    /// Records that a patch is live in the process.
    pub fn commit(&mut self, patch: StagedPatch) {
        if let Some(renamed) = patch.renamed {
            self.live = renamed;
        }
        self.history = patch.history;
        self.live.add(patch.id, &patch.carried);
        self.stale = patch.stale;
        let names = self.live.iter().map(|(name, _)| name);
        let is_absent = |name: &SymbolId| patch.program.definitions.all(*name).is_empty();
        self.absent = names.filter(is_absent).collect();
        self.registry = patch.registry;
        self.constructed.extend(patch.constructed);
        self.objects.add(&patch.program);
        self.settled = patch.program;
    }
}
