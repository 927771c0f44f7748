//! Descriptors that a forked child does not keep.
//!
//! A child made by `fork` has copies of all descriptors, and none of the threads that serve them.
//! As long as it lived, whoever connected after its parent's end would wait for a word in vain, and
//! who was connected would not hear of that end: the end of the process could not be seen. So the
//! copies are closed where a fork begins the child.
//!
//! The handler runs in a process of one thread, in which another may have held any lock: it reads a
//! table of atomics and closes what stands there. A fork between a descriptor's making and its
//! entry here misses it, and so does one when the table is full, which takes more tools at once
//! than anybody has.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::Once;
use std::sync::atomic::{AtomicI32, Ordering};

/// No descriptor.
const NONE: RawFd = -1;

/// Relaxed throughout: a place is taken and given back as one atomic word, and what the child reads
/// is the copy of what its parent had.
static DESCRIPTORS: [AtomicI32; 64] = [const { AtomicI32::new(NONE) }; 64];

/// An entry in the table. It must go before the descriptor is closed, and may become another's.
#[derive(Debug)]
pub(super) struct Unshared(Option<&'static AtomicI32>);

impl Unshared {
    /// Has children that are forked from now on close their copy.
    pub(super) fn new(descriptor: &impl AsRawFd) -> Unshared {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the handler is a function of this program that is never unloaded; it makes
            // system calls only. That it cannot be registered costs children open descriptors.
            unsafe { libc::pthread_atfork(None, None, Some(close_all)) };
        });
        let descriptor = descriptor.as_raw_fd();
        Unshared(DESCRIPTORS.iter().find(|place| {
            place.compare_exchange(NONE, descriptor, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        }))
    }
}

impl Drop for Unshared {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            place.store(NONE, Ordering::Relaxed);
        }
    }
}

unsafe extern "C" fn close_all() {
    for place in &DESCRIPTORS {
        let descriptor = place.swap(NONE, Ordering::Relaxed);
        if descriptor != NONE {
            // SAFETY: it is the child's copy; its owner is a thread of the parent's, which is not
            // here, so that nothing uses it.
            unsafe { libc::close(descriptor) };
        }
    }
}
