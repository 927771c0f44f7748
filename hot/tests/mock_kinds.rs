//! Everything that `#[hot]` takes, mocked.
#![cfg(feature = "mock")]
// One function is of a foreign ABI and takes what that has no name for.
#![allow(improper_ctypes_definitions)]

use hot::{Error, hot};
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

fn ready<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it was to be ready"),
    }
}

#[derive(Debug, PartialEq)]
struct Cart {
    lines: Vec<u64>,
}

struct View<'a>(&'a [u64]);
struct Stack<T>(Vec<T>);

trait Sink<T> {
    fn push(&mut self, item: T) -> usize;
}

#[hot]
impl Cart {
    fn new(line: u64) -> Self {
        Cart { lines: vec![line] }
    }
    fn add(&mut self, line: u64) -> &mut u64 {
        self.lines.push(line);
        self.lines.last_mut().unwrap()
    }
    fn into_lines(mut self) -> Vec<u64> {
        std::mem::take(&mut self.lines)
    }
    #[allow(clippy::boxed_local)]
    fn boxed(self: Box<Self>) -> usize {
        self.lines.len()
    }
    fn shared(self: Arc<Self>, _: u8) -> usize {
        self.lines.len()
    }
    async fn save(&mut self, to: &str) -> usize {
        self.lines.clear();
        to.len()
    }
    fn or_else(&self, fallback: impl FnOnce() -> u64) -> u64 {
        self.lines.first().copied().unwrap_or_else(fallback)
    }
    fn each(&self) -> impl Iterator<Item = u64> + '_ {
        self.lines.iter().copied()
    }
}

#[hot]
impl fmt::Display for Cart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.lines.len())
    }
}

#[hot]
impl Drop for Cart {
    fn drop(&mut self) {}
}

#[hot]
impl<'a> View<'a> {
    fn first(&self) -> &'a u64 {
        &self.0[0]
    }
    fn len(&self) -> usize {
        self.0.len()
    }
}

#[hot]
impl<T: Clone> Stack<T> {
    fn top(&self, above: &T) -> T {
        self.0.last().unwrap_or(above).clone()
    }
}

#[hot]
impl<T> Sink<T> for Stack<T> {
    fn push(&mut self, item: T) -> usize {
        self.0.push(item);
        self.0.len()
    }
}

#[hot]
fn longest<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() < b.len() { b } else { a }
}

#[hot]
fn bounded<'a, 'b: 'a>(a: &'a str, _: &'b str) -> &'a str {
    a
}

#[hot]
fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[hot]
fn held<T>(item: T) -> T {
    item
}

#[hot]
fn tied<'a, 'b: 'a, T>(a: &'a T, _: &'b T) -> &'a T {
    a
}

#[hot]
async fn later<T: Copy>(item: T) -> T {
    item
}

#[hot]
fn described(what: impl fmt::Display, _: u8) -> String {
    what.to_string()
}

#[hot]
fn sum<const N: usize>(items: [u64; N]) -> u64 {
    items.iter().sum()
}

#[hot]
/// # Safety
/// `at` can be read.
unsafe fn peek(at: *const u8) -> u8 {
    // SAFETY: by the promise.
    unsafe { *at }
}

#[hot]
extern "C" fn plus(a: u32, b: u32) -> u32 {
    a + b
}

#[hot]
/// # Safety
/// None is asked.
unsafe extern "C" fn raw(a: &u8) -> u8 {
    *a
}

#[hot]
fn stop(with: u8) -> ! {
    panic!("stopped with {with}")
}

#[hot]
async fn local(item: Rc<u8>) -> u8 {
    *item
}

#[hot]
async fn lend<'a>(item: &'a str, other: &str) -> &'a str {
    let _ = other;
    item
}

#[hot]
#[allow(clippy::too_many_arguments)]
fn many(
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
    _: u8,
) -> u8 {
    13
}

#[hot]
fn pattern((a, b): (u8, u8), [c, ..]: [u8; 2]) -> u8 {
    a + b + c
}

#[test]
fn methods() {
    let scope = hot::scope();
    hot::mock!(in scope, Cart::new, |line: u64| -> Cart { Cart { lines: vec![line, line] } })
        .unwrap();
    let mut cart = Cart::new(4);
    assert_eq!(cart.lines, [4, 4]);
    hot::mock!(in scope, Cart::add, |cart: &mut Cart, _: u64| -> &mut u64 { &mut cart.lines[0] })
        .unwrap();
    *cart.add(9) = 7;
    assert_eq!(cart.lines, [7, 4]);
    hot::mock!(in scope, Cart::boxed, |_: Box<Cart>| -> usize { 100 }).unwrap();
    hot::mock!(in scope, Cart::shared, |_: Arc<Cart>, n: u8| -> usize { n.into() }).unwrap();
    assert_eq!(Box::new(Cart::new(1)).boxed(), 100);
    assert_eq!(Arc::new(Cart::new(1)).shared(5), 5);
    hot::mock!(in scope, <Cart as fmt::Display>::fmt, |_: &Cart, f: &mut fmt::Formatter<'_>| -> fmt::Result {
        f.write_str("mocked")
    })
    .unwrap();
    assert_eq!(cart.to_string(), "mocked");
    assert_eq!(hot::call_original(Cart::new, (3,)).unwrap().lines, [3]);
    hot::mock!(in scope, Cart::into_lines, |_: Cart| -> Vec<u64> { Vec::new() }).unwrap();
    assert!(cart.into_lines().is_empty());
}

#[test]
fn lifetimes() {
    let scope = hot::scope();
    let numbers = [3, 4];
    hot::mock!(in scope, View::first, for<'s, 'a> |view: &'s View<'a>| -> &'a u64 { &view.0[1] })
        .unwrap();
    hot::mock!(in scope, View::len, |_: &View<'_>| -> usize { 9 }).unwrap();
    let first = {
        let view = View(&numbers);
        assert_eq!(view.len(), 9);
        view.first()
    };
    assert_eq!(*first, 4);
    hot::mock!(in scope, longest, for<'a> |a: &'a str, _: &'a str| -> &'a str { &a[..1] }).unwrap();
    let text = String::from("abc");
    assert_eq!(longest(&text, "abcd"), "a");
    // Its lifetimes have bounds: no pointer is general in them.
    let refused = hot::mock!(
        in scope, bounded, for<'a> |a: &'a str, _: &'a str| -> &'a str { a }
    );
    assert!(matches!(refused, Err(Error::CannotMock { .. })), "{refused:?}");
    let spy = scope.spy(bounded).unwrap();
    assert_eq!((bounded("a", "b"), spy.calls()), ("a", 1));
}

#[test]
fn generic_functions() {
    let scope = hot::scope();
    hot::mock!(in scope, parse::<u32>, |_: &str| -> Option<u32> { Some(7) }).unwrap();
    assert_eq!((parse::<u32>("1"), parse::<u64>("1"), parse::<i32>("x")), (Some(7), Some(1), None));
    assert_eq!(hot::call_original(parse::<u32>, ("1",)).unwrap(), Some(1));
    assert_eq!(parse::<u32>("1"), Some(7));
    hot::mock!(in scope, Stack::<u8>::top, |_: &Stack<u8>, above: &u8| -> u8 { *above }).unwrap();
    assert_eq!((Stack(vec![1u8]).top(&5), Stack(vec![1u16]).top(&5)), (5, 1));
    hot::mock!(in scope, <Stack<u8> as Sink<u8>>::push, |stack: &mut Stack<u8>, _: u8| -> usize {
        stack.0.len()
    })
    .unwrap();
    assert_eq!((Stack(vec![]).push(1u8), Stack(vec![]).push(1u16)), (0, 1));
    hot::mock!(in scope, sum::<2>, |_: [u64; 2]| -> u64 { 0 }).unwrap();
    assert_eq!((sum([1, 2]), sum([1, 2, 3])), (0, 6));
    let described_mock =
        hot::mock!(in scope, instance described, |what: u64, _: u8| -> String { format!("<{what}>") })
            .unwrap();
    assert_eq!((described(3u64, 0), described(3u32, 0)), ("<3>".to_owned(), "3".to_owned()));
    assert_eq!(described_mock.calls(), 1);
    // A condition lets a call through to the instance itself.
    hot::mock!(in scope, parse::<u8>, |_: &str| -> Option<u8> { None }, when |t| t.starts_with('x'))
        .unwrap();
    assert_eq!((parse::<u8>("x"), parse::<u8>("12")), (None, Some(12)));

    // Process-wide, and back.
    hot::mock!(held::<i8>, |item: i8| -> i8 { -item }).unwrap();
    assert_eq!((held(1i8), held(1i16)), (-1, 1));
    hot::mock!(held::<i8>, |item: i8| -> i8 { item + 1 }).unwrap();
    assert_eq!((held(1i8), held(1i16)), (2, 1));
    hot::reset(held::<i8>).unwrap();
    assert_eq!(held(1i8), 1);
    assert_eq!(hot::call_original(held::<i8>, (4,)).unwrap(), 4);
}

#[test]
fn instances_with_lifetimes_are_refused() {
    let scope = hot::scope();
    let sentence = |result: Result<hot::Mock, Error>| result.unwrap_err().to_string();
    // At run time it is the instance of every lifetime.
    let refused = sentence(
        hot::mock!(in scope, held::<&'static str>, |item: &'static str| -> &'static str { item }),
    );
    assert!(refused.contains("lifetimes do not tell instances"), "{refused}");
    // Its own lifetimes have bounds: the instance is that of every lifetime, too.
    let refused = sentence(hot::mock!(
        in scope, tied::<u8>, |a: &'static u8, _: &'static u8| -> &'static u8 { a }
    ));
    assert!(refused.contains("lifetimes do not tell instances"), "{refused}");
    assert_eq!(tied(&1, &2), &1);
    let by_name =
        sentence(hot::mock_by_name!(in scope, "mock_kinds/held", |item: u8| -> u8 { item }));
    assert!(by_name.contains("mock one by its path"), "{by_name}");
    let text = String::from("a");
    let lent = scope.spy(held::<&str>).unwrap();
    assert_eq!((held(text.as_str()), lent.calls()), ("a", 1));
    assert_eq!(hot::call_original(held::<&str>, ("b",)), Ok("b"));
    let spy = scope.spy(held::<u128>).unwrap();
    assert_eq!((held(1u128), held(1u64), spy.calls()), (1, 1, 1));
}

#[test]
fn async_functions() {
    let scope = hot::scope();
    let prefix = String::from("at ");
    hot::mock!(in scope, Cart::save, async move |cart: &mut Cart, to: &str| -> usize {
        cart.lines.push(1);
        format!("{prefix}{to}").len()
    })
    .unwrap();
    let mut cart = Cart { lines: vec![] };
    assert_eq!((ready(cart.save("home")), cart.lines.len()), (7, 1));
    let below = ready(hot::call_original_async(Cart::save, (&mut cart, "home")));
    assert_eq!((below, cart.lines.len()), (Ok(4), 0));
    // The function's own future is not `Send`: the mock's need not be.
    hot::mock!(in scope, local, async |item: Rc<u8>| -> u8 { *item + 1 }).unwrap();
    assert_eq!(ready(local(Rc::new(1))), 2);
    hot::mock!(in scope, lend, for<'a, 'b> async |item: &'a str, other: &'b str| -> &'a str {
        &item[other.len()..]
    })
    .unwrap();
    assert_eq!(ready(lend("abc", "x")), "bc");
    hot::mock_by_name!(
        in scope, "mock_kinds/*Cart.save", async |_: &mut Cart, _: &str| -> usize { 0 },
        when |_, to| to.is_empty()
    )
    .unwrap();
    assert_eq!((ready(cart.save("")), ready(cart.save("home"))), (0, 7));

    let wrong = hot::mock_by_name!(in scope, "mock_kinds/local", |_: Rc<u8>| -> u8 { 1 });
    assert_eq!(
        wrong.unwrap_err().to_string(),
        "`mock_kinds/local` is `async`: use an `async` closure: hot::mock!(f, async |…| -> … { … })"
    );
    let wrong = hot::mock_by_name!(in scope, "mock_kinds/longest", async |_: u8| -> u8 { 1 });
    assert!(matches!(wrong, Err(Error::AsyncMismatch { is: false, .. })));
    assert!(hot::call_original(lend, ("a", "b")).is_err());
    let spy = scope.spy(later::<u8>).unwrap();
    assert_eq!((ready(later(1u8)), ready(later(1u16)), spy.calls()), (1, 1, 1));
}

#[hot]
/// # Safety
/// `at` can be read.
async unsafe fn peek_later(at: &u8) -> u8 {
    *at
}

#[test]
fn unsafe_async_functions() {
    let scope = hot::scope();
    hot::mock!(in scope, peek_later, async unsafe |at: &u8| -> u8 { at + 1 }).unwrap();
    // SAFETY: it can be read.
    assert_eq!(ready(unsafe { peek_later(&1) }), 2);
    hot::mock_by_name!(in scope, "mock_kinds/peek_later", unsafe async |at: &u8| -> u8 { at + 2 })
        .unwrap();
    // SAFETY: as above.
    assert_eq!(ready(unsafe { peek_later(&1) }), 3);
    let safe = hot::mock_by_name!(in scope, "mock_kinds/peek_later", async |at: &u8| -> u8 { *at });
    assert!(matches!(safe, Err(Error::SignatureMismatch { .. })));
}

struct Client<T>(T);

#[hot]
impl<T: Copy> Client<T> {
    async fn load<R: From<T>>(&mut self, path: &str, twice: Option<&u8>) -> (R, usize) {
        let _ = twice;
        (self.0.into(), path.len())
    }
}

#[hot]
async fn named<T>(item: T, name: &str) -> (T, &str) {
    (item, name)
}

#[hot]
async fn either<'a, T>(a: &'a str, b: &str, _: T) -> &'a str {
    assert!(b.len() == 2);
    a
}

#[hot]
async unsafe fn raw_later<T>(item: T) -> T {
    item
}

#[hot]
async extern "C" fn foreign_later(text: String, more: [u64; 4]) -> String {
    format!("{text}{}", more[3])
}

#[test]
fn an_async_function_of_a_foreign_abi_is_passed_on_to() {
    let scope = hot::scope();
    hot::mock!(
        in scope, foreign_later,
        async extern "C" |text: String, _: [u64; 4]| -> String { text },
        when |text, _| text.is_empty()
    )
    .unwrap();
    assert_eq!(ready(foreign_later(String::new(), [1, 2, 3, 4])), "");
    assert_eq!(ready(foreign_later(String::from("real"), [1, 2, 3, 4])), "real4");
}

type Forever = &'static str;

#[test]
fn generic_async_functions() {
    let scope = hot::scope();
    let plus = Box::new(10u8);
    let mock =
        hot::mock!(in scope, later::<u8>, async move |item: u8| -> u8 { item + *plus }).unwrap();
    assert_eq!((ready(later(1u8)), ready(later(1u16)), mock.calls()), (11, 1, 1));
    assert_eq!(ready(hot::call_original_async(later::<u8>, (1,))), Ok(1));
    hot::mock!(
        in scope, named::<u8>, for<'a> async |item: u8, name: &'a str| -> (u8, &'a str) {
            (item, &name[1..])
        },
        when |item, _| *item > 0
    )
    .unwrap();
    let name = String::from("ab");
    assert_eq!((ready(named(1u8, &name)), ready(named(0u8, &name))), ((1, "b"), (0, "ab")));
    // Good for one lifetime only: not what any `&str` may be lent to.
    let sentence = |result: Result<hot::Mock, Error>| result.unwrap_err().to_string();
    let narrow = "its arguments have no lifetimes but that of an outer `&`";
    let refused = sentence(hot::mock!(
        in scope, named::<u16>, async |item: u16, name: &'static str| -> (u16, &'static str) {
            (item, name)
        }
    ));
    assert!(refused.contains(narrow), "{refused}");
    let refused = sentence(hot::mock!(
        in scope, named::<u16>, async |item: u16, name: Forever| -> (u16, Forever) { (item, name) }
    ));
    assert!(refused.contains(narrow), "{refused}");
    // Two of one lifetime: the function answers the first, and may be lent the second for less.
    let refused = sentence(hot::mock!(
        in scope, either::<u8>, for<'a> async |_: &'a str, b: &'a str, _: u8| -> &'a str { b }
    ));
    assert!(refused.contains(narrow), "{refused}");
    let refused = sentence(hot::mock!(
        in scope, either::<u8>, for<'a> async |_: &'a str, b: &'r#a str, _: u8| -> &'a str { b }
    ));
    assert!(refused.contains(narrow), "{refused}");
    hot::mock!(
        in scope, either::<u8>, for<'a> async |a: &'a str, _: &str, _: u8| -> &'a str { &a[1..] }
    )
    .unwrap();
    assert_eq!(ready(either("ab", "cd", 1u8)), "b");
    let refused = sentence(hot::mock!(
        in scope, Client::<u8>::load::<u64>,
        async |_: &mut Client<u8>, _: &str, _: Option<&u8>| -> (u64, usize) { (0, 0) }
    ));
    assert!(refused.contains(narrow), "{refused}");
    let refused = sentence(hot::mock!(
        in scope, raw_later::<u8>, async unsafe |item: u8| -> u8 { item }
    ));
    assert!(refused.contains(narrow), "{refused}");
    assert_eq!(ready(named(3u16, &name)), (3, "ab"));
    assert_eq!(ready(Client(1u8).load::<u64>("ab", None)), (1, 2));
    // SAFETY: nothing is asked.
    assert_eq!(ready(unsafe { raw_later(1u8) }), 1);
}

/// A name that the macro has for what `record` answers.
#[allow(non_camel_case_types)]
struct __HotV(u32);

#[hot]
fn weigh<T>(item: __HotV, _: T) -> u32 {
    item.0
}

#[test]
fn a_type_called_like_one_of_the_macros_own_is_not_taken_for_it() {
    let scope = hot::scope();
    let mismatch = |result| matches!(result, Err(Error::SignatureMismatch { .. }));
    assert!(mismatch(hot::mock!(
        in scope, weigh::<u8>, |item: __HotV, _: u8| -> u32 { u32::from(item) }, record |_, _| 'c'
    )));
    assert_eq!(weigh(__HotV(1), 1u8), 1);
}

#[test]
fn unsafe_and_foreign_abi() {
    let scope = hot::scope();
    hot::mock!(in scope, peek, unsafe |_: *const u8| -> u8 { 1 }).unwrap();
    hot::mock!(in scope, plus, extern "C" |a: u32, b: u32| -> u32 { a * b }, when |a, _| *a > 1)
        .unwrap();
    hot::mock!(in scope, raw, unsafe extern "C" |a: &u8| -> u8 { a + 1 }).unwrap();
    // SAFETY: the mock does not read.
    assert_eq!(unsafe { peek(std::ptr::null()) }, 1);
    assert_eq!((plus(2, 3), plus(1, 3)), (6, 4));
    // SAFETY: nothing is asked.
    assert_eq!(unsafe { raw(&1) }, 2);
    // SAFETY: the byte can be read.
    let below =
        unsafe { hot::call_original_by_name!("mock_kinds/peek", unsafe fn(*const u8) -> u8, &5u8) };
    assert_eq!(below, Ok(5));
    let named = "mock_kinds::plus";
    let below = hot::call_original_by_name!(named, extern "C" fn(u32, u32) -> u32, 2, 3);
    assert_eq!(below, Ok(5));
    let missing = hot::mock_by_name!(in scope, "mock_kinds/plus", |a: u32, _: u32| -> u32 { a });
    assert!(matches!(missing, Err(Error::SignatureMismatch { .. })));
}

#[test]
fn the_rest() {
    let scope = hot::scope();
    hot::mock!(in scope, pattern, |(a, _): (u8, u8), _: [u8; 2]| -> u8 { a }).unwrap();
    assert_eq!(pattern((1, 2), [3, 4]), 1);
    hot::mock!(in scope, stop, |_: u8| -> ! { panic!("mocked") }).unwrap();
    let panic = std::panic::catch_unwind(|| stop(1)).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"mocked"));
    // `impl Trait`: an argument is an instance, a result can be watched.
    let cart = Cart { lines: vec![1, 2] };
    let spy = scope.spy(Cart::each).unwrap();
    assert_eq!((cart.each().sum::<u64>(), spy.calls()), (3, 1));
    assert_eq!(cart.or_else(|| 9), 1);
    let refused = scope.spy(many).unwrap_err();
    assert!(refused.to_string().contains("at most 12 arguments"), "{refused}");
    assert_eq!(many(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), 13);
}
