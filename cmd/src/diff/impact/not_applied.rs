//! The changes that a patch leaves unapplied.

use serde::Serialize;

/// A changed item whose old code some callers still run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Partly {
    /// The item.
    pub item: String,
    /// The functions that go on with the old code.
    pub old_in: Vec<String>,
    /// The functions on which `#[hot]` would make it live for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hot_on: Vec<String>,
}

/// A changed item whose old code something made before the patch may still run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retained {
    /// The item.
    pub item: String,
    /// The retainer, in words.
    pub by: String,
}

/// The part of a save that its patch does not apply, or not for all callers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct NotApplied {
    /// Items that take effect only at restart.
    pub not_live: Vec<String>,
    /// Why they do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub not_live_why: String,
    /// Items that are live for some callers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub partly: Vec<Partly>,
    /// Items that are live for who calls them from now on; of many some.
    #[serde(rename = "held", skip_serializing_if = "Vec::is_empty")]
    pub retained: Vec<Retained>,
    /// How many more of these there are.
    #[serde(rename = "held_more", skip_serializing_if = "is_zero")]
    pub retained_more: usize,
    /// Hot functions that only the start of the program calls.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub once: Vec<Once>,
    /// Hot functions that the source has no longer: what still calls them gets their last code.
    #[serde(rename = "gone", skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A hot function that only the start of the program calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Once {
    /// Its name.
    pub function: String,
    /// The functions that call it.
    pub from: Vec<String>,
}
