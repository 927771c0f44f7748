//! The input of the differ: objects as rustc has just written them, and archives.

use std::collections::HashMap;
use std::path::PathBuf;

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

/// The libraries that the program links besides its own crates: missing functions are pulled from
/// them.
#[derive(Clone, Debug, Default)]
pub struct Archives {
    /// Those of other languages, the rlibs of the dependencies and of the sysroot: where several
    /// have a name, the first counts.
    pub paths: Vec<PathBuf>,
    /// The dynamic libraries that crates of Rust have become. What they export is in the process
    /// already, and would have state of its own if it were pulled out of an rlib.
    pub shared: Vec<PathBuf>,
}
