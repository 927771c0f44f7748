//! The local scope stays in `with`.
use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    let scope = hot::scope();
    let mut kept = None;
    scope.with(|local| kept = Some(local));
    price(&Order(1));
}
