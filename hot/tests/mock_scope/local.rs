//! Mocks that borrow.

use super::*;

#[test]
fn local_mocks_borrow() {
    let said = RefCell::new(Vec::new());
    let shared = Rc::new(Cell::new(0));
    let scope = hot::scope();
    hot::mock!(in scope, tax, |_: u64| -> u64 { 1 }).unwrap();
    let answer = scope.with(|local| {
        let mine = shared.clone();
        hot::mock!(in local, say, |text: &str| said.borrow_mut().push(text.to_owned())).unwrap();
        let price_mock = hot::mock!(in local, price, move |_: u64| -> u64 {
            mine.set(mine.get() + 1);
            100
        })
        .unwrap();
        say("one");
        // Not on other threads, even if they follow what was begun in here.
        let inner = hot::scope();
        hot::mock!(in inner, tax, |_: u64| -> u64 { 2 }).unwrap();
        assert_eq!(inner.spawn(|| (price(1), tax(1))).join().unwrap(), (3, 2));
        assert_eq!(scope.spawn(|| (price(1), tax(1))).join().unwrap(), (3, 1));
        price_mock.remove();
        (price(1), tax(1))
    });
    assert_eq!(answer, (100, 2));
    say("two");
    assert_eq!((price(1), tax(1), shared.get(), Rc::strong_count(&shared)), (3, 1, 1, 1));
    assert_eq!(said.into_inner(), ["one"]);
    let refused = scope.with(|local| {
        hot::mock!(in local, fetch, async |_: u64| -> String { String::new() }).unwrap_err()
    });
    assert!(refused.to_string().contains("its future could outlive"), "{refused}");
}

#[test]
fn local_mocks_end_with_a_panic() {
    let alive = Rc::new(());
    let text = fails(std::panic::AssertUnwindSafe(|| {
        hot::scope().with(|local| {
            let held = alive.clone();
            hot::mock!(in local, price, move |_: u64| -> u64 {
                let _ = &held;
                panic!("in the mock")
            })
            .unwrap();
            price(1);
        })
    }));
    assert_eq!((text.as_str(), Rc::strong_count(&alive), price(1)), ("in the mock", 1, 3));
}
