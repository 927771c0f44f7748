//! What an instance is mocked by must be of its very type.
use hot::hot;

#[hot]
pub fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[hot]
pub fn first<'a, T>(a: &'a str, _: &str, _: T) -> &'a str {
    a
}

fn main() {
    hot::mock!(parse::<u32>, |_: &'static str| -> Option<u32> { None }).unwrap();
    // The second may be lent for less than what is answered.
    hot::mock!(first::<u8>, for<'a> |_: &'a str, b: &'a str, _: u8| -> &'a str { b }).unwrap();
}
