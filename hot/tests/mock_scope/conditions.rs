//! Conditions, records and orders.

use super::*;

#[test]
fn conditions_records_and_orders() {
    let scope = hot::scope();
    let all = hot::mock!(in scope, price, |_: u64| -> u64 { 1 }).unwrap();
    let odd = hot::mock!(
        in scope, price, |_: u64| -> u64 { 2 },
        when |quantity| quantity % 2 == 1,
        record |quantity| *quantity,
    )
    .unwrap();
    let many = hot::mock!(in scope, price, |_: u64| -> u64 { 3 }, when |n| *n > 100).unwrap();
    assert_eq!((price(1), price(2), price(101), price(103), price(4)), (2, 1, 3, 3, 1));
    assert_eq!((all.calls(), odd.calls(), many.calls()), (2, 1, 2));
    assert_eq!(odd.recorded::<u64>(), [1]);
    assert!(odd.recorded::<u32>().is_empty());
    let spy = scope.spy(price).unwrap();
    assert_eq!((price(1), price(2), spy.calls(), odd.calls()), (2, 1, 2, 2));

    let text = fails(|| {
        let scope = hot::scope();
        let order = hot::Sequence::new();
        hot::mock!(in scope, price, |_: u64| -> u64 { 1 }).unwrap().in_order(&order);
        hot::mock!(in scope, tax, |_: u64| -> u64 { 1 }).unwrap().in_order(&order);
        tax(1);
    });
    assert_eq!(
        unplaced(&text),
        "`mock_scope/tax` was called before `mock_scope/price`, which was to come first"
    );
}

#[test]
fn a_record_whose_clone_calls_what_is_mocked_is_read() {
    struct Calls(u64);
    impl Clone for Calls {
        fn clone(&self) -> Self {
            Calls(self.0 + recorded_again(0))
        }
    }
    let scope = hot::scope();
    let mock = hot::mock!(in scope, recorded_again, |_: u64| -> u64 { 10 }, record |n| Calls(*n));
    let mock = mock.unwrap();
    assert_eq!(recorded_again(3), 10);
    let read: Vec<u64> = mock.recorded::<Calls>().iter().map(|record| record.0).collect();
    assert_eq!((read, mock.calls()), (vec![13], 2));
}

#[test]
fn a_condition_that_takes_its_own_mock_off_leaves_the_call_to_what_it_lay_on() {
    let outer = hot::scope();
    hot::mock!(in outer, taken_off, |_: u64| -> u64 { 1 }).unwrap();
    let spied = outer.spy(taken_off).unwrap();
    let inner = hot::scope();
    let own: Arc<std::sync::OnceLock<hot::Mock>> = Arc::default();
    let mock = own.clone();
    let conditional = hot::mock!(
        in inner, taken_off, |_: u64| -> u64 { 2 },
        when move |_| { mock.get().unwrap().remove(); false }
    );
    own.set(conditional.unwrap()).unwrap();
    let newer = inner.spy(taken_off).unwrap();
    assert_eq!(taken_off(7), 1);
    assert_eq!((newer.calls(), spied.calls()), (1, 1));
}
