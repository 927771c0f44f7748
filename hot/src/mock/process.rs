//! Mocks that the whole process sees: the classic functions.
//!
//! At most one lies on a function; a new one takes its place. A function pointer goes into the slot
//! itself as long as no scope has a mock on the function; all else goes through the shim.

use super::find::{INSTANCES, state};
use super::installed::{Answer, Installed, Typed};
use super::tally::{Failures, Tally};
use super::target::{self, Item, Key, Target};
use super::{Exact, Mock, change, check};
use crate::error::Error;
use crate::registry::{self, SignatureId, Viewer};
use crate::slot::{Code, layers, reentry};
use std::any::TypeId;
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

/// Puts a mock on a function, for everybody. The caller has compared the types.
pub(super) fn put(answer: Answer, target: Target, place: &'static Location<'static>) -> Mock {
    let tally = Tally::new(&target, Failures::new(), false, place);
    let installed = Installed::new(answer, target.clone(), tally.clone());
    let old = exchange(&target, Some(installed));
    // Outside of the lock, since it may run the user's code.
    drop(old);
    Mock::process(tally, target)
}

/// Puts a mock in the place of another; answers the other, for the caller to drop.
fn exchange(target: &Target, new: Option<Arc<Installed>>) -> Option<Arc<Installed>> {
    exchange_if(target, new, |_| true)
}

fn exchange_if(
    target: &Target,
    new: Option<Arc<Installed>>,
    wanted: impl FnOnce(&Arc<Installed>) -> bool,
) -> Option<Arc<Installed>> {
    let _change = change();
    let current = look_up(target.key, target);
    if !current.as_ref().is_none_or(wanted) {
        return None;
    }
    // The new one is in its table before a slot leads to it, and the old one in its table until no
    // slot does: whoever comes from a slot finds the one or the other.
    if let Some(new) = &new {
        write(target, Some(new.clone()));
        retain_shim(new);
        reentry::allocate();
    }
    if let Some(old) = &current {
        release_shim(old, new.as_ref());
        if new.is_none() {
            write(target, None);
        }
    }
    current
}

fn look_up(key: Key, target: &Target) -> Option<Arc<Installed>> {
    match key {
        Key::Function(_) => state(target.sites[0]).process.load_full(),
        Key::Instance(item) => INSTANCES.load().get(&item).cloned(),
    }
}

fn write(target: &Target, installed: Option<Arc<Installed>>) {
    match target.key {
        Key::Function(_) => state(target.sites[0]).process.store(installed),
        Key::Instance(item) => {
            let mut instances: HashMap<TypeId, Arc<Installed>> = HashMap::clone(&INSTANCES.load());
            match installed {
                Some(installed) => instances.insert(item, installed),
                None => instances.remove(&item),
            };
            // What drops with the old table lives on with the caller: see `exchange_if`.
            INSTANCES.store(Arc::new(instances));
        }
    }
}

fn retain_shim(installed: &Installed) {
    for site in &installed.target.sites {
        match installed.answer {
            // SAFETY: a plain answer was checked to be of the type of the function.
            Answer::Plain(Code(code)) => unsafe { layers::set_plain(site, Some(code)) },
            _ => layers::retain_shim(site),
        }
    }
}

fn release_shim(installed: &Installed, successor: Option<&Arc<Installed>>) {
    let plain = |installed: &Installed| matches!(installed.answer, Answer::Plain(_));
    let replaced = successor.is_some_and(|successor| plain(successor));
    for site in &installed.target.sites {
        match plain(installed) {
            true if replaced => {}
            // SAFETY: takes off what was put there.
            true => unsafe { layers::set_plain(site, None) },
            false => layers::release_shim(site),
        }
    }
}

/// What `mock!` calls.
///
/// # Safety
/// `typed` was made for the function of this item: where that is `async`, the mock's future may go
/// wherever its own may. `exact`, if given, is the item's type as a pointer, general in as many
/// lifetimes.
#[doc(hidden)]
#[track_caller]
pub unsafe fn put_closure<T: Send + Sync + 'static>(
    item: Item,
    typed: Typed<T>,
    exact: Exact,
) -> Result<Mock, Error> {
    // SAFETY: the caller's promise.
    unsafe { put_typed(target::of_item(item)?, typed, exact) }
}

/// What `mock_by_name!` calls.
///
/// # Safety
/// Where `typed` is `async`, its future is `Send`.
#[doc(hidden)]
#[track_caller]
pub unsafe fn put_closure_by_name<T: Send + Sync + 'static>(
    name: &str,
    viewer: Viewer,
    typed: Typed<T>,
) -> Result<Mock, Error> {
    // SAFETY: the caller's promise.
    unsafe { put_typed(target::of_name(name, viewer)?, typed, None) }
}

/// # Safety
/// As of [`put_closure`].
#[track_caller]
unsafe fn put_typed<T: Send + Sync + 'static>(
    mut target: Target,
    typed: Typed<T>,
    exact: Exact,
) -> Result<Mock, Error> {
    check(&mut target, typed.shape, exact)?;
    // SAFETY: nothing is borrowed, and it may go to any thread.
    let answer = unsafe { typed.answer() };
    Ok(put(answer, target, Location::caller()))
}

/// A function pointer: `fake as fn(&Cart) -> u64`.
///
/// Every type of function pointer has it, general in its lifetimes or not.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a function pointer",
    label = "write the type: `fake as fn(&Cart) -> u64`; for a closure use `hot::mock!`"
)]
pub trait FunctionPointer: std::fmt::Pointer + Copy + 'static {}
impl<P: std::fmt::Pointer + Copy + 'static> FunctionPointer for P {}

/// Puts `fake` in the place of a function, for the whole process, until it is reset.
///
/// The function is given as its path, since a pointer would not tell which function is meant; the
/// replacement as a function pointer, whose type is compared with the function's, lifetimes
/// included. For closures that capture there is [`mock!`](crate::mock!).
///
/// ```
/// # use hot::hot;
/// struct Cart(u64);
///
/// #[hot]
/// impl Cart {
///     fn total(&self) -> u64 {
///         self.0
///     }
/// }
///
/// fn free(_: &Cart) -> u64 {
///     0
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// hot::mock(Cart::total, free as fn(&Cart) -> u64)?;
/// assert_eq!(Cart(7).total(), 0);
/// hot::reset(Cart::total)?;
/// assert_eq!(Cart(7).total(), 7);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::SignatureMismatch`] with both types; [`Error::NotHot`]; [`Error::NotAnItem`];
/// [`Error::NotInstrumented`]; [`Error::AsyncMismatch`] for an `async fn` and [`Error::CannotMock`]
/// for an instance of a generic function, which `mock!` can do.
#[track_caller]
pub fn mock<F, P: FunctionPointer>(function: F, fake: P) -> Result<Mock, Error> {
    let target = target::of_item(Item::of(&function))?;
    target::refuse_promises(&target)?;
    put_plain(target, fake)
}

/// As [`mock`], by name: `hot::mock_by_name("shop/cart/*Cart.total", free as fn(&Cart) -> u64)`.
///
/// It sees public functions; those that are private where it stands are seen by the macro
/// [`mock_by_name!`](crate::mock_by_name!).
///
/// # Errors
/// As [`mock`]; [`Error::UnknownName`] with the nearest names; [`Error::Private`].
#[track_caller]
pub fn mock_by_name<P: FunctionPointer>(name: &str, fake: P) -> Result<Mock, Error> {
    put_plain(target::of_name(name, Viewer::OUTSIDE)?, fake)
}

/// As [`mock_by_name`], whatever the function's visibility. Destructors are refused here too.
///
/// # Safety
/// Unsafe code may rely on what a private function answers, or that it is not called from elsewhere:
/// `fake` keeps what the code around the function relies on.
///
/// # Errors
/// As [`mock`], and [`Error::UnknownName`] with the nearest names.
#[track_caller]
pub unsafe fn mock_private_by_name<P: FunctionPointer>(name: &str, fake: P) -> Result<Mock, Error> {
    put_plain(target::of_name(name, Viewer::EVERYWHERE)?, fake)
}

#[track_caller]
fn put_plain<P: FunctionPointer>(target: Target, fake: P) -> Result<Mock, Error> {
    let Some(entry) = target.entry else {
        let why = "a pointer does not tell for which lifetimes it is good; use \
                   `hot::mock!(parse::<u32>, |…| …)`";
        return Err(Error::CannotMock { name: target.name, why: why.to_owned() });
    };
    let code = pointer_to(entry, fake)?;
    Ok(put(Answer::Plain(Code(code)), target, Location::caller()))
}

/// The address, when it is of the type of the function's slot.
fn pointer_to<P: FunctionPointer>(
    entry: &'static registry::Entry,
    pointer: P,
) -> Result<*const (), Error> {
    let name = entry.text().name();
    if entry.kind().is_some_and(target::is_async) {
        let with = "an `async` closure: hot::mock!(f, async |…| -> … { … })";
        return Err(Error::AsyncMismatch { name, is: true, with });
    }
    let given = SignatureId::of::<P>();
    match entry.identity() {
        Some(identity) if identity.id == given.id => {
            // SAFETY: `P` is the function's pointer type, since their IDs are equal; a function
            // pointer is an address.
            Ok(unsafe { std::mem::transmute_copy::<P, *const ()>(&pointer) })
        }
        Some(_) => Err(Error::SignatureMismatch {
            name,
            expected: entry.text().signature.to_owned(),
            given: given.name.to_owned(),
        }),
        None => Err(Error::CannotMock {
            name,
            why:
                "its type has no name (it is generic, has `impl Trait` in its result, lifetimes with \
                  bounds, or ones that are left out in an argument and the result: write `'_` there)"
                    .to_owned(),
        }),
    }
}

/// The process-wide mock that lies on a function, if there is one.
///
/// # Errors
/// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`].
pub fn get_mock_for<F>(function: F) -> Result<Option<Mock>, Error> {
    let target = target::of_item(Item::of(&function))?;
    let installed = look_up(target.key, &target);
    Ok(installed.map(|installed| Mock::process(installed.tally.clone(), target)))
}

/// Takes the process-wide mock off a function. Without one nothing happens.
///
/// # Errors
/// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`].
pub fn reset<F>(function: F) -> Result<(), Error> {
    take_off(&target::of_item(Item::of(&function))?);
    Ok(())
}

/// As [`reset`], by name, whatever the function's visibility.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest names, [`Error::NotInstrumented`].
pub fn reset_by_name(name: &str) -> Result<(), Error> {
    take_off(&target::of_any_name(name)?);
    Ok(())
}

/// Takes every process-wide mock off. Those of scopes end with their scopes.
///
/// # Errors
/// [`Error::NotInstrumented`].
pub fn reset_all() -> Result<(), Error> {
    if !cfg!(feature = "enabled") {
        return Err(Error::NotInstrumented { name: "*".to_owned() });
    }
    let instances: Vec<_> = INSTANCES.load().values().cloned().collect();
    instances.iter().for_each(|installed| take_off(&installed.target));
    for function in registry::functions() {
        // One that cannot be mocked is not.
        if let Ok(target) = target::of_entry(function.entry()) {
            take_off(&target);
        }
    }
    Ok(())
}

pub(super) fn take_off(target: &Target) {
    drop(exchange(target, None));
}

/// Takes the mock off, if it is the one with this tally.
pub(super) fn take_off_tally(target: &Target, tally: &Arc<Tally>) {
    drop(exchange_if(target, None, |installed| Arc::ptr_eq(&installed.tally, tally)));
}

/// What `call_original_by_name!` calls: the code below the mocks, when it is of type `P`.
#[doc(hidden)]
pub fn original_by_name<P: FunctionPointer>(name: &str, viewer: Viewer) -> Result<P, Error> {
    let target = target::of_name(name, viewer)?;
    let entry = registry::find_from(name, viewer)?;
    let code = layers::below(entry.slot());
    let given = SignatureId::of::<P>();
    match entry.identity() {
        _ if entry.kind().is_some_and(target::is_async) => {
            let with = "hot::call_original_async";
            Err(Error::AsyncMismatch { name: target.name, is: true, with })
        }
        Some(identity) if identity.id == given.id && !identity.callable => Err(Error::CannotMock {
            name: target.name,
            why:
                "its impl block may bind lifetimes (`'b: 'a`) in a way that the type of a pointer \
                  does not tell; use hot::call_original with its path"
                    .to_owned(),
        }),
        Some(identity) if identity.id == given.id => {
            // SAFETY: the code is of the function's pointer type, which is `P`, since their IDs are
            // equal, and may be called in every case in which a `P` may; a function pointer is an
            // address.
            Ok(unsafe { std::mem::transmute_copy::<*const (), P>(&code) })
        }
        Some(_) => Err(Error::SignatureMismatch {
            name: target.name,
            expected: entry.text().signature.to_owned(),
            given: given.name.to_owned(),
        }),
        None => Err(Error::CannotMock {
            name: target.name,
            why: "its type has no name; use hot::call_original with its path".to_owned(),
        }),
    }
}
