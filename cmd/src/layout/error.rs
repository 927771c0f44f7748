//! Why debug information could not be read.

/// Why layouts could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// Not an object file, or a damaged one.
    #[error("failed to read an object file for its debug information: {0}")]
    Object(#[source] object::Error),
    /// Made for a machine that the tool does not know.
    #[error("failed to read debug information: the object file is for a big-endian machine")]
    BigEndian,
    /// The debug information is cut short or malformed.
    #[error("failed to read debug information: {0}; build the crate again")]
    Dwarf(#[from] gimli::Error),
    /// The debug information contradicts itself.
    #[error("failed to read debug information: {0}; build the crate again")]
    Damaged(String),
}
