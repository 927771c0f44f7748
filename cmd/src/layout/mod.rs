//! The layouts of types, read from debug information: what must agree before a patch may run.
//!
//! Neither a symbol's name nor a `TypeId` changes when a field is added to a struct, so that a
//! patch could bind the running static of a type whose layout is another, and overrun it. The
//! debug information that rustc writes into every object describes for each type its size, its
//! alignment, its fields and variants and where they lie; for each static its type; for each
//! function its arguments and its result.
//!
//! [`Layouts`] holds what the objects of one crate describe. [`compare()`] sets what runs against
//! what was just compiled and returns each [`Difference`] that stands in the way.
//!
//! `types` is the arena of one object's types. `dwarf` fills it from the debug sections, `layouts`
//! answers questions about it, and `compare` sets two of them side by side.

mod compare;
mod dwarf;
mod error;
mod layouts;
mod types;
mod vtable;

#[doc(hidden)]
pub use compare::Check;
pub use compare::{Bound, Difference, HotFunction, Origin, compare, described, only_renamed};
pub use error::LayoutError;
pub use layouts::{Layouts, ObjectLayouts, Signature, TypeRef};
pub use vtable::{Vtable, Word};
