//! An item in lower case would be made again by an expression.
use hot::hot;

#[allow(non_camel_case_types)]
pub struct unit;

#[hot]
pub fn takes(unit: unit, other: u8) -> u8 {
    other
}

fn main() {
    takes(unit, 1);
}
