//! Which files changed.
//!
//! The system's notices only say that something happened in a folder; what happened is found by
//! looking. [`Watcher`] listens to folders, as [`Rules`] say, and passes on bursts of notices, one
//! each; [`Snapshot`] holds what each file contained when the program was last built, and says what
//! is different. So it does not matter in which of many ways an editor saves, and a file that was
//! written without a change is no change.

pub mod folders;
pub mod rules;
pub mod snapshot;

pub use folders::{Touched, Watcher};
pub use rules::Rules;
pub use snapshot::Snapshot;
