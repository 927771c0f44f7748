//! What differs between what runs and what was just compiled.

pub mod dirty;
mod equality;
pub mod renames;
mod reverse_refs;

pub use dirty::{differs, unlike_first};
pub use equality::Equality;
pub use renames::{Both, Renames};
pub use reverse_refs::{ReverseRefs, spreads};
