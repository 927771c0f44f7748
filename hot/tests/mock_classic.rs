//! Process-wide mocks: the classic functions, and what the originals' tests ask of them.
#![cfg(feature = "mock")]

use hot::__private::replace_for_test;
use hot::{Error, Layer, hot};
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// `reset_all` is for everybody: the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> std::sync::MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// The thin wrapper that the docs advise.
#[hot]
fn open(path: &str) -> io::Result<File> {
    File::open(path)
}

fn denied(_: &str) -> io::Result<File> {
    Err(io::ErrorKind::PermissionDenied.into())
}

#[hot]
fn price(quantity: u64) -> u64 {
    quantity * 3
}

#[hot]
fn count_down(n: u64) -> u64 {
    if n == 0 { 0 } else { 1 + count_down(n - 1) }
}

struct Cart(u64);

#[hot]
impl Cart {
    fn total(&self) -> u64 {
        self.0
    }
    fn name<'a>(&self, given: &'a str) -> &'a str {
        given
    }
}

struct Pile<T>(Vec<T>);

#[hot]
impl<T> Pile<T> {
    fn push(&mut self, item: T) -> usize {
        self.0.push(item);
        self.0.len()
    }
}

fn not_hot(quantity: u64) -> u64 {
    quantity
}

fn layer(name: &str) -> Layer {
    hot::functions().into_iter().find(|f| f.name() == name).unwrap().layer()
}

#[hot]
fn with_bad_captures(n: u64) -> u64 {
    n
}

#[test]
fn a_captured_value_whose_panic_panics_is_not_the_callers() {
    struct Captured;
    impl Drop for Captured {
        fn drop(&mut self) {
            std::panic::panic_any(Payload);
        }
    }
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("of the payload");
        }
    }
    let captured = Captured;
    hot::mock!(with_bad_captures, move |n: u64| -> u64 {
        let _captured = &captured;
        n + 1
    })
    .unwrap();
    assert_eq!(with_bad_captures(1), 2);
    hot::reset(with_bad_captures).unwrap();
    assert_eq!(with_bad_captures(1), 1);
}

#[test]
fn a_wrapper_is_mocked_and_reset() {
    let _turn = turn();
    assert_eq!(open("/no/such/file").unwrap_err().kind(), io::ErrorKind::NotFound);
    hot::mock(open, denied as fn(&str) -> io::Result<File>).unwrap();
    assert_eq!(open("/no/such/file").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    let original = hot::call_original(open, ("/no/such/file",)).unwrap();
    assert_eq!(original.unwrap_err().kind(), io::ErrorKind::NotFound);
    let named = "mock_classic/open";
    let original =
        hot::call_original_by_name!(named, fn(&str) -> io::Result<File>, "/no/such/file");
    assert_eq!(original.unwrap().unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(open("/no/such/file").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    hot::reset(open).unwrap();
    assert_eq!(open("/no/such/file").unwrap_err().kind(), io::ErrorKind::NotFound);
    // Nothing to take off: nothing happens.
    hot::reset(open).unwrap();
    hot::reset_by_name(named).unwrap();
}

#[test]
fn reset_all_takes_all_off() {
    let _turn = turn();
    hot::mock!(price, |_: u64| -> u64 { 1 }).unwrap();
    hot::mock_by_name!("mock_classic/*Cart.total", |_: &Cart| -> u64 { 2 }).unwrap();
    hot::mock_by_name!("mock_classic::count_down", |_: u64| -> u64 { 3 }).unwrap();
    assert_eq!((price(9), Cart(9).total(), count_down(9)), (1, 2, 3));
    assert_eq!(layer("mock_classic/price"), Layer::Mock);
    assert_eq!(layer("mock_classic/*Cart.total"), Layer::Mock);
    hot::reset_all().unwrap();
    assert_eq!((price(9), Cart(9).total(), count_down(9)), (27, 9, 9));
    assert_eq!(layer("mock_classic/price"), Layer::Original);
    assert!(hot::get_mock_for(price).unwrap().is_none());
}

#[test]
fn a_new_mock_takes_the_place_of_the_old_one() {
    let _turn = turn();
    let of = |answer| move |_: u64| -> u64 { answer };
    let (one, two) = (of(1), of(2));
    let first = hot::mock!(price, move |n: u64| -> u64 { one(n) }).unwrap();
    assert_eq!(price(1), 1);
    let second = hot::mock!(price, move |n: u64| -> u64 { two(n) }).unwrap();
    assert_eq!(price(1), 2);
    hot::mock(price, not_hot as fn(u64) -> u64).unwrap();
    assert_eq!(price(1), 1);
    hot::mock(price, (|n| n + 1) as fn(u64) -> u64).unwrap();
    assert_eq!(price(1), 2);
    hot::mock!(price, |_: u64| -> u64 { 5 }).unwrap();
    assert_eq!(price(1), 5);
    assert_eq!((first.calls(), second.calls()), (1, 1));
    // A handle takes off its own mock only.
    first.remove();
    assert_eq!(price(1), 5);
    let current = hot::get_mock_for(price).unwrap().unwrap();
    assert_eq!((current.name(), current.calls()), ("mock_classic/price", 2));
    current.remove();
    assert_eq!(price(1), 3);
}

#[test]
fn recursion_through_the_original_finds_the_mock() {
    let _turn = turn();
    let calls = Arc::new(AtomicU64::new(0));
    let counter = calls.clone();
    hot::mock!(count_down, move |n: u64| -> u64 {
        counter.fetch_add(1, Ordering::Relaxed);
        // The original calls the function again, which is the mock.
        hot::call_original(count_down, (n,)).unwrap()
    })
    .unwrap();
    assert_eq!(count_down(4), 4);
    assert_eq!(calls.load(Ordering::Relaxed), 5);
    hot::mock!(count_down, |n: u64| -> u64 { if n > 2 { 100 } else { count_down(n + 1) } })
        .unwrap();
    assert_eq!(count_down(0), 100);
    // Asked for from outside: one call below the mock, the next one meets it.
    assert_eq!(hot::call_original(count_down, (9,)).unwrap(), 101);
    assert_eq!(hot::call_original(count_down, (0,)).unwrap(), 0);
    hot::reset(count_down).unwrap();
    // Without a mock it is the function, and leaves nothing behind.
    assert_eq!(hot::call_original(count_down, (3,)).unwrap(), 3);
    hot::mock!(count_down, |_: u64| -> u64 { 7 }).unwrap();
    assert_eq!(count_down(3), 7);
    hot::reset(count_down).unwrap();
    assert_eq!(layer("mock_classic/count_down"), Layer::Original);
}

#[test]
fn a_live_edit_below_a_mock_leaves_it_on_top() {
    let _turn = turn();
    fn edited(cart: &Cart) -> u64 {
        cart.0 + 1000
    }
    hot::mock!(Cart::total, |cart: &Cart| -> u64 {
        hot::call_original(Cart::total, (cart,)).unwrap() * 2
    })
    .unwrap();
    assert_eq!(Cart(1).total(), 2);
    let code = edited as fn(&Cart) -> u64 as *const ();
    // SAFETY: it is of the type of `Cart::total`.
    unsafe { replace_for_test("mock_classic/*Cart.total", None, code).unwrap() };
    assert_eq!(layer("mock_classic/*Cart.total"), Layer::Mock);
    assert_eq!(Cart(1).total(), 2002);
    hot::reset(Cart::total).unwrap();
    assert_eq!((Cart(1).total(), layer("mock_classic/*Cart.total")), (1001, Layer::Live));
    hot::mock(Cart::total, (|_| 5) as fn(&Cart) -> u64).unwrap();
    let back = (|cart: &Cart| cart.0) as fn(&Cart) -> u64 as *const ();
    // SAFETY: as above.
    unsafe { replace_for_test("mock_classic/*Cart.total", None, back).unwrap() };
    assert_eq!(Cart(1).total(), 5);
    hot::reset(Cart::total).unwrap();
    assert_eq!(Cart(1).total(), 1);
}

#[test]
fn errors_say_what_to_do() {
    let _turn = turn();
    let text = |result: Result<hot::Mock, Error>| result.unwrap_err().to_string();
    let unknown = text(hot::mock_by_name!("mock_classic/prise", |_: u64| -> u64 { 0 }));
    assert!(unknown.contains("did you mean `mock_classic/price`"), "{unknown}");
    let mismatch = text(hot::mock(price, (|_| 0) as fn(u32) -> u64));
    assert_eq!(
        mismatch,
        "`mock_classic/price` is of type `fn(u64) -> u64`, and what is to stand for it of type \
         `fn(u32) -> u64`"
    );
    // Good for one lifetime only.
    let one_lifetime = hot::mock(Cart::total, (|cart| cart.0) as fn(&'static Cart) -> u64);
    assert!(matches!(one_lifetime, Err(Error::SignatureMismatch { .. })));
    let one_lifetime = hot::mock!(Cart::total, |cart: &'static Cart| -> u64 { cart.0 });
    assert!(matches!(one_lifetime, Err(Error::SignatureMismatch { .. })));
    let too_wide =
        hot::mock_by_name!("mock_classic/*Cart.name", for<'a, 'b> |_: &'a Cart,
                                                                   _: &'b str|
                     -> &'a str { "" });
    assert!(matches!(too_wide, Err(Error::SignatureMismatch { .. })), "{too_wide:?}");
    hot::mock!(Cart::name, for<'a, 'b> |_: &'a Cart, given: &'b str| -> &'b str { &given[1..] })
        .unwrap();
    assert_eq!(Cart(1).name("abc"), "bc");
    hot::reset(Cart::name).unwrap();

    let cold = text(hot::mock(not_hot, (|_| 0) as fn(u64) -> u64));
    assert!(cold.contains("`mock_classic::not_hot` is not a hot function: put `#[hot]` on it"));
    let pointer: fn(u64) -> u64 = price;
    let pointer = text(hot::mock(pointer, pointer));
    assert!(pointer.contains("give the path itself"), "{pointer}");
    assert!(matches!(hot::reset(pointer.as_str()), Err(Error::NotAnItem { .. })));
    let of_std =
        text(hot::mock_by_name("std::fs::File::open", denied as fn(&str) -> io::Result<File>));
    assert!(of_std.contains("write a thin `#[hot]` function around it"), "{of_std}");
    let of_std = text(hot::mock!(File::open::<&str>, |_: &str| -> io::Result<File> { denied("") }));
    assert!(of_std.contains("write a thin `#[hot]` function around it"), "{of_std}");
    // A hot generic function of the same name in this crate makes no difference.
    assert_eq!(Pile(vec![1u8]).push(2), 2);
    let of_std = text(hot::mock!(Vec::<u8>::push, |_: &mut Vec<u8>, _: u8| {}));
    assert!(of_std.contains("write a thin `#[hot]` function around it"), "{of_std}");
    assert!(matches!(hot::call_original(not_hot, (1,)), Err(Error::NotHot { .. })));
    let wrong = hot::call_original_by_name!("mock_classic/price", fn(u32) -> u64, 1);
    assert!(matches!(wrong, Err(Error::SignatureMismatch { .. })));
    assert_eq!((price(2), Cart(1).total()), (6, 1));
}

#[test]
fn what_is_expected_of_a_process_wide_mock_is_asked_for() {
    let _turn = turn();
    let mock = hot::mock!(price, |_: u64| -> u64 { 1 }).unwrap().times(1);
    assert!(mock.verify().unwrap_err().to_string().contains("was never called"));
    assert_eq!(price(1), 1);
    assert_eq!(mock.verify(), Ok(()));
    // One too many, on a thread that nobody asks.
    assert!(std::thread::spawn(|| price(1)).join().is_err());
    let failure = mock.verify().unwrap_err().to_string();
    let told =
        "`mock_classic/price` was called, for the 2nd time: it was to be called once at most";
    assert!(failure.starts_with(told), "{failure}");
    assert!(failure.contains(&format!("(mocked at {}:", file!())), "{failure}");
    hot::reset(price).unwrap();
}

/// Counts how often it is dropped.
struct Noted(Arc<AtomicU64>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_closure_is_freed_once_its_last_call_is_over() {
    let _turn = turn();
    let dropped = Arc::new(AtomicU64::new(0));
    let (enter, entered) = std::sync::mpsc::channel();
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let (noted, left) = (Noted(dropped.clone()), Mutex::new(left));
    let mock = hot::mock!(price, move |_: u64| -> u64 {
        enter.send(()).unwrap();
        left.lock().unwrap().recv().unwrap();
        let _ = &noted;
        8
    })
    .unwrap();
    let call = std::thread::spawn(|| price(1));
    entered.recv().unwrap();
    hot::reset(price).unwrap();
    // The call is inside; others see the original, and nobody waits.
    assert_eq!((price(1), dropped.load(Ordering::Relaxed)), (3, 0));
    leave.send(()).unwrap();
    assert_eq!(call.join().unwrap(), 8);
    assert_eq!((dropped.load(Ordering::Relaxed), mock.calls()), (1, 1));
}

#[test]
fn what_is_dropped_may_mock_and_panic() {
    let _turn = turn();
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert_eq!(price(1), 3);
            hot::mock!(price, |_: u64| -> u64 { 9 }).unwrap();
            panic!("a panic in a captured value is nobody's");
        }
    }
    let bomb = Bomb;
    hot::mock!(price, move |_: u64| -> u64 {
        let _ = &bomb;
        hot::reset(price).unwrap();
        4
    })
    .unwrap();
    assert_eq!(price(1), 4);
    assert_eq!(price(1), 9);
    hot::reset(price).unwrap();
}

#[test]
fn a_panic_of_a_mock_is_the_callers() {
    let _turn = turn();
    hot::mock!(price, |_: u64| -> u64 { panic!("sold out") }).unwrap();
    let panic = std::panic::catch_unwind(|| price(1)).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"sold out"));
    hot::reset(price).unwrap();
    assert_eq!(price(1), 3);
}
