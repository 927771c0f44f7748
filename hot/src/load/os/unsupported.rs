//! Any other system: patches are refused with a sentence; slots, mocks and plugins work.

use super::system::{Access, Announced, Host, Os};
use std::ops::Range;

/// See [`Os`].
pub(crate) struct Unsupported;

const SENTENCE: &str = "hot patches are loaded on Linux with glibc only; on this system, \
                        restart the program to run the new code";

impl Os for Unsupported {
    fn host() -> &'static Host {
        static HOST: Host = Host { bias: 0, span: 0..0, build_id: Vec::new() };
        &HOST
    }
    fn thread_block() -> Option<Range<u64>> {
        None
    }
    fn mappings() -> Result<Vec<Range<u64>>, String> {
        Err(SENTENCE.into())
    }
    fn reserve(_: Range<u64>) -> Result<(), String> {
        Err(SENTENCE.into())
    }
    unsafe fn protect(_: Range<u64>, _: Access) -> Result<(), String> {
        Err(SENTENCE.into())
    }
    unsafe fn release(_: Range<u64>) -> Result<(), String> {
        Err(SENTENCE.into())
    }
    unsafe fn register_frames(_: *const u8) {}
    fn symbol(_: &str) -> Option<u64> {
        None
    }
    const ANNOUNCES: bool = false;
    fn announce(_: Vec<Announced>) {}
    fn register_with_debugger(_: &'static [u8]) {}
    fn at_exit(_: extern "C" fn()) {}
}
