//! A member that is called as one of Rust's own crates.
#![no_std]

/// Not what `core` is elsewhere.
pub fn name() -> &'static str {
    "my core"
}
