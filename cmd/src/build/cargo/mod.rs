//! Cargo: its configuration, its commands and what it says.

pub mod config;
pub mod output_budget;
pub mod package;
pub mod run;

pub use config::{Config, Variable, home, manifests};
pub use package::{is_user, package_name};
pub use run::{
    Outcome, Said, Say, Selection, build, clean, default_jobs, metadata, plain, program,
};
