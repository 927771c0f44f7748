//! What runs against what was just compiled.
//!
//! `index` finds types by name and says which have changed. `roots` says where values may be met by
//! code of another build, and why nowhere else. `graph` walks pairs of types from there; `shape`
//! sets the two types of a pair side by side, and `vtables` the tables of methods behind trait
//! objects. `renamed` says whether a function's symbol is another for the names of fields alone.

mod difference;
mod graph;
mod index;
mod prehashed;
mod renamed;
mod roots;
mod shape;
mod vtables;

pub use difference::{Difference, Origin};
pub use graph::compare;
pub use renamed::{described, only_renamed};
pub use roots::{Bound, Check, HotFunction};
