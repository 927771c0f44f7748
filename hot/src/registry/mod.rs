//! All hot functions of the program, by name.
//!
//! [`section`] finds the entries that were linked in; [`add`] takes those that come with a patch.
//! The index is built when it is first asked for: by name (`shop/cart/*Cart.total`) and by Rust
//! path (`shop::cart::Cart::total`), and by slot for the loader, which swaps nothing that is not
//! registered.

mod called;
mod entry;
mod function;
mod index;
mod place;
#[cfg(feature = "enabled")]
mod section;
mod sizes;
mod visibility;

pub use called::{Called, Exact, exact, exact_async};
pub use entry::{Entry, Mocks, SignatureId};
pub use function::{Function, functions};
pub(crate) use index::{
    add, build, find, find_from, find_item, find_place, private, slot_is_registered,
};
pub use sizes::{async_sizes, sizes};
pub use visibility::Viewer;
pub(crate) use visibility::is_destructor;
