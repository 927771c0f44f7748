//! Whether old and new code may share values and memory: what is refused, and why.

pub mod layout;
mod refusal;
pub mod signature;
mod sizes;
mod swap;
mod vtables;

pub use layout::Shared;
pub use refusal::Detail;
pub use swap::Swapped;
