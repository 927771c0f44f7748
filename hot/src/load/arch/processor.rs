//! A processor, as the loader sees it.

use hot_patch::patch::{Architecture, Width};

/// One processor architecture.
pub(crate) trait Arch {
    /// The architecture of the patches that can be loaded; `None` where none can be.
    const ARCHITECTURE: Option<Architecture>;

    /// How far apart, in bytes, code and what it refers to may lie.
    const REACH: u64;

    /// Returns the bytes of a field: `value` is base + addend, `field` the field's own address.
    /// `None` when the value does not fit.
    fn encode(width: Width, value: u64, field: u64) -> Option<([u8; 8], usize)>;

    /// Returns the value of the thread pointer, on this thread, from which thread-locals are
    /// counted.
    fn thread_pointer() -> Option<u64>;

    /// Makes fresh code visible to instruction fetch on every thread.
    fn flush(code: std::ops::Range<u64>);
}
