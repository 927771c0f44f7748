//! The debug information of a patch: what backtraces, debuggers and profilers read of its code.
//!
//! The objects describe all of their functions; a patch carries few of them. So:
//!
//! 1. **Relocate.** [`sections`] makes a copy of an object's debug sections in which the addresses of
//!    what the patch carries are those in its image, and all others lead nowhere.
//! 2. **Select.** [`select`] keeps of it the functions and statics that have an address, and what
//!    these refer to: their arguments, locals and types, what was inlined into them, and the rows of
//!    the line table that are about their code.
//! 3. **Write.** [`file`](mod@file) makes one ELF file of the selected information, the symbols and
//!    the unwind table.
//!
//! All addresses in the file are offsets in the image, and the places of the addresses are listed:
//! only the process knows where the image lies, and it needs the file for two bases
//! (see `hot_patch::patch::Debug`).
//!
//! Code out of archives (the standard library, dependencies) has its name and no more: its units are
//! large, and reading them would take longer than all the rest of a save.

mod file;
mod sections;
mod select;

use hot_patch::patch::Debug;
use std::ops::Range;

/// What the patch carries of one object.
pub struct Piece<'a> {
    /// The object file.
    pub object: &'a [u8],
    /// The functions and statics that it took.
    pub parts: Vec<Part>,
}

/// A function or a static.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where it lies in the object file, in bytes.
    pub file: Range<usize>,
    /// Where it lies in the image.
    pub at: u64,
    /// Whether it is code.
    pub is_code: bool,
}

/// A name in the image.
pub struct Symbol<'a> {
    /// Mangled.
    pub name: &'a str,
    /// Offset in the image, in bytes.
    pub at: u64,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is code.
    pub is_code: bool,
}

/// The image that is described.
pub struct Shape<'a> {
    /// Size of its text in bytes.
    pub text: u64,
    /// Its names.
    pub symbols: Vec<Symbol<'a>>,
    /// Its unwind table: offset in the image, and the bytes.
    pub frames: Option<(u64, &'a [u8])>,
}

/// Describes an image. An object whose debug information cannot be read (or that has none) adds
/// none: its functions have their names alone.
pub fn describe(shape: &Shape<'_>, pieces: &[Piece<'_>]) -> Debug {
    let mut writer = select::Selected::default();
    for piece in pieces {
        // A damaged object has been refused before, when its types were read. What remains are
        // forms of debug information that are newer than this reader.
        let _ = sections::read(piece).and_then(|sections| writer.add(&sections, piece));
    }
    file::write(shape, &writer.finish())
}

/// Why an object's debug information could not be used.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error("{0}")]
    Object(#[from] object::Error),
    #[error("{0}")]
    Dwarf(#[from] gimli::Error),
    #[error("{0}")]
    Convert(#[from] gimli::write::ConvertError),
    #[error("{0}")]
    Write(#[from] gimli::write::Error),
}
