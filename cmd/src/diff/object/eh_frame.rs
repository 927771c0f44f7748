//! Takes an object's `.eh_frame` apart, and builds that of a patch.
//!
//! The section is a row of records: a 32-bit length, a 32-bit identifier, and so many bytes. A
//! record with identifier 0 is a CIE (what functions have in common, among it the personality
//! routine); any other is an FDE, whose identifier is the distance back to its CIE and whose next
//! field refers to its function. A length of 0 ends the table. (System V ABI, "Exception Frames".)

use super::atom::{UnwindEntry, UnwindRecord};
use super::error::{ReadError, outside};
use super::reloc::{RawTarget, Reloc};
use std::collections::HashMap;

/// The parts of a section.
pub(super) struct Frames {
    /// Its CIEs.
    pub(super) cies: Vec<UnwindRecord>,
    /// The atom of a function, and its frame.
    pub(super) frames: Vec<(u32, UnwindEntry)>,
}

/// Offset of the function's address in an FDE, in bytes.
pub const FDE_FUNCTION: u64 = 8;
/// Offset of the distance to the CIE in an FDE, in bytes.
pub const FDE_CIE: usize = 4;

/// Reads a section.
pub(super) fn read(
    data: &[u8],
    relocations: impl Iterator<Item = (u64, object::Relocation)>,
    mut resolve: impl FnMut(u64, &object::Relocation) -> Result<Reloc, ReadError>,
) -> Result<Frames, ReadError> {
    let mut relocations: Vec<_> = relocations.collect();
    relocations.sort_by_key(|(at, _)| *at);
    let broken = |at: usize| ReadError::Inconsistent(format!(".eh_frame is malformed at {at:#x}"));
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_le_bytes(data.get(at..at.checked_add(4)?)?.try_into().ok()?))
    };
    let mut cies = Vec::new();
    let mut cie_at = HashMap::new();
    let mut frames = Vec::new();
    let mut at = 0;
    while at < data.len() {
        let length = word(at).ok_or_else(|| broken(at))?;
        if length == 0 {
            break;
        }
        let end = at + 4 + length as usize;
        let bytes = data.get(at..end).ok_or_else(|| broken(at))?.to_vec();
        let id = word(at + 4).ok_or_else(|| broken(at))? as usize;
        let from = relocations.partition_point(|(offset, _)| *offset < at as u64);
        let to = relocations.partition_point(|(offset, _)| *offset < end as u64);
        let relocs = relocations[from..to]
            .iter()
            .map(|(offset, r)| resolve(offset - at as u64, r))
            .collect::<Result<Vec<_>, _>>()?;
        if let Some(reloc) = relocs.iter().find(|reloc| !reloc.is_within(bytes.len())) {
            return Err(outside(at as u64 + reloc.at));
        }
        let record = UnwindRecord { bytes, relocs };
        if id == 0 {
            cie_at.insert(at, cies.len() as u32);
            cies.push(record);
        } else {
            let cie = (at + 4).checked_sub(id).and_then(|at| cie_at.get(&at));
            let cie = *cie.ok_or_else(|| broken(at))?;
            // An FDE without a function is that of a discarded section.
            let function = record.relocs.iter().find(|r| r.at == FDE_FUNCTION).map(|r| r.target);
            if let Some(RawTarget::Atom(atom)) = function {
                frames.push((atom, UnwindEntry { cie, record }));
            }
        }
        at = end;
    }
    Ok(Frames { cies, frames })
}
