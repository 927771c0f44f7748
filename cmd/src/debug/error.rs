//! Debug information that cannot be used.

/// Why an object's debug information could not be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("{0}")]
    Object(#[from] object::Error),
    #[error("{0}")]
    Dwarf(#[from] gimli::Error),
    #[error("{0}")]
    Convert(#[from] gimli::write::ConvertError),
    #[error("{0}")]
    Write(#[from] gimli::write::Error),
}
