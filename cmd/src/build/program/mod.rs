//! The program: built by cargo or a command, and compiled again.

pub mod adopt;
pub mod build;
pub mod builder;
pub mod by_cargo;
pub mod origin;
pub mod replay;

pub use adopt::Adopted;
pub use build::Build;
pub use builder::Builder;
pub use by_cargo::Built;
pub use replay::{ReplayEvent, Replayed};
