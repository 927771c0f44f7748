//! What `with` is for, beside what is refused.
use hot::hot;
use std::cell::Cell;

#[hot]
pub fn price(quantity: &u64) -> u64 {
    *quantity
}

fn main() {
    let calls = Cell::new(0);
    hot::scope().with(|local| {
        hot::mock!(in local, price, |_: &u64| -> u64 {
            calls.set(calls.get() + 1);
            1
        })
        .unwrap();
        assert_eq!(price(&9), 1);
    });
    assert_eq!((price(&9), calls.get()), (9, 1));
}
