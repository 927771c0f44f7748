//! Which threads are a reloader's: one that waited for its own end would wait for ever.

use std::cell::Cell;

thread_local! {
    static OWN: Cell<bool> = const { Cell::new(false) };
}

/// Reports whether the caller is a thread of a reloader.
pub(super) fn is_current() -> bool {
    OWN.get()
}

/// Makes the caller a thread of a reloader.
pub(super) fn mark() {
    OWN.set(true);
}
