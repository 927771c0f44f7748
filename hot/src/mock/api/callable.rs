//! Functions called with their arguments as a tuple.

/// A function that can be called with these arguments: every `F: Fn(A, …) -> R` with `(A, …)`.
pub trait Callable<Arguments> {
    /// The type of the result.
    type Output;

    /// Calls it.
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
