//! Shapes of functions that compile without `#[hot]` and have to compile with it: a list that is checked,
//! built and run (../projects.rs).
#![allow(dead_code, elided_lifetimes_in_paths, mismatched_lifetime_syntaxes)]

mod bounds;
mod fragments;
mod futures;
mod hidden;
mod lookalikes;
mod receivers;
mod traits;
