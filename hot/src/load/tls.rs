//! TlsRange for the thread-locals that patches bring.
//!
//! The pool is a thread-local of this crate, zeroed, [`LOCALS`] bytes long. In an executable a
//! thread-local is part of a block that the system makes with each thread, at one distance from the
//! thread pointer on all of them; so a range of the pool is a range of offsets, the same for every
//! thread that runs now or will, and code reaches it with the instructions by which it reaches the
//! program's own thread-locals. Nothing is allocated when a thread first uses a new thread-local,
//! and nothing is freed when it ends: the bytes go with the thread's block, which is after all
//! destructors have run, those of pthread keys included. No code of the loader runs at an access,
//! so an access may stand where any other may: in an allocator, in a signal handler.
//!
//! A range is given to one patch, for good, by the one loader of the process; tools that send
//! patches do not choose it and need not know of each other. It is handed on only if the load
//! fails, before any code of the patch has run, so that a range is zero on every thread until the
//! patch that owns it writes to it. (A thread-local that does not begin as zeroes is filled in by
//! the patch's code, on each thread, before the first access.) What is written there is seen by the
//! thread that wrote it; other threads need no order with it, and the code itself is published by
//! the swap of the slots as ever.
//!
//! Where this crate is part of a shared library, the distance may differ from thread to thread,
//! and there is no room: [`NoTls::Elsewhere`].

use super::arch::{Arch, Processor};
use super::os::{Os, Platform};
use hot_patch::patch::{LOCALS, Locals};
use std::cell::UnsafeCell;
use std::ops::Range;
use std::sync::Mutex;

/// The bytes. This crate only asks where they are.
#[repr(C, align(128))]
struct Pool(UnsafeCell<[u8; LOCALS as usize]>);

const _: () = assert!(align_of::<Pool>() as u64 == hot_patch::patch::LOCALS_ALIGN);

thread_local! {
    static POOL: Pool = const { Pool(UnsafeCell::new([0; LOCALS as usize])) };
}

/// The thread-locals of a patch have no room.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum NoTls {
    #[error(
        "the patch brings new thread-locals of {wanted} bytes; a program keeps {LOCALS} bytes for \
         those of all its patches, of which {used} are taken; restart the program to run the new \
         code"
    )]
    Full { wanted: u64, used: u64 },
    #[error(
        "the patch brings new thread-locals, for which the program has no room: the crate hot is \
         not part of its executable but of a shared library; restart the program to run the new \
         code"
    )]
    Elsewhere,
}

/// How much of the pool is given out, in bytes from its start.
static USED: Mutex<u64> = Mutex::new(0);

/// A range of the pool that is one patch's. Given back when it is dropped.
#[derive(Debug)]
pub(super) struct TlsRange {
    taken: Range<u64>,
    offsets: Range<i64>,
}

/// Takes room for the thread-locals of a patch; of no size where it brings none.
pub(super) fn reserve(locals: Locals) -> Result<TlsRange, NoTls> {
    if locals.size == 0 {
        return Ok(TlsRange { taken: 0..0, offsets: 0..0 });
    }
    let pool = pool().ok_or(NoTls::Elsewhere)?;
    // Poison: a panic in between leaves the number as it was before or after a step below.
    let mut used = USED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let start = used.next_multiple_of(locals.align);
    let end = start.saturating_add(locals.size);
    if end > LOCALS {
        return Err(NoTls::Full { wanted: locals.size, used: *used });
    }
    let taken = *used..end;
    *used = end;
    Ok(TlsRange { taken, offsets: pool + start as i64..pool + end as i64 })
}

/// Offset of the pool from the thread pointer, if that is the same on every thread: that is, if the
/// pool lies in the executable's own block.
fn pool() -> Option<i64> {
    let here = POOL.with(|pool| pool.0.get() as u64);
    let inside = is_within(&Platform::thread_block()?, here..here + LOCALS);
    let pointer = Processor::thread_pointer()?;
    inside.then(|| here.wrapping_sub(pointer) as i64)
}

/// Reports whether one range lies in the other.
fn is_within(block: &Range<u64>, pool: Range<u64>) -> bool {
    pool.start >= block.start && pool.end <= block.end
}

impl TlsRange {
    /// Returns its offsets from the thread pointer.
    pub(super) fn offsets(&self) -> Range<i64> {
        self.offsets.clone()
    }

    /// Keeps it for the life of the process.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for TlsRange {
    fn drop(&mut self) {
        let mut used = USED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // Loads go one after the other, so nothing has been taken behind it.
        if !self.taken.is_empty() && *used == self.taken.end {
            *used = self.taken.start;
        }
    }
}

#[cfg(all(test, target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn the_pool_is_zero_and_at_one_distance_on_every_thread() {
        let look = || {
            let bytes = POOL.with(|pool| pool.0.get());
            // SAFETY: what of the pool is given out, in this process of tests, is written by tests
            // that patch it on their own threads; this one has just begun.
            let zero = unsafe { (*bytes).iter().all(|&byte| byte == 0) };
            (pool(), zero)
        };
        let ends = || std::thread::spawn(look).join().expect("it does not panic");
        let (first, second) = (ends(), ends());
        assert_eq!(first, second);
        assert!(first.1 && first.0.is_some_and(|at| at < 0 && at % 128 == 0), "{first:?}");
    }

    #[test]
    fn a_pool_outside_of_the_executables_block_is_not_used() {
        let block = 0x1000..0x4000;
        for pool in [0x1000..0x2000, 0x3000..0x4000] {
            assert!(is_within(&block, pool));
        }
        for pool in [0xfff..0x1fff, 0x3001..0x4001, 0x8000..0x9000] {
            assert!(!is_within(&block, pool));
        }
    }
}
