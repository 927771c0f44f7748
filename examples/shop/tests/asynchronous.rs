//! With async mocks, over the worker threads of a runtime.

use hot::InScope;
use shop::{Order, Refused, Stock, buy, net};

fn order(quantity: u64) -> Order {
    Order { customer: "ann".to_owned(), quantity }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_paid_and_sent() {
    let scope = hot::scope();
    let paid = hot::mock!(
        in scope, net::charge,
        async |_: &str, _: u64| -> bool {
            tokio::task::yield_now().await;
            true
        },
        record |customer, cents| (customer.to_string(), *cents),
    );
    let paid = paid.unwrap().times(1);
    hot::mock!(in scope, net::ship, |_: &Order| -> Result<u64, String> { Ok(77) })
        .unwrap()
        .times(1);
    let task = async {
        let mut stock = Stock::new(3);
        (buy(&mut stock, &order(2)).await, stock.left())
    };
    let bought = tokio::spawn(task.in_scope(&scope)).await.unwrap();
    assert_eq!(bought, (Ok(77), 1));
    assert_eq!(paid.recorded::<(String, u64)>(), [("ann".to_owned(), 500)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_not_paid_leaves_the_stock() {
    let scope = hot::scope();
    hot::mock!(in scope, net::charge, async |_: &str, _: u64| -> bool { false }).unwrap();
    hot::mock!(in scope, net::ship, |_: &Order| -> Result<u64, String> { Ok(1) }).unwrap().never();
    let task = async {
        let mut stock = Stock::new(3);
        (buy(&mut stock, &order(2)).await, stock.left())
    };
    assert_eq!(task.in_scope(&scope).await, (Err(Refused::Unpaid), 3));
}

#[tokio::test]
async fn out_of_stock_asks_nobody() {
    let scope = hot::scope();
    scope.forbid("shop/net/*").unwrap();
    let mut stock = Stock::new(1);
    let bought = buy(&mut stock, &order(2)).in_scope(&scope).await;
    assert_eq!(bought, Err(Refused::OutOfStock));
}
