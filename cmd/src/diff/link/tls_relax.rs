//! Rewrites accesses to thread-locals for the executable's own block.
//!
//! A library's code asks `__tls_get_addr` where its block is, since it may be loaded at run time;
//! linked into an executable, its thread-locals lie at fixed offsets from the thread pointer, and
//! linkers rewrite the sequences ("ELF Handling For Thread-Local Storage", Drepper, §5). A
//! patch refers to the running executable's thread-locals, so the same is done here.

/// The rest of a sequence after the field, with its call, that is overwritten: relocations in
/// these bytes (offsets in the atom) are done with.
pub type Consumed = std::ops::Range<u64>;

/// `lea x@tlsgd(%rip), %rdi; call __tls_get_addr` becomes `mov %fs:0, %rax; lea offset(%rax),
/// %rax`. `at` is the offset of the field. `None` when the code does not look as the ABI says.
pub fn general(code: &mut [u8], at: usize, offset: i32) -> Option<Consumed> {
    let start = at.checked_sub(4)?;
    let sequence = code.get_mut(start..start + 16)?;
    let lea = sequence[..4] == [0x66, 0x48, 0x8d, 0x3d];
    let call =
        sequence[8..12] == [0x66, 0x66, 0x48, 0xe8] || sequence[8..12] == [0x66, 0x48, 0xff, 0x15];
    if !lea || !call {
        return None;
    }
    sequence[..12].copy_from_slice(&[0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0x48, 0x8d, 0x80]);
    sequence[12..].copy_from_slice(&offset.to_le_bytes());
    Some(start as u64..start as u64 + 16)
}

/// `lea x@tlsld(%rip), %rdi; call __tls_get_addr` becomes `mov %fs:0, %rax`, padded with prefixes.
pub fn local(code: &mut [u8], at: usize) -> Option<Consumed> {
    let start = at.checked_sub(3)?;
    let length = match code.get(start..start + 10)? {
        [0x48, 0x8d, 0x3d, _, _, _, _, 0xe8, ..] => 12,
        [0x48, 0x8d, 0x3d, _, _, _, _, 0xff, 0x15, _] => 13,
        _ => return None,
    };
    let sequence = code.get_mut(start..start + length)?;
    let (prefixes, load) = sequence.split_at_mut(length - 9);
    prefixes.fill(0x66);
    load.copy_from_slice(&[0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0]);
    Some(start as u64..(start + length) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};

    /// Instructions in a piece of code, by length.
    fn lengths(code: &[u8]) -> Vec<usize> {
        Decoder::new(64, code, DecoderOptions::NONE)
            .iter()
            .map(|i| {
                assert!(!i.is_invalid(), "{code:x?}");
                i.len()
            })
            .collect()
    }

    #[test]
    fn sequences_become_loads_of_the_thread_pointer() {
        let mut code = [0x66, 0x48, 0x8d, 0x3d, 1, 2, 3, 4, 0x66, 0x66, 0x48, 0xe8, 1, 2, 3, 4];
        assert_eq!(general(&mut code, 4, -16), Some(0..16));
        assert_eq!(lengths(&code), [9, 7]);
        assert_eq!(code[12..], (-16i32).to_le_bytes());
        let mut code = [0x48, 0x8d, 0x3d, 1, 2, 3, 4, 0xe8, 1, 2, 3, 4];
        assert_eq!(local(&mut code, 3), Some(0..12));
        assert_eq!(lengths(&code), [12]);
        let mut code = [0x48, 0x8d, 0x3d, 1, 2, 3, 4, 0xff, 0x15, 1, 2, 3, 4];
        assert_eq!(local(&mut code, 3), Some(0..13));
        assert_eq!(lengths(&code), [13]);
    }

    #[test]
    fn anything_else_is_left_alone() {
        let code = [0x48, 0x8d, 0x35, 1, 2, 3, 4, 0xe8, 1, 2, 3, 4];
        for at in 0..code.len() {
            let mut copy = code;
            assert_eq!((local(&mut copy, at), general(&mut copy, at, 0)), (None, None));
            assert_eq!(copy, code);
        }
    }
}
