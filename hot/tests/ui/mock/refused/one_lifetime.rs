//! A closure that is good for one lifetime only could keep what it is lent.
use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    let (keep, _kept) = std::sync::mpsc::sync_channel::<&Order>(1);
    hot::mock!(price, move |order: &Order| -> u64 {
        keep.send(order).unwrap();
        1
    })
    .unwrap();
}
