use hot::hot;

#[hot]
trait Total {
    fn total(&self) -> u64 {
        0
    }
}

#[hot]
struct Cart;

#[hot]
enum Kind {
    A,
}

#[hot]
static RATE: u64 = 3;

#[hot]
const LIMIT: u64 = 3;

#[hot]
type Lines = Vec<u64>;

#[hot]
unsafe extern "C" {
    fn abs(n: i32) -> i32;
}

fn main() {}
