//! Replace the functions of a running Rust program.

#[cfg(test)]
extern crate self as hot;

mod error;
mod future;
mod library;
mod load;
mod name;
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
    pub use crate::library::table::{Replacement, Table, guard};
    pub use crate::registry::SignatureId;
}

pub use error::Error;
pub use hot_macros::hot;
pub use registry::{Function, functions};
pub use reload::{Reloader, ReloaderHandle, Report, Source, reloader_loop, spawn_reloader};
pub use slot::layers::Layer;
