//! The box forgets lifetimes, the trampoline's future does not.
use hot::hot;

#[hot]
async fn name(text: &String) -> &str {
    text
}

fn main() {
    let future;
    {
        let text = String::from("short-lived");
        future = name(&text);
    }
    drop(future);
}
