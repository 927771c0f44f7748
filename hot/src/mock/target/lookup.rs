//! From an item or a name to the function that is meant.

use super::item::Item;
use super::key::{Key, Target};
use super::lifetimes::no_lifetimes;
use crate::error::Error;
use crate::mock::site::{fork, table};
use crate::registry::{self, Entry, Viewer};
use hot_patch::abi::Kind;

/// Finds the function of an item.
pub(crate) fn of_item(item: Item) -> Result<Target, Error> {
    if !cfg!(feature = "enabled") {
        return Err(Error::NotInstrumented { name: item.name.to_owned() });
    }
    have_mocks(item.name)?;
    fork::prepare();
    if item.size != 0 {
        return Err(Error::NotAnItem { given: item.name.to_owned() });
    }
    if let Some(entry) = registry::find_item(item.id) {
        return of_entry(entry);
    }
    let entries = registry::find_place(item.name);
    // No path leads to the item of a method called `drop`, lest it be a destructor; the name does.
    let is_drop = |entry: &&'static Entry| entry.text().item.ends_with(".drop");
    let generic = |entry: &&'static Entry| entry.kind().is_some_and(Kind::is_generic);
    if let Some(entry) = entries.iter().copied().find(|entry| !generic(entry) && is_drop(entry)) {
        return of_entry(entry);
    }
    if let Some(entry) = entries.iter().copied().find(is_drop) {
        let why = "it is called `drop`, and of an impl block with parameters its path does not show \
                   that it is no destructor, which is never given out; let it call a `#[hot]` \
                   function, and mock that";
        return Err(Error::CannotMock { name: entry.text().name(), why: why.to_owned() });
    }
    let instances = entries.into_iter().filter(generic);
    let sites: Vec<_> = instances.filter_map(table::of).collect();
    if sites.is_empty() {
        return Err(Error::NotHot { path: item.name.to_owned() });
    }
    let name = item.name.to_owned();
    Ok(Target { key: Key::Instance(item.id), sites, name, entry: None })
}

/// Refuses an instance that stands for those of other lifetimes too.
pub(crate) fn refuse_lifetimes(target: &Target) -> Result<(), Error> {
    if no_lifetimes(&[&target.name]) {
        return Ok(());
    }
    Err(Error::CannotMock {
        name: target.name.clone(),
        why:
            "lifetimes do not tell instances of a generic function apart, so the types of this one \
              must have none; put the call into a `#[hot]` function that is not generic, or spy on \
              it"
            .to_owned(),
    })
}

/// Finds the function with this name or path, if the viewer sees it; of a generic one, all
/// instances.
pub(crate) fn of_name(name: &str, viewer: Viewer) -> Result<Target, Error> {
    fork::prepare();
    let entry = registry::find_from(name, viewer)?;
    if registry::is_destructor(entry) {
        let why = "it is a destructor, and what is dropped relies on it: let it call a `#[hot]` \
                   function, and mock that";
        return Err(Error::CannotMock { name: entry.text().name(), why: why.to_owned() });
    }
    have_mocks(name)?;
    of_entry(entry)
}

/// Finds the function with this name or path, for taking mocks off.
pub(crate) fn of_any_name(name: &str) -> Result<Target, Error> {
    fork::prepare();
    let entry = registry::find(name)?;
    have_mocks(name)?;
    of_entry(entry)
}

/// Refuses a method of an `unsafe impl`, which unsafe code relies on.
pub(crate) fn refuse_promises(target: &Target) -> Result<(), Error> {
    let entries =
        target.sites.iter().filter_map(|site| registry::slot_is_registered(site.slot().address()));
    match entries.into_iter().find(|entry| entry.text().visibility == "unsafe impl") {
        Some(entry) => Err(registry::private(entry)),
        None => Ok(()),
    }
}

/// Refuses a build without what mocks need.
pub(crate) fn have_mocks(name: &str) -> Result<(), Error> {
    if cfg!(feature = "mock") {
        return Ok(());
    }
    let why = "hot is built without its feature `mock`; enable it";
    Err(Error::CannotMock { name: name.to_owned(), why: why.to_owned() })
}

/// Returns the function of an entry.
pub(crate) fn of_entry(entry: &'static Entry) -> Result<Target, Error> {
    let name = entry.text().name();
    match table::of(entry) {
        Some(site) => {
            let key = Key::Function(site.address());
            Ok(Target { key, sites: vec![site], name, entry: Some(entry) })
        }
        None => Err(Error::CannotMock {
            name,
            why:
                "a mock can stand for functions of at most 12 arguments, of the ABI of Rust or C; \
                  put the call into a `#[hot]` function of that kind"
                    .to_owned(),
        }),
    }
}
