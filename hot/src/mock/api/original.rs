//! The code below the mocks, for one call.

use super::callable::Callable;
use super::check::FunctionPointer;
use crate::error::Error;
use crate::mock::dispatch::Bypass;
use crate::mock::target::{Item, is_async, lookup};
use crate::registry::{self, SignatureId, Viewer};
use crate::slot::layers;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Calls the newest code of a function below its mocks, whatever lies on top of it: the original,
/// or the last live edit.
///
/// The arguments are given as a tuple. The mocks stay on for everybody else meanwhile, and for the
/// original too: when it calls the function again, by recursion or by way of others, that is a call
/// like any other and finds the mock.
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// hot::mock!(price, |quantity: u64| -> u64 {
///     hot::call_original(price, (quantity,)).unwrap() + 1
/// })?;
/// assert_eq!(price(2), 7);
/// # hot::reset(price)
/// # }
/// ```
///
/// # Errors
/// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`]; [`Error::AsyncMismatch`]
/// for an `async fn`, see [`call_original_async`].
pub fn call_original<F, Arguments>(function: F, arguments: Arguments) -> Result<F::Output, Error>
where
    F: Callable<Arguments>,
{
    let mut target = lookup::of_item(Item::of(&function))?;
    target.keep_kind(false);
    if target.sites.is_empty() {
        let name = target.name;
        return Err(Error::AsyncMismatch { name, is: true, with: "hot::call_original_async" });
    }
    Ok(Bypass::new(target).during(|| function.call_with(arguments)))
}

/// Calls the newest code of an `async fn` below its mocks:
/// `hot::call_original_async(fetch, (7,)).await`.
///
/// # Errors
/// As [`call_original`]; [`Error::AsyncMismatch`] for a function that is not `async`.
pub async fn call_original_async<F, Arguments>(
    function: F,
    arguments: Arguments,
) -> Result<<F::Output as Future>::Output, Error>
where
    F: Callable<Arguments, Output: Future>,
{
    let mut target = lookup::of_item(Item::of(&function))?;
    target.keep_kind(true);
    if target.sites.is_empty() {
        let name = target.name;
        return Err(Error::AsyncMismatch { name, is: false, with: "hot::call_original" });
    }
    // The trampoline reads its slot when its future is first polled.
    let bypass = Bypass::new(target);
    let future = std::pin::pin!(function.call_with(arguments));
    Ok(First { bypass: Some(bypass), future }.await)
}

/// A future whose first poll is meant for the code below the mocks.
struct First<'a, F> {
    bypass: Option<Bypass>,
    future: Pin<&'a mut F>,
}

impl<F: Future> Future for First<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.bypass.take() {
            Some(mut bypass) => bypass.during(|| self.future.as_mut().poll(context)),
            None => self.future.as_mut().poll(context),
        }
    }
}

/// Returns the code below the mocks, when it is of type `P`: for `call_original_by_name!`.
#[doc(hidden)]
pub fn original_by_name<P: FunctionPointer>(name: &str, viewer: Viewer) -> Result<P, Error> {
    let target = lookup::of_name(name, viewer)?;
    let entry = registry::find_from(name, viewer)?;
    let code = layers::below(entry.slot());
    let given = SignatureId::of::<P>();
    match entry.identity() {
        _ if entry.kind().is_some_and(is_async) => {
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
