//! The tool: it decides and explains.

pub mod build;
pub mod cli;
pub mod debug;
pub mod diff;
pub mod doctor;
pub mod interrupt;
pub mod keys;
pub mod layout;
pub mod list;
pub mod process;
pub mod refusal;
pub mod run;
pub mod screen;
pub mod show;
pub mod symbol;
pub mod watch;
