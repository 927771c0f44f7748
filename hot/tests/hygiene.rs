//! The items that the macros make have names of their own: none meets another, or one of the user's.

use hot::hot;
use std::future::Future;
use std::task::{Context, Poll, Waker};

fn ready<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it was to be ready"),
    }
}

struct Shop;

trait Load {
    fn load(&self) -> impl Future<Output = u8>;
    fn box_load(&self) -> u8;
    fn twin_load<'a>(&'a self, text: &str) -> std::slice::Iter<'a, u8>;
    fn hot(&self) -> u8;
}

/// Each name with the words that have been put before others.
#[hot]
impl Shop {
    async fn load(&self) -> u8 {
        1
    }
    fn box_load(&self) -> u8 {
        2
    }
    async fn box_box_load(&self) -> u8 {
        3
    }
    fn via_load(&self) -> u8 {
        4
    }
    fn hotbox_load(&self) -> u8 {
        5
    }
    fn _hotbox_load(&self) -> u8 {
        6
    }
    fn each(&self, values: impl Iterator<Item = u8>) -> u8 {
        values.sum()
    }
    fn via_each(&self) -> u8 {
        7
    }
    fn item_each<T: Into<u8>>(&self, value: T) -> u8 {
        value.into()
    }
}

#[hot]
impl Load for Shop {
    async fn load(&self) -> u8 {
        11
    }
    fn box_load(&self) -> u8 {
        12
    }
    fn twin_load<'a>(&'a self, _: &str) -> std::slice::Iter<'a, u8> {
        [].iter()
    }
    fn hot(&self) -> u8 {
        13
    }
}

#[hot]
fn keyed(value: u8) -> u8 {
    value
}

#[hot]
async fn later(value: u8) -> u8 {
    value
}

#[test]
fn names_that_look_like_others() {
    assert_eq!((ready(Shop.load()), Shop.box_load(), ready(Shop.box_box_load())), (1, 2, 3));
    assert_eq!((Shop.via_load(), Shop.hotbox_load(), Shop._hotbox_load()), (4, 5, 6));
    assert_eq!((Shop.each([1, 2].into_iter()), Shop.via_each(), Shop.item_each(9)), (3, 7, 9));
    assert_eq!((ready(Load::load(&Shop)), Load::box_load(&Shop), Shop.hot()), (11, 12, 13));
    assert_eq!(Shop.twin_load("").count(), 0);
}

/// The variables of the code around a mock are those that its closures see.
#[cfg(feature = "mock")]
#[test]
fn variables_around_a_mock() {
    let scope = hot::scope();
    let (__hot_item, __hot_call, __hot_closure, __hot_result) = (1, 2, 3, 5);
    hot::mock!(
        in scope, keyed,
        move |value: u8| -> u8 { value + __hot_item + __hot_call + __hot_closure },
        when move |value| *value < __hot_result
    )
    .unwrap();
    assert_eq!((keyed(0), keyed(5)), (6, 5));
    let __hot_argument_0 = 6;
    hot::mock!(in scope, later, async move |value: u8| -> u8 { value + __hot_argument_0 + __hot_item })
        .unwrap();
    assert_eq!(ready(later(1)), 8);
    let (__hot_scope, __hot_name) = (hot::scope(), "hygiene/keyed");
    hot::mock_by_name!(in __hot_scope, __hot_name, move |_: u8| -> u8 { __hot_item }).unwrap();
    assert_eq!(keyed(9), 1);
    drop(__hot_scope);
    type Keyed = fn(u8) -> u8;
    let __hot_original = 7;
    let called = hot::call_original_by_name!(__hot_name, Keyed, __hot_original);
    assert_eq!(called.unwrap(), 7);
}
