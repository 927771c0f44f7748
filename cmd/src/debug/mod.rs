//! The debug information of a patch: what backtraces, debuggers and profilers read of its code.
//!
//! The objects describe all of their functions; a patch carries few of them. So:
//!
//! 1. **Relocate.** [`sections`] makes a copy of an object's debug sections in which the addresses
//!    of what the patch carries are those in its image, and all others lead nowhere.
//! 2. **Select.** [`select`] keeps of it the functions and statics that have an address, and what
//!    these refer to: their arguments, locals and types, what was inlined into them, and the rows
//!    of the line table that are about their code.
//! 3. **Write.** [`file`](mod@file) makes one ELF file of the selected information, the symbols and
//!    the unwind table.
//!
//! All addresses in the file are offsets in the image, and the places of the addresses are listed:
//! only the process knows where the image lies, and it needs the file for two bases
//! (see `hot_patch::patch::Debug`).
//!
//! Code out of archives (the standard library, dependencies) has its name and no more: its units
//! are large, and reading them would take longer than all the rest of a save.

mod error;
mod file;
mod sections;
mod select;
mod shape;

pub use shape::{Part, Piece, Shape, Symbol};

use hot_patch::patch::Debug;

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
