//! A crate that others get hot from.

pub use hot;
pub use hot::hot as live;
