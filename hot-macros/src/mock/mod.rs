//! `mock!` and `mock_by_name!`: the code of a mock, written where the macro stands.
//!
//! ```text
//! mock!([in scope,] [instance] path, closure [, when |…| …] [, record |…| …])
//! mock_by_name!([in scope,] "name", closure …)
//! closure: [for<'a>] [async] [unsafe] [extern "C"] [move] |pattern: Type, …| [-> Type] body
//! ```
//!
//! The types are written, and everything is made of them: with `|o: &Order| -> u64 { … }`
//!
//! ```text
//! fn __hot_check(a: &Order) -> u64 { path(a) }            the function takes and answers that
//! fn __hot_typed<C: Fn(&Order) -> u64>(c: C) -> Typed<…> {
//!     fn code<C: Fn(&Order) -> u64>(mock: *const (), a: &Order) -> u64 { … }
//!     Typed::new::<fn(&Order) -> u64>(code::<C> as fn(*const (), &Order) -> u64, …)
//! }
//! ```
//!
//! A lifetime that is left out is a new one for each call in all of these places. So the closure is
//! held against `Fn(&Order) -> u64` for every lifetime, and one that is good for a single lifetime
//! does not compile. Whether the type is that of the function is compared at run time, or, for an
//! instance of a generic function, by the compiler: in `[path, __hot_check]` the two items have to
//! become pointers of one type. The futures of two `async fn` differ in type, so an instance of
//! such a one is held against `AsyncFn(&Order) -> u64` instead. That lets a function through that
//! takes more than is written, any `&str` where `&'static str` is, or any two where two of one
//! lifetime are; so the types that are written must have no lifetime but that of an outer `&`,
//! which is general, and no two of them the same.
//!
//! The closure is handed on with its patterns but without its types, which follow from the bound;
//! so a lifetime from `for<'a>` need not be known in it.
//!
//! Where to look: `parse` reads the macro's arguments (`closure` the closure), `shape` names what
//! all parts of the expansion share, `code` writes `__hot_typed`, `check` holds the path against
//! the types, `future` the futures against each other, `install` puts the mock on, `expand` is the
//! whole. The smaller macros are in `by_name`.

mod by_name;
mod check;
mod closure;
mod code;
mod expand;
mod future;
mod hygienic;
mod install;
mod parse;
mod shape;

pub use by_name::{expand_forbid, expand_original};
pub use expand::expand;
