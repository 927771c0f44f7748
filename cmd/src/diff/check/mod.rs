//! Whether old and new code may share values and memory: what is refused, and why.

pub mod layout;
pub mod signature;
mod sizes;
mod swap;
mod vtables;

pub use layout::Shared;
pub use swap::Swapped;
