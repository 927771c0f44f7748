//! Replacements from a shared library that the programmer has built: a `cdylib`, given by path.
//!
//! ```text
//! replace!, patch_fn in the cdylib ─► Table ──── exported ────────┐
//! the file ─► elf (whole?) ─► copy (a place of its own) ─► dlopen ─┴─► check (names, types) ─► commit
//! ```
//!
//! *The file first.* The dynamic linker trusts what it maps: of a library that is cut off it
//! touches pages that are not there, and the process dies. So [`elf`] compares the headers with
//! the length before, and looks for the table's name: what is no such library never runs a
//! constructor.
//!
//! *A place of its own.* For a path that it has seen, the dynamic linker answers with the library
//! it has, even when the file was rebuilt. So each load is of a [`copy`] at a place never used
//! before.
//!
//! *All or none.* Version, stamp, each name and each type are checked before the first slot is
//! swapped.
//!
//! *Never closed.* Once its functions are in slots, calls may be inside them at any time, and
//! pointers to its constants, vtables and drop glue travel with every value they return. When a
//! check fails nothing of that is so, but the constructors have run: they may have registered
//! destructors of thread-locals, exit handlers or hooks, whose code would be gone. That costs some
//! megabytes for each refused build in the life of a process, and buys that a refusal cannot crash.
//! (A constructor that panics ends the process, as in any program: nothing can catch it there.)

pub mod allocator;
#[cfg(target_os = "linux")]
mod check;
#[cfg(target_os = "linux")]
mod copy;
#[cfg(any(target_os = "linux", test))]
mod elf;
mod error;
#[cfg(target_os = "linux")]
mod open;
mod replace;
pub mod table;

#[cfg(all(target_os = "linux", feature = "patch"))]
pub(crate) use check::all as check;
pub(crate) use error::LibraryError;
#[cfg(all(target_os = "linux", feature = "patch"))]
pub(crate) use open::{Opened, open};

use std::path::Path;

/// Loads a library, the bytes of the file at `path`, and makes its replacements the live code of
/// their functions. Returns their names.
///
/// # Errors
/// Then no slot is changed.
///
/// # Safety
/// The library is native code that will run in this process: it must come from whom the program
/// trusts, and be built against the same sources of every crate whose types it shares with it.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn load(path: &Path, file: Vec<u8>) -> Result<Vec<String>, LibraryError> {
    // SAFETY: the caller vouches for the library.
    let opened = unsafe { open::open(path, file) }?;
    let assigned = opened.replacements.iter().map(|replacement| (replacement.name, replacement));
    let (changes, names) = check::all(assigned, 0)?;
    if changes.is_empty() {
        return Err(LibraryError::NoTable);
    }
    // SAFETY: each target is code of a library that is never closed; its type is that of its
    // function, which is neither generic nor async, as `check::all` has found.
    unsafe { crate::slot::layers::commit_live(&changes) };
    Ok(names)
}

/// Elsewhere shared libraries are not loaded.
///
/// # Errors
/// Always.
///
/// # Safety
/// As on Linux.
#[cfg(not(target_os = "linux"))]
pub(crate) unsafe fn load(_: &Path, _: Vec<u8>) -> Result<Vec<String>, LibraryError> {
    Err(LibraryError::Unsupported)
}
