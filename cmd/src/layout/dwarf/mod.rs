//! From the bytes of an object file to an [`Object`].
//!
//! `sections` finds the debug sections and relocates them, `entries` walks them once, and `resolve`
//! joins what belongs together and gives every type a name and a fingerprint.

mod entries;
mod resolve;
mod sections;

use super::error::LayoutError;
use super::types::Object;

/// Reads one object file, and the file that holds what was split off it.
pub(super) fn read(object: &[u8], split: Option<&[u8]>) -> Result<Object, LayoutError> {
    let sections = sections::Sections::read(object, split)?;
    let entries = entries::read(&sections)?;
    resolve::resolve(entries, &sections)
}
