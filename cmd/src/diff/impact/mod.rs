//! What a patch means for the running program, in words.

mod advice;
pub mod changed;
mod control_flow;
mod item;
mod not_applied;
pub mod once;
mod reachability;
mod retainers;

pub use changed::Report;
pub use not_applied::{Held, NotApplied, Once, Partly};
pub use reachability::Effect;
