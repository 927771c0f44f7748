//! Which function is meant: from an item or a name to its site.
//!
//! The value of a path such as `Cart::total` has a type of its own, the *item type*, of size zero;
//! no two functions share one. Function pointers do not identify functions: the compiler merges
//! equal ones and copies those that it inlines. So the entry of a function knows its item type. That
//! of an instance of a generic function is told by its trampoline, at a call; before, the instance is
//! known by its path ([`registry::find_place`]).
//!
//! *Instances and lifetimes.* A `TypeId` knows no lifetimes: the instances `first::<&'static str>`
//! and `first::<&'a str>` are one item at run time, so that a mock that is right for the one would be
//! run by the other, and could keep what it must not. Which instance is meant cannot be known, so an
//! instance gets a closure only when there are no lifetimes among its types. The compiler tells that by
//! the type's name alone; [`SHOWS_LIFETIMES`] makes sure, on types that have some, that it does.

use super::sites;
use crate::error::Error;
use crate::registry::{self, Entry, Viewer};
use crate::slot::MockSite;
use hot_patch::abi::Kind;
use once_cell::sync::Lazy;
use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// Under what a mock is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Key {
    /// The site of a function; of a generic one, for all its instances.
    Function(usize),
    /// The item of an instance of a generic function.
    Instance(TypeId),
}

/// A function that a mock lies on.
#[derive(Clone)]
pub(super) struct Target {
    pub key: Key,
    /// The function's site. For an instance, those of all generic functions of its path, of which
    /// there may be two in two blocks: which of them it is shows at the first call.
    pub sites: Vec<&'static MockSite>,
    pub name: String,
    /// None for an instance.
    pub entry: Option<&'static Entry>,
}

/// A function as its item type tells it.
#[derive(Clone, Copy)]
pub struct Item {
    pub(super) id: TypeId,
    pub(super) name: &'static str,
    size: usize,
}

impl Item {
    /// The item type of a value.
    pub fn of<F>(_: &F) -> Item {
        Item::of_type::<F>()
    }

    /// The same when it is asked for, so that a call that is not mocked prepares nothing.
    pub fn teller<F>(_: &F) -> fn() -> Item {
        Item::of_type::<F>
    }

    fn of_type<F>() -> Item {
        Item { id: id_of::<F>(), name: type_name::<F>(), size: size_of::<F>() }
    }
}

/// The ID of a type, whatever its lifetimes.
fn id_of<T: ?Sized>() -> TypeId {
    trait Id {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<T: ?Sized> Id for PhantomData<T> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }
    let any = PhantomData::<T>;
    let any: &dyn Id = &any;
    // SAFETY: only the lifetime bound of the object differs, and what is called through it, on a
    // value without content, answers a number that does not depend on lifetimes.
    let any = unsafe { std::mem::transmute::<&dyn Id, &(dyn Id + 'static)>(any) };
    any.id()
}

/// The function that an item stands for.
pub(super) fn of_item(item: Item) -> Result<Target, Error> {
    if !cfg!(feature = "enabled") {
        return Err(Error::NotInstrumented { name: item.name.to_owned() });
    }
    have_mocks(item.name)?;
    if item.size != 0 {
        return Err(Error::NotAnItem { given: item.name.to_owned() });
    }
    if let Some(entry) = registry::find_item(item.id) {
        return of_entry(entry);
    }
    let entries = registry::find_place(item.name);
    // No path leads to the item of a method called `drop`, lest it be a destructor; the name does.
    let is_drop = |entry: &&Entry| entry.text().item.ends_with(".drop");
    let generic = |entry: &Entry| entry.kind().is_some_and(Kind::is_generic);
    if let Some(entry) = entries.iter().copied().find(|entry| !generic(entry) && is_drop(entry)) {
        return of_entry(entry);
    }
    let instances = entries.into_iter().filter(|entry| generic(entry) && !is_drop(entry));
    let sites: Vec<_> = instances.filter_map(sites::of).collect();
    if sites.is_empty() {
        return Err(Error::NotHot { path: item.name.to_owned() });
    }
    let name = item.name.to_owned();
    Ok(Target { key: Key::Instance(item.id), sites, name, entry: None })
}

/// Refuses an instance that stands for those of other lifetimes too.
pub(super) fn refuse_lifetimes(target: &Target) -> Result<(), Error> {
    if *SHOWS_LIFETIMES && !has_lifetimes(&target.name) {
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

/// The function with this name or path as it is seen from there; of a generic one, all instances.
pub(super) fn of_name(name: &str, viewer: Viewer) -> Result<Target, Error> {
    let entry = registry::find_from(name, viewer)?;
    if registry::is_destructor(entry) {
        let why = "it is a destructor, and what is dropped relies on it: let it call a `#[hot]` \
                   function, and mock that";
        return Err(Error::CannotMock { name: entry.text().name(), why: why.to_owned() });
    }
    have_mocks(name)?;
    of_entry(entry)
}

/// The function with this name or path, for taking mocks off.
pub(super) fn of_any_name(name: &str) -> Result<Target, Error> {
    let entry = registry::find(name)?;
    have_mocks(name)?;
    of_entry(entry)
}

/// Refuses a method of an `unsafe impl`, which unsafe code relies on.
pub(super) fn refuse_promises(target: &Target) -> Result<(), Error> {
    let entries =
        target.sites.iter().filter_map(|site| registry::slot_is_registered(site.slot().address()));
    match entries.into_iter().find(|entry| entry.text().visibility == "unsafe impl") {
        Some(entry) => Err(registry::private(entry)),
        None => Ok(()),
    }
}

/// Whether this build has what mocks need.
pub(super) fn have_mocks(name: &str) -> Result<(), Error> {
    if cfg!(feature = "mock") {
        return Ok(());
    }
    let why = "hot is built without its feature `mock`; enable it";
    Err(Error::CannotMock { name: name.to_owned(), why: why.to_owned() })
}

/// The function of an entry.
pub(super) fn of_entry(entry: &'static Entry) -> Result<Target, Error> {
    let name = entry.text().name();
    match sites::of(entry) {
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

impl Target {
    /// For an instance: keeps the functions whose code has this shape.
    pub(super) fn keep_kind(&mut self, asynchronous: bool) {
        let is = |site: &&'static MockSite| {
            registry::slot_is_registered(site.slot().address())
                .and_then(Entry::kind)
                .is_some_and(|kind| is_async(kind) == asynchronous)
        };
        self.sites.retain(is);
    }
}

/// Whether the slot of such a function answers boxed futures.
pub(super) fn is_async(kind: Kind) -> bool {
    matches!(kind, Kind::Async | Kind::GenericAsync)
}

/// Whether none of these types, given by their names, has lifetimes.
pub fn no_lifetimes(names: &[&str]) -> bool {
    *SHOWS_LIFETIMES && !names.iter().any(|name| has_lifetimes(name))
}

/// Whether a type's name shows a lifetime, or a type that may hide one.
fn has_lifetimes(name: &str) -> bool {
    name.contains(['\'', '&', '{']) || name.contains("dyn ")
}

/// Types to try the compiler's names on.
mod tried {
    use std::marker::PhantomData;

    pub struct One<'a>(PhantomData<&'a ()>);
    pub struct Many<'a, T>(PhantomData<(&'a (), T)>);
    pub struct Inner<T>(PhantomData<T>);
    pub trait Of<'a> {}
    pub fn early<'a: 'a>() {}
}

/// Whether this compiler writes lifetimes into the names of types.
static SHOWS_LIFETIMES: Lazy<bool> = Lazy::new(|| {
    use tried::{Inner, Many, Of, One, early};
    fn name_of_val<F>(_: &F) -> &'static str {
        type_name::<F>()
    }
    let with = [
        type_name::<One<'static>>(),
        type_name::<Many<'static, u8>>(),
        type_name::<Inner<One<'static>>>(),
        type_name::<&'static str>(),
        type_name::<&'static mut [u8]>(),
        type_name::<Box<dyn Of<'static>>>(),
        type_name::<fn(One<'static>)>(),
        name_of_val(&early),
    ];
    with.iter().all(|name| has_lifetimes(name))
        && !has_lifetimes(type_name::<Inner<Option<Vec<u8>>>>())
});

#[cfg(test)]
mod tests {
    use super::{Item, SHOWS_LIFETIMES, has_lifetimes, id_of};

    #[test]
    fn this_compiler_shows_lifetimes() {
        assert!(*SHOWS_LIFETIMES);
        assert!(!has_lifetimes("shop::Stack<alloc::string::String>::push"));
    }

    #[test]
    fn an_item_is_told_by_its_type() {
        fn a<T>() {}
        assert_eq!(Item::of(&a::<u8>).id, Item::of(&a::<u8>).id);
        assert_ne!(Item::of(&a::<u8>).id, Item::of(&a::<i8>).id);
        assert_eq!(id_of::<&'static str>(), std::any::TypeId::of::<&str>());
    }
}
