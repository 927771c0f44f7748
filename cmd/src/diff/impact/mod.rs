//! The impact of a patch on the running program, in words.
//!
//! `changed` names the items that a save changed. `reachability` says what of them is not live,
//! `advice` why and what would change that, `retainers` what may still hold old code, `startup`
//! what is not called again, and `no_effect` why nothing is swapped at all.

mod advice;
mod changed;
mod control_flow;
mod item;
mod no_effect;
mod not_applied;
mod owners;
mod reachability;
mod retainers;
mod startup;

pub use changed::changed_items;
pub use no_effect::no_effect;
pub use not_applied::{NotApplied, Once, Partly, Retained};
pub use reachability::not_applied;
pub use startup::StartupCalls;
