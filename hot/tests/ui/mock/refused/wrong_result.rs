use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn main() {
    hot::mock!(price, |order: &Order| -> u32 { 1 }).unwrap();
}
