//! The code below the mocks, for one call.
//!
//! Taking a mock off to call the original would take it off for every thread. Instead the call goes
//! the usual way, through trampoline and shim, and the shim is told, through a thread-local note,
//! that this one call is meant for the code below. The note names the function and is taken off by
//! the first shim that reads it. For the time of the call the function is covered by its shim even if
//! no mock is on it, so that the note is read by the call it was written for and not by a later
//! one: a call that the original makes to the function itself is an ordinary call, and finds the mock.

use super::target::{self, Item, Key, Target};
use crate::error::Error;
use crate::slot::{MockSite, layers};
use std::any::TypeId;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

#[derive(Clone, Copy, PartialEq)]
struct Note(Key);

thread_local! {
    static NOTE: Cell<Option<Note>> = const { Cell::new(None) };
}

/// Whether this call is meant for the code below the mocks. Asked once for each call.
pub(super) fn is_asked_for(site: &'static MockSite, item: Option<TypeId>) -> bool {
    let key = item.map_or(Key::Function(site.address()), Key::Instance);
    // A thread that is being taken down has no note.
    NOTE.try_with(|note| note.get() == Some(Note(key)) && note.take().is_some()).unwrap_or(false)
}

/// The shim is on, and the note is out, until this is dropped.
struct Below {
    target: Target,
    before: Option<Note>,
}

impl Below {
    fn new(target: Target) -> Below {
        target.sites.iter().for_each(|site| layers::retain_shim(site));
        Below { target, before: None }
    }

    /// Runs what makes the call.
    fn during<R>(&mut self, call: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Below);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                NOTE.set(self.0.before);
            }
        }
        self.before = NOTE.replace(Some(Note(self.target.key)));
        let _restore = Restore(self);
        call()
    }
}

impl Drop for Below {
    fn drop(&mut self) {
        self.target.sites.iter().for_each(|site| layers::release_shim(site));
    }
}

/// A function that can be called with these arguments: every `F: Fn(A, …) -> R` with `(A, …)`.
pub trait Callable<Arguments> {
    /// What it answers.
    type Output;

    /// The call.
    fn call_with(self, arguments: Arguments) -> Self::Output;
}

macro_rules! callable {
    ($($($ty:ident)*;)*) => {$(
        impl<Function: Fn($($ty),*) -> Output, Output, $($ty),*> Callable<($($ty,)*)> for Function {
            type Output = Output;

            #[allow(non_snake_case)]
            fn call_with(self, ($($ty,)*): ($($ty,)*)) -> Output {
                self($($ty),*)
            }
        }
    )*};
}

callable! {
    ; A; A B; A B C; A B C D; A B C D E; A B C D E F; A B C D E F G; A B C D E F G H;
    A B C D E F G H I; A B C D E F G H I J; A B C D E F G H I J K; A B C D E F G H I J K L;
}

/// Calls the newest code of a function below its mocks, whatever lies on top of it: the original, or
/// the last live edit.
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
/// [`Error::NotHot`], [`Error::NotInstrumented`], [`Error::NotAnItem`]; [`Error::AsyncMismatch`] for
/// an `async fn`, see [`call_original_async`].
pub fn call_original<F, Arguments>(function: F, arguments: Arguments) -> Result<F::Output, Error>
where
    F: Callable<Arguments>,
{
    let mut target = target::of_item(Item::of(&function))?;
    target.keep_kind(false);
    if target.sites.is_empty() {
        let name = target.name;
        return Err(Error::AsyncMismatch { name, is: true, with: "hot::call_original_async" });
    }
    Ok(Below::new(target).during(|| function.call_with(arguments)))
}

/// The same for an `async fn`: `hot::call_original_async(fetch, (7,)).await`.
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
    let mut target = target::of_item(Item::of(&function))?;
    target.keep_kind(true);
    if target.sites.is_empty() {
        let name = target.name;
        return Err(Error::AsyncMismatch { name, is: false, with: "hot::call_original" });
    }
    // The trampoline reads its slot when its future is first polled.
    let below = Below::new(target);
    let future = std::pin::pin!(function.call_with(arguments));
    Ok(First { below: Some(below), future }.await)
}

/// A future whose first poll is meant for the code below the mocks.
struct First<'a, F> {
    below: Option<Below>,
    future: Pin<&'a mut F>,
}

impl<F: Future> Future for First<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.below.take() {
            Some(mut below) => below.during(|| self.future.as_mut().poll(context)),
            None => self.future.as_mut().poll(context),
        }
    }
}
