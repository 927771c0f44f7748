//! What stands in the way of a patch.

use serde::Serialize;

/// One thing that stands in the way of a patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// The item: a type, a static, a function.
    pub item: String,
    /// What it was.
    pub was: String,
    /// What it is.
    pub now: String,
    /// More about it, a line each: fields that changed, and from where values are reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}
