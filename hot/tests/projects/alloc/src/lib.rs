//! A member that is called as one of Rust's own crates.
#![no_std]

/// Not what `alloc` is elsewhere.
pub fn name() -> &'static str {
    "my alloc"
}
