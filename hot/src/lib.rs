//! Replace the functions of a running Rust program.
//!
//! `#[hot]` on a function, an impl block or an inline module makes the functions there replaceable.
//! Each call goes through a *slot*, one atomic function pointer: a load and an indirect call.
//! Whatever replaces code puts an address there; callers take the new code from their next call on.
//! Nothing else of the program changes: statics, thread-locals, connections and tasks are those
//! that they were.
//!
//! ```
//! use hot::hot;
//!
//! struct Cart {
//!     lines: Vec<u64>,
//! }
//!
//! #[hot]
//! impl Cart {
//!     fn total(&self) -> u64 {
//!         self.lines.iter().sum()
//!     }
//! }
//!
//! # fn main() {
//! assert_eq!(Cart { lines: vec![1, 2] }.total(), 3);
//! for function in hot::functions() {
//!     println!("{function:?}"); // shop/*Cart.total, fn(&Cart) -> u64, its file and line
//! }
//! # }
//! ```
//!
//! # Where things are
//!
//! - `slot`: the atomic word, and the order of the layers that may lie on a function.
//! - `registry`: all hot functions of the program, by name; `name` has the names that people type.
//! - `future`: what an `async fn` becomes behind its slot.
//! - `load`: patches.
//! - `library`: replacements out of a shared library; `patch`, with the feature of that name: hot
//!   patches, loaded and unloaded while the program runs.
//! - [`mod@mock`]: mocks, process-wide and in scopes; [`mocks`] is the chapter about them.
//! - `error`: what can go wrong, in sentences.
//!
//! # Features
//!
//! - `enabled` (default): slots exist. Without it `#[hot]` leaves functions as written, at no cost,
//!   and whatever asks for a replacement is answered [`Error::NotInstrumented`].
//! - `mock` (default): hot functions can be mocked. A program that is never tested with mocks
//!   builds a little faster without.
//! - `backtraces` (default): backtraces and debuggers know the code of patches. The program gets a
//!   `dl_iterate_phdr` that adds to the system's list of loaded objects, and GDB's
//!   `__jit_debug_descriptor`.
//! - `patch`: the module `hot::patch`, on Linux.

#[cfg(test)]
extern crate self as hot;

mod error;
mod file;
mod future;
mod library;
mod load;
pub mod mock;
#[doc = include_str!("../docs/mocks.md")]
pub mod mocks {}
// Its examples are tests.
#[cfg(all(doctest, feature = "enabled"))]
#[doc = include_str!("../../docs/hot-attribute.md")]
mod hot_attribute {}
mod name;
mod panic_message;
#[cfg(all(feature = "patch", target_os = "linux"))]
pub mod patch;
mod private;
mod registry;
mod reload;
mod slot;

#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}

#[doc(hidden)]
pub mod __library {
    pub use crate::library::allocator::{HostAllocator, HostPointer};
    pub use crate::library::table::{Replacement, Table, common, guard};
    #[cfg(all(feature = "patch", target_os = "linux"))]
    pub use crate::patch::{Hook, said};
    pub use crate::registry::SignatureId;
}

pub use error::Error;
#[doc(no_inline)]
pub use mock::{
    Answers, Callable, Forbidden, FunctionPointer, InScope, Local, Mock, Scope, ScopeHandle,
    Scoped, Sequence, call_original, call_original_async, forbid, forbid_private, get_mock_for,
    mock, mock_by_name, mock_private_by_name, reset, reset_all, reset_by_name, scope, with_scope,
};
pub use registry::{Function, functions};
pub use reload::{Reloader, ReloaderHandle, Report, Source, reloader_loop, spawn_reloader};
pub use slot::layers::Layer;

/// Makes functions replaceable while the program runs.
///
/// It goes on a free function, on an impl block, inherent or of a trait (every method in it), or on
/// an inline module (everything in it that can be hot). `#[hot(skip)]` on a method or an item
/// leaves it out. Functions may be `async`, `unsafe`, of any ABI, generic, with lifetimes of every
/// kind, with `impl Trait` in arguments and result, with patterns for arguments. Visibility, doc
/// comments, `#[cfg]`, lint levels and other attributes keep their meaning; attribute macros after
/// `#[hot]` see the function that the program calls.
///
/// ```
/// use hot::hot;
///
/// #[hot]
/// pub fn longest<'a>(a: &'a str, b: &'a str) -> &'a str {
///     if a.len() >= b.len() { a } else { b }
/// }
///
/// #[hot]
/// mod pricing {
///     pub fn tax(net: u64) -> u64 {
///         net / 5
///     }
///
///     #[hot(skip)]
///     pub fn fee() -> u64 {
///         1
///     }
/// }
/// # fn main() {
/// # assert_eq!((longest("a", "bc"), pricing::tax(10) + pricing::fee()), ("bc", 3));
/// # }
/// ```
///
/// # What it cannot do
///
/// `const fn`, C-variadic functions, `#[track_caller]`, `#[target_feature]` and `#[naked]`
/// functions are refused where the attribute stands on them or on their impl block, with a sentence
/// that says what to do instead; a hot module leaves them as they are. It also leaves alone what a
/// test harness calls. A method cannot be hot alone, since the attribute has to see its impl block.
/// The list, with what to do instead, is in `docs/hot-attribute.md`.
///
/// # Under another name
///
/// What the manifest calls this crate is found. Where it is only re-exported by another one, the
/// attribute is told: `#[hot(crate = engine::hot)]`.
///
/// Names that begin with `__hot` are for what the attribute makes. An argument's pattern that is a
/// unit struct, a constant or a variant has to be written as one, in upper case or by its path.
///
/// # What changes
///
/// - A hot function is not inlined into its callers, which costs tiny functions in loops most.
/// - The future of a hot `async fn` is boxed, so that an edit of its body leaves the futures of its
///   callers as they are: one allocation for each call, made when the future is first polled. Its
///   auto traits are those of the body's own future. A future in flight finishes on the code that
///   it began with.
/// - A static inside a generic function is one for all its instances, as it always is in Rust; the
///   instances are replaced one by one.
///
/// A call is one load more than it was. So it may stand where it could before: in a signal handler,
/// before `main`, in a destructor while a thread or the process is taken down. While a closure or a
/// scope mocks the function, and for an instance of a generic function that was replaced, more is
/// asked, which may allocate and wait: not in a handler that can interrupt anything.
///
/// # Soundness
///
/// A function is replaced by one of the same type, so that callers stay memory-safe. Unsafe code
/// that relies on what a particular function *answers* has to count on another answer once that
/// function is hot and can be named by others: a `pub` function by all safe code, a private one by
/// the modules that see it ([`mocks`](crate::mocks#by-name-from-where)). Destructors and methods of
/// an `unsafe impl` are not replaced by safe code.
pub use hot_macros::hot;

/// Exports a function of a hot patch under its name, so that whoever loads the patch can say what
/// it replaces; see the module [`patch`](mod@crate::patch).
///
/// The function stays what it is. It is neither generic nor `async`; its type, lifetimes included,
/// is compared with that of the function that it replaces. A method is replaced by a function whose
/// first argument is the receiver. A panic goes on in the program, where it can be caught.
///
/// ```
/// # struct Cart { lines: Vec<u64> }
/// #[hot::patch_fn]
/// fn new_total(cart: &Cart) -> u64 {
///     cart.lines.iter().sum::<u64>() * 9 / 10
/// }
/// # fn main() { assert_eq!(new_total(&Cart { lines: vec![100] }), 90); }
/// ```
#[cfg(all(feature = "patch", target_os = "linux"))]
pub use hot_macros::patch_fn;

/// Puts a closure in the place of a function.
///
/// ```text
/// hot::mock!([in scope,] [instance] path, closure [, when |…| …] [, record |…| …])
/// ```
///
/// The closure is written with its types, since they are compared with the function's; a lifetime
/// that is left out is a new one at each call, as in a function. Without `in` the mock is
/// process-wide and stays until it is [`reset`]; with it, it is of that [`Scope`]. What the closure
/// captures is `Send + Sync + 'static`, except `in` the [`Local`] of [`Scope::with`], where it may
/// borrow.
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn price(quantity: u64) -> u64 {
///     quantity * 3
/// }
///
/// #[hot]
/// async fn fetch(id: u64) -> String {
///     format!("order {id}")
/// }
///
/// #[hot]
/// fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
///     text.parse().ok()
/// }
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let offer = 42;
/// hot::mock!(price, move |_: u64| -> u64 { offer })?;
/// assert_eq!(price(1), 42);
/// hot::reset(price)?;
///
/// let scope = hot::scope();
/// hot::mock!(in scope, price, |quantity: u64| -> u64 { 0 }, when |quantity| *quantity > 100)?;
/// hot::mock!(in scope, fetch, async |id: u64| -> String { id.to_string() })?;
/// hot::mock!(in scope, parse::<u32>, |_: &str| -> Option<u32> { None })?;
/// assert_eq!((price(1), price(101)), (3, 0));
/// assert_eq!((parse::<u32>("1"), parse::<u64>("1")), (None, Some(1)));
/// # Ok(())
/// # }
/// ```
///
/// - `async |…| -> T { … }` for an `async fn`; `unsafe` and `extern "C"` before the bars where the
///   function has them; `for<'a>` before them where a lifetime needs a name.
/// - An instance of a generic function is meant by its types, `parse::<u32>`; where they are
///   inferred, as for `impl Trait`, `instance` says that it is one.
/// - `when |…| …` is given references to the arguments: where it answers `false`, the call goes on
///   to what lies below this mock. `record |…| …` likewise, and what it answers is kept for
///   [`Mock::recorded`].
/// - The types are used in functions of their own: generic parameters and `Self` of the code around
///   the macro are not known there.
/// - A panic of the closure is a panic of the function; in an `extern "C"` function it aborts.
/// - A mock that calls its function calls the mock; [`call_original`] does not.
///
/// # Errors
/// As the function [`mock`](fn@mock). In builds without the feature `enabled`:
/// [`Error::NotInstrumented`].
#[macro_export]
macro_rules! mock {
    ($($tokens:tt)*) => { $crate::__private::mock_in! { $crate; $($tokens)* } };
}

/// As [`mock!`], by name: `hot::mock_by_name!("shop/price", |o: &Order| -> u64 { 42 })`, in a scope
/// `hot::mock_by_name!(in scope, "shop/price", …)`.
///
/// It sees the functions that can be named in the module where it stands, private ones included.
/// What is named through an `unsafe impl` or is a destructor it does not see.
///
/// # Errors
/// As [`mock_by_name`](fn@mock_by_name).
#[macro_export]
macro_rules! mock_by_name {
    ($($tokens:tt)*) => { $crate::__private::mock_by_name_in! { $crate; $($tokens)* } };
}

/// Forbids every function that fits a pattern and is visible where this stands, for the whole
/// process: `hot::forbid!("shop/net/*")`, or in a scope: `hot::forbid!(in scope, "shop/net/*")`.
/// See [`forbid`](fn@forbid), which forbids what is public.
///
/// ```
/// # use hot::hot;
/// #[hot]
/// fn send(_: &str) {}
///
/// # fn main() -> Result<(), hot::Error> {
/// # if !cfg!(feature = "mock") { return Ok(()); }
/// let scope = hot::scope();
/// hot::forbid!(in scope, "*/send")?; // private: `scope.forbid` does not see it
/// assert!(std::panic::catch_unwind(|| send("x")).is_err());
/// assert!(scope.verify().is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`forbid`](fn@forbid).
#[macro_export]
macro_rules! forbid {
    ($($tokens:tt)*) => { $crate::__private::forbid_in! { $crate; $($tokens)* } };
}

/// Calls the code below the mocks of a function that is given by name, with its pointer type:
/// `hot::call_original_by_name!("shop/price", fn(&Order) -> u64, &order)`. It sees what
/// [`mock_by_name!`] sees.
///
/// # Errors
/// As [`mock_by_name`](fn@mock_by_name).
#[macro_export]
macro_rules! call_original_by_name {
    ($($tokens:tt)*) => { $crate::__private::call_original_by_name_in! { $crate; $($tokens)* } };
}
