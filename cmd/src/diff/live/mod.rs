//! What is in the process: the executable, and for each name the version that runs.

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
