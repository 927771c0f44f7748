//! From the changed code to a patch: what it carries, what it binds to, and its image.

pub mod bind;
mod debuginfo;
pub mod image;
mod sra;
mod tls;
mod tls_relax;

pub use bind::{Selection, Sources};
pub use debuginfo::describe;
pub use image::Image;
