//! From new objects to a patch: what changed, what must come with it, what binds where.
//!
//! The rest of the tool sees only this face: a [`World`] that knows what runs, and
//! [`World::judge`], which turns freshly compiled objects into one [`Verdict`].

use hot_patch::patch::{Patch, PatchId};
use std::path::Path;

/// The relocatable objects of one crate of the program, as rustc has just written them.
#[derive(Clone, Debug)]
pub struct CrateObjects {
    /// Identifies the crate in this build: the stem of its artifact, `shop-1a2b3c`.
    pub key: String,
    /// The crate's name, for people.
    pub name: String,
    /// Each codegen unit: its stable name, and the object file's bytes.
    pub objects: Vec<(String, Vec<u8>)>,
}

/// What the program links besides its own crates: where missing functions can be pulled from.
#[derive(Clone, Debug, Default)]
pub struct Archives {
    /// The rlibs of the dependencies and of the sysroot.
    pub rlibs: Vec<std::path::PathBuf>,
}

/// What runs: the executable, and for each function and static the version that is loaded.
pub struct World {}

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

/// One thing that stands in the way of a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// The item: a type, a static, a function.
    pub item: String,
    /// What it was.
    pub was: String,
    /// What it is.
    pub now: String,
}

/// A patch that has not been loaded yet.
#[derive(Debug)]
pub struct Prepared {
    /// The patch to send.
    pub patch: Patch,
    /// Names of the hot functions whose slots it swaps.
    pub functions: Vec<String>,
    /// Demangled names of what changed in this save but is not reached by them.
    pub not_live: Vec<String>,
    /// New statics that come with it.
    pub new_statics: usize,
}

/// Why the differ could not come to a verdict: something is broken, not merely unsupported.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {}

impl World {
    /// Reads the executable and the objects that it was linked from.
    pub fn new(
        _executable: &Path,
        _crates: Vec<CrateObjects>,
        _archives: Archives,
    ) -> Result<World, DiffError> {
        todo!()
    }
    /// Build ID of the executable.
    pub fn build_id(&self) -> &[u8] {
        todo!()
    }
    /// Number of hot functions in the executable.
    pub fn hot_functions(&self) -> usize {
        todo!()
    }
    /// Compares the crates that were just rebuilt with what runs. Crates not named are as before.
    pub fn judge(&mut self, _rebuilt: Vec<CrateObjects>) -> Result<Verdict, DiffError> {
        todo!()
    }
    /// The last verdict's patch is live in the process.
    pub fn committed(&mut self, _id: PatchId) {
        todo!()
    }
    /// The last verdict's patch was not loaded: what ran before runs on.
    pub fn rejected(&mut self, _id: PatchId) {
        todo!()
    }
}
