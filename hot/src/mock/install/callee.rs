//! The function that is called.

use crate::mock::target::Key;
use crate::slot::MockSite;
use std::any::TypeId;

/// The function that a call is for.
#[derive(Clone, Copy)]
pub(crate) struct Callee {
    pub site: &'static MockSite,
    pub item: Option<TypeId>,
    /// Of an instance, for people.
    pub name: &'static str,
    /// Of an instance; null for an ordinary function.
    pub body: *const (),
}

impl Callee {
    /// Returns the keys under which its mocks lie, the most particular first.
    pub(crate) fn keys(self) -> impl Iterator<Item = Key> {
        let instance = self.item.map(Key::Instance);
        instance.into_iter().chain([Key::Function(self.site.address())])
    }
}
