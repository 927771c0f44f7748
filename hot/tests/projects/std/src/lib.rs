//! A member that is called as one of Rust's own crates.
#![no_std]

/// Not what `std` is elsewhere.
pub fn name() -> &'static str {
    "my std"
}
