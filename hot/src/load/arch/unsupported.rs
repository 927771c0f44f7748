//! Any other processor: no patch is for it.

use super::processor::Arch;
use hot_patch::patch::{Architecture, Width};

/// See [`Arch`].
pub(crate) struct Unsupported;

impl Arch for Unsupported {
    const ARCHITECTURE: Option<Architecture> = None;
    const REACH: u64 = 0;
    fn encode(_: Width, _: u64, _: u64) -> Option<([u8; 8], usize)> {
        None
    }
    fn thread_pointer() -> Option<u64> {
        None
    }
    fn flush(_: std::ops::Range<u64>) {}
}
