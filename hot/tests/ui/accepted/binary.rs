//! The functions of a binary's own crate are named `main/…`, and found by their Rust path too.
use hot::hot;

#[hot]
fn banner() {}

mod net {
    #[hot::hot]
    pub fn dial() {}
}

fn main() {
    banner();
    net::dial();
    let functions = hot::functions();
    let names: Vec<&str> = functions.iter().map(|function| function.name()).collect();
    assert_eq!(names, ["main/banner", "main/net/dial"]);
    assert!(hot::__private::slot_for_test(concat!(module_path!(), "::net::dial")).is_ok());
}
