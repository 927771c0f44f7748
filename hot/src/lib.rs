//! Replace the functions of a running Rust program.

#[cfg(test)]
extern crate self as hot;

mod error;
mod future;
mod load;
mod name;
mod private;
mod registry;
mod slot;

#[doc(hidden)]
pub mod __private {
    pub use crate::private::*;
}

pub use error::Error;
pub use hot_macros::hot;
pub use registry::{Function, functions};
pub use slot::layers::Layer;
