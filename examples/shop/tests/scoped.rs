//! With scopes: each test has its own mocks, and all run at the same time.

use shop::{Order, Stock, net, price, rate, read};
use std::cell::RefCell;

fn order(quantity: u64) -> Order {
    Order { customer: "ann".to_owned(), quantity }
}

#[test]
fn cheap() {
    let scope = hot::scope();
    hot::mock!(in scope, rate, || -> u64 { 1 }).unwrap();
    assert_eq!(price(&order(3)), 3);
}

#[test]
fn dear() {
    let scope = hot::scope();
    hot::mock!(in scope, rate, || -> u64 { 1000 }).unwrap();
    assert_eq!(price(&order(3)), 3000);
}

#[test]
fn real() {
    assert_eq!(price(&order(3)), 750);
}

#[test]
fn the_list_is_read_once_for_each_price() {
    let scope = hot::scope();
    let reads = hot::mock!(
        in scope, read, |_: &str| -> String { "7".to_owned() },
        when |path| path.ends_with(".txt"),
        record |path| path.to_string(),
    );
    let reads = reads.unwrap().times(2);
    assert_eq!((price(&order(1)), price(&order(2))), (7, 14));
    assert_eq!(reads.recorded::<String>(), ["prices.txt", "prices.txt"]);
}

#[test]
fn one_after_another() {
    let scope = hot::scope();
    let rates = hot::Answers::new([10, 20]);
    hot::mock!(in scope, rate, move || -> u64 { rates.next() }).unwrap().times(2);
    assert_eq!((price(&order(1)), price(&order(1))), (10, 20));
}

#[test]
fn in_order_and_with_a_spy() {
    let scope = hot::scope();
    let order_of = hot::Sequence::new();
    hot::mock!(in scope, Stock::take, |_: &mut Stock, _: u64| -> Result<(), shop::Refused> { Ok(()) })
        .unwrap()
        .in_order(&order_of);
    hot::mock!(in scope, net::ship, |_: &Order| -> Result<u64, String> { Ok(12) })
        .unwrap()
        .in_order(&order_of);
    let asked = scope.spy(Stock::left).unwrap();
    let mut stock = Stock::new(1);
    stock.take(5).unwrap();
    assert_eq!(net::ship(&order(5)), Ok(12));
    assert_eq!((stock.left(), asked.calls()), (1, 1));
}

#[test]
fn a_mock_that_borrows() {
    let shipped = RefCell::new(Vec::new());
    hot::scope().with(|local| {
        hot::mock!(in local, net::ship, |order: &Order| -> Result<u64, String> {
            shipped.borrow_mut().push(order.quantity);
            Ok(1)
        })
        .unwrap();
        net::ship(&order(4)).unwrap();
    });
    assert_eq!(shipped.into_inner(), [4]);
}

#[test]
fn threads_that_follow() {
    let scope = hot::scope();
    hot::mock!(in scope, rate, || -> u64 { 2 }).unwrap();
    assert_eq!(scope.spawn(|| price(&order(1))).join().unwrap(), 2);
    let handle = scope.handle();
    std::thread::scope(|threads| {
        threads.spawn(|| assert_eq!(handle.enter(|| price(&order(1))), 2));
        threads.spawn(|| assert_eq!(price(&order(1)), 250));
    });
}

#[test]
fn rayon_that_follows() {
    use rayon::prelude::*;
    let scope = hot::scope();
    hot::mock!(in scope, rate, || -> u64 { 2 }).unwrap().times(16);
    let handle = scope.handle();
    let prices = (1..=16u64).into_par_iter().map(|n| handle.enter(|| price(&order(n % 4))));
    assert_eq!(prices.sum::<u64>(), 48);
}

#[test]
fn nothing_is_sent() {
    let scope = hot::scope();
    scope.forbid("shop/net/*").unwrap().allow("shop/net/charge").unwrap();
    assert_eq!(price(&order(1)), 250);
}
