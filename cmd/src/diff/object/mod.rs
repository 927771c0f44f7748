//! Objects, archives and the program's crates, before anything is compared.
//!
//! `read` makes a `file` of `atom`s of each object: `cut` cuts its sections, `relocations` resolves
//! its references (`reloc`), `eh_frame` takes the unwind table apart, `fallthrough` finds pieces
//! that belong together, `out_edges` the names that each atom leads to. `program` holds the objects
//! of all crates, `registry` the hot functions among them, `archive` what can be pulled in beside
//! them, and `symbol_table` the names.

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
mod vtable;

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
pub use vtable::read_vtable;
