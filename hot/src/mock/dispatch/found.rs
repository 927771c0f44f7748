//! The code that a call runs.

use crate::mock::install::Callee;
use crate::slot::instances;
use std::sync::atomic::Ordering;

/// The code that one call runs.
pub struct Found {
    /// Code of the function's type; with `data`, of that type with `data` as a first argument.
    pub code: *const (),
    /// Null, or what `code` must be called with, exactly once.
    pub data: *const (),
}

impl Found {
    /// Code of the function's own type.
    #[inline]
    pub fn plain(code: *const ()) -> Found {
        Found { code, data: std::ptr::null() }
    }

    /// The code below the mocks.
    pub(super) fn below(callee: Callee) -> Found {
        Found::plain(match callee.item {
            Some(_) => instances::instance(callee.site.slot(), callee.body),
            None => callee.site.below(),
        })
    }

    /// The code below the mocks, for a call that the allocator makes while mocks are at work. Notes
    /// that it does.
    pub(super) fn by_allocator(callee: Callee) -> Found {
        // Relaxed: whoever does not see it yet allocates once more.
        callee.site.state.by_allocator.store(true, Ordering::Relaxed);
        match callee.item {
            Some(_) => Found::plain(instances::instance_within(callee.site.slot(), callee.body)),
            None => Found::below(callee),
        }
    }
}
