//! Which function is meant, from a path or a name.

mod item;
mod key;
mod lifetimes;
pub(super) mod lookup;

pub use item::Item;
pub(super) use key::{Key, Target, is_async};
pub use lifetimes::no_lifetimes;
