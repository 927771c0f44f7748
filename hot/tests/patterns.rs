//! Arguments by patterns of every kind: what is called gets the very argument, once.

use hot::hot;
use std::cell::RefCell;
use std::future::Future;
use std::task::{Context, Poll, Waker};

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

/// Counts its drops.
struct D(&'static str);

impl Drop for D {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

fn dropped(run: impl FnOnce()) -> Vec<&'static str> {
    DROPPED.take();
    run();
    DROPPED.take()
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match Box::pin(future).as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("it was to be ready"),
    }
}

/// Tokens that are a pattern and an expression.
mod unit {
    use super::DROPPED;

    #[derive(Debug)]
    pub struct U;

    impl Drop for U {
        fn drop(&mut self) {
            DROPPED.with_borrow_mut(|dropped| dropped.push("U"));
        }
    }

    pub enum Only {
        One,
    }

    impl Drop for Only {
        fn drop(&mut self) {
            DROPPED.with_borrow_mut(|dropped| dropped.push("Only"));
        }
    }
}

use unit::Only::One;
use unit::{Only, U};

struct P<T>(T);
struct Point<T> {
    x: T,
    #[allow(dead_code)] // It is dropped.
    y: T,
}

macro_rules! second {
    ($name:ident) => {
        (_, $name)
    };
}

/// The same functions with and without the mark.
macro_rules! functions {
    ($module:ident $(#[$hot:meta])?) => {
        mod $module {
            use super::*;

            $(#[$hot])?
            pub(super) fn unit_struct(U: U) {}
            $(#[$hot])?
            pub(super) fn path(unit::U: unit::U, Only::One: Only, One: Only) {}
            $(#[$hot])?
            #[allow(non_snake_case)]
            pub(super) fn upper(ID: D, Id: D) -> &'static str {
                drop(ID);
                Id.0
            }
            $(#[$hot])?
            pub(super) fn wild(_: D, a: D, _: D) {
                DROPPED.with_borrow_mut(|dropped| dropped.push(a.0));
            }
            $(#[$hot])?
            pub(super) fn parts((a, _): (D, D), P(b): P<D>, Point { x, .. }: Point<D>, [c, ..]: [D; 3]) {
                drop((x, c));
                DROPPED.with_borrow_mut(|dropped| dropped.extend([a.0, b.0]));
            }
            $(#[$hot])?
            #[allow(clippy::toplevel_ref_arg)]
            pub(super) fn bound(ref a: D, mut b: D, whole @ P(_): P<D>, &c: &u8) -> u8 {
                b.0 = a.0;
                drop(whole);
                c
            }
            $(#[$hot])?
            pub(super) fn made(second!(a): (D, D), second!(b): (u8, D)) {
                drop(b);
                let _a = a;
            }
            $(#[$hot])?
            pub(super) fn panics(_a: D, _: D, U: U, P(_b): P<D>) {
                panic!("as it should");
            }
            $(#[$hot])?
            pub(super) fn generic<T>(U: U, _: T, P(a): P<T>, One: Only) -> T {
                a
            }
            $(#[$hot])?
            pub(super) fn anything(U: U, a: impl Sized, _: impl Sized) {
                let _a = a;
            }
            $(#[$hot])?
            pub(super) async fn later(U: U, _: D, (a, _): (D, D), b: D) {
                drop(b);
                DROPPED.with_borrow_mut(|dropped| dropped.push(a.0));
            }
            $(#[$hot])?
            pub(super) async fn later_still<T>(U: U, _: T, P(_a): P<T>, One: Only) {
                std::future::pending::<()>().await;
            }

            pub(super) trait Take {
                fn take(self, u: U, a: D, b: D);
                fn one(&self, one: Only, a: &D) -> usize;
            }

            $(#[$hot])?
            #[allow(non_snake_case)]
            impl Take for D {
                fn take(self, U: U, _: D, ID: D) {
                    drop(ID);
                }
                fn one(&self, One: Only, &D(a): &D) -> usize {
                    a.len()
                }
            }
        }
    };
}

functions!(plain);
functions!(marked #[hot]);

macro_rules! compare {
    ($($call:tt)*) => {
        let (plain, marked) = (dropped(|| { use plain::*; $($call)* }), dropped(|| { use marked::*; $($call)* }));
        assert_eq!(plain, marked, "{}", stringify!($($call)*));
        assert!(!plain.is_empty());
    };
}

#[test]
fn each_argument_is_dropped_once_and_in_order() {
    compare!(unit_struct(U));
    assert_eq!(dropped(|| marked::unit_struct(U)), ["U"]);
    compare!(path(U, One, One));
    compare!(assert_eq!(upper(D("a"), D("b")), "b"));
    compare!(wild(D("a"), D("b"), D("c")));
    compare!(parts(
        (D("a"), D("b")),
        P(D("c")),
        Point { x: D("d"), y: D("e") },
        [D("f"), D("g"), D("h")]
    ));
    compare!(assert_eq!(bound(D("a"), D("b"), P(D("c")), &7), 7));
    compare!(made((D("a"), D("b")), (1, D("c"))));
    compare!(drop(std::panic::catch_unwind(|| panics(D("a"), D("b"), U, P(D("c"))))));
    compare!(drop(generic(U, D("a"), P(D("b")), One)));
    compare!(anything(U, D("a"), D("b")));
    compare!(D("self").take(U, D("a"), D("b")));
    compare!(assert_eq!(D("self").one(One, &D("four")), 4));
}

#[test]
fn futures_drop_their_arguments_once_and_in_order() {
    compare!(ready(later(U, D("a"), (D("b"), D("c")), D("d"))));
    // Never polled, and given up while it waits.
    compare!(drop(later(U, D("a"), (D("b"), D("c")), D("d"))));
    compare!(drop(later_still(U, D("a"), P(D("b")), One)));
    compare!({
        let mut future = Box::pin(later_still(U, D("a"), P(D("b")), One));
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    });
}

/// A constant as a pattern compares its parts; there is one that always fits.
mod constant {
    use hot::hot;

    #[derive(PartialEq, Eq, Clone, Copy)]
    pub struct Unit;
    pub const UNIT: Unit = Unit;

    #[hot]
    pub fn constant(UNIT: Unit, a: u8) -> u8 {
        a
    }
}

/// Patterns with paths, as of `axum::Json(body)`.
mod paths {
    use super::{P, Point};
    use hot::hot;

    pub mod extract {
        pub struct State<T>(pub T);
        pub struct Unit;
    }
    pub struct Q<T>(pub T);

    #[hot]
    pub(super) fn segments(
        super::P(x): super::P<u8>,
        self::extract::State(s): extract::State<u8>,
        crate::paths::Q::<u8>(q): Q<u8>,
        ::std::cmp::Reverse(r): std::cmp::Reverse<u8>,
        extract::Unit: extract::Unit,
        mut last: u8,
    ) -> u8 {
        last += 1;
        x + s + q + r + last
    }

    #[hot]
    pub(super) fn turbofish(P::<u8>(x): P<u8>, Point::<u8> { x: y, .. }: Point<u8>) -> u8 {
        x + y
    }

    #[hot]
    pub(super) async fn state<T: Clone>(extract::State(s): extract::State<T>, P(_): P<u8>) -> T {
        s
    }

    pub struct Shop;

    #[hot]
    impl Shop {
        pub(super) fn take(
            &self,
            super::P(x): super::P<u8>,
            extract::State(s): extract::State<u8>,
        ) -> u8 {
            x + s
        }
    }
}

#[test]
fn patterns_with_paths() {
    use paths::extract::{State, Unit};
    use paths::{Q, Shop, segments, state, turbofish};
    use std::cmp::Reverse;
    assert_eq!(segments(P(1), State(2), Q(3), Reverse(4), Unit, 5), 16);
    assert_eq!((turbofish(P(1), Point { x: 2, y: 0 }), Shop.take(P(1), State(2))), (3, 3));
    assert_eq!((ready(state(State("s"), P(1))), constant::constant(constant::Unit, 1)), ("s", 1));
}

#[cfg(feature = "mock")]
#[test]
fn patterns_with_paths_in_mocks() {
    use paths::extract::State;
    use paths::{Shop, state, turbofish};
    let scope = hot::scope();
    hot::mock!(in scope, Shop::take, |_: &Shop, crate::P::<u8>(x): P<u8>, paths::extract::State(s): State<u8>| -> u8 {
        x * s
    })
    .unwrap();
    assert_eq!(Shop.take(P(5), State(6)), 30);
    hot::mock!(
        in scope, turbofish, |self::P(x): self::P<u8>, crate::Point { x: y, .. }: Point<u8>| -> u8 { x * y },
        when |self::P(x), _| *x > 1
    )
    .unwrap();
    assert_eq!(turbofish(P(5), Point { x: 6, y: 0 }), 30);
    assert_eq!(turbofish(P(1), Point { x: 6, y: 0 }), 7);
    hot::mock!(in scope, state::<u8>, async |paths::extract::State(s): State<u8>, _: P<u8>| -> u8 { s + 1 })
        .unwrap();
    assert_eq!(ready(state(State(1u8), P(0))), 2);
    // Neither is an argument made again here.
    hot::mock!(in scope, marked::unit_struct, |U: U| {}, when |_| true).unwrap();
    assert_eq!(dropped(|| marked::unit_struct(U)), ["U"]);
    hot::mock!(in scope, marked::path, |unit::U: unit::U, One: Only, Only::One: Only| {}).unwrap();
    assert_eq!(dropped(|| marked::path(U, One, One)), dropped(|| plain::path(U, One, One)));
}
