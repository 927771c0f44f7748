//! The macro that names a library's replacements.

/// Names the functions of a program that this library replaces, and by what.
///
/// For a crate with `crate-type = ["cdylib"]` that depends on `hot` and on the crates whose types
/// its functions take. Given the built library's path (on stdin, or in the folder `HOT_WATCH`),
/// [`reloader_loop`](crate::reloader_loop) loads it, checks every name and every type, and swaps
/// all of the functions or none. The same path may be given again after a rebuild.
///
/// Each line is the function's name, the new function, and the type that both have. The type is
/// written as that of a function pointer, a method's receiver first.
///
/// ```
/// # mod shop { pub struct Order { pub amount: u64 } pub struct Cart; }
/// use shop::{Cart, Order};
///
/// hot::replace! {
///     "shop/price" => price as fn(&Order) -> u64,
///     "shop/cart/*Cart.lines" => lines as for<'a> fn(&'a Cart, &str) -> Vec<&'a Order>,
///     "shop/checksum" => checksum as unsafe fn(*const u8, usize) -> u32,
///     "main/on_signal" => on_signal as extern "C" fn(i32),
/// }
///
/// fn price(order: &Order) -> u64 {
///     order.amount * 90 / 100
/// }
/// # fn lines<'a>(_: &'a Cart, _: &str) -> Vec<&'a Order> { Vec::new() }
/// # unsafe fn checksum(_: *const u8, _: usize) -> u32 { 0 }
/// # extern "C" fn on_signal(_: i32) {}
/// # fn main() {}
/// ```
///
/// A function that has another type than the line says does not compile:
///
/// ```compile_fail,E0308
/// hot::replace! { "shop/price" => price as fn(u32) -> u64 }
/// fn price(amount: u64) -> u64 { amount }
/// # fn main() {}
/// ```
///
/// A crate names its replacements once; generic and `async` functions cannot be among them.
///
/// # What a library shares with the program, and what not
/// It has copies of its own of all crates that it links, the standard library among them. So
/// *statics and thread-locals have their first values* in it, loggers and async runtimes are not
/// set up, and what it calls are its own copies, whatever has been replaced in the program. (Edits
/// under `hot run` have none of these limits.) A panic of a replacement goes on in the program,
/// where it can be caught; a panic of the program's own code, in a closure that it handed to a
/// replacement, ends the process when it passes through one.
///
/// Program and library must be built by the same compiler, in one workspace, with the same profile
/// and features; otherwise the library is refused. What cannot be checked is yours to keep:
///
/// - the sources of the crates whose types are shared are those that the program was built from.
///   A type whose fields have changed since keeps its identity;
/// - both use one memory allocator, since what one allocates the other frees. The system's, which
///   is the default, is one; a `#[global_allocator]` that the program links is not the library's.
#[macro_export]
macro_rules! replace {
    ($($replacements:tt)*) => {
        #[doc(hidden)]
        #[allow(non_upper_case_globals)]
        #[unsafe(no_mangle)]
        pub static __hot_replacements_v1: $crate::__library::Table =
            $crate::__library::Table::new($crate::__hot_replace!(@list [] $($replacements)*));
    };
}

/// Takes one line after another (`@list`), and the arguments of one (`@wrap`), whose names differ
/// although they are written alike: each is from another round.
#[doc(hidden)]
#[macro_export]
macro_rules! __hot_replace {
    (@list [$($done:tt)*] $name:literal => $code:path as
        $(for<$($life:lifetime),+ $(,)?>)? fn($($arg:ty),* $(,)?) $(-> $out:ty)? $(, $($rest:tt)*)?
    ) => {
        $crate::__hot_replace!(@list [$($done)* {
            $crate::__hot_replace!(@wrap $code, (), [$(<$($life),+>)?], [$(-> $out)?], [], $($arg,)*);
            // SAFETY: the cast has checked the type.
            unsafe {
                $crate::__library::Replacement::new(
                    $name,
                    $crate::__library::SignatureId::of::<$(for<$($life),+>)? fn($($arg),*) $(-> $out)?>,
                    wrapped as $(for<$($life),+>)? fn($($arg),*) $(-> $out)? as *const (),
                )
            }
        },] $($($rest)*)?)
    };
    (@list [$($done:tt)*] $name:literal => $code:path as
        $(for<$($life:lifetime),+ $(,)?>)? unsafe fn($($arg:ty),* $(,)?) $(-> $out:ty)? $(, $($rest:tt)*)?
    ) => {
        $crate::__hot_replace!(@list [$($done)* {
            $crate::__hot_replace!(@wrap $code, (unsafe), [$(<$($life),+>)?], [$(-> $out)?], [], $($arg,)*);
            // SAFETY: the cast has checked the type.
            unsafe {
                $crate::__library::Replacement::new(
                    $name,
                    $crate::__library::SignatureId::of::<$(for<$($life),+>)? unsafe fn($($arg),*) $(-> $out)?>,
                    wrapped as $(for<$($life),+>)? unsafe fn($($arg),*) $(-> $out)? as *const (),
                )
            }
        },] $($($rest)*)?)
    };
    // A panic does not leave these; there is nothing to wrap.
    (@list [$($done:tt)*] $name:literal => $code:path as
        $(for<$($life:lifetime),+ $(,)?>)? extern $abi:literal fn($($arg:ty),* $(,)?) $(-> $out:ty)? $(, $($rest:tt)*)?
    ) => {
        $crate::__hot_replace!(@list [$($done)* {
            // SAFETY: the cast has checked the type.
            unsafe {
                $crate::__library::Replacement::new(
                    $name,
                    $crate::__library::SignatureId::of::<$(for<$($life),+>)? extern $abi fn($($arg),*) $(-> $out)?>,
                    $code as $(for<$($life),+>)? extern $abi fn($($arg),*) $(-> $out)? as *const (),
                )
            }
        },] $($($rest)*)?)
    };
    (@list [$($done:tt)*] $name:literal => $code:path as
        $(for<$($life:lifetime),+ $(,)?>)? unsafe extern $abi:literal fn($($arg:ty),* $(,)?) $(-> $out:ty)? $(, $($rest:tt)*)?
    ) => {
        $crate::__hot_replace!(@list [$($done)* {
            // SAFETY: the cast has checked the type.
            unsafe {
                $crate::__library::Replacement::new(
                    $name,
                    $crate::__library::SignatureId::of::<$(for<$($life),+>)? unsafe extern $abi fn($($arg),*) $(-> $out)?>,
                    $code as $(for<$($life),+>)? unsafe extern $abi fn($($arg),*) $(-> $out)? as *const (),
                )
            }
        },] $($($rest)*)?)
    };
    (@list [$($done:tt)*] $name:literal => $code:path as $(for<$($life:lifetime),+ $(,)?>)? async $($rest:tt)*) => {
        compile_error!(
            "an async function cannot be replaced from a library, whose copy of the runtime is not \
             set up; replace a function below it that is not async"
        )
    };
    (@list [$($done:tt)*]) => {
        &[$($done)*]
    };
    (@list [$($done:tt)*] $($other:tt)+) => {
        compile_error!(
            "each replacement is written `\"package/module/function\" => new_function as fn(Argument) -> Result,`"
        )
    };

    (@wrap $code:path, $safety:tt, $life:tt, $out:tt, [$($done:tt)*], $arg:ty, $($rest:tt)*) => {
        $crate::__hot_replace!(@wrap $code, $safety, $life, $out, [$($done)* (argument $arg)], $($rest)*);
    };
    (@wrap $code:path, (), [$($life:tt)*], [$($out:tt)*], [$(($name:ident $arg:ty))*],) => {
        #[allow(clippy::all, mismatched_lifetime_syntaxes)]
        fn wrapped $($life)* ($($name: $arg),*) $($out)* {
            $crate::__library::guard(move || $code($($name),*))
        }
    };
    (@wrap $code:path, (unsafe), [$($life:tt)*], [$($out:tt)*], [$(($name:ident $arg:ty))*],) => {
        #[allow(clippy::all, mismatched_lifetime_syntaxes)]
        unsafe fn wrapped $($life)* ($($name: $arg),*) $($out)* {
            // SAFETY: the caller keeps what `$code` asks for.
            $crate::__library::guard(move || unsafe { $code($($name),*) })
        }
    };
}
