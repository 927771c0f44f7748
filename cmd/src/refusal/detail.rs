//! The items of a refusal.

use serde::Serialize;

/// An item that stands in the way of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// The item (a type, a static, a function), or a whole sentence.
    pub item: String,
    /// Its old state, where there is something to compare.
    pub was: Option<String>,
    /// Its new state, or what stands in the way.
    pub now: Option<String>,
    /// More about it, a line each: fields that changed, and from where values are reached.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

impl Detail {
    /// Makes a detail that is one sentence.
    pub fn sentence(sentence: String) -> Detail {
        Detail { item: sentence, was: None, now: None, lines: Vec::new() }
    }

    /// Makes a detail that says of an item why it stands in the way.
    pub fn of(item: String, now: String) -> Detail {
        Detail { item, was: None, now: Some(now), lines: Vec::new() }
    }

    /// Makes a detail of an item that is not what it was.
    pub fn changed(item: String, was: String, now: String) -> Detail {
        Detail { item, was: Some(was), now: Some(now), lines: Vec::new() }
    }
}
