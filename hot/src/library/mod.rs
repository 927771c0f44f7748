//! Replacements from a shared library that the programmer has built: a `cdylib`, given by path.
//!
//! ```text
//! replace! in the cdylib ─► Table ──── exported under one name ────┐
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

#[cfg(target_os = "linux")]
mod check;
#[cfg(target_os = "linux")]
mod copy;
#[cfg(any(target_os = "linux", test))]
mod elf;
mod error;
mod replace;
pub mod table;

pub(crate) use error::LibraryError;

use std::path::Path;

/// Loads a library, the bytes of the file at `path`, and puts its replacements in their slots. The
/// answer is their names.
///
/// # Errors
/// Then no slot is changed.
///
/// # Safety
/// The library is native code that will run in this process: it must come from whom the program
/// trusts, and be built against the same sources of every crate whose types it shares with it.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn load(path: &Path, file: &[u8]) -> Result<Vec<String>, LibraryError> {
    use crate::slot::layers::commit_live;
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    use std::mem::ManuallyDrop;

    elf::check(file)?;
    let place = copy::keep(path, file).map_err(LibraryError::Copy)?;
    // SAFETY: the caller vouches for the constructors.
    let library = unsafe { Library::open(Some(&place), RTLD_NOW | RTLD_LOCAL) };
    let library = ManuallyDrop::new(library.map_err(LibraryError::Open)?);
    // SAFETY: under this name `replace!` exports a table, whose head every version reads alike;
    // the library is never closed.
    let table = unsafe {
        let symbol = library.get::<*const table::Table>(table::NAME.as_bytes());
        &**symbol.map_err(|_| LibraryError::NoTable)?
    };
    let replacements = table.open()?;
    let (changes, names) = check::all(replacements)?;
    table::connect(table);
    // SAFETY: each target is code of a library that is never closed; its type is that of its
    // function, which is neither generic nor async, as `check::all` has found.
    unsafe { commit_live(&changes) };
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
pub(crate) unsafe fn load(_: &Path, _: &[u8]) -> Result<Vec<String>, LibraryError> {
    Err(LibraryError::Unsupported)
}
