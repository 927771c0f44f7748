//! The trampoline and what stands behind it.
//!
//! A plain function becomes
//!
//! ```text
//! #[inline] pub fn total(o: &Order) -> u64 {
//!     fn __hot_total(o: &Order) -> u64 { … }                                   the body
//!     static __HOT_SLOT: Slot = Slot::new(__hot_total as *const ());           in hot_slots
//!     #[used] static __HOT_ENTRY: Entry = Entry::new(…, &__HOT_SLOT, …)        in hot_entries
//!         .with_sizes(sizes(__hot_total as unsafe fn(_) -> _))
//!         .with_mocks(mocks_1(&total, __hot_total as unsafe fn(_) -> _));
//!     let code = if false { __hot_total as fn(_) -> _ } else { transmute(__HOT_SLOT.get()) };
//!     code(o)
//! }
//! ```
//!
//! *The witness.* The branch that never runs gives the pointer its type, so that no type is named:
//! `impl Trait` in the result and lifetimes of every kind come out right. The compiler removes
//! the branch before it generates code, without optimisation too; what is left are a load and a
//! call. This matters for more than speed: the machine code of a trampoline depends on the
//! signature alone, never on the body, so that an edit of a body leaves callers as they are.
//!
//! *Generic functions.* A static cannot depend on a type parameter, so there is one slot for all
//! instances, null until one of them is replaced or mocked; then a table knows which, and the
//! trampoline does itself what the shim of an ordinary function does (`mock::dispatch::shim` in
//! `hot`; not in builds without the feature `mock`). Each trampoline that is compiled leaves the
//! pair (slot, body) for the tool. `impl Trait` in an argument becomes a parameter with a name in
//! the body; the trampoline keeps the signature as written (turbofish included) and hands on to
//! `__hotvia_…`, which has the parameters with names.
//!
//! *Async functions.* The slot holds `__hotbox_…`, which boxes the body's future; the trampoline
//! stays an `async fn` and awaits the box. A second witness gives the box the auto traits of the
//! body's future. The box keeps the size of the body's future out of its callers' futures.
//!
//! Where to look: `plan` has what all pieces are made from, `sibling` a piece as a definition and
//! as a declaration, `bodies` the pieces that hold code, `choice` the code that a call runs, `call`
//! the call itself, `split` the whole.

mod bodies;
mod call;
mod choice;
mod plan;
mod sibling;
mod split;

pub use sibling::Sibling;
pub use split::{Pieces, split};
