//! The result of a function, for types that are made of it.
//!
//! `<F as FnOnce<(A, B)>>::Output` would be that, but stable Rust knows no such spelling.

use std::marker::PhantomData;

/// A function that takes these arguments, a tuple.
pub trait Called<Arguments> {
    /// Its result.
    type Output;
}

macro_rules! called {
    ($($argument:ident)*) => {
        impl<F: FnOnce($($argument),*) -> R, $($argument,)* R> Called<($($argument,)*)> for F {
            type Output = R;
        }
    };
}

called!();
called!(A);
called!(A B);
called!(A B C);
called!(A B C D);
called!(A B C D E);
called!(A B C D E G);
called!(A B C D E G H);
called!(A B C D E G H I);
called!(A B C D E G H I J);
called!(A B C D E G H I J K);
called!(A B C D E G H I J K L);
called!(A B C D E G H I J K L M);

/// Returns the result of a function that is asked for arguments of these types, exactly.
pub fn exact<F: Called<Arguments>, Arguments>(_: F) -> Only<F::Output> {
    PhantomData
}

/// Returns the same for an `async` function, whose result is what the future gives.
pub fn exact_async<F: Called<Arguments, Output: Future>, Arguments>(
    _: F,
) -> Only<<F::Output as Future>::Output> {
    PhantomData
}

/// Stands for a type. None with other lifetimes can be taken for it.
pub type Only<T> = PhantomData<fn(T) -> T>;

/// [`Only`], where it is behind an opaque type.
pub trait Exact {
    /// The type.
    type Type;
}

impl<T> Exact for Only<T> {
    type Type = T;
}
