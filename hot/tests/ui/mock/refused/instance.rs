//! What an instance is mocked by must be of its very type.
use hot::hot;

#[hot]
pub fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn main() {
    hot::mock!(parse::<u32>, |_: &'static str| -> Option<u32> { None }).unwrap();
}
