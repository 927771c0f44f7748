//! An error in a body or in a call is reported at its place.
use hot::hot;

#[hot]
fn total(lines: &[u64]) -> u64 {
    lines.len()
}

fn main() {
    total("text");
}
