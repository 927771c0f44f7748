//! Fills in the fields that only the process knows.
//!
//! The tool has reduced rustc's relocation types to two widths; each field is base + addend, less
//! the field's own address when it is relative; for a thread-local it is an offset from the thread
//! pointer. A value that does not fit is a refusal: the pages
//! are given back and nothing has run.

use super::arch::{Arch, Processor};
use super::bind::Bases;
use super::place::Pages;
use hot_patch::patch::{Patch, Width};

/// A value does not fit its field.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "the patch lies too far from what it refers to: the field at offset {at:#x} cannot hold the \
     distance to {value:#x}; memory near the executable is taken; restart the program to run the \
     new code"
)]
pub(crate) struct OutOfReach {
    at: u64,
    value: u64,
    width: Width,
}

/// Applies every relocation of the patch to its pages.
pub(super) fn relocate(patch: &Patch, bases: &Bases, pages: &mut Pages) -> Result<(), OutOfReach> {
    for r in &patch.relocations {
        let value = bases.address(r.base).wrapping_add_signed(r.addend);
        let (bytes, size) = Processor::encode(r.width, value, pages.base() + r.at)
            .ok_or(OutOfReach { at: r.at, value, width: r.width })?;
        pages.write(r.at, &bytes[..size]);
    }
    Ok(())
}
