//! Which function is meant: from an item or a name to its point.
//!
//! The value of a path such as `Cart::total` has a type of its own, the *item type*, of size zero;
//! no two functions share one. Function pointers do not identify functions: the compiler merges
//! equal ones and copies those that it inlines. So the entry of a function knows its item type, and
//! the trampoline of a generic function tells the item type of its instance.
//!
//! *Instances and lifetimes.* A `TypeId` knows no lifetimes: the instances `first::<&'static str>`
//! and `first::<&'a str>` are one item at run time, so that a mock that is right for the one would be
//! run by the other, and could keep what it must not. Which instance is meant cannot be known, so an
//! instance gets a closure only when there are no lifetimes among its types. The compiler tells that by
//! the type's name alone; [`SHOWS_LIFETIMES`] makes sure, on types that have some, that it does.

use super::points;
use crate::error::Error;
use crate::registry::{self, Entry};
use crate::slot::Point;
use hot_patch::abi::Kind;
use once_cell::sync::Lazy;
use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// Under what a mock is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Key {
    /// The point of a function; of a generic one, for all its instances.
    Function(usize),
    /// The item of an instance of a generic function.
    Instance(TypeId),
}

/// A function that a mock lies on.
#[derive(Clone)]
pub(super) struct Target {
    pub key: Key,
    /// The function's point. For an instance, those of all generic functions of its name: which of
    /// them it is shows at the first call.
    pub points: Vec<&'static Point>,
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
    let method = method(item.name);
    let mut entries = registry::generic_functions(method);
    entries.retain(|entry| may_be_of(item.name, entry.text().module));
    if entries.is_empty() {
        return Err(Error::NotHot { path: item.name.to_owned() });
    }
    let points = entries.into_iter().filter_map(points::of).collect();
    let name = item.name.to_owned();
    Ok(Target { key: Key::Instance(item.id), points, name, entry: None })
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

/// The function with this name or path; of a generic one, all instances.
pub(super) fn of_name(name: &str) -> Result<Target, Error> {
    let entry = registry::find(name)?;
    have_mocks(name)?;
    of_entry(entry)
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
    match points::of(entry) {
        Some(point) => {
            let key = Key::Function(point.address());
            Ok(Target { key, points: vec![point], name, entry: Some(entry) })
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
        let is = |point: &&'static Point| {
            registry::slot_is_registered(point.slot().address())
                .and_then(Entry::kind)
                .is_some_and(|kind| is_async(kind) == asynchronous)
        };
        self.points.retain(is);
    }
}

/// Whether the slot of such a function answers boxed futures.
pub(super) fn is_async(kind: Kind) -> bool {
    matches!(kind, Kind::Async | Kind::GenericAsync)
}

/// The last word of the path in an item's name, without its types.
fn method(name: &str) -> &str {
    let bytes = name.as_bytes();
    let (mut depth, mut end) = (0usize, name.len());
    for at in (0..bytes.len()).rev() {
        match bytes[at] {
            b'>' if at > 0 && bytes[at - 1] == b'-' => {}
            b'>' => depth += 1,
            b'<' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    end = end.min(at);
                }
            }
            b':' if depth == 0 && at + 1 < end => return &name[at + 1..end],
            b':' if depth == 0 => end = at.saturating_sub(1),
            _ => {}
        }
    }
    &name[..end]
}

/// Whether an item of this name may be of the crate of this module. A method is of the crate of its
/// type or of its trait; of the latter, the crate may also be that of one of its types.
fn may_be_of(item: &str, module: &str) -> bool {
    let root = module.split("::").next().unwrap_or(module);
    let mut words = item.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
    if !item.starts_with('<') {
        return words.next().is_some_and(|path| path.split("::").next() == Some(root));
    }
    words.any(|path| path.contains("::") && path.split("::").next() == Some(root))
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
    use super::{Item, SHOWS_LIFETIMES, has_lifetimes, id_of, may_be_of, method};

    #[test]
    fn this_compiler_shows_lifetimes() {
        assert!(*SHOWS_LIFETIMES);
        assert!(!has_lifetimes("shop::Stack<alloc::string::String>::push"));
    }

    #[test]
    fn the_last_word_of_a_path() {
        assert_eq!(method("shop::cart::price"), "price");
        assert_eq!(method("shop::cart::price<u32, alloc::vec::Vec<u8>>"), "price");
        assert_eq!(method("shop::Stack<a::B>::push"), "push");
        assert_eq!(method("<shop::Stack<u8> as core::iter::Extend<u8>>::extend<a::I>"), "extend");
        assert_eq!(method("shop::each<fn(u8) -> u8>"), "each");
        assert_eq!(method("price"), "price");
    }

    #[test]
    fn the_crate_of_an_item() {
        assert!(may_be_of("shop::cart::price<u32>", "shop::net"));
        assert!(may_be_of("shop::Stack<u8>::push", "shop"));
        assert!(may_be_of("<alloc::vec::Vec<u8> as shop::Sink<u8>>::push", "shop::sink"));
        assert!(may_be_of(
            "<alloc::vec::Vec<shop::Item> as core::iter::Extend<u8>>::extend",
            "shop"
        ));
        assert!(!may_be_of("alloc::vec::Vec<u8>::push", "shop"));
        assert!(!may_be_of("alloc::vec::Vec<shop::Item>::push", "shop"));
        assert!(!may_be_of("<alloc::vec::Vec<u8> as core::iter::Extend<u8>>::extend", "shop"));
        assert!(!may_be_of("workshop::price<u8>", "shop"));
    }

    #[test]
    fn an_item_is_told_by_its_type() {
        fn a<T>() {}
        assert_eq!(Item::of(&a::<u8>).id, Item::of(&a::<u8>).id);
        assert_ne!(Item::of(&a::<u8>).id, Item::of(&a::<i8>).id);
        assert_eq!(id_of::<&'static str>(), std::any::TypeId::of::<&str>());
    }
}
