//! The tool: it decides and explains.

pub mod diff;
pub mod layout;
