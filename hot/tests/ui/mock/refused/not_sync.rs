//! A process-wide mock runs on every thread.
use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    let calls = std::cell::Cell::new(0);
    hot::mock!(price, move |_: &Order| -> u64 {
        calls.set(calls.get() + 1);
        1
    })
    .unwrap();
}
