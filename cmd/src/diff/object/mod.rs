//! What objects, archives and the program's crates consist of, before anything is compared.

mod archive;
mod atom;
mod cut;
mod eh_frame;
mod error;
mod fallthrough;
mod file;
mod input;
mod layouts;
mod out_edges;
mod program;
mod read;
mod registry;
mod reloc;
mod relocations;
mod symbol_table;

pub use archive::{ArchiveReader, Export};
pub use atom::{Atom, AtomKind, UnwindRecord};
pub use eh_frame::{FDE_CIE, FDE_FUNCTION};
pub use error::DiffError;
pub use file::{AtomRef, ObjectFile, RelocTarget};
pub use input::{Archives, CrateObjects};
pub use layouts::{layouts_of, read_layouts, undescribed};
pub use program::{Definitions, Program};
pub use registry::{HotFunction, HotRegistry, SizeAlign};
pub use reloc::{RawTarget, Reloc, RelocKind};
pub use symbol_table::{SymbolId, SymbolTable};
