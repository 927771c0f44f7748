//! The user's crates in the program, and what surrounds them.

pub mod environment;
pub mod link_inputs;
pub mod missing;
pub mod unit_graph;

pub use unit_graph::{Graph, Role, Unit};
