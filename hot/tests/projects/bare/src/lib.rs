//! `std` is a crate of this workspace here. (Only without the real one, whose prelude comes by that name.)
#![no_std]

use hot::hot;

#[hot]
pub fn name() -> &'static str {
    ::std::name()
}

pub struct Stack<T>(pub [T; 2]);

#[hot]
impl<T: Copy> Stack<T> {
    pub fn first(&self) -> T {
        self.0[0]
    }
}

#[test]
fn mocks() {
    let scope = hot::scope();
    hot::mock!(in scope, name, || -> &'static str { "mock" }).unwrap();
    hot::mock!(in scope, Stack::<u8>::first, |_: &Stack<u8>| -> u8 { 3 }).unwrap();
    assert_eq!((name(), Stack([1u8, 2]).first()), ("mock", 3));
}
