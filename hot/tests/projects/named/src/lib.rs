//! `core` and `alloc` are crates of this workspace here.

use hot::hot;

#[hot]
pub fn names() -> [&'static str; 2] {
    [::core::name(), ::alloc::name()]
}

pub struct Stack<T>(pub [T; 2]);

#[hot]
impl<T: Copy> Stack<T> {
    pub fn first(&self) -> T {
        self.0[0]
    }
    pub async fn last(&self) -> T {
        self.0[1]
    }
}

#[test]
fn hot_functions() {
    let scope = hot::scope();
    hot::mock!(in scope, names, || -> [&'static str; 2] { ["", "mock"] }).unwrap();
    hot::mock!(in scope, Stack::<u8>::first, |_: &Stack<u8>| -> u8 { 3 }).unwrap();
    hot::mock!(in scope, Stack::<u8>::last, async |_: &Stack<u8>| -> u8 { 3 }).unwrap();
    assert_eq!((names()[1], Stack([1u8, 2]).first()), ("mock", 3));
}
