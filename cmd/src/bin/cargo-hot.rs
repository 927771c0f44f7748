//! cargo hot
fn main() {}
