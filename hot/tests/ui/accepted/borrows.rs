//! The passing twin of `borrows.rs`.
use hot::hot;

#[hot]
async fn name(text: &String) -> &str {
    text
}

fn main() {
    let text = String::from("long-lived");
    let future = name(&text);
    drop(future);
}
