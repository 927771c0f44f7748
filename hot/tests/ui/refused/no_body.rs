use hot::hot;

trait Total {
    #[hot]
    fn total(order: u64) -> u64;
}

unsafe extern "C" {
    #[hot]
    fn abs(n: i32) -> i32;
}

fn main() {}
