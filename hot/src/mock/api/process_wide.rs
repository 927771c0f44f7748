//! Mocks that the whole process sees: the classic functions.

use super::check::{FunctionPointer, pointer_to};
use super::handle::Mock;
use crate::error::Error;
use crate::mock::install::{Answer, process_wide};
use crate::mock::site::fork;
use crate::mock::target::{Item, Target, lookup};
use crate::registry::{self, Viewer};
use crate::slot::Code;

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
    let target = lookup::of_item(Item::of(&function))?;
    lookup::refuse_promises(&target)?;
    put_plain(target, fake)
}

/// Puts `fake` in the place of a function, as [`mock`] does, by name:
/// `hot::mock_by_name("shop/cart/*Cart.total", free as fn(&Cart) -> u64)`.
///
/// It sees public functions; those that are private where it stands are seen by the macro
/// [`mock_by_name!`](crate::mock_by_name!).
///
/// # Errors
/// As [`mock`]; [`Error::UnknownName`] with the nearest names; [`Error::Private`].
#[track_caller]
pub fn mock_by_name<P: FunctionPointer>(name: &str, fake: P) -> Result<Mock, Error> {
    put_plain(lookup::of_name(name, Viewer::OUTSIDE)?, fake)
}

/// Puts `fake` in the place of a function by name, whatever its visibility. Destructors are refused
/// here too.
///
/// # Safety
/// Unsafe code may rely on what a private function answers, or that it is not called from
/// elsewhere: `fake` keeps what the code around the function relies on.
///
/// # Errors
/// As [`mock`], and [`Error::UnknownName`] with the nearest names.
#[track_caller]
pub unsafe fn mock_private_by_name<P: FunctionPointer>(name: &str, fake: P) -> Result<Mock, Error> {
    put_plain(lookup::of_name(name, Viewer::EVERYWHERE)?, fake)
}

#[track_caller]
fn put_plain<P: FunctionPointer>(target: Target, fake: P) -> Result<Mock, Error> {
    let Some(entry) = target.entry else {
        let why = "a pointer does not tell for which lifetimes it is good; use \
                   `hot::mock!(parse::<u32>, |…| …)`";
        return Err(Error::CannotMock { name: target.name, why: why.to_owned() });
    };
    let code = pointer_to(entry, fake)?;
    Ok(Mock::put_process_wide(Answer::Plain(Code(code)), target))
}

/// Returns the process-wide mock that lies on a function, if there is one.
///
/// # Errors
/// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`].
pub fn get_mock_for<F>(function: F) -> Result<Option<Mock>, Error> {
    let target = lookup::of_item(Item::of(&function))?;
    Ok(process_wide::look_up(&target).map(|installed| Mock::of_process_wide(&installed)))
}

/// Takes the process-wide mock off a function. Without one nothing happens.
///
/// # Errors
/// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`].
pub fn reset<F>(function: F) -> Result<(), Error> {
    process_wide::take_off(&lookup::of_item(Item::of(&function))?);
    Ok(())
}

/// Takes the process-wide mock off a function by name, whatever the function's visibility.
///
/// # Errors
/// [`Error::UnknownName`] with the nearest names, [`Error::NotInstrumented`].
pub fn reset_by_name(name: &str) -> Result<(), Error> {
    process_wide::take_off(&lookup::of_any_name(name)?);
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
    fork::prepare();
    let mut instances = Vec::new();
    process_wide::for_each_instance(|installed| instances.push(installed.clone()));
    instances.iter().for_each(|installed| process_wide::take_off(&installed.target));
    for function in registry::functions() {
        // One that cannot be mocked is not.
        if let Ok(target) = lookup::of_entry(function.entry()) {
            process_wide::take_off(&target);
        }
    }
    Ok(())
}
