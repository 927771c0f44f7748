//! Building: by cargo the first time, by rustc alone after each save.
//!
//! The rooms, each of which imports only those above it:
//!
//! - [`path`], [`stamp`], [`build_id`] and [`usage`] are what all others share.
//! - [`cargo`] reads cargo's configuration, runs cargo and reads what it says.
//! - [`rustc`] reads rustc's command lines and the files in which it says what it did.
//! - [`unsupported`] tells which of these command lines make a program in which no edit can go
//!   live.
//! - [`capture`] is the wrapper of rustc that cargo calls: it keeps the command lines, and knows to
//!   which artifacts they belong. Of a build that hot did not watch, it reconstructs them.
//! - [`graph`] joins them to the user's crates in order, with their source files and with what
//!   else is linked into the program.
//! - [`rebuild`] compiles some of these crates again, several at once, reads their objects, and has
//!   cargo find what was compiled.
//! - [`program`] is what the rest of the tool uses: a [`Builder`] lives as long as the tool, and
//!   each build by cargo that succeeds makes a new [`Build`].

pub mod build_id;
pub mod capture;
pub mod cargo;
pub mod graph;
pub mod path;
pub mod program;
pub mod rebuild;
pub mod rustc;
pub mod stamp;
pub mod unsupported;
pub mod usage;

pub use program::{Adopted, Build, Builder, Built, ReplayEvent, Replayed};
pub use usage::Usage;
