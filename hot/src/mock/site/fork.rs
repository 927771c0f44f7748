//! Locks at a fork.
//!
//! A child made by `fork` has one thread: a lock that another one holds at that moment is held in the
//! child for good. So whoever forks takes the locks of the mocks first, in the order in which they
//! are taken elsewhere, and lets go of them on both sides.

#[cfg(unix)]
mod locks {
    use super::super::{lock, table};
    use crate::slot::layers;
    use std::cell::Cell;
    use std::sync::{MutexGuard, Once};

    struct Held {
        _layers: layers::Held,
        _sites: MutexGuard<'static, ()>,
        _change: MutexGuard<'static, ()>,
    }

    thread_local! {
        static HELD: Cell<Option<Held>> = const { Cell::new(None) };
    }

    extern "C" fn take() {
        let (change, sites, layers) = (lock::lock(), table::hold(), layers::hold());
        let held = Held { _layers: layers, _sites: sites, _change: change };
        // A thread that is being taken down has no place for them: the child takes its chances.
        let _ = HELD.try_with(|place| place.set(Some(held)));
    }

    extern "C" fn release() {
        let _ = HELD.try_with(Cell::take);
    }

    pub(crate) fn prepare() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: the three are functions of this program, which is there for good. For want of
            // memory nothing is done.
            unsafe { libc::pthread_atfork(Some(take), Some(release), Some(release)) };
        });
    }
}

/// Makes forks from now on safe for the mocks in a child.
#[cfg(unix)]
pub(super) use locks::prepare;

/// There is no fork.
#[cfg(not(unix))]
pub(super) fn prepare() {}
