//! Locks at a fork.
//!
//! A child made by `fork` has one thread: a lock that another one holds at that moment is held in
//! the child for good, and so is the making of a value that is made once, at its first use. So
//! whoever forks waits for such values first, then takes the locks of the mocks, in the order in
//! which they are taken elsewhere, and lets go of them on both sides. [`prepare`] has this done; it
//! comes before anything that is waited for.

#[cfg(unix)]
mod locks {
    use super::super::{lock, table};
    use crate::registry;
    use crate::slot::layers;
    use std::cell::Cell;
    use std::sync::MutexGuard;
    use std::sync::atomic::{AtomicI32, Ordering};

    struct Held {
        _layers: layers::Held,
        _sites: MutexGuard<'static, ()>,
        _change: MutexGuard<'static, ()>,
    }

    thread_local! {
        static HELD: Cell<Option<Held>> = const { Cell::new(None) };
    }

    extern "C" fn take() {
        registry::build();
        let (change, sites, layers) = (lock::lock(), table::hold(), layers::hold());
        let held = Held { _layers: layers, _sites: sites, _change: change };
        // A thread that is being taken down has no place for them: the child takes its chances.
        let _ = HELD.try_with(|place| place.set(Some(held)));
    }

    extern "C" fn release() {
        let _ = HELD.try_with(Cell::take);
    }

    /// No thread has registered the handlers.
    const UNPREPARED: i32 = 0;
    /// They are registered.
    const PREPARED: i32 = -1;
    /// One of these, or the ID of the process of which a thread is registering them.
    static STATE: AtomicI32 = AtomicI32::new(UNPREPARED);

    pub(crate) fn prepare() {
        // Acquire, paired with the Release below: what comes after this comes after the
        // registration.
        let mut state = STATE.load(Ordering::Acquire);
        if state == PREPARED {
            return;
        }
        // No `Once`: a child could be made while another thread is inside, which it would wait for.
        // A state with the ID of the parent is of such a thread, and the child does its work.
        let own = std::process::id().cast_signed();
        while state != PREPARED {
            if state == own {
                std::thread::yield_now();
                state = STATE.load(Ordering::Acquire);
                continue;
            }
            // Relaxed on success: it publishes nothing.
            match STATE.compare_exchange(state, own, Ordering::Relaxed, Ordering::Acquire) {
                Ok(_) => {
                    // SAFETY: the three are functions of this program, which is there for good. For
                    // want of memory nothing is done. A fork that is under way holds this up to its
                    // end.
                    unsafe { libc::pthread_atfork(Some(take), Some(release), Some(release)) };
                    STATE.store(PREPARED, Ordering::Release);
                    return;
                }
                Err(other) => state = other,
            }
        }
    }
}

/// Makes forks from now on safe for the mocks in a child.
#[cfg(unix)]
pub(crate) use locks::prepare;

/// There is no fork.
#[cfg(not(unix))]
pub(crate) fn prepare() {}
