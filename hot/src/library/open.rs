//! A library in this process: its file checked, its copy mapped, its tables read.

use super::error::LibraryError;
use super::table::{self, Replacement, Table};
use super::{allocator, copy, elf};
use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use std::mem::ManuallyDrop;
use std::path::Path;

/// A library that is mapped for good, compiled as this program was. Nothing of it is in use yet.
pub(crate) struct Opened {
    /// The replacements that it names by itself.
    pub(crate) replacements: &'static [Replacement],
    /// The functions that an operator may assign, by their own names.
    #[cfg_attr(not(feature = "patch"), expect(dead_code, reason = "assigned by an operator"))]
    pub(crate) functions: Vec<&'static Replacement>,
    /// True if it allocates by the program's allocator.
    #[cfg_attr(not(feature = "patch"), expect(dead_code, reason = "asked of patches"))]
    pub(crate) shares_allocator: bool,
}

/// Maps a library, the bytes of the file at `path`.
///
/// # Errors
/// When it is no library of this program's make. If its constructors have run by then, it stays
/// mapped.
///
/// # Safety
/// As of [`load`](super::load).
pub(crate) unsafe fn open(path: &Path, mut file: Vec<u8>) -> Result<Opened, LibraryError> {
    let exports = elf::read(&file)?;
    let host = elf::place_of(&file, allocator::NAME);
    let shares_allocator = host.is_some_and(|place| allocator::connect(&mut file, place));
    let place = copy::keep(path, &file).map_err(LibraryError::Copy)?;
    // SAFETY: the caller vouches for the constructors.
    let library = unsafe { Library::open(Some(&place), RTLD_NOW | RTLD_LOCAL) };
    let library = ManuallyDrop::new(library.map_err(LibraryError::Open)?);
    let table = |name: &str| {
        // SAFETY: under these names the macros export tables, whose head every version reads
        // alike; the library is never closed.
        let table: &'static Table = unsafe {
            let symbol = library.get::<*const Table>(name.as_bytes());
            &**symbol.map_err(|_| LibraryError::NoTable)?
        };
        let replacements = table.open()?;
        table::connect(table);
        Ok(replacements)
    };
    let replacements = if exports.table { table(table::NAME)? } else { &[] };
    let mut functions = Vec::new();
    for name in &exports.functions {
        functions.extend(table(&format!("{}{name}", table::FUNCTION_PREFIX))?);
    }
    Ok(Opened { replacements, functions, shares_allocator })
}
