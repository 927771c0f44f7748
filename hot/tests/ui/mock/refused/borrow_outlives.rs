//! A scope may be kept: what its mocks borrow may not.
use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    let scope = hot::scope();
    {
        let answer = 42;
        hot::mock!(in scope, price, |_: &Order| -> u64 { answer }).unwrap();
    }
    price(&Order(1));
}
