//! A process-wide mock is dropped and run on any thread: what it captures goes there.
use hot::hot;
use std::rc::Rc;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    let answer = Rc::new(42);
    hot::mock!(price, move |_: &Order| -> u64 { *answer }).unwrap();
}
