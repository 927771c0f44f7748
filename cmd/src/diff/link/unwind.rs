//! The unwind table of a patch: the records of its functions, each CIE before its first FDE.

use crate::diff::object::{AtomRef, FDE_CIE, ObjectFile, UnwindRecord};
use std::collections::HashMap;
use std::sync::Arc;

/// One record of the table.
pub struct UnwindPiece {
    /// The record as the function's object has it.
    pub record: UnwindRecord,
    /// The function.
    pub function: AtomRef,
    /// Of an FDE, the index of its CIE in the table.
    pub cie: Option<usize>,
}

/// Returns the CIEs and FDEs of the functions among the atoms.
pub fn pieces(atoms: &[AtomRef]) -> Vec<UnwindPiece> {
    let mut pieces: Vec<UnwindPiece> = Vec::new();
    let mut cies: HashMap<(*const ObjectFile, u32), usize> = HashMap::new();
    for function in atoms {
        let Some(frame) = &function.atom().frame else { continue };
        let key = (Arc::as_ptr(&function.object), frame.cie);
        let cie = *cies.entry(key).or_insert_with(|| {
            let record = function.object.cies[frame.cie as usize].clone();
            pieces.push(UnwindPiece { record, function: function.clone(), cie: None });
            pieces.len() - 1
        });
        let record = frame.record.clone();
        pieces.push(UnwindPiece { record, function: function.clone(), cie: Some(cie) });
    }
    pieces
}

/// Returns the size of the table in bytes, with the zero that ends it.
pub fn size(pieces: &[UnwindPiece]) -> u64 {
    pieces.iter().map(|piece| piece.record.bytes.len() as u64).sum::<u64>() + 4
}

/// Returns the bytes of the record that will stand at `at`; the CIEs before it stand at `starts`.
pub fn bytes(piece: &UnwindPiece, at: u64, starts: &[u64]) -> Vec<u8> {
    let mut bytes = piece.record.bytes.clone();
    if let Some(cie) = piece.cie {
        let back = (at + FDE_CIE as u64 - starts[cie]) as u32;
        bytes[FDE_CIE..FDE_CIE + 4].copy_from_slice(&back.to_le_bytes());
    }
    bytes
}
