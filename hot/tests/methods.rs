//! `#[hot]` on impl blocks, inherent and of traits, on own and foreign types.
#![cfg(feature = "enabled")]

mod support;

use hot::hot;
use std::fmt::{self, Display};
use std::pin::Pin;
use std::rc::Rc;
use support::replaced;

#[derive(Debug, Clone, PartialEq)]
struct Cart {
    lines: Vec<u64>,
}

#[hot]
impl Cart {
    const START: u64 = 1;

    fn new(line: u64) -> Self {
        Self { lines: vec![line] }
    }

    fn total(&self) -> u64 {
        self.lines.iter().sum::<u64>() + Self::START
    }

    fn push(&mut self, line: u64) -> &mut Self {
        self.lines.push(line);
        self
    }

    fn into_lines(mut self) -> Vec<u64> {
        self.lines.reverse();
        self.lines
    }

    #[allow(clippy::boxed_local)]
    fn boxed(self: Box<Self>) -> u64 {
        self.total()
    }

    fn shared(self: Rc<Self>) -> usize {
        Rc::strong_count(&self)
    }

    fn pinned(self: Pin<&mut Self>) -> u64 {
        self.total() * 2
    }

    fn merge(self, Cart { lines }: Self) -> Self {
        Cart { lines: [self.lines, lines].concat() }
    }

    fn longest<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self.lines.len() >= other.lines.len() { self } else { other }
    }

    fn pick(&self, _key: &str) -> &u64 {
        &self.lines[0]
    }

    #[allow(mismatched_lifetime_syntaxes)]
    fn hidden(&self, _key: &str) -> std::slice::Iter<u64> {
        self.lines.iter()
    }

    #[hot(skip)]
    const fn left_out(&self) -> u64 {
        7
    }

    #[cfg(any())]
    fn configured_out(&self) -> Missing {}

    #[cfg(test)]
    #[cfg_attr(all(), doc = "Documented.")]
    fn configured_in(&self) -> u64 {
        1
    }
}

#[test]
fn inherent() {
    let _serial = support::serial();
    let mut cart = Cart::new(5);
    assert_eq!(cart.total(), 6);
    assert_eq!(cart.push(1).push(2).total(), 9);
    assert_eq!(cart.clone().into_lines(), [2, 1, 5]);
    assert_eq!(Box::new(cart.clone()).boxed(), 9);
    assert_eq!(Rc::new(cart.clone()).shared(), 1);
    assert_eq!(Pin::new(&mut cart).pinned(), 18);
    assert_eq!(Cart::new(1).merge(Cart::new(2)).lines, [1, 2]);
    assert_eq!(Cart::new(3).longest(&cart), &cart);
    assert_eq!((cart.pick("k"), cart.hidden("k").count()), (&5, 3));
    assert_eq!(cart.left_out() + cart.configured_in(), 8);
}

#[test]
fn inherent_replaced() {
    let _serial = support::serial();
    fn new(line: u64) -> Cart {
        Cart { lines: vec![line, line] }
    }
    fn total(cart: &Cart) -> u64 {
        cart.lines.len() as u64
    }
    fn push(cart: &mut Cart, _: u64) -> &mut Cart {
        cart.lines.clear();
        cart
    }
    fn into_lines(_: Cart) -> Vec<u64> {
        vec![9]
    }
    fn pinned(_: Pin<&mut Cart>) -> u64 {
        99
    }
    fn hidden<'a>(cart: &'a Cart, _: &str) -> std::slice::Iter<'a, u64> {
        cart.lines[1..].iter()
    }
    replaced!("methods/Cart.new", new as fn(u64) -> Cart, {
        assert_eq!(Cart::new(5).lines, [5, 5]);
    });
    let mut cart = Cart::new(5);
    replaced!("methods/*Cart.total", total as fn(&Cart) -> u64, {
        assert_eq!(cart.total(), 1);
        // One method calls another through its slot.
        assert_eq!(Box::new(cart.clone()).boxed(), 1);
    });
    replaced!("methods/*Cart.pinned", pinned as fn(Pin<&mut Cart>) -> u64, {
        assert_eq!(Pin::new(&mut cart).pinned(), 99);
    });
    replaced!("methods/Cart.into_lines", into_lines as fn(Cart) -> Vec<u64>, {
        assert_eq!(cart.clone().into_lines(), [9]);
    });
    replaced!("methods/*Cart.hidden", hidden as fn(&'static _, &'static _) -> _, {
        assert_eq!(cart.hidden("").count(), 0);
    });
    replaced!("methods/*Cart.push", push as fn(&'static mut _, u64) -> _, {
        assert_eq!(cart.push(1).lines, []);
    });
}

#[hot]
impl Display for Cart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines", self.lines.len())
    }
}

#[hot]
impl From<u64> for Cart {
    fn from(line: u64) -> Self {
        Cart { lines: vec![line] }
    }
}

#[hot]
impl From<&str> for Cart {
    fn from(text: &str) -> Self {
        Cart { lines: vec![text.len() as u64] }
    }
}

#[hot]
impl std::str::FromStr for Cart {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Cart { lines: vec![text.parse()?] })
    }
}

#[hot]
impl Iterator for Cart {
    type Item = u64;

    fn next(&mut self) -> Option<Self::Item> {
        self.lines.pop()
    }
}

#[hot]
impl Drop for Noisy<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

struct Noisy<'a>(&'a std::cell::Cell<u64>);

#[test]
fn of_traits() {
    let _serial = support::serial();
    fn fmt(_: &Cart, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("replaced")
    }
    fn from(line: u64) -> Cart {
        Cart { lines: vec![line + 1] }
    }
    fn from_text(_: &str) -> Cart {
        Cart { lines: vec![77] }
    }
    fn from_str(_: &str) -> Result<Cart, std::num::ParseIntError> {
        Ok(Cart { lines: vec![8] })
    }
    fn next(_: &mut Cart) -> Option<u64> {
        None
    }
    let cart = Cart::new(5);
    assert_eq!(cart.to_string(), "1 lines");
    assert_eq!(Cart::from(4).lines, [4]);
    assert_eq!(Cart::from("four").lines, [4]);
    assert_eq!("12".parse::<Cart>().unwrap().lines, [12]);
    assert_eq!(cart.clone().collect::<Vec<_>>(), [5]);
    replaced!("methods/*Cart.Display.fmt", fmt as fn(&_, &mut fmt::Formatter<'_>) -> _, {
        assert_eq!(cart.to_string(), "replaced");
    });
    replaced!("methods/Cart.From<u64>.from", from as fn(u64) -> Cart, {
        replaced!("methods/Cart.From<&str>.from", from_text as fn(&str) -> Cart, {
            assert_eq!(Cart::from(4).lines, [5]);
            assert_eq!(Cart::from("four").lines, [77]);
        });
    });
    replaced!("methods/Cart.FromStr.from_str", from_str as fn(&str) -> Result<Cart, _>, {
        assert_eq!("12".parse::<Cart>().unwrap().lines, [8]);
    });
    replaced!("methods/*Cart.Iterator.next", next as fn(&mut Cart) -> Option<u64>, {
        assert_eq!(cart.clone().count(), 0);
    });
}

#[test]
fn of_drop() {
    let _serial = support::serial();
    fn quiet(_: &mut Noisy<'_>) {}
    let dropped = std::cell::Cell::new(0);
    drop(Noisy(&dropped));
    assert_eq!(dropped.get(), 1);
    replaced!("methods/*Noisy.Drop.drop", quiet as fn(&mut Noisy<'static>), {
        drop(Noisy(&dropped));
    });
    assert_eq!(dropped.get(), 1);
}

trait Sink {
    type Item;
    const LIMIT: usize;
    fn put(&mut self, item: Self::Item) -> Result<usize, Self::Item>;
    fn limit(&self) -> usize {
        Self::LIMIT
    }
    fn make() -> Option<Self>
    where
        Self: Sized;
    fn apart(&self, other: &Self) -> bool;
}

#[hot]
impl Sink for Vec<u8> {
    type Item = u8;
    const LIMIT: usize = 2;

    fn put(&mut self, item: Self::Item) -> Result<usize, Self::Item> {
        match self.len() < Self::LIMIT {
            true => {
                self.push(item);
                Ok(self.len())
            }
            false => Err(item),
        }
    }

    fn make() -> Option<Self> {
        Some(vec![1])
    }

    fn apart(&self, other: &Self) -> bool {
        self != other
    }
}

#[hot]
impl Sink for str {
    type Item = char;
    const LIMIT: usize = 0;

    fn put(&mut self, item: char) -> Result<usize, char> {
        Err(item)
    }

    fn apart(&self, other: &Self) -> bool {
        self != other
    }
}

#[test]
fn of_foreign_types() {
    let _serial = support::serial();
    fn put(bytes: &mut Vec<u8>, item: u8) -> Result<usize, u8> {
        bytes.extend([item, item]);
        Ok(22)
    }
    fn apart(_: &str, _: &str) -> bool {
        true
    }
    let mut bytes = Vec::<u8>::make().unwrap();
    assert_eq!((bytes.put(2), bytes.put(3), bytes.limit()), (Ok(2), Err(3), 2));
    replaced!("methods/*Vec<u8>.Sink.put", put as fn(&mut Vec<u8>, u8) -> _, {
        assert_eq!(bytes.put(4), Ok(22));
    });
    assert_eq!(bytes, [1, 2, 4, 4]);
    assert!(bytes.apart(&vec![]));
    assert!(!"a".apart("a"));
    assert_eq!("a".to_owned().as_mut_str().put('b'), Err('b'));
    replaced!("methods/*str.Sink.apart", apart as fn(&str, &str) -> bool, {
        assert!("a".apart("a"));
    });
}

struct View<'a>(&'a [u64]);

#[hot]
impl<'a> View<'a> {
    fn first(&self) -> &'a u64 {
        &self.0[0]
    }

    fn narrow<'b>(&'b self, other: &'b View<'a>) -> &'b View<'a>
    where
        'a: 'b,
    {
        if self.0.len() < other.0.len() { self } else { other }
    }
}

#[hot]
impl View<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }
}

trait Peek<'a> {
    type Seen;
    fn peek(&self) -> Self::Seen;
}

#[hot]
impl<'a> Peek<'a> for View<'a> {
    type Seen = &'a u64;

    fn peek(&self) -> Self::Seen {
        &self.0[self.0.len() - 1]
    }
}

#[hot]
impl PartialEq<&[u64]> for View<'_> {
    fn eq(&self, other: &&[u64]) -> bool {
        self.0 == *other
    }
}

#[hot]
impl Display for &View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        self.0.len().fmt(f)
    }
}

#[test]
fn lifetimes_of_the_impl() {
    let _serial = support::serial();
    fn last<'a>(view: &View<'a>) -> &'a u64 {
        &view.0[view.0.len() - 1]
    }
    let lines = [1, 2, 3];
    let view = View(&lines);
    assert_eq!((view.first(), view.count(), view.peek()), (&1, 3, &3));
    assert_eq!(view.narrow(&View(&lines[1..])).count(), 2);
    assert!(view == &lines[..]);
    assert_eq!((&view).to_string(), "3");
    replaced!("methods/*View.first", last as fn(&View<'static>) -> _, {
        assert_eq!(view.first(), &3);
    });
    fn never(_: &View<'_>, _: &&[u64]) -> bool {
        false
    }
    replaced!("methods/*View.PartialEq<&[u64]>.eq", never as fn(&View<'_>, &&[u64]) -> bool, {
        assert!(!(view == &lines[..]));
    });
    fn nothing(_: &&View<'_>, _: &mut fmt::Formatter) -> fmt::Result {
        Ok(())
    }
    replaced!("methods/*&View.Display.fmt", nothing as fn(&&View<'_>, &mut fmt::Formatter) -> _, {
        assert_eq!((&view).to_string(), "");
    });
}

// A trait whose impls are unsafe, with methods that are, and a result that has no name.
#[allow(clippy::missing_safety_doc)]
unsafe trait Raw {
    unsafe fn read(&self) -> u64;
    fn items(&self) -> impl Iterator<Item = u64>;
    extern "C" fn code(&self) -> i32;
}

// SAFETY: there is nothing to keep.
#[hot]
unsafe impl Raw for Cart {
    unsafe fn read(&self) -> u64 {
        self.lines[0]
    }

    fn items(&self) -> impl Iterator<Item = u64> {
        self.lines.iter().copied()
    }

    extern "C" fn code(&self) -> i32 {
        3
    }
}

#[test]
fn unsafe_and_foreign_abi() {
    let _serial = support::serial();
    unsafe fn read(_: &Cart) -> u64 {
        11
    }
    extern "C" fn code(_: &Cart) -> i32 {
        4
    }
    let cart = Cart::new(5);
    // SAFETY: nothing is asked of the caller.
    let call = || (unsafe { cart.read() }, cart.code());
    assert_eq!(call(), (5, 3));
    assert_eq!(cart.items().collect::<Vec<_>>(), [5]);
    replaced!("methods/*Cart.Raw.read", read as unsafe fn(&Cart) -> u64, {
        replaced!("methods/*Cart.Raw.code", code as extern "C" fn(&Cart) -> i32, {
            assert_eq!(call(), (11, 4));
        });
    });
}

#[test]
fn through_a_trait_object() {
    let _serial = support::serial();
    fn fmt(_: &Cart, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dynamic")
    }
    let object: Box<dyn Display> = Box::new(Cart::new(1));
    replaced!("methods/*Cart.Display.fmt", fmt as fn(&_, &mut fmt::Formatter<'_>) -> _, {
        assert_eq!(object.to_string(), "dynamic");
    });
    assert_eq!(object.to_string(), "1 lines");
}

/// In an impl of a trait its methods can be called, whether or not the trait is imported.
mod unimported {
    use hot::hot;
    use std::{fmt, ops};

    pub struct Label(pub String);

    #[hot]
    impl fmt::Display for Label {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.fmt(f)
        }
    }

    #[hot]
    impl ops::Add<u8> for Label {
        type Output = u8;
        fn add(self, other: u8) -> u8 {
            other.add(1).add(other)
        }
    }
}

#[test]
fn bodies_of_a_trait_impl_know_the_trait() {
    assert_eq!(unimported::Label("a".to_owned()).to_string(), "a");
    assert_eq!(unimported::Label(String::new()) + 2, 5);
}

/// A trait whose parameter is the type itself unless it is named asks for the type's size.
mod operators {
    use hot::hot;
    use std::ops::{Add, AddAssign, Sub};

    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct Money(pub u64);

    #[hot]
    impl Add for Money {
        type Output = Self;
        fn add(self, other: Self) -> Self::Output {
            Money(self.0 + other.0)
        }
    }

    #[hot]
    impl AddAssign for Money {
        fn add_assign(&mut self, other: Money) {
            self.0 += other.0;
        }
    }

    #[hot]
    impl<'a> Sub for &'a Money {
        type Output = Money;
        fn sub(self, other: Self) -> Money {
            Money(self.0 - other.0)
        }
    }

    /// Unsized types are hot as before.
    pub trait Shout {
        fn shout(&self) -> String;
    }

    #[hot]
    impl Shout for str {
        fn shout(&self) -> String {
            self.to_uppercase()
        }
    }
}

#[test]
fn operators_between_values_of_one_type_are_hot() {
    use operators::{Money, Shout as _};
    let _serial = support::serial();
    let mut money = Money(3) + Money(4);
    money += Money(1);
    assert_eq!((&money - &Money(2), "a".shout()), (Money(6), "A".to_owned()));
    fn add(_: Money, _: Money) -> Money {
        Money(100)
    }
    replaced!("methods/operators/Money.Add.add", add as fn(_, _) -> _, {
        assert_eq!(Money(1) + Money(1), Money(100));
    });
}
