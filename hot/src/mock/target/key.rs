//! A function that mocks lie on, and the key under which they are found.

use crate::registry::{self, Entry};
use crate::slot::MockSite;
use hot_patch::abi::Kind;
use std::any::TypeId;

/// The key under which a mock is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Key {
    /// The site of a function; of a generic one, for all its instances.
    Function(usize),
    /// The item of an instance of a generic function.
    Instance(TypeId),
}

/// A function that a mock lies on.
#[derive(Clone)]
pub(crate) struct Target {
    pub key: Key,
    /// The function's site. For an instance, those of all generic functions of its path, of which
    /// there may be two in two blocks: which of them it is shows at the first call.
    pub sites: Vec<&'static MockSite>,
    /// For people.
    pub name: String,
    /// None for an instance.
    pub entry: Option<&'static Entry>,
}

impl Target {
    /// Keeps the functions that are `async`, or those that are not. For an instance.
    pub(crate) fn keep_kind(&mut self, asynchronous: bool) {
        let is = |site: &&'static MockSite| {
            registry::slot_is_registered(site.slot().address())
                .and_then(Entry::kind)
                .is_some_and(|kind| is_async(kind) == asynchronous)
        };
        self.sites.retain(is);
    }
}

/// Reports whether the slot of such a function returns boxed futures.
pub(crate) fn is_async(kind: Kind) -> bool {
    matches!(kind, Kind::Async | Kind::GenericAsync)
}
