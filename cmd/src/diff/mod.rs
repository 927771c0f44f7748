//! From new objects to a patch: what changed, what must come with it, what binds where.
//!
//! The rest of the tool sees only this face: a [`World`] that knows what runs, and
//! [`World::judge`], which turns freshly compiled objects into one [`Verdict`]. On the way:
//!
//! 1. [`object`] cuts each object file into atoms (a function, a static, a constant each);
//!    `program` holds those of all crates;
//! 2. `moved` finds again what rustc has renamed, `compare` and `dirty` find what differs from what runs, and whoever calls it, up to the
//!    `hot` functions;
//! 3. `bind` selects what goes into the patch and binds the rest to the running process, out of
//!    the `world`, the executable (`host`) or an `archive`;
//! 4. the layout guard ([`crate::layout`]) compares the types of all that is shared; where no types
//!    are described, `sizes` compares sizes and `tables` the methods behind trait objects;
//! 5. `image` lays the patch out, `local` its thread-locals.
//!
//! `report` words what changed for a person, `effect` says what of it is not live, `advice` why and
//! what would change that, `held` who may still hold old code, and `once` what is not called again.

mod advice;
mod archive;
pub mod atom;
mod bind;
mod code;
mod compare;
mod describe;
mod dirty;
mod effect;
mod frame;
mod guard;
mod guards;
mod held;
mod host;
mod hot;
mod image;
mod judge;
mod local;
mod moved;
pub mod name;
pub mod object;
mod once;
mod program;
mod report;
mod signature;
mod sizes;
mod split;
mod tables;
mod tangle;
mod thread;
mod uses;
mod world;

use crate::symbol::as_written;
use atom::AtomRef;
pub use effect::{Held, Left, Partly};
pub use host::registered;
use hot::Hot;
use hot_patch::patch::{Patch, PatchId};
use moved::{Lineage, Moved};
use name::{Name, Names};
pub use once::Once;
use program::{Definitions, Program};
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use world::{Loaded, Spot};

#[doc(hidden)]
pub use guards::{Guard, Guards};

/// The relocatable objects of one crate of the program, as rustc has just written them.
#[derive(Clone, Debug)]
pub struct CrateObjects {
    /// Identifies the crate in this build: the stem of its artifact, `shop-1a2b3c`.
    pub key: String,
    /// The crate's name, for people.
    pub name: String,
    /// Each codegen unit: its stable name, and the object file's bytes.
    pub objects: Vec<(String, Vec<u8>)>,
    /// Of those codegen units whose debug information was split off, the file that holds it
    /// (`.dwo`). An object names it by its content, so that both change together.
    pub split: HashMap<String, Vec<u8>>,
}

/// What the program links besides its own crates: where missing functions can be pulled from.
#[derive(Clone, Debug, Default)]
pub struct Archives {
    /// Those of other languages, the rlibs of the dependencies and of the sysroot: where several have
    /// a name, the first counts.
    pub paths: Vec<PathBuf>,
    /// The dynamic libraries that crates of Rust have become. What they export is in the process
    /// already, and would have state of its own if it were pulled out of an rlib.
    pub shared: Vec<PathBuf>,
}

/// What becomes of a save.
#[derive(Debug)]
pub enum Verdict {
    /// There is something to load.
    Patch(Box<Prepared>),
    /// Nothing would be swapped.
    NoEffect {
        /// Demangled names of functions and statics that changed.
        changed: Vec<String>,
        /// Why that has no effect now.
        why: String,
    },
    /// It cannot go live.
    Refused {
        /// One word: `layout`, `static`, `signature`, `thread-local`, `symbol`, `relocation` …
        why: String,
        /// Each item that stands in the way.
        details: Vec<Detail>,
    },
}

impl Verdict {
    /// The verdict in the names of the source, without those that `#[hot]` has made.
    fn in_source_names(mut self) -> Verdict {
        let plain = |text: &mut String| *text = as_written(text);
        match &mut self {
            // Of items, which are plain.
            Verdict::Patch(_) => {}
            Verdict::NoEffect { changed, why } => {
                changed.iter_mut().for_each(plain);
                plain(why);
            }
            Verdict::Refused { details, .. } => {
                for Detail { item, was, now, lines } in details {
                    [item, was, now].into_iter().chain(lines).for_each(plain);
                }
            }
        }
        self
    }
}

/// One thing that stands in the way of a patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// The item: a type, a static, a function.
    pub item: String,
    /// What it was.
    pub was: String,
    /// What it is.
    pub now: String,
    /// More about it, a line each: fields that changed, and from where values are reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// A patch that has not been loaded yet.
#[derive(Debug)]
pub struct Prepared {
    /// The patch to send.
    pub patch: Patch,
    /// Names of the hot functions whose slots it swaps.
    pub functions: Vec<String>,
    /// Names of the hot functions that come with it.
    pub added: Vec<String>,
    /// All items that changed in this save.
    pub changed: Vec<String>,
    /// What of that it leaves as it was.
    pub left: Left,
    /// New statics that come with it.
    pub new_statics: usize,
}

/// Why the differ could not come to a verdict: something is broken, not merely unsupported.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// The executable cannot be used.
    #[error("failed to read the executable {path}: {what}")]
    Executable {
        /// Its path.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// An archive cannot be read.
    #[error("failed to read the archive {path}: {what}")]
    Archive {
        /// Its path.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// An object cannot be read.
    #[error("failed to read the object {unit}: {what}")]
    Object {
        /// Its codegen unit and crate.
        unit: String,
        /// Why.
        what: String,
    },
    /// The objects are not those that the executable was linked from.
    #[error(
        "the objects in the target folder are not those that the executable was linked from \
         ({function} differs); build it anew"
    )]
    Stale {
        /// A function that differs.
        function: String,
    },
}

/// What runs: the executable, and for each function and static the version that is loaded.
pub struct World {
    names: Names,
    host: host::Host,
    archives: archive::Archives,
    /// The newest objects that were compiled, live or not.
    newest: Program,
    /// Its index.
    definitions: Arc<Definitions>,
    /// What is in the process.
    loaded: Loaded,
    /// What still calls old code although that was replaced elsewhere.
    stale: HashSet<Name>,
    /// What is in the process but was not in the program when the last patch was made, so that
    /// nobody saw whether what it calls was replaced. When it comes back, it is taken for stale.
    absent: HashSet<Name>,
    /// The hot functions as they run, by slot.
    running: Hot,
    /// The objects of which the newest patch was made, or those of the executable.
    settled: Program,
    /// What has been renamed since the executable was built.
    lineage: Lineage,
    /// Functions that run before main and have run.
    constructed: HashSet<Name>,
    /// The objects whose types may have values in the process.
    lived: guard::Lived,
    guards: Guards,
    pending: Option<Pending>,
}

/// What becomes true when the pending patch is loaded.
struct Pending {
    id: PatchId,
    carried: Vec<(Name, Vec<AtomRef>, Spot)>,
    program: Program,
    constructed: HashSet<Name>,
    stale: HashSet<Name>,
    running: Hot,
    moved: Moved,
}

impl World {
    /// Reads the executable and the objects that it was linked from.
    ///
    /// # Errors
    /// [`DiffError::Stale`] when the objects are not those that the executable was linked from;
    /// otherwise what could not be read.
    pub fn new(
        executable: &Path,
        crates: Vec<CrateObjects>,
        archives: Archives,
    ) -> Result<World, DiffError> {
        World::guarded(executable, crates, archives, Guards::default())
    }

    /// As [`World::new`], for tests, which take guards away to see them missed.
    ///
    /// # Errors
    /// As [`World::new`].
    #[doc(hidden)]
    pub fn guarded(
        executable: &Path,
        crates: Vec<CrateObjects>,
        archives: Archives,
        guards: Guards,
    ) -> Result<World, DiffError> {
        let mut names = Names::default();
        let host = host::Host::read(executable, &mut names)?;
        let newest = Program::default().with(crates, &mut names).map_err(unreadable)?;
        let definitions = Arc::new(newest.definitions());
        let mut loaded = Loaded::from_host(&definitions, &host, &names);
        match host.check(&loaded, &names, &newest) {
            Ok(foreign) => foreign.into_iter().for_each(|name| loaded.disown(name)),
            Err(stale) if guards.on(Guard::Stale) => return Err(stale),
            Err(_) => {}
        }
        let running = Hot::read(&newest);
        let constructed =
            newest.atoms(atom::Kind::Constructor).filter_map(|a| a.atom().name).collect();
        let mut lived = guard::Lived::default();
        lived.add(&newest)?;
        Ok(World {
            names,
            host,
            archives: archive::Archives::new(archives.paths, archives.shared),
            settled: newest.clone(),
            lineage: Lineage::default(),
            newest,
            definitions,
            loaded,
            stale: HashSet::new(),
            absent: HashSet::new(),
            running,
            constructed,
            lived,
            guards,
            pending: None,
        })
    }

    /// Build ID of the executable.
    pub fn build_id(&self) -> &[u8] {
        &self.host.build_id
    }

    /// Number of hot functions in the executable.
    pub fn hot_functions(&self) -> usize {
        self.host.hot_functions
    }

    /// Names of the crates that share values with patches but describe no types. Of those only
    /// sizes, alignments and names are compared.
    ///
    /// # Errors
    /// When an object's debug information cannot be read.
    pub fn undescribed(&self) -> Result<Vec<String>, DiffError> {
        let undescribed = guard::undescribed(&self.newest)?;
        let units = self.newest.crates.iter().filter(|(key, _)| undescribed.contains(*key));
        let shares = units.filter(|(_, unit)| {
            unit.objects.iter().flat_map(|o| &o.atoms).any(|atom| atom.kind.is_state())
        });
        let mut names: Vec<String> = shares.map(|(_, unit)| unit.name.clone()).collect();
        names.dedup();
        Ok(names)
    }

    /// Compares the crates that were just rebuilt with what runs. Crates not named are as before.
    ///
    /// # Errors
    /// When an object or an archive cannot be read; what runs and what is known of it stay.
    pub fn judge(&mut self, rebuilt: Vec<CrateObjects>) -> Result<Verdict, DiffError> {
        judge::judge(self, rebuilt).map(Verdict::in_source_names)
    }

    /// The last verdict's patch is live in the process.
    pub fn committed(&mut self, id: PatchId) {
        if let Some(pending) = self.pending.take_if(|pending| pending.id == id) {
            self.loaded.rename(&pending.moved.renamed);
            self.lineage = pending.moved.lineage;
            self.loaded.add(id, &pending.carried);
            self.stale = pending.stale;
            let names = self.loaded.iter().map(|(name, _)| name);
            self.absent = names.filter(|name| self.definitions.all(*name).is_empty()).collect();
            self.running = pending.running;
            self.constructed.extend(pending.constructed);
            // Its layouts were read when it was judged, so this cannot fail any more.
            let _ = self.lived.add(&pending.program);
            self.settled = pending.program;
        }
    }

    /// The last verdict's patch was not loaded: what ran before runs on.
    pub fn rejected(&mut self, id: PatchId) {
        self.pending.take_if(|pending| pending.id == id);
    }
}

fn unreadable((unit, error): (String, object::ReadError)) -> DiffError {
    DiffError::Object { unit, what: error.to_string() }
}
