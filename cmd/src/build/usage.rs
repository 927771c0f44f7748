//! The error that the caller has made.

/// Bad usage, as opposed to something that failed: the sentence says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
