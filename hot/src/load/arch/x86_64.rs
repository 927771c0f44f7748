//! x86-64: relative fields are signed 32-bit; instruction caches are coherent.

use super::processor::Arch;
use hot_patch::patch::{Architecture, Width};

/// See [`Arch`].
pub(crate) struct X86_64;

impl Arch for X86_64 {
    const ARCHITECTURE: Option<Architecture> = Some(Architecture::X86_64);

    /// A signed 32-bit displacement, less a margin for addends.
    const REACH: u64 = (1 << 31) - (1 << 20);

    fn encode(width: Width, value: u64, field: u64) -> Option<([u8; 8], usize)> {
        match width {
            Width::Absolute64 => Some((value.to_le_bytes(), 8)),
            Width::Relative32 => {
                let distance = i32::try_from(value.wrapping_sub(field) as i64).ok()?;
                let mut bytes = [0; 8];
                bytes[..4].copy_from_slice(&distance.to_le_bytes());
                Some((bytes, 4))
            }
            Width::Thread32 => {
                let offset = i32::try_from(value as i64).ok()?;
                let mut bytes = [0; 8];
                bytes[..4].copy_from_slice(&offset.to_le_bytes());
                Some((bytes, 4))
            }
        }
    }

    fn thread_pointer() -> Option<u64> {
        let pointer: u64;
        // SAFETY: in the System V ABI `fs` begins with a word that holds its own address.
        unsafe {
            std::arch::asm!(
                "mov {}, fs:[0]",
                out(reg) pointer,
                options(nostack, preserves_flags, readonly)
            );
        }
        Some(pointer)
    }

    fn flush(_: std::ops::Range<u64>) {
        // Stores are seen by instruction fetch once they are globally visible, and a thread gets
        // to the new code only through a slot, which is stored after them with Release.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_fields_reach_two_gibibytes_and_no_further() {
        let at = 1 << 40;
        let relative =
            |to: u64| X86_64::encode(Width::Relative32, to, at).map(|(b, n)| b[..n].to_vec());
        assert_eq!(relative(at + 5), Some(5i32.to_le_bytes().to_vec()));
        assert_eq!(relative(at - 5), Some((-5i32).to_le_bytes().to_vec()));
        assert_eq!(relative(at + 0x7fff_ffff), Some(i32::MAX.to_le_bytes().to_vec()));
        assert_eq!(relative(at - 0x8000_0000), Some(i32::MIN.to_le_bytes().to_vec()));
        assert_eq!(relative(at + 0x8000_0000), None);
        assert_eq!(relative(at - 0x8000_0001), None);
    }
}
