//! Pieces of a section that cannot be told apart by their symbols alone.
//!
//! Compilers give each function a section. Assembler text and objects of other compilers may hold
//! several labels in one, of which some are functions and others only places inside: control runs
//! from one piece into the next, or branches there by a distance that needs no relocation. Each
//! piece alone would run into whatever lies behind it. So the instructions are decoded, and pieces
//! that lead into one another, and all between them, are one *fallthrough group*.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind};
use std::ops::Range;

/// Returns the fallthrough groups of a section, as ranges of its pieces, ascending; a piece that
/// stands alone is in none. `starts` are the offsets of the pieces, `fields` those of the
/// relocations, ascending.
pub(super) fn find(code: &[u8], starts: &[u64], fields: &[u64]) -> Vec<Range<usize>> {
    let piece = |at: u64| starts.partition_point(|start| *start <= at).saturating_sub(1);
    let mut ties: Vec<Range<usize>> = Vec::new();
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(code.len() as u64);
        let mut tie = |target: u64| {
            let other = piece(target);
            if other != index && target < code.len() as u64 {
                ties.push(index.min(other)..index.max(other) + 1);
            }
        };
        if runs_on(&code[start as usize..end as usize], start, fields, &mut tie) {
            tie(end);
        }
    }
    ties.sort_by_key(|tie| tie.start);
    let mut tangles: Vec<Range<usize>> = Vec::new();
    for tie in ties {
        match tangles.last_mut() {
            Some(last) if tie.start < last.end => last.end = last.end.max(tie.end),
            _ => tangles.push(tie),
        }
    }
    tangles
}

/// Calls `leads_to` with the offsets that a piece leads to without a relocation; returns whether it
/// runs on behind its end.
fn runs_on(code: &[u8], start: u64, fields: &[u64], leads_to: &mut impl FnMut(u64)) -> bool {
    let mut decoder = Decoder::with_ip(64, code, start, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    let mut runs = true;
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        let offsets = decoder.get_constant_offsets(&instruction);
        let is_relocated =
            |at: usize| fields.binary_search(&(instruction.ip() + at as u64)).is_ok();
        if instruction.op0_kind() == OpKind::NearBranch64
            && !is_relocated(offsets.immediate_offset())
        {
            leads_to(instruction.near_branch_target());
        }
        if instruction.is_ip_rel_memory_operand() && !is_relocated(offsets.displacement_offset()) {
            leads_to(instruction.ip_rel_memory_address());
        }
        runs = match instruction.flow_control() {
            FlowControl::Return
            | FlowControl::UnconditionalBranch
            | FlowControl::IndirectBranch
            | FlowControl::Exception => false,
            // What fills the room up to the next piece is never run.
            _ if matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Int3) => runs,
            _ => true,
        };
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_that_lead_into_one_another_are_one() {
        let ret = 0xc3;
        let nop = 0x90;
        // Each ends by itself, with padding behind it.
        assert!(find(&[ret, nop, ret, nop], &[0, 2], &[]).is_empty());
        // The first runs on.
        assert_eq!(find(&[nop, nop, ret], &[0, 2], &[]).first(), Some(&(0..2)));
        // The third branches back to the first, over the second; the fourth stands alone.
        assert_eq!(find(&[ret, ret, 0xeb, 0xfc, ret], &[0, 1, 2, 4], &[]).first(), Some(&(0..3)));
        // A branch inside a piece, and one that a relocation fills in.
        assert!(find(&[0xeb, 0, ret, ret], &[0, 3], &[]).is_empty());
        let call = [0xe8, 0, 0, 0, 0, ret, ret];
        assert_eq!(find(&call, &[0, 5], &[1]).first(), Some(&(0..2)), "behind a call it runs on");
        assert!(find(&[0xe9, 0, 0, 0, 0, ret], &[0, 5], &[1]).is_empty());
        assert_eq!(find(&[0xe9, 0, 0, 0, 0, ret], &[0, 5], &[]).first(), Some(&(0..2)));
        // `lea 0(%rip), %rax; ret`, which reads the next piece but one byte.
        assert_eq!(find(&[0x48, 0x8d, 5, 1, 0, 0, 0, ret, 7], &[0, 8], &[]).first(), Some(&(0..2)));
    }
}
