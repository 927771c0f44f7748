//! hot
fn main() {}
