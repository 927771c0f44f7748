//! Lifetimes that a result hides: a method's type for mocks has them where the method has.
#![cfg(feature = "mock")]
#![allow(mismatched_lifetime_syntaxes, elided_lifetimes_in_paths, dead_code, clippy::boxed_local)]

use hot::hot;
use std::any::TypeId;
use std::cell::Cell;
use std::pin::Pin;

struct Iter<'a>(&'a u8);
struct Key<'a>(&'a u8);
struct Span;

struct Cart(u8);

#[hot]
impl Cart {
    fn alone(&self) -> (&u8, Iter) {
        (&self.0, Iter(&self.0))
    }
    fn beside(&self, _: &str) -> (&u8, Iter) {
        (&self.0, Iter(&self.0))
    }
    fn beside_hidden(&self, _: Key) -> Result<&u8, Iter> {
        Ok(&self.0)
    }
    fn pinned(self: Pin<&mut Self>, _: &str) -> Iter {
        Iter(&self.get_mut().0)
    }
    fn named<'k>(&self, key: &'k str) -> (Iter, &'k str) {
        (Iter(&self.0), key)
    }
    fn by_value(self: Box<Self>, other: &u8) -> Iter {
        Iter(other)
    }
    async fn later(&self, _: &str) -> Result<&u8, Iter> {
        Ok(&self.0)
    }
}

struct Lexer<'t>(&'t u8);

#[hot]
impl<'t> Lexer<'t> {
    fn peek(&self) -> Iter {
        Iter(self.0)
    }
    fn plain(&self) -> Span {
        Span
    }
    fn whole(&self, _: &str) -> (Iter<'t>, Iter) {
        (Iter(self.0), Iter(self.0))
    }
    // The value behind the inner reference outlives the outer one.
    fn longer<'s, 'k>(&'s self, _: &'k &'s u8, _: &'k &'t u8) -> (Iter<'s>, Iter<'t>, Iter) {
        (Iter(self.0), Iter(self.0), Iter(self.0))
    }
    fn cell(&self, _: &[&'t u8]) -> Cell<Iter> {
        Cell::new(Iter(self.0))
    }
    fn other(self, other: &u8) -> (Iter, &u8) {
        (Iter(other), other)
    }
    fn written(&self, _: Key) -> Option<Iter<'_>> {
        Some(Iter(self.0))
    }
    fn hidden_too(&self, _: Key) -> Iter {
        Iter(self.0)
    }
    async fn later(&self, _: &str) -> Iter {
        Iter(self.0)
    }
}

trait Items {
    type Item;
    fn items(&self, from: &u8) -> (Self::Item, Iter);
}

#[hot]
impl<'t> Items for Lexer<'t> {
    type Item = Iter<'t>;
    fn items(&self, _: &u8) -> (Self::Item, Iter) {
        (Iter(self.0), Iter(self.0))
    }
}

fn id(name: &str) -> Option<TypeId> {
    hot::__private::identity_for_test(name).unwrap().map(|identity| identity.id)
}

macro_rules! same {
    ($name:literal, $ty:ty) => {
        assert_eq!(id(concat!("hidden/", $name)), Some(TypeId::of::<$ty>()), $name)
    };
}

#[test]
fn of_a_type_without_lifetimes() {
    same!("*Cart.alone", for<'s> fn(&'s Cart) -> (&'s u8, Iter<'s>));
    same!("*Cart.beside", for<'s, 'k> fn(&'s Cart, &'k str) -> (&'s u8, Iter<'s>));
    same!("*Cart.beside_hidden", for<'s, 'k> fn(&'s Cart, Key<'k>) -> Result<&'s u8, Iter<'s>>);
    same!("*Cart.pinned", for<'s, 'k> fn(Pin<&'s mut Cart>, &'k str) -> Iter<'s>);
    same!("*Cart.named", for<'s, 'k> fn(&'s Cart, &'k str) -> (Iter<'s>, &'k str));
    same!("*Cart.by_value", for<'o> fn(Box<Cart>, &'o u8) -> Iter<'o>);
    same!("*Cart.later", for<'s, 'k> fn(&'s Cart, &'k str) -> Result<&'s u8, Iter<'s>>);
}

#[test]
fn of_a_type_with_lifetimes() {
    same!("*Lexer.peek", for<'s, 't> fn(&'s Lexer<'t>) -> Iter<'s>);
    same!("*Lexer.plain", for<'s, 't> fn(&'s Lexer<'t>) -> Span);
    same!("*Lexer.whole", for<'s, 't, 'k> fn(&'s Lexer<'t>, &'k str) -> (Iter<'t>, Iter<'s>));
    same!(
        "*Lexer.longer",
        for<'s, 'k, 't> fn(&'s Lexer<'t>, &'k &'s u8, &'k &'t u8) -> (Iter<'s>, Iter<'t>, Iter<'s>)
    );
    same!("*Lexer.cell", for<'s, 'k, 't> fn(&'s Lexer<'t>, &'k [&'t u8]) -> Cell<Iter<'s>>);
    same!("*Lexer.written", for<'s, 'k, 't> fn(&'s Lexer<'t>, Key<'k>) -> Option<Iter<'s>>);
    same!("Lexer.other", for<'t, 'o> fn(Lexer<'t>, &'o u8) -> (Iter<'o>, &'o u8));
    same!("*Lexer.later", for<'s, 't, 'k> fn(&'s Lexer<'t>, &'k str) -> Iter<'s>);
    same!("*Lexer.Items.items", for<'s, 't, 'k> fn(&'s Lexer<'t>, &'k u8) -> (Iter<'t>, Iter<'s>));
}

#[test]
fn a_result_and_an_argument_that_hide_lifetimes_leave_no_type() {
    assert_eq!(id("hidden/*Lexer.hidden_too"), None);
}

#[test]
fn mocks() {
    let scope = hot::scope();
    hot::mock!(in scope, Lexer::peek, for<'s, 't> |_: &'s Lexer<'t>| -> Iter<'s> { Iter(&2) })
        .unwrap();
    hot::mock!(in scope, Cart::beside, for<'s> |this: &'s Cart, _: &str| -> (&'s u8, Iter<'s>) {
        (&this.0, Iter(&3))
    })
    .unwrap();
    assert_eq!(*Lexer(&1).peek().0, 2);
    assert_eq!(*Cart(1).beside("").1.0, 3);
}
