use hot::hot;

#[hot]
const fn fixed() -> u8 {
    1
}

struct Cart;

#[hot]
impl Cart {
    const fn new() -> Self {
        Cart
    }

    pub const unsafe fn other() {}
}

fn main() {}
