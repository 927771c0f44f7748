//! Answers that the instructions of one function give: whether it returns, and what it does with
//! the address of another.
//!
//! A function is called directly (`call f`), or through a word that holds its address (`call
//! *f@GOTPCREL(%rip)`): so is what stands in another crate. Where the caller has something to clean
//! up when the call unwinds, LLVM takes the two apart without optimisation:
//!
//! ```text
//! mov  f@GOTPCREL(%rip), %rax
//! mov  $5, %edi
//! call *%rax
//! ```
//!
//! That is a call as well, as long as nothing else reads the register. Any other reference takes
//! the address to where it may be kept.
//!
//! A reference is *in a loop* when control may come from there to there again. A jump through a
//! table is taken to lead anywhere further down: loops jump back directly.

use crate::diff::object::{AtomKind, AtomRef, RelocTarget, SymbolId};
use iced_x86::{
    Code, Decoder, DecoderOptions, FlowControl, Instruction, InstructionInfoFactory, Mnemonic,
    OpAccess, OpKind, Register,
};

/// Returns whether no instruction returns and some jump goes back: a loop without an end.
pub fn never_returns(function: &AtomRef) -> bool {
    let mut back = false;
    for instruction in instructions(function) {
        let branch = instruction.op0_kind() == OpKind::NearBranch64;
        match instruction.mnemonic() {
            Mnemonic::Ret => return false,
            Mnemonic::Call => {}
            // Through a table, or to another function, which may return.
            Mnemonic::Jmp if !branch => return false,
            _ if !branch => {}
            _ => {
                let bytes = instruction.ip()..instruction.next_ip();
                if function.atom().relocs.iter().any(|reloc| bytes.contains(&reloc.at)) {
                    return false;
                }
                back |= instruction.near_branch_target() <= instruction.ip();
            }
        }
    }
    back
}

/// Returns whether code refers to a function other than by calling it.
pub fn takes_address(user: &AtomRef, function: SymbolId) -> bool {
    if user.atom().kind != AtomKind::Text {
        return false;
    }
    let mut references: Vec<u64> = Vec::new();
    for reloc in &user.atom().relocs {
        if matches!(user.target_of(reloc), RelocTarget::Named(name, 0) if name == function) {
            references.push(reloc.at);
        }
    }
    if references.is_empty() {
        return false;
    }
    let all: Vec<Instruction> = instructions(user).collect();
    references.into_iter().any(|at| {
        // They are in order.
        let index = all.partition_point(|instruction| instruction.next_ip() <= at);
        all.get(index).is_none_or(|instruction| !is_call(instruction, &all[index + 1..]))
    })
}

/// Returns whether something refers to a function other than by calling it: it takes the address,
/// or uses a constant in which that stands.
pub fn refers_otherwise(user: &AtomRef, function: SymbolId) -> bool {
    let refers = user.object.out_edges[user.index as usize].contains(&function);
    let is_meant =
        |reloc| matches!(user.target_of(reloc), RelocTarget::Named(name, _) if name == function);
    refers && !user.atom().relocs.iter().any(is_meant) || takes_address(user, function)
}

/// Returns whether control may come from a reference to a name to that reference again.
pub fn is_in_loop(user: &AtomRef, to: SymbolId) -> bool {
    // A table of methods is a constant that leads there.
    let is_meant = |reloc| match user.target_of(reloc) {
        RelocTarget::Named(name, _) => name == to,
        RelocTarget::Private(constant, _) => {
            constant.object.out_edges[constant.index as usize].contains(&to)
        }
    };
    let relocs = &user.atom().relocs;
    let references: Vec<u64> =
        relocs.iter().filter(|reloc| is_meant(reloc)).map(|reloc| reloc.at).collect();
    if user.atom().kind != AtomKind::Text || references.is_empty() {
        return false;
    }
    let all: Vec<Instruction> = instructions(user).collect();
    let leaves = |instruction: &Instruction| {
        let bytes = instruction.ip()..instruction.next_ip();
        relocs.iter().any(|reloc| bytes.contains(&reloc.at))
    };
    let next = |index: usize| -> Vec<usize> {
        let instruction = &all[index];
        let target =
            || all.binary_search_by_key(&instruction.near_branch_target(), Instruction::ip);
        match instruction.flow_control() {
            FlowControl::Return | FlowControl::Exception => Vec::new(),
            FlowControl::UnconditionalBranch if leaves(instruction) => Vec::new(),
            FlowControl::UnconditionalBranch => target().into_iter().collect(),
            FlowControl::ConditionalBranch if leaves(instruction) => vec![index + 1],
            FlowControl::ConditionalBranch => target().into_iter().chain([index + 1]).collect(),
            FlowControl::IndirectBranch if leaves(instruction) => Vec::new(),
            FlowControl::IndirectBranch => (index + 1..all.len()).collect(),
            _ => vec![index + 1],
        }
    };
    references.into_iter().any(|at| {
        let start = all.partition_point(|instruction| instruction.next_ip() <= at);
        let mut seen = vec![false; all.len()];
        let mut open = vec![start];
        while let Some(index) = open.pop() {
            if index >= all.len() {
                continue;
            }
            for next in next(index) {
                if next == start {
                    return true;
                }
                if next < all.len() && !std::mem::replace(&mut seen[next], true) {
                    open.push(next);
                }
            }
        }
        false
    })
}

/// Returns whether an instruction that refers to a function calls it, by itself or with those that
/// follow.
fn is_call(instruction: &Instruction, following: &[Instruction]) -> bool {
    match instruction.flow_control() {
        FlowControl::Call
        | FlowControl::IndirectCall
        | FlowControl::UnconditionalBranch
        | FlowControl::IndirectBranch
        | FlowControl::ConditionalBranch => return true,
        _ => {}
    }
    let loads = instruction.code() == Code::Mov_r64_rm64 && instruction.is_ip_rel_memory_operand();
    loads && is_only_called(instruction.op0_register(), following)
}

/// Returns whether all that becomes of a register's value is a call of it, as far as control flows
/// straight on.
fn is_only_called(register: Register, following: &[Instruction]) -> bool {
    // What a call may overwrite is of no use after it.
    const SCRATCH: [Register; 9] = [
        Register::RAX,
        Register::RCX,
        Register::RDX,
        Register::RSI,
        Register::RDI,
        Register::R8,
        Register::R9,
        Register::R10,
        Register::R11,
    ];
    if !SCRATCH.contains(&register) {
        return false;
    }
    let mut info = InstructionInfoFactory::new();
    for instruction in following {
        let calls =
            instruction.op0_kind() == OpKind::Register && instruction.op0_register() == register;
        match instruction.flow_control() {
            FlowControl::Next => {}
            FlowControl::IndirectCall | FlowControl::IndirectBranch => return calls,
            _ => return false,
        }
        let used = info.info(instruction).used_registers().iter();
        let mut of_it = used.filter(|used| used.register().full_register() == register).peekable();
        if of_it.peek().is_some() {
            // It is overwritten, or else read.
            return of_it.all(|used| used.access() == OpAccess::Write);
        }
    }
    false
}

fn instructions(function: &AtomRef) -> impl Iterator<Item = Instruction> {
    let mut decoder = Decoder::with_ip(64, function.bytes(), 0, DecoderOptions::NONE);
    std::iter::from_fn(move || decoder.can_decode().then(|| decoder.decode()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::object::{Atom, ObjectFile, RawTarget, Reloc, RelocKind, SymbolTable};
    use std::collections::HashMap;
    use std::sync::Arc;

    fn function(bytes: &[u8], relocs: Vec<Reloc>) -> AtomRef {
        let atom = Atom {
            name: None,
            label: None,
            kind: AtomKind::Text,
            bytes: 0..bytes.len(),
            size: bytes.len() as u64,
            align: 16,
            relocs,
            frame: None,
            fallthrough_group: None,
        };
        let object = ObjectFile {
            unit: "u".into(),
            crate_key: String::new(),
            data: bytes.to_vec(),
            split: None,
            atoms: vec![atom],
            symbols: HashMap::new(),
            cies: Vec::new(),
            out_edges: vec![Box::default()],
            layouts: std::sync::OnceLock::new(),
        };
        AtomRef { object: Arc::new(object), index: 0 }
    }

    #[test]
    fn a_loop_without_an_end_is_told_from_one_with_an_end_and_from_a_panic() {
        let never = |bytes: &[u8]| never_returns(&function(bytes, Vec::new()));
        // nop; jmp back
        assert!(never(&[0x90, 0xeb, 0xfd]));
        // the same, with a way out to a return
        assert!(!never(&[0x90, 0x74, 0x02, 0xeb, 0xfb, 0xc3]));
        // ud2
        assert!(!never(&[0x0f, 0x0b]));
    }

    #[test]
    fn a_call_in_a_loop_is_told_from_one_before_it() {
        let name = SymbolTable::default().intern("f");
        let in_loop = |before: &[u8], after: &[u8]| {
            let bytes = [before, &[0xe8, 0, 0, 0, 0], after].concat();
            let (at, target) = (before.len() as u64 + 1, RawTarget::Symbol(name));
            let reloc = Reloc { at, kind: RelocKind::Relative32, target, offset: 0, bias: 4 };
            is_in_loop(&function(&bytes, vec![reloc]), name)
        };
        for (before, after, expected) in [
            // call f; ret
            (&[][..], &[0xc3][..], false),
            // again: call f; jmp again
            (&[], &[0xeb, 0xf9], true),
            // again: call f; je again; ret
            (&[], &[0x74, 0xf9, 0xc3], true),
            // call f; again: nop; jmp again
            (&[], &[0x90, 0xeb, 0xfd], false),
            // again: nop; jne again; call f; ret
            (&[0x90, 0x75, 0xfd], &[0xc3], false),
            // jmp *%rax; call f; ret
            (&[0xff, 0xe0], &[0xc3], false),
            // call f; jmp *%rax; nop
            (&[], &[0xff, 0xe0, 0x90], false),
            // again: jmp *%rax; call f; jmp again
            (&[0xff, 0xe0], &[0xeb, 0xf7], true),
        ] {
            assert_eq!(in_loop(before, after), expected, "{before:x?} {after:x?}");
        }
    }

    #[test]
    fn a_call_through_a_word_is_told_from_an_address_that_is_taken() {
        let name = SymbolTable::default().intern("f");
        let takes = |before: &[u8], after: &[u8]| {
            let bytes = [before, &[0; 4], after].concat();
            let at = before.len() as u64;
            let target = RawTarget::Symbol(name);
            let reloc = Reloc { at, kind: RelocKind::Got, target, offset: 0, bias: 4 };
            takes_address(&function(&bytes, vec![reloc]), name)
        };
        let load = &[0x48, 0x8b, 0x05];
        for (before, after, taken) in [
            // call f; jmp f; call *f(%rip); jmp *f(%rip)
            (&[0xe8][..], &[0xc3][..], false),
            (&[0xe9], &[], false),
            (&[0xff, 0x15], &[0xc3], false),
            (&[0xff, 0x25], &[], false),
            // lea f(%rip), %rdi
            (&[0x48, 0x8d, 0x3d], &[0xc3], true),
            // mov f(%rip), %rax; mov $5, %edi; call *%rax
            (load, &[0xbf, 5, 0, 0, 0, 0xff, 0xd0], false),
            // … jmp *%rax
            (load, &[0xff, 0xe0], false),
            // … mov %rax, 8(%rsp); call *%rax
            (load, &[0x48, 0x89, 0x44, 0x24, 8, 0xff, 0xd0], true),
            // … mov %rax, %rdi; call *%rax
            (load, &[0x48, 0x89, 0xc7, 0xff, 0xd0], true),
            // … je over; call *%rax
            (load, &[0x74, 0x02, 0xff, 0xd0, 0x90, 0x90], true),
            // … call *%rcx
            (load, &[0xff, 0xd1], true),
            // … ret
            (load, &[0xc3], true),
            // mov f(%rip), %rbx; call *%rbx: it is still there after the call
            (&[0x48, 0x8b, 0x1d], &[0xff, 0xd3, 0x48, 0x89, 0xd8], true),
        ] {
            assert_eq!(takes(before, after), taken, "{before:x?} {after:x?}");
        }
    }
}
