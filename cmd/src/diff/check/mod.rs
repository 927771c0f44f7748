//! The checks whether old and new code may share values and memory: what is refused, and why.
//!
//! `signature` compares what hot functions take and give, as it is written; `layout` the types of
//! all that is shared, by `sizes` and `vtables` where no types are described; `icf` finds instances
//! whose code is shared.

pub mod icf;
pub mod layout;
mod refused;
pub mod signature;
mod sizes;
mod vtables;

pub use refused::Refused;
