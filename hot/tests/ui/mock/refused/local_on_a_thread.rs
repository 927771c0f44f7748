//! The local scope stays on its thread.
use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    let scope = hot::scope();
    scope.with(|local| {
        std::thread::scope(|threads| {
            threads.spawn(|| hot::mock!(in local, price, |_: &Order| -> u64 { 1 }).unwrap());
        });
    });
}
