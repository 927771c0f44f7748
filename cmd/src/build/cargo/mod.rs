//! Cargo: its configuration, its commands and what it says.

pub mod config;
pub mod messages;
pub mod output_budget;
pub mod package;
pub mod run;
pub mod selection;

pub use config::{Config, Variable, home, manifests};
pub use messages::{Artifact, BuildScript, Outcome, Said, Say, plain};
pub use package::{is_user, package_name};
pub use run::{build, clean, metadata, program};
pub use selection::{Selection, default_jobs};
