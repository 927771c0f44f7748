//! The `#[hot]` attribute.
