//! The functions and types that tests use, and those that the macros call.

pub mod answers;
pub mod callable;
pub mod check;
pub mod follow;
pub mod forbid;
pub mod handle;
pub mod local;
pub mod original;
mod pattern;
pub mod process_wide;
pub mod put;
pub mod scope;
pub mod task;
