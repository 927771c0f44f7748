//! The classic way: mocks that the whole process sees, one test after the other.

use shop::{Order, Stock, price, rate, read};
use std::sync::{Mutex, MutexGuard};

/// Process-wide mocks are everybody's: these tests take turns, and leave nothing on.
struct Turn(#[allow(dead_code)] MutexGuard<'static, ()>);

fn turn() -> Turn {
    static TURN: Mutex<()> = Mutex::new(());
    Turn(TURN.lock().unwrap_or_else(|poison| poison.into_inner()))
}

impl Drop for Turn {
    fn drop(&mut self) {
        hot::reset_all().unwrap();
    }
}

fn order(quantity: u64) -> Order {
    Order { customer: "ann".to_owned(), quantity }
}

fn free(_: &Order) -> u64 {
    0
}

#[test]
fn a_function_pointer() {
    let _turn = turn();
    hot::mock(price, free as fn(&Order) -> u64).unwrap();
    assert_eq!(price(&order(3)), 0);
    hot::reset(price).unwrap();
    assert_eq!(price(&order(3)), 750);
}

#[test]
fn a_closure_that_captures() {
    let _turn = turn();
    let list = String::from("40");
    hot::mock!(read, move |_: &str| -> String { list.clone() }).unwrap();
    assert_eq!((rate(), price(&order(2))), (40, 80));
}

#[test]
fn a_method_by_name() {
    let _turn = turn();
    let plenty = hot::mock_by_name!("shop/*Stock.left", |_: &Stock| -> u64 { 99 }).unwrap();
    assert_eq!(Stock::new(1).left(), 99);
    assert_eq!(plenty.calls(), 1);
    let slip = hot::reset_by_name("shop/*Stock.lefd").unwrap_err();
    assert!(slip.to_string().contains("did you mean `shop/*Stock.left`"), "{slip}");
}

#[test]
fn the_original_under_a_mock() {
    let _turn = turn();
    hot::mock!(price, |order: &Order| -> u64 { hot::call_original(price, (order,)).unwrap() + 1 })
        .unwrap();
    assert_eq!(price(&order(1)), 251);
}
