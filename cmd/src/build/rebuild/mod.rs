//! Compiling without cargo.

pub mod build_lock;
pub mod compile;
pub mod diagnostics;
pub mod fingerprint;
pub mod object_cache;
pub mod objects;
pub mod rmeta_stub;
pub mod scheduler;
