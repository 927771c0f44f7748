//! A mock that lies on a function.

use super::answer::Answer;
use super::callee::Callee;
use crate::mock::expect::Expectation;
use crate::mock::target::{Key, Target};
use crate::slot::MockSite;
use std::any::TypeId;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A mock on a function.
pub(crate) struct Installed {
    pub(crate) answer: Answer,
    pub(crate) target: Target,
    pub(crate) expectation: Arc<Expectation>,
    /// The number of mocks made before it.
    number: u64,
    /// Of an instance: the last call that found it. There is one function with this item; its
    /// bodies are copies of one another.
    callee: OnceLock<(&'static MockSite, TypeId)>,
    body: AtomicPtr<()>,
}

impl Installed {
    pub(crate) fn new(
        answer: Answer,
        target: Target,
        expectation: Arc<Expectation>,
    ) -> Arc<Installed> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        // Relaxed: a number, and no two the same.
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let body = AtomicPtr::default();
        Arc::new(Installed { answer, target, expectation, number, callee: OnceLock::new(), body })
    }

    /// Reports whether it lies below another one, which is no longer there to be found: of scopes,
    /// the older one; below all of these, the process-wide one of an instance, and that of all
    /// instances.
    pub(crate) fn lies_below(&self, gone: &Installed) -> bool {
        let of_one = |installed: &Installed| matches!(installed.target.key, Key::Instance(_));
        match (self.expectation.is_scoped(), gone.expectation.is_scoped()) {
            (true, true) => self.number < gone.number,
            (false, false) => of_one(gone) && !of_one(self),
            (scoped, _) => !scoped,
        }
    }

    /// Reports whether it was made for this function, or for several of which this is one.
    pub(crate) fn is_for(&self, site: &'static MockSite) -> bool {
        self.target.sites.iter().any(|of| std::ptr::eq(*of, site))
    }

    /// Keeps what is needed to let a call of an instance through.
    pub(crate) fn remember(&self, callee: Callee) {
        if let Some(item) = callee.item {
            let _ = self.callee.set((callee.site, item));
            // Relaxed: the address of code that was there from the start of the program, or that
            // this thread has just come from.
            self.body.store(callee.body.cast_mut(), Ordering::Relaxed);
        }
    }

    /// Returns the function that was called, for one of its calls.
    pub(crate) fn callee(&self) -> Callee {
        match self.callee.get() {
            Some(&(site, item)) => {
                let body = self.body.load(Ordering::Relaxed);
                Callee { site, item: Some(item), name: "", body }
            }
            None => {
                let site = self.target.sites[0];
                Callee { site, item: None, name: "", body: std::ptr::null() }
            }
        }
    }
}
