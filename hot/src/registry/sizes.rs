//! The sizes of what a hot function takes and gives, read off its type by the compiler.
//!
//! They stand in the entry for programs without debug information. The macro knows the function's
//! types by their tokens only, and a static can name neither `impl Trait` nor the lifetimes of a
//! signature; so it writes `sizes(body as unsafe fn(_, _) -> _)` and the compiler fills in the
//! types. A pointer to a safe function may be taken for one to an unsafe function, which saves an
//! implementation each.

use crate::future::RawFuture;

/// Size and alignment of a type, in bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    size: u64,
    align: u64,
}

impl Size {
    /// Of a type.
    pub const fn of<T>() -> Size {
        Size { size: size_of::<T>() as u64, align: align_of::<T>() as u64 }
    }
}

/// The type of a pointer to a function.
pub trait Pointer {
    /// The sizes of its arguments in order, then of its result.
    const SIZES: &'static [Size];
}

/// The type of a pointer to the function that boxes an `async fn`'s future.
pub trait BoxPointer {
    /// The sizes of its arguments in order, then of what the future gives.
    const SIZES: &'static [Size];
}

/// Returns the sizes of a function's arguments and result.
pub const fn sizes<F: Pointer + Copy>(_: F) -> &'static [Size] {
    F::SIZES
}

/// Returns the sizes of an `async fn`'s arguments and output.
pub const fn async_sizes<F: BoxPointer + Copy>(_: F) -> &'static [Size] {
    F::SIZES
}

macro_rules! pointers {
    ($($argument:ident)*) => {
        impl<$($argument,)* R> Pointer for unsafe fn($($argument),*) -> R {
            const SIZES: &'static [Size] = &[$(Size::of::<$argument>(),)* Size::of::<R>()];
        }
        impl<$($argument,)* R> Pointer for unsafe extern "C" fn($($argument),*) -> R {
            const SIZES: &'static [Size] = &[$(Size::of::<$argument>(),)* Size::of::<R>()];
        }
        impl<$($argument,)* R> BoxPointer for unsafe fn($($argument),*) -> RawFuture<R> {
            const SIZES: &'static [Size] = &[$(Size::of::<$argument>(),)* Size::of::<R>()];
        }
    };
}

pointers!();
pointers!(A);
pointers!(A B);
pointers!(A B C);
pointers!(A B C D);
pointers!(A B C D E);
pointers!(A B C D E F);
pointers!(A B C D E F G);
pointers!(A B C D E F G H);
pointers!(A B C D E F G H I);
pointers!(A B C D E F G H I J);
pointers!(A B C D E F G H I J K);
pointers!(A B C D E F G H I J K L);

#[cfg(test)]
mod tests {
    use super::*;

    fn three<'a>(text: &'a str, _: u8, _: [u16; 5]) -> impl Iterator<Item = char> + use<'a> {
        text.chars()
    }

    #[test]
    fn arguments_come_in_order_and_the_result_last() {
        let found = const { sizes(three as unsafe fn(_, _, _) -> _) };
        let of = |size, align| Size { size, align };
        assert_eq!(found, [of(16, 8), of(1, 1), of(10, 2), Size::of::<std::str::Chars<'_>>()]);
    }

    #[test]
    fn of_a_future_its_output_is_told() {
        fn boxed(_: u8) -> RawFuture<[u64; 3]> {
            unreachable!("its type alone is asked for")
        }
        let found = const { async_sizes(boxed as unsafe fn(_) -> _) };
        assert_eq!(found, [Size::of::<u8>(), Size { size: 24, align: 8 }]);
    }
}
