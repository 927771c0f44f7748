//! The difference between what runs and what was just compiled.
//!
//! `renames` finds again what rustc has renamed, `equality` compares atoms by content,
//! `reverse_refs` turns the references round, `dirty` follows them from what changed to whoever
//! calls it, and `roots` says which slots that swaps. What they find is one [`Analysis`], which the
//! later phases look at.

mod analyse;
mod analysis;
mod changed;
mod dirty;
mod equality;
mod renames;
mod reverse_refs;
mod roots;

pub use analyse::{Unclear, analyse};
pub use analysis::Analysis;
pub use dirty::unlike_first;
pub use reverse_refs::spreads;
pub use roots::{Root, Swapped, find as find_roots};
