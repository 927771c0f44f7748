//! Errors of the files that are read.

use std::path::PathBuf;

/// An error of one object file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The ELF reader's complaint.
    #[error("{0}")]
    Elf(#[from] object::read::Error),
    /// Not an object of this platform.
    #[error("it is not a relocatable x86-64 object")]
    Foreign,
    /// Something inconsistent inside.
    #[error("{0}")]
    Inconsistent(String),
}

/// Returns the complaint about a relocation of bytes that are not there.
pub(super) fn outside(at: u64) -> ReadError {
    ReadError::Inconsistent(format!("the relocation at {at:#x} lies outside what it relocates"))
}

/// An error that keeps the differ from a verdict: something is broken, not merely unsupported.
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
