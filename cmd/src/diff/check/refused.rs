//! A save that cannot go live.

use crate::refusal::{Detail, Refusal};

/// The reason why a save cannot go live.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The kind of the first obstacle.
    pub why: Refusal,
    /// Each item that stands in the way.
    pub details: Vec<Detail>,
}
