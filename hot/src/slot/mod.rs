//! The one word through which a hot function is called, and the order of what may be in it.
//!
//! A slot is a static that holds the address of the function's own code from the start: nothing is
//! initialised, nothing locked. Slots lie packed in a section of their own, so that a cache line
//! holds eight of them and nothing else. A call is one load and one indirect call; a swap is one
//! store. Who may store what is decided in [`layers`]. What lies on top for the time of a mock is
//! found through a [`MockSite`].
//!
//! The slot of a generic function is null while no instance is replaced, and afterwards something
//! that is not null: then [`instances`] is asked.

mod atomic;
mod code;
pub(crate) mod instances;
pub(crate) mod layers;
#[cfg(all(test, hot_loom))]
mod model;
pub(crate) mod reentry;
mod site;

pub use atomic::Slot;
pub(crate) use code::Code;
pub(crate) use site::{MockSite, SiteState};
