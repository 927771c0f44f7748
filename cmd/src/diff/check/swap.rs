//! A hot function whose slot is swapped.

use crate::diff::object::{SizeAlign, SymbolId};

/// A hot function, before and after.
pub struct Swapped {
    /// The code that runs, under all symbols that it has had: callers may go by what is described
    /// under each.
    pub was: Vec<SymbolId>,
    /// The new code.
    pub now: SymbolId,
    /// Its name in the registry.
    pub name: String,
    /// The sizes that it told, and those that it tells now.
    pub sizes: [Option<Vec<SizeAlign>>; 2],
}
