//! Replace the functions of a running Rust program.

mod load;
