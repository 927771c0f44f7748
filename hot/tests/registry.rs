//! The answers of `hot::functions()`, and how functions are found by name.
#![cfg(feature = "enabled")]

use hot::__private::{identity_for_test, replace_for_test, slot_for_test};
use hot::{Error, Layer, hot};
use std::any::TypeId;
use std::fmt;

mod cart {
    use super::*;

    pub struct Cart(pub u64);
    pub struct Order(pub u64);
    pub struct View<'a>(pub &'a [u64]);
    pub struct Stack<T>(pub Vec<T>);

    #[hot]
    impl Cart {
        pub fn new(n: u64) -> Self {
            Cart(n)
        }
        pub fn total(&self) -> u64 {
            self.0
        }
        pub fn add(&mut self, n: u64) {
            self.0 += n;
        }
        #[allow(clippy::boxed_local)]
        pub fn boxed(self: Box<Self>) {}
        pub fn into_lines(self) -> Vec<u64> {
            vec![self.0]
        }
        pub fn borrow(&self, _key: &str) -> &u64 {
            &self.0
        }
        #[allow(mismatched_lifetime_syntaxes)]
        pub fn hidden<'x>(&self, _: &'x str) -> std::slice::Iter<u64> {
            std::slice::from_ref(&self.0).iter()
        }
        #[allow(mismatched_lifetime_syntaxes)]
        pub fn seen(&self, _: &str) -> std::slice::Iter<u64> {
            std::slice::from_ref(&self.0).iter()
        }
    }

    #[hot]
    impl fmt::Display for Cart {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{}", self.0)
        }
    }

    #[hot]
    impl From<self::Order> for Cart {
        fn from(order: Order) -> Self {
            Cart(order.0)
        }
    }

    #[hot]
    impl Iterator for Cart {
        type Item = u64;
        fn next(&mut self) -> Option<Self::Item> {
            None
        }
    }

    #[hot]
    impl<'a> View<'a> {
        pub fn first(&self) -> &'a u64 {
            &self.0[0]
        }
        pub fn own(&self) -> &u64 {
            &self.0[0]
        }
    }

    #[hot]
    impl<T: Clone> Stack<T> {
        pub fn push(&mut self, item: T) {
            self.0.push(item);
        }
    }

    #[hot]
    impl<T> Extend<T> for Stack<T> {
        fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
            self.0.extend(items);
        }
    }

    #[hot]
    impl Extend<std::vec::Vec<u8>> for Cart {
        fn extend<I: IntoIterator<Item = Vec<u8>>>(&mut self, _: I) {}
    }
}

#[hot]
#[rustfmt::skip]
fn   spaced (_:&   str,b :[ u8;4 ])->Vec < u8 >{ b.to_vec() }
const SPACED_LINE: u32 = line!() - 1;

#[hot]
unsafe extern "C" fn raw(_: *const u8, _: &mut u8) {}

#[hot]
async fn fetch(_: u64, name: &str) -> Option<&str> {
    Some(name)
}

#[hot]
fn generic<T: Clone, const N: usize>(items: &[T; N]) -> Vec<T> {
    items.to_vec()
}

#[hot]
fn anything(_: impl Into<String>) -> impl Iterator<Item = u8> {
    std::iter::empty()
}

#[hot]
fn bounded<'a, 'b: 'a>(a: &'a str, _: &'b str) -> &'a str {
    a
}

#[hot]
fn longest<'a>(a: &'a str, _: &'a str) -> &'a str {
    a
}

#[hot]
fn conjure<'a>() -> &'a str {
    ""
}

mod one {
    #[hot::hot]
    fn layered() -> u8 {
        1
    }
    pub fn call() -> u8 {
        layered()
    }
}

/// Names, signatures and lines of everything above, in order.
#[test]
fn functions_are_listed() {
    let listed: Vec<(String, &str)> =
        hot::functions().into_iter().map(|f| (f.name().to_owned(), f.signature())).collect();
    let expected = [
        ("registry/anything", "fn(impl Into<String>) -> impl Iterator<Item = u8>"),
        ("registry/bounded", "for<'a, 'b: 'a> fn(&'a str, &'b str) -> &'a str"),
        ("registry/cart/*Cart.Display.fmt", "fn(&Cart, &mut fmt::Formatter<'_>) -> fmt::Result"),
        (
            "registry/cart/*Cart.Extend<Vec<u8>>.extend",
            "for<I: IntoIterator<Item = Vec<u8>>> fn(&mut Cart, I)",
        ),
        ("registry/cart/*Cart.Iterator.next", "fn(&mut Cart) -> Option<<Cart>::Item>"),
        ("registry/cart/*Cart.add", "fn(&mut Cart, u64)"),
        ("registry/cart/*Cart.borrow", "fn(&Cart, &str) -> &u64"),
        ("registry/cart/*Cart.boxed", "fn(Box<Cart>)"),
        ("registry/cart/*Cart.hidden", "for<'x> fn(&Cart, &'x str) -> std::slice::Iter<u64>"),
        ("registry/cart/*Cart.seen", "fn(&Cart, &str) -> std::slice::Iter<u64>"),
        ("registry/cart/*Cart.total", "fn(&Cart) -> u64"),
        (
            "registry/cart/*Stack.Extend.extend",
            "for<I: IntoIterator<Item = T>> fn(&mut Stack<T>, I)",
        ),
        ("registry/cart/*Stack.push", "fn(&mut Stack<T>, T)"),
        ("registry/cart/*View.first", "fn(&View<'a>) -> &'a u64"),
        ("registry/cart/*View.own", "fn(&View<'a>) -> &u64"),
        ("registry/cart/Cart.From<Order>.from", "fn(Order) -> Cart"),
        ("registry/cart/Cart.into_lines", "fn(Cart) -> Vec<u64>"),
        ("registry/cart/Cart.new", "fn(u64) -> Cart"),
        ("registry/conjure", "for<'a> fn() -> &'a str"),
        ("registry/fetch", "async fn(u64, &str) -> Option<&str>"),
        ("registry/generic", "for<T: Clone, const N: usize> fn(&[T; N]) -> Vec<T>"),
        ("registry/longest", "for<'a> fn(&'a str, &'a str) -> &'a str"),
        ("registry/one/layered", "fn() -> u8"),
        ("registry/raw", "unsafe extern \"C\" fn(*const u8, &mut u8)"),
        ("registry/spaced", "fn(&str, [u8; 4]) -> Vec<u8>"),
        ("registry/twin/same", "fn()"),
        ("registry/twin/same", "fn()"),
    ];
    let expected: Vec<(String, &str)> =
        expected.into_iter().map(|(name, signature)| (name.to_owned(), signature)).collect();
    assert_eq!(listed, expected);
}

#[test]
fn places() {
    let functions = hot::functions();
    let spaced = functions.iter().find(|f| f.name() == "registry/spaced").unwrap();
    // The line of the name, not of the attribute.
    assert_eq!((spaced.file(), spaced.line()), (file!(), SPACED_LINE));
}

mod twin {
    pub fn both() {
        #[hot::hot]
        fn same() {}
        same();
        {
            #[hot::hot]
            fn same() {}
            same();
        }
    }
}

#[test]
fn found_by_name_and_by_path() {
    let slot = slot_for_test("registry/cart/*Cart.total").unwrap();
    assert_eq!(slot_for_test("registry::cart::Cart::total"), Ok(slot));
    let slot = slot_for_test("registry/cart/*Cart.Display.fmt").unwrap();
    assert_eq!(slot_for_test("registry::cart::Cart::fmt"), Ok(slot));
    assert!(slot_for_test("registry::generic").is_ok());
}

#[test]
fn unknown_and_ambiguous_names() {
    let unknown = slot_for_test("registry/cart/Cart.totla").unwrap_err();
    let Error::UnknownName { nearest, .. } = &unknown else { panic!("{unknown:?}") };
    assert_eq!(nearest[0], "registry/cart/*Cart.total");
    let text = unknown.to_string();
    assert!(text.starts_with(
        "there is no hot function `registry/cart/Cart.totla`; did you mean `registry/cart/*Cart.total`"
    ));

    twin::both();
    let ambiguous = slot_for_test("registry/twin/same").unwrap_err().to_string();
    let lines: Vec<u32> = hot::functions()
        .iter()
        .filter(|f| f.name() == "registry/twin/same")
        .map(|f| f.line())
        .collect();
    assert_eq!(lines.len(), 2);
    for line in lines {
        let place = format!("registry/twin/same at {}:{line}", file!());
        assert!(ambiguous.contains(&place), "{ambiguous}");
    }
}

#[test]
fn layers() {
    let layer = || {
        let functions = hot::functions();
        functions.iter().find(|f| f.name() == "registry/one/layered").unwrap().layer()
    };
    fn two() -> u8 {
        2
    }
    assert_eq!((one::call(), layer()), (1, Layer::Original));
    // SAFETY: a function of the same type.
    unsafe { replace_for_test("registry/one/layered", None, two as fn() -> u8 as *const ()) }
        .unwrap();
    assert_eq!((one::call(), layer()), (2, Layer::Live));
    assert_eq!(layer().to_string(), "live");
}

/// The identity is the pointer type general in all lifetimes, or there is none.
#[test]
fn identities() {
    fn is<F: 'static>(name: &str) -> bool {
        let identity = identity_for_test(name).unwrap();
        let identity = identity.unwrap_or_else(|| panic!("{name} has no identity"));
        if identity.id != TypeId::of::<F>() {
            eprintln!("{name}: {} is not {}", identity.name, std::any::type_name::<F>());
        }
        identity.id == TypeId::of::<F>()
    }
    use cart::{Cart, Order, View};
    assert!(is::<fn(&Cart) -> u64>("registry/cart/*Cart.total"));
    assert!(!is::<fn(&'static Cart) -> u64>("registry/cart/*Cart.total"));
    assert!(is::<fn(u64) -> Cart>("registry/cart/Cart.new"));
    assert!(is::<fn(&mut Cart, u64)>("registry/cart/*Cart.add"));
    assert!(is::<fn(Box<Cart>)>("registry/cart/*Cart.boxed"));
    assert!(is::<fn(Order) -> Cart>("registry/cart/Cart.From<Order>.from"));
    assert!(is::<fn(&mut Cart) -> Option<u64>>("registry/cart/*Cart.Iterator.next"));
    assert!(is::<for<'s> fn(&'s Cart, &str) -> &'s u64>("registry/cart/*Cart.borrow"));
    type Seen = for<'s> fn(&'s Cart, &str) -> std::slice::Iter<'s, u64>;
    assert!(is::<Seen>("registry/cart/*Cart.seen"));
    type Hidden = for<'s> fn(&'s Cart, &str) -> std::slice::Iter<'s, u64>;
    assert!(is::<Hidden>("registry/cart/*Cart.hidden"));
    type Fmt = fn(&Cart, &mut fmt::Formatter<'_>) -> fmt::Result;
    assert!(is::<Fmt>("registry/cart/*Cart.Display.fmt"));
    assert!(is::<for<'a> fn(&View<'a>) -> &'a u64>("registry/cart/*View.first"));
    assert!(is::<for<'a, 's> fn(&'s View<'a>) -> &'s u64>("registry/cart/*View.own"));
    assert!(is::<unsafe extern "C" fn(*const u8, &mut u8)>("registry/raw"));
    assert!(is::<fn(&str, [u8; 4]) -> Vec<u8>>("registry/spaced"));
    assert!(is::<for<'a> fn(&'a str, &'a str) -> &'a str>("registry/longest"));
    assert!(is::<fn(u64, &str) -> Option<&str>>("registry/fetch"));
    for name in [
        "registry/generic",
        "registry/anything",
        "registry/bounded",
        "registry/conjure",
        "registry/cart/*Stack.push",
    ] {
        assert!(identity_for_test(name).unwrap().is_none(), "{name}");
    }
}

#[test]
fn behaves_as_written() {
    let mut cart = cart::Cart::new(1);
    cart.add(2);
    assert_eq!((cart.total(), cart.to_string().as_str(), cart.next()), (3, "3", None));
    assert_eq!((*cart.borrow(""), cart.hidden("").count(), cart.seen("").count()), (3, 1, 1));
    cart.extend([vec![]]);
    Box::new(cart::Cart::from(cart::Order(1))).boxed();
    assert_eq!(cart.into_lines(), [3]);
    let view = cart::View(&[7]);
    assert_eq!((view.first(), view.own()), (&7, &7));
    let mut stack = cart::Stack(vec![1]);
    stack.push(2);
    stack.extend([3]);
    assert_eq!(stack.0, [1, 2, 3]);
    assert_eq!(spaced("", [1; 4]), [1; 4]);
    // SAFETY: the pointer is not read.
    unsafe { raw(std::ptr::null(), &mut 0) };
    drop(fetch(1, ""));
    assert_eq!(generic(&[1]), [1]);
    assert_eq!(anything("").count(), 0);
    assert_eq!((bounded("a", "b"), longest("c", "d"), conjure()), ("a", "c", ""));
}
