//! A local mock may borrow from outside of `with` only: what is inside ends first.
use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    hot::scope().with(|local| {
        let answer = 42;
        hot::mock!(in local, price, |_: &Order| -> u64 { answer }).unwrap();
    });
}
