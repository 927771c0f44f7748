use hot::hot;

pub struct Order(u64);

#[hot]
pub fn price(order: &Order) -> u64 {
    order.0
}

fn fake(_: &Order) -> u64 {
    1
}

fn main() {
    hot::mock!(price, fake);
    hot::mock!(price, |order| -> u64 { 1 });
    hot::mock!(price, |order: &Order| -> u64 { 1 }, times 2);
    hot::mock!(price);
    let scope = hot::scope();
    hot::mock!(scope, price, |_: &Order| -> u64 { 1 });
    hot::mock!(in scope, price, |_: &Order| 1);
    hot::mock(price, fake);
}
