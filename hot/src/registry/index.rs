//! The index of the registry, and how a name finds its function.

use super::entry::Entry;
use super::place;
#[cfg(feature = "enabled")]
use super::section::entries;
use super::visibility::Viewer;
use crate::error::Error;
use crate::name;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry::{Occupied, Vacant};
use hot_patch::abi::Kind;
use once_cell::sync::OnceCell;
use std::any::TypeId;

/// The index.
struct Index {
    by_name: DashMap<String, Vec<&'static Entry>>,
    by_slot: DashMap<usize, &'static Entry>,
    by_item: DashMap<TypeId, &'static Entry>,
}

/// No entries: `#[hot]` has left none.
#[cfg(not(feature = "enabled"))]
fn entries() -> &'static [Entry] {
    &[]
}

static INDEX: OnceCell<Index> = OnceCell::new();

fn index() -> &'static Index {
    INDEX.get_or_init(|| {
        let index =
            Index { by_name: DashMap::new(), by_slot: DashMap::new(), by_item: DashMap::new() };
        entries().iter().for_each(|entry| index.add(entry));
        index
    })
}

/// Builds what is otherwise built at its first use, or waits for the thread that does.
pub(crate) fn build() {
    index();
    place::build();
}

impl Index {
    fn add(&self, entry: &'static Entry) {
        if matches!(entry.kind(), None | Some(Kind::Anchor)) {
            return;
        }
        match self.by_slot.entry(entry.slot().address()) {
            Occupied(_) => return,
            Vacant(place) => drop(place.insert(entry)),
        }
        if !entry.kind().is_some_and(Kind::is_generic) {
            self.by_item.insert(entry.item(), entry);
        }
        let text = entry.text();
        let (name, path) = (text.name(), name::rust_path(text.module, text.item));
        if path != name {
            self.by_name.entry(path).or_default().push(entry);
        }
        self.by_name.entry(name).or_default().push(entry);
    }
}

/// Registers functions that come with a patch. One that is registered already stays so.
pub(crate) fn add(entries: &[&'static Entry]) {
    entries.iter().for_each(|entry| index().add(entry));
}

/// Returns the function whose slot is at this address.
pub(crate) fn slot_is_registered(address: usize) -> Option<&'static Entry> {
    index().by_slot.get(&address).map(|entry| *entry)
}

/// Returns the function that has this type as an item. Not for generic functions, which have many.
pub(crate) fn find_item(item: TypeId) -> Option<&'static Entry> {
    index().by_item.get(&item).map(|entry| *entry)
}

/// Returns the functions of which this is the path or that of an instance, as the compiler prints
/// it, among those that have no item type of their own.
pub(crate) fn find_place(item: &str) -> Vec<&'static Entry> {
    let is = |entry: &&'static Entry| entry.place().is_some_and(|place| place.is_of(item));
    index().by_slot.iter().map(|entry| *entry).filter(is).collect()
}

/// Reports whether the crate of this name or path has hot functions at all.
fn is_known_crate(name: &str) -> bool {
    let root = |name: &str| name.split(['/', ':']).next().unwrap_or_default().to_owned();
    let wanted = root(name);
    index().by_name.iter().any(|entry| root(entry.key()) == wanted)
}

/// Returns all functions, in no order.
pub(super) fn all_entries() -> Vec<&'static Entry> {
    index().by_slot.iter().map(|entry| *entry).collect()
}

/// Returns the function with this name or Rust path, whatever its visibility.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest names; [`Error::Foreign`] when no crate of that name has
/// hot functions; [`Error::Ambiguous`] with all places;
/// [`Error::NotInstrumented`] when there are no slots in this build.
pub(crate) fn find(name: &str) -> Result<&'static Entry, Error> {
    lone(name, &all(name)?)
}

/// Returns the function with this name or Rust path that is seen from there.
///
/// # Errors
/// As [`find`], and [`Error::Private`].
pub(crate) fn find_from(name: &str, viewer: Viewer) -> Result<&'static Entry, Error> {
    let found = all(name)?;
    let seen: Vec<_> = found.iter().copied().filter(|entry| viewer.sees(entry)).collect();
    match (seen.is_empty(), found.first()) {
        (true, Some(first)) => Err(private(first)),
        _ => lone(name, &seen),
    }
}

/// Returns the refusal to give this function out.
pub(crate) fn private(entry: &Entry) -> Error {
    let text = entry.text();
    Error::Private {
        name: text.name(),
        visibility: match text.visibility {
            "" => "private".to_owned(),
            written => format!("`{written}`"),
        },
        module: text.module.to_owned(),
        of_trait: matches!(text.visibility, "impl" | "unsafe impl"),
    }
}

/// Returns the functions with this name or Rust path, one at least.
fn all(name: &str) -> Result<Vec<&'static Entry>, Error> {
    if !cfg!(feature = "enabled") {
        return Err(Error::NotInstrumented { name: name.to_owned() });
    }
    let found = index().by_name.get(name).map(|found| found.clone()).unwrap_or_default();
    if !found.is_empty() {
        return Ok(found);
    }
    let nearest = name::nearest(name, names().into_iter());
    let root = name.split("::").next().unwrap_or_default();
    let of_std = ["std", "core", "alloc"].contains(&root);
    if of_std || name.contains("::") && nearest.is_empty() && !is_known_crate(name) {
        return Err(Error::Foreign { name: name.to_owned() });
    }
    Err(Error::UnknownName { name: name.to_owned(), nearest })
}

/// Returns the names of all functions, sorted.
fn names() -> Vec<String> {
    let mut names: Vec<String> =
        all_entries().into_iter().map(|entry| entry.text().name()).collect();
    names.sort();
    names
}

fn lone(name: &str, found: &[&'static Entry]) -> Result<&'static Entry, Error> {
    if let [entry] = found {
        return Ok(entry);
    }
    let place = |entry: &&Entry| {
        let text = entry.text();
        format!("{} at {}:{}", text.name(), text.file, entry.line())
    };
    let mut places: Vec<String> = found.iter().map(place).collect();
    places.sort();
    Err(Error::Ambiguous { name: name.to_owned(), places })
}

#[cfg(all(test, feature = "enabled"))]
mod tests {
    use super::{Entry, add, find, slot_is_registered};
    use crate::slot::Slot;
    use hot_patch::abi::Kind;

    #[test]
    fn functions_of_a_patch_are_registered_once() {
        static SLOT: Slot = Slot::new(std::ptr::null());
        static TEXT: &str = "shop::cart\0\0*Cart.late\0fn(&Cart)\0src/cart.rs\0";
        static LATE: Entry = Entry::new(Kind::Function, 7, &SLOT, std::ptr::null(), TEXT, None);
        static AGAIN: Entry = Entry::new(Kind::Function, 8, &SLOT, std::ptr::null(), TEXT, None);
        static MARK: Entry = Entry::new(Kind::Anchor, 9, &OTHER, std::ptr::null(), TEXT, None);
        static OTHER: Slot = Slot::new(std::ptr::null());

        assert!(slot_is_registered(SLOT.address()).is_none());
        add(&[&LATE, &MARK]);
        add(&[&AGAIN]);
        assert_eq!(find("shop/cart/*Cart.late").unwrap().line(), 7);
        assert_eq!(find("shop::cart::Cart::late").unwrap().line(), 7);
        assert_eq!(slot_is_registered(SLOT.address()).unwrap().line(), 7);
        assert!(slot_is_registered(OTHER.address()).is_none());
    }

    /// A function that one patch has taken away and another one brings with another type: the
    /// program has both, since old code may call the old one. By name neither is meant.
    #[test]
    fn a_function_that_comes_back_with_another_type_is_told_from_the_old_one() {
        static OLD_SLOT: Slot = Slot::new(std::ptr::null());
        static NEW_SLOT: Slot = Slot::new(std::ptr::null());
        static OLD_TEXT: &str = "shop::cart\0\0back\0fn()\0src/cart.rs\0";
        static NEW_TEXT: &str = "shop::cart\0\0back\0fn(u8)\0src/cart.rs\0";
        static OLD: Entry =
            Entry::new(Kind::Function, 7, &OLD_SLOT, std::ptr::null(), OLD_TEXT, None);
        static NEW: Entry =
            Entry::new(Kind::Function, 9, &NEW_SLOT, std::ptr::null(), NEW_TEXT, None);
        add(&[&OLD]);
        add(&[&NEW]);
        let signature = |slot: &Slot| slot_is_registered(slot.address()).unwrap().text().signature;
        assert_eq!((signature(&OLD_SLOT), signature(&NEW_SLOT)), ("fn()", "fn(u8)"));
        let message = find("shop/cart/back").map(|_| ()).unwrap_err().to_string();
        assert!(
            message.contains("src/cart.rs:7") && message.contains("src/cart.rs:9"),
            "{message}"
        );
    }
}
