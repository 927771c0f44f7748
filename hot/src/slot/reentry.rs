//! Calls that mocks make while they work.
//!
//! To find what a call runs, to put a mock on and to count may allocate, and the allocator may call
//! a hot function, which is mocked, and so on: without end, or into a lock that the thread holds.
//! So a thread notes that it is [`Working`], and a call of a hot function that finds the note runs
//! what lies below the mocks, and asks nothing.
//!
//! A call that finds it also records that the allocator calls this function. Of those the closure
//! is not entered again while the thread is inside one ([`InClosure`]), since it may allocate as
//! well.

use std::cell::Cell;

thread_local! {
    // Neither needs to be dropped: so there is no moment in a thread's life at which they cannot be
    // read, and reading them does not allocate.
    static WORKING: Cell<bool> = const { Cell::new(false) };
    static IN_CLOSURE: Cell<bool> = const { Cell::new(false) };
}

/// This thread works at mocks, until it is dropped.
pub(crate) struct Working(());

impl Working {
    /// None when it does so already.
    pub(crate) fn begin() -> Option<Working> {
        (!WORKING.replace(true)).then(|| Working(()))
    }

    /// Reports whether this thread does so.
    pub(crate) fn is_underway() -> bool {
        WORKING.get()
    }

    /// Ends it early: what comes is the program's own code, such as its panic hook.
    pub(crate) fn end() {
        WORKING.set(false);
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        WORKING.set(false);
    }
}

/// Drops a value as if the thread were not at work: that may run the program's own code, whose
/// calls are not the allocator's.
pub(crate) fn drop_at_rest<T>(value: T) {
    struct Resume(bool);
    impl Drop for Resume {
        fn drop(&mut self) {
            WORKING.set(self.0);
        }
    }
    let _resume = Resume(WORKING.replace(false));
    drop(value);
}

/// This thread is inside the closure of a function that the allocator calls, until it is dropped.
pub(crate) struct InClosure {
    before: bool,
}

impl InClosure {
    pub(crate) fn enter() -> InClosure {
        InClosure { before: IN_CLOSURE.replace(true) }
    }

    /// Reports whether one is.
    pub(crate) fn is_inside() -> bool {
        IN_CLOSURE.get()
    }
}

impl Drop for InClosure {
    fn drop(&mut self) {
        IN_CLOSURE.set(self.before);
    }
}

/// Uses the allocator in each way: the functions that it calls record themselves.
pub(crate) fn allocate() {
    let mut bytes = std::hint::black_box(Vec::<u8>::with_capacity(1));
    bytes.push(1);
    bytes.reserve(64);
    std::hint::black_box(&bytes);
    std::hint::black_box(vec![0u8; 64]);
}
