//! The state of the process: the `executable`, for each name the version that runs (`symbols`) and
//! its `location`, the `objects` that have been live, and the `history` of names. All of it is the
//! `baseline` that a save is compared with.

mod baseline;
mod executable;
mod history;
mod linked;
mod location;
mod objects;
mod symbols;

pub use baseline::{Baseline, Candidate, StagedPatch};
pub use executable::registered;
pub use history::SymbolHistory;
pub use location::{Location, PatchLocation, TlsInit, TlsLocation};
pub use objects::state;
pub use symbols::LiveSymbols;
