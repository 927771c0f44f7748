//! The tool: it decides and explains.

pub mod diff;
