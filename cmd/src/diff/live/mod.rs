//! What is in the process: the executable, and for each name the version that runs.

mod executable;
mod history;
mod linked;
mod location;
mod objects;
mod symbols;

pub use executable::{Executable, registered};
pub use history::SymbolHistory;
pub use linked::check;
pub use location::{Location, PatchLocation, TlsInit, TlsLocation};
pub use objects::{LiveObjects, state};
pub use symbols::LiveSymbols;
