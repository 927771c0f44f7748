//! Symbols, and the names of items and types that are read out of them.
//!
//! Whoever compares two builds compares names: the differ those of objects, the layout guard those
//! of the debug information. Both ask here what a name means.
//!
//! `mangling` knows the symbols themselves: who made one, what is appended to it, and
//! its demangled form. `path` turns a demangled symbol into the path of an item as the source has
//! it. `type_name` compares and shortens the names of types.

mod mangling;
mod path;
mod type_name;

pub use mangling::{
    demangle, is_anonymous, is_mangled, without_llvm_suffix, without_vendor_suffix,
};
pub use path::{as_written, implemented_trait, item_path};
pub use type_name::{
    is_nameless, is_numbered, same_but_for_numbers, short_type_name, without_numbers,
};
