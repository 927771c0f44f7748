//! Edition 2018.
#![allow(bare_trait_objects, elided_lifetimes_in_paths, mismatched_lifetime_syntaxes)]

use hot::hot;
use std::fmt::{self, Display};

#[hot]
pub async fn bare(text: &Display, dot: &dyn Fn(&str) -> &str) -> String {
    dot(&text.to_string()).to_owned()
}

pub struct Cart<'a>(pub &'a str);

#[hot]
impl<'a> Cart<'a> {
    pub fn name(&self) -> &'a str {
        self.0
    }
    pub fn boxed(self: Box<Self>, key: &str) -> (usize, Option<Box<dyn Fn(u8) -> u8>>) {
        (self.0.len() + key.len(), None)
    }
    pub fn chars(&self, _: &u8) -> std::str::Chars {
        self.0.chars()
    }
}

#[hot]
impl<'a> Display for Cart<'a> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[hot]
impl<'a> Iterator for Cart<'a> {
    type Item = &'a str;
    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0)
    }
}

#[hot]
pub mod inner {
    pub fn generic<T: Clone>(t: &T) -> T {
        t.clone()
    }
    pub fn letters(text: &str) -> impl Iterator<Item = char> + '_ {
        text.chars()
    }
    pub unsafe extern "C" fn c(x: u8) -> u8 {
        x
    }
}

#[test]
fn mocks() {
    let name = "*Cart.Display.fmt";
    assert!(hot::functions().iter().any(|function| function.name().ends_with(name)));
    let scope = hot::scope();
    hot::mock!(in scope, Cart::name, for<'s, 't> |_: &'s Cart<'t>| -> &'t str { "mock" }).unwrap();
    hot::mock!(in scope, inner::generic::<u8>, |_: &u8| -> u8 { 9 }).unwrap();
    assert_eq!((Cart("a").name(), inner::generic(&1u8)), ("mock", 9));
}
