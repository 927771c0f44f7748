//! The program of a session: built, started, announced, stopped.

mod announce;
mod cargo;
mod exec;
mod orphans;
mod program;

pub use announce::hex;
pub use program::CONNECT;
