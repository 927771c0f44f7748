//! All hot functions of the program, by name.
//!
//! [`section`] finds the entries that were linked in; [`add`] takes those that come with a patch.
//! The index is built when it is first asked for: by name (`shop/cart/*Cart.total`) and by Rust
//! path (`shop::cart::Cart::total`), and by slot for the loader, which swaps nothing that is not
//! registered.

mod called;
mod entry;
#[cfg(feature = "enabled")]
mod section;
#[cfg(not(feature = "enabled"))]
mod section {
    /// No entries: `#[hot]` has left none.
    pub(super) fn entries() -> &'static [super::Entry] {
        &[]
    }
}
mod place;
mod sizes;
mod visibility;

pub use called::{Called, Exact, exact, exact_async};
pub use entry::{Entry, Mocks, SignatureId};
pub use sizes::{async_sizes, sizes};
pub use visibility::Viewer;
pub(crate) use visibility::is_destructor;

use crate::error::Error;
use crate::name;
use crate::slot::layers::{self, Layer};
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

static INDEX: OnceCell<Index> = OnceCell::new();

fn index() -> &'static Index {
    INDEX.get_or_init(|| {
        let index =
            Index { by_name: DashMap::new(), by_slot: DashMap::new(), by_item: DashMap::new() };
        section::entries().iter().for_each(|entry| index.add(entry));
        index
    })
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

/// The function whose slot is at this address.
pub(crate) fn slot_is_registered(address: usize) -> Option<&'static Entry> {
    index().by_slot.get(&address).map(|entry| *entry)
}

/// The function that has this type as an item. Not for generic functions, which have many.
pub(crate) fn find_item(item: TypeId) -> Option<&'static Entry> {
    index().by_item.get(&item).map(|entry| *entry)
}

/// The functions of which this is the path or that of an instance, as the compiler prints it, among
/// those that their item type does not tell.
pub(crate) fn find_place(item: &str) -> Vec<&'static Entry> {
    let is = |entry: &&'static Entry| entry.place().is_some_and(|place| place.is_of(item));
    index().by_slot.iter().map(|entry| *entry).filter(is).collect()
}

/// Whether the crate of this name or path has hot functions at all.
fn is_known_crate(name: &str) -> bool {
    let root = |name: &str| name.split(['/', ':']).next().unwrap_or_default().to_owned();
    let wanted = root(name);
    index().by_name.iter().any(|entry| root(entry.key()) == wanted)
}

/// The function with this name or Rust path, whatever its visibility.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest names; [`Error::Foreign`] when no crate of that name has
/// hot functions; [`Error::Ambiguous`] with all places;
/// [`Error::NotInstrumented`] when there are no slots in this build.
pub(crate) fn find(name: &str) -> Result<&'static Entry, Error> {
    lone(name, &all(name)?)
}

/// The function with this name or Rust path that is seen from there.
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

/// The refusal to give this function out.
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

/// The functions with this name or Rust path, one at least.
fn all(name: &str) -> Result<Vec<&'static Entry>, Error> {
    if !cfg!(feature = "enabled") {
        return Err(Error::NotInstrumented { name: name.to_owned() });
    }
    let found = index().by_name.get(name).map(|found| found.clone()).unwrap_or_default();
    if !found.is_empty() {
        return Ok(found);
    }
    let names = functions().into_iter().map(|function| function.name);
    let nearest = name::nearest(name, names);
    let root = name.split("::").next().unwrap_or_default();
    let of_std = ["std", "core", "alloc"].contains(&root);
    if of_std || name.contains("::") && nearest.is_empty() && !is_known_crate(name) {
        return Err(Error::Foreign { name: name.to_owned() });
    }
    Err(Error::UnknownName { name: name.to_owned(), nearest })
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

/// A hot function of this program.
#[derive(Clone)]
pub struct Function {
    name: String,
    entry: &'static Entry,
}

impl Function {
    pub(crate) fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// Its name in the registry, such as `shop/cart/*Cart.total`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type as written in the source, such as `fn(&Cart) -> u64`.
    pub fn signature(&self) -> &'static str {
        self.entry.text().signature
    }

    /// The source file, as the compiler was given it.
    pub fn file(&self) -> &'static str {
        self.entry.text().file
    }

    /// The line of its name in that file, from 1.
    pub fn line(&self) -> u32 {
        self.entry.line()
    }

    /// Which code it runs now. Of a generic function, the topmost layer of any instance.
    pub fn layer(&self) -> Layer {
        layers::layer_of(self.entry.slot()).0
    }

    /// The patch that it runs: its number in this process, from 1. `None` for the original code,
    /// for code of a shared library, and for a mock.
    pub fn patch(&self) -> Option<u32> {
        Some(layers::layer_of(self.entry.slot()).1).filter(|&patch| patch != 0)
    }
}

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("signature", &self.signature())
            .field("file", &self.file())
            .field("line", &self.line())
            .field("layer", &self.layer())
            .field("patch", &self.patch())
            .finish()
    }
}

/// All hot functions of the program, sorted by name. Empty when hot is built without its feature
/// `enabled`.
///
/// ```
/// use hot::hot;
///
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// # fn main() {
/// for function in hot::functions() {
///     println!("{} {} at {}:{}", function.name(), function.signature(), function.file(), function.line());
/// }
/// # assert_eq!(price(2), 6);
/// # #[cfg(feature = "enabled")]
/// # assert!(hot::functions().iter().any(|f| f.signature() == "fn(u64) -> u64"));
/// # }
/// ```
pub fn functions() -> Vec<Function> {
    let function = |entry: &'static Entry| Function { name: entry.text().name(), entry };
    let mut functions: Vec<Function> =
        index().by_slot.iter().map(|entry| function(*entry)).collect();
    functions.sort_by(|a, b| a.name.cmp(&b.name).then(a.line().cmp(&b.line())));
    functions
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

    /// A function that one patch has taken away and another one brings with another type: the program
    /// has both, since old code may call the old one. By name neither is meant.
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
        let told = find("shop/cart/back").map(|_| ()).unwrap_err().to_string();
        assert!(told.contains("src/cart.rs:7") && told.contains("src/cart.rs:9"), "{told}");
    }
}
