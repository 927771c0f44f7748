//! The address of code, as tables keep it.

/// A code address, kept in tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) *const ());

// SAFETY: it is the address of code, which any thread may call; nothing is written through it.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}
