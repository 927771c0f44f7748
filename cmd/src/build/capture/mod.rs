//! The commands by which cargo has the crates compiled, and the artifacts that they belong to.

pub mod freshness;
pub mod log;
pub mod reconstruct;
pub mod store;
pub mod store_lock;
pub mod variables;
pub mod wrapper;

pub use store::Captures;
pub use store_lock::StoreLock;
