//! Thread-locals that come with a patch: where they are in the pool, and how they begin.
//!
//! The program keeps a pool of zeroed bytes in each thread's block (`hot_patch::patch::LOCALS`),
//! and the loader gives the patch a range of it. New thread-locals are laid out in that range, and
//! code that accesses them is rewritten as for the program's own (`super::tls_relax`): to an offset
//! from the thread pointer. So one function may use old and new ones side by side, whatever
//! sequence the compiler has chosen.
//!
//! One that begins as zeroes (every lazy one, `Cell::new(0)`) is done with that. Any other, such as
//! `const { RefCell::new(Vec::new()) }`, has its *image* among the patch's constants, and beside it
//! in the pool one byte, its *flag*, which says whether this thread's copy has been filled in. Each
//! function that accesses such a thread-local is entered through a *guard* ([`guard`]), which fills
//! it in if the flag is not set. The guard is the function's entry: whoever calls it or takes its
//! address gets the guard, be it from a later patch, and the thread that has passed it is the one
//! that runs the body, to the end of the call. A body that calls another one, which has a guard of
//! its own, needs none for what that one accesses.
//!
//! At a function's entry every register may hold an argument, so a guard keeps them all, the vector
//! registers too, which it does not touch. It calls nothing. A signal handler that accesses the
//! thread-local for the first time, while the guard of the interrupted code is filling it in, finds
//! the flag not set, fills it in itself, and then loses what it wrote there: in that one moment it
//! sees, and leaves, the initial value.

use crate::diff::live::{TlsInit, TlsLocation};
use crate::diff::object::{AtomKind, AtomRef};
use hot_patch::patch::{LOCALS, LOCALS_ALIGN};
use std::collections::HashMap;

/// The thread-locals of a patch, laid out. Where the images are is not known yet.
#[derive(Default)]
pub struct TlsLayout {
    /// Each one's place.
    pub places: HashMap<AtomRef, TlsLocation>,
    /// The size of all together, in bytes.
    pub size: u64,
    /// The largest alignment.
    pub align: u64,
}

impl TlsLayout {
    /// Lays out those among the atoms: the flags, then each at its alignment.
    pub fn new(atoms: &[AtomRef]) -> TlsLayout {
        let all = || atoms.iter().filter(|atom| atom.atom().kind == AtomKind::ThreadLocal);
        let mut locals = TlsLayout::default();
        let mut flags = 0..all().filter(|atom| !begins_as_zeroes(atom)).count() as u64;
        let mut at = flags.end;
        for atom in all() {
            let offset = at.next_multiple_of(atom.atom().align);
            at = offset + atom.atom().size;
            let size = u32::try_from(atom.atom().size).unwrap_or(u32::MAX);
            let fill = |flag| TlsInit { flag, size, image: 0 };
            let initial = if begins_as_zeroes(atom) { None } else { flags.next().map(fill) };
            locals.places.insert(atom.clone(), TlsLocation { offset, initial });
            locals.align = locals.align.max(atom.atom().align);
        }
        // One of no size still needs a place of its own in the format.
        locals.size = if locals.places.is_empty() { 0 } else { at.max(1) };
        locals
    }

    /// Reports whether the pool is large enough for them, were it empty.
    pub fn fit(&self) -> bool {
        self.size <= LOCALS && self.align <= LOCALS_ALIGN
    }

    /// The one that stands in the way most: by an alignment that the pool does not have, then by
    /// size.
    pub fn largest(&self) -> Option<&AtomRef> {
        let key = |atom: &&AtomRef| {
            let atom = atom.atom();
            (atom.align > LOCALS_ALIGN, atom.size, atom.name)
        };
        self.places.keys().max_by_key(key)
    }
}

/// Reports whether a thread-local begins as zeroes.
pub fn begins_as_zeroes(atom: &AtomRef) -> bool {
    atom.atom().relocs.is_empty() && atom.bytes().iter().all(|&byte| byte == 0)
}

/// A guard: fills in one thread-local of this thread if that has not been done, and runs on into
/// what follows. The fields are zero but for the size; see [`FIELDS`].
#[rustfmt::skip]
pub fn guard(size: u32) -> [u8; GUARD] {
    let [a, b, c, d] = size.to_le_bytes();
    [
        0x64, 0x80, 0x3c, 0x25, 0, 0, 0, 0, 0,         // cmp byte fs:[flag], 0
        0x75, 45,                                      // jne to the end
        0x57, 0x56, 0x51,                              // push rdi; push rsi; push rcx
        0x64, 0x48, 0x8b, 0x3c, 0x25, 0, 0, 0, 0,      // mov rdi, fs:[0]
        0x48, 0x8d, 0xbf, 0, 0, 0, 0,                  // lea rdi, [rdi + thread-local]
        0x48, 0x8d, 0x35, 0, 0, 0, 0,                  // lea rsi, [rip + image]
        0xb9, a, b, c, d,                              // mov ecx, size
        0xf3, 0xa4,                                    // rep movsb (forwards: the ABI's default)
        0x64, 0xc6, 0x04, 0x25, 0, 0, 0, 0, 1,         // mov byte fs:[flag], 1
        0x59, 0x5e, 0x5f,                              // pop rcx; pop rsi; pop rdi
    ]
}

/// Size of a guard in bytes.
pub const GUARD: usize = 56;

/// Offsets of the fields in a guard.
pub const FIELDS: Fields = Fields { test: 4, local: 26, image: 33, set: 48 };

/// See [`FIELDS`].
pub struct Fields {
    /// The flag's offset from the thread pointer, where it is tested.
    pub test: u64,
    /// The thread-local's offset from the thread pointer.
    pub local: u64,
    /// The distance to its image.
    pub image: u64,
    /// The flag's offset from the thread pointer, where it is set.
    pub set: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, Register};

    fn decoded(code: &[u8]) -> Vec<Instruction> {
        Decoder::with_ip(64, code, 0, DecoderOptions::NONE).iter().collect()
    }

    #[test]
    fn a_guard_keeps_every_register_and_ends_where_its_jump_leads() {
        let code = guard(24);
        let all = decoded(&code);
        let names: Vec<Mnemonic> = all.iter().map(|i| i.mnemonic()).collect();
        use Mnemonic::*;
        assert_eq!(
            names,
            [Cmp, Jne, Push, Push, Push, Mov, Lea, Lea, Mov, Movsb, Mov, Pop, Pop, Pop]
        );
        assert_eq!(all[1].near_branch_target(), GUARD as u64);
        let kept: Vec<Register> = all[2..5].iter().map(|i| i.op0_register()).collect();
        let mut given_back: Vec<Register> = all[11..].iter().map(|i| i.op0_register()).collect();
        given_back.reverse();
        assert_eq!(kept, given_back);
        assert_eq!(kept, [Register::RDI, Register::RSI, Register::RCX], "what movsb uses");
        assert_eq!(all[8].immediate32(), 24);
    }

    #[test]
    fn the_fields_of_a_guard_are_where_they_are_said_to_be() {
        let mut code = guard(1);
        let fields = [FIELDS.test, FIELDS.local, FIELDS.image, FIELDS.set];
        for (number, field) in (1u32..).zip(fields) {
            let field = field as usize;
            assert_eq!(code[field..field + 4], [0; 4]);
            code[field..field + 4].copy_from_slice(&(number << 8).to_le_bytes());
        }
        let all = decoded(&code);
        assert_eq!(all.iter().map(Instruction::len).sum::<usize>(), GUARD);
        assert_eq!(
            (all[0].memory_displacement32(), all[0].segment_prefix()),
            (0x100, Register::FS)
        );
        assert_eq!(all[6].memory_displacement32(), 0x200);
        assert_eq!(all[7].ip_rel_memory_address(), 0x300 + all[7].next_ip());
        assert_eq!(all[7].next_ip(), FIELDS.image + 4, "the field is the last of its instruction");
        assert_eq!((all[10].memory_displacement32(), all[10].immediate8()), (0x400, 1));
    }
}
