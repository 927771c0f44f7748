//! A mock that the macros have made, on its way to a function.

use super::answer::{Answer, Closures};
use crate::registry::SignatureId;
use crate::slot::Code;

/// A mock with its type, not yet on a function.
pub struct Typed<T> {
    pub(crate) shape: Shape,
    closures: T,
}

/// The part of a mock that is compared with the function.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    code: Code,
    pub signature: SignatureId,
    /// The code returns a boxed future.
    pub asynchronous: bool,
}

impl<T> Typed<T> {
    /// Makes a mock of type `P`.
    ///
    /// # Safety
    /// `code` is a function of type `P` with a `*const ()` before its other arguments, of the ABI
    /// of Rust, general in every lifetime in which `P` is; when `asynchronous`, its result is a
    /// [`RawFuture`](crate::future::RawFuture) of that of `P`, which may go wherever a future of
    /// the function that is mocked may. It hands its first argument to
    /// [`Call::enter`](crate::mock::expansion::Call::enter), once, and asks the call for closures
    /// of type `T` only.
    pub unsafe fn new<P: 'static>(code: *const (), closures: T, asynchronous: bool) -> Typed<T> {
        let signature = SignatureId::of::<P>();
        Typed { shape: Shape { code: Code(code), signature, asynchronous }, closures }
    }

    /// Returns the behaviour of a function that it is put on.
    ///
    /// # Safety
    /// As of [`Closures::new`].
    pub(crate) unsafe fn answer(self) -> Answer {
        // SAFETY: the caller's promise.
        let closures = unsafe { Closures::new(self.closures) };
        Answer::Closure { code: self.shape.code, closures, asynchronous: self.shape.asynchronous }
    }
}
