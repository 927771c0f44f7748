//! The future of a hot `async fn`.
//!
//! The body's future is boxed, always. Its size is part of its type, and a caller that awaits it
//! holds it inside its own future: were it there by value, an edit of the body would change the
//! layout of every future up to the spawned task. Behind the box the callers' code and layout stay
//! as they are, whatever the body becomes; a future in flight finishes on the code that it began
//! with.
//!
//! The box is made by a function behind the slot ([`RawFuture::new`]), which forgets the future's
//! type: its lifetimes and whether it is `Send`. Both are put back by the trampoline, which wraps
//! it as a [`HotFuture`] of the body's future type.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A boxed future whose lifetimes are forgotten.
pub struct RawFuture<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
}

impl<T> RawFuture<T> {
    /// Boxes a future.
    ///
    /// # Safety
    /// The result is dropped before anything that the future borrows ends.
    pub unsafe fn new<'a, F: Future<Output = T> + 'a>(future: F) -> Self {
        let future: Pin<Box<dyn Future<Output = T> + 'a>> = Box::pin(future);
        // SAFETY: the types differ in a lifetime only, and the caller vouches for that.
        let future = unsafe {
            std::mem::transmute::<
                Pin<Box<dyn Future<Output = T> + 'a>>,
                Pin<Box<dyn Future<Output = T>>>,
            >(future)
        };
        RawFuture { future }
    }
}

/// The result of a function, as a type that can be named.
pub trait Gives {
    /// The result.
    type Output;
}

impl<T> Gives for fn() -> T {
    type Output = T;
}

/// `!`, which stable Rust knows as the result of a function and not as an argument of a type.
pub type Never = <fn() -> ! as Gives>::Output;

/// A boxed future that stands for one of type `F`: it borrows what `F` borrows, and is `Send` and
/// `Sync` where `F` is.
pub struct HotFuture<F, T> {
    raw: RawFuture<T>,
    like: PhantomData<F>,
}

impl<F, T> HotFuture<F, T> {
    /// Gives the compiler the type. Stands in a branch that never runs.
    pub fn like(_: F) -> Self {
        unreachable!("the branch with the witness never runs")
    }

    /// Wraps the future of a body.
    ///
    /// # Safety
    /// `raw` holds a future of type `F`, or one that may be sent, shared and kept wherever an `F`
    /// may.
    pub unsafe fn new(raw: RawFuture<T>) -> Self {
        HotFuture { raw, like: PhantomData }
    }
}

impl<F, T> Future for HotFuture<F, T> {
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.raw.future.as_mut().poll(context)
    }
}

/// For the drop check alone: it makes the compiler see that what `F` borrows is used when this is
/// dropped.
impl<F, T> Drop for HotFuture<F, T> {
    fn drop(&mut self) {}
}

// The box can be moved while its content stays, whatever `F` is.
impl<F, T> Unpin for HotFuture<F, T> {}
// SAFETY: by the promise of `new`, the future in the box may go where an `F` may.
unsafe impl<F: Send, T> Send for HotFuture<F, T> {}
// SAFETY: as above; besides, a shared reference to it gives access to nothing.
unsafe impl<F: Sync, T> Sync for HotFuture<F, T> {}
impl<F: UnwindSafe, T> UnwindSafe for HotFuture<F, T> {}
impl<F: RefUnwindSafe, T> RefUnwindSafe for HotFuture<F, T> {}
