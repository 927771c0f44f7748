struct Cart;

impl Cart {
    #[hot::hot]
    fn total(&self) -> u64 {
        0
    }

    #[hot::hot]
    fn new() -> Self {
        Cart
    }

    #[hot::hot]
    fn create() {
        let _ = Self::new();
    }
}

fn main() {}
