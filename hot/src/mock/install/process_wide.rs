//! The mocks that the whole process sees.
//!
//! At most one lies on a function; a new one takes its place. A function pointer goes into the slot
//! itself as long as no scope has a mock on the function; all else goes through the shim.

use super::answer::Answer;
use super::installed::Installed;
use crate::mock::expect::Expectation;
use crate::mock::site::change;
use crate::mock::target::{Key, Target};
use crate::slot::reentry::{self, drop_at_rest};
use crate::slot::{Code, MockSite, layers};
use arc_swap::ArcSwapOption;
use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

/// The mock of a function; of a generic one, of all instances.
type Place = ArcSwapOption<Installed>;

/// The mocks of instances of generic functions.
type Instances = HashMap<TypeId, Arc<Installed>>;

static INSTANCES: ArcSwapOption<Instances> = ArcSwapOption::const_empty();

/// Returns the mock of a function; of a generic one, that of all instances.
pub(crate) fn of_site(site: &'static MockSite) -> Option<Arc<Installed>> {
    site.process_wide::<Place>()?.load_full()
}

/// Returns the mock of an instance.
pub(crate) fn of_instance(item: TypeId) -> Option<Arc<Installed>> {
    let instances = INSTANCES.load();
    let installed = instances.as_ref().and_then(|instances| instances.get(&item)).cloned();
    drop_at_rest(instances);
    installed
}

/// Calls `each` with the mocks of all instances.
pub(crate) fn for_each_instance(each: impl FnMut(&Arc<Installed>)) {
    let instances = INSTANCES.load();
    instances.iter().flat_map(|instances| instances.values()).for_each(each);
    drop_at_rest(instances);
}

/// Returns the mock that lies on a function.
pub(crate) fn look_up(target: &Target) -> Option<Arc<Installed>> {
    match target.key {
        Key::Function(_) => of_site(target.sites[0]),
        Key::Instance(item) => of_instance(item),
    }
}

/// Puts a mock on its function, in the place of another. The caller has compared the types.
pub(crate) fn put(installed: Arc<Installed>) {
    let target = installed.target.clone();
    // The old one is dropped outside of the lock, since that may run the user's code.
    drop(exchange(&target, Some(installed), |_| true));
}

/// Takes the mock off a function.
pub(crate) fn take_off(target: &Target) {
    drop(exchange(target, None, |_| true));
}

/// Takes the mock off a function, if it is the one with this expectation.
pub(crate) fn take_off_expectation(target: &Target, expectation: &Arc<Expectation>) {
    let is = |installed: &Arc<Installed>| Arc::ptr_eq(&installed.expectation, expectation);
    drop(exchange(target, None, is));
}

/// Puts a mock in the place of a wanted one. Returns the old one, for the caller to drop.
fn exchange(
    target: &Target,
    new: Option<Arc<Installed>>,
    wanted: impl FnOnce(&Arc<Installed>) -> bool,
) -> Option<Arc<Installed>> {
    let _change = change::begin();
    let current = look_up(target);
    if !current.as_ref().is_none_or(wanted) {
        return None;
    }
    // The new one is in its table before a slot leads to it, and the old one in its table until no
    // slot does: whoever comes from a slot finds the one or the other.
    if let Some(new) = &new {
        write(target, Some(new.clone()));
        retain(new);
        reentry::allocate();
    }
    if let Some(old) = &current {
        release(old, new.as_deref());
        if new.is_none() {
            write(target, None);
        }
    }
    current
}

/// Writes a function's mock into its table.
fn write(target: &Target, installed: Option<Arc<Installed>>) {
    match target.key {
        Key::Function(_) => {
            target.sites[0].process_wide_or_insert::<Place>().store(installed);
        }
        Key::Instance(item) => {
            let mut instances = INSTANCES.load().as_deref().cloned().unwrap_or_default();
            match installed {
                Some(installed) => instances.insert(item, installed),
                None => instances.remove(&item),
            };
            // What drops with the old table lives on with the caller: see `exchange`.
            INSTANCES.store(Some(Arc::new(instances)));
        }
    }
}

/// Leads the slots to a mock.
fn retain(installed: &Installed) {
    for site in &installed.target.sites {
        match installed.answer {
            // SAFETY: a plain answer was checked to be of the type of the function.
            Answer::Plain(Code(code)) => unsafe { layers::set_plain(site, Some(code)) },
            _ => layers::retain_shim(site),
        }
    }
}

/// Leads the slots away from a mock, whose place another one may have taken.
fn release(installed: &Installed, successor: Option<&Installed>) {
    let is_plain = |installed: &Installed| matches!(installed.answer, Answer::Plain(_));
    let replaced = successor.is_some_and(is_plain);
    for site in &installed.target.sites {
        if !is_plain(installed) {
            layers::release_shim(site);
        } else if !replaced {
            // SAFETY: takes off what was put there.
            unsafe { layers::set_plain(site, None) };
        }
    }
}
