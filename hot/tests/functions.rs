//! `#[hot]` on free functions: every shape behaves as written, and calls its replacement.
#![cfg(feature = "enabled")]

mod support;

use hot::hot;
use support::replaced;

struct Order {
    lines: Vec<u64>,
}

/// Documented.
#[hot]
#[must_use]
fn total(order: &Order) -> u64 {
    order.lines.iter().sum()
}

#[test]
fn sync() {
    let order = Order { lines: vec![1, 2, 3] };
    assert_eq!(total(&order), 6);
    fn fake(order: &Order) -> u64 {
        100 + order.lines.len() as u64
    }
    replaced!("functions/total", fake as fn(&Order) -> u64, {
        assert_eq!(total(&order), 103);
    });
    assert_eq!(total(&order), 6);
}

#[hot]
fn patterns(
    (a, b): (u64, u64),
    [c, ..]: [u64; 2],
    _: String,
    mut d: u64,
    Order { lines }: Order,
) -> u64 {
    d += lines[0];
    a * 1000 + b * 100 + c * 10 + d
}

#[test]
fn pattern_arguments() {
    let call = || patterns((1, 2), [3, 0], String::new(), 3, Order { lines: vec![1] });
    assert_eq!(call(), 1234);
    fn fake(a: (u64, u64), b: [u64; 2], _: String, d: u64, _: Order) -> u64 {
        a.0 + a.1 + b[0] + b[1] + d
    }
    replaced!("functions/patterns", fake as fn(_, _, _, _, _) -> _, {
        assert_eq!(call(), 9);
    });
}

#[hot]
fn countdown(n: u64) -> Vec<u64> {
    match n {
        0 => vec![0],
        _ => {
            let mut rest = countdown(n - 1);
            rest.push(n);
            rest
        }
    }
}

#[test]
fn recursion_goes_through_the_slot() {
    assert_eq!(countdown(3), [0, 1, 2, 3]);
    fn stop_at_two(n: u64) -> Vec<u64> {
        if n == 2 { vec![22] } else { vec![n] }
    }
    replaced!("functions/countdown", stop_at_two as fn(u64) -> Vec<u64>, {
        assert_eq!(countdown(2), [22]);
        assert_eq!(countdown(3), [3]);
    });
}

#[hot]
unsafe fn read(at: *const u64) -> u64 {
    // SAFETY: the caller passes a valid pointer.
    unsafe { *at }
}

#[hot]
extern "C" fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[hot]
unsafe extern "C" fn deref(at: *const i32) -> i32 {
    // SAFETY: the caller passes a valid pointer.
    unsafe { *at }
}

#[hot]
#[unsafe(no_mangle)]
extern "C" fn hot_test_exported(a: i32) -> i32 {
    a - 1
}

#[test]
fn unsafe_and_foreign_abi() {
    unsafe fn twice(at: *const u64) -> u64 {
        // SAFETY: the caller passes a valid pointer.
        unsafe { *at * 2 }
    }
    extern "C" fn times(a: i32, b: i32) -> i32 {
        a * b
    }
    unsafe extern "C" fn minus(at: *const i32) -> i32 {
        // SAFETY: the caller passes a valid pointer.
        unsafe { -*at }
    }
    // SAFETY: pointers to locals.
    let call = || unsafe { (read(&7), add(3, 4), deref(&5)) };
    assert_eq!(call(), (7, 7, 5));
    replaced!("functions/read", twice as unsafe fn(_) -> _, {
        replaced!("functions/add", times as extern "C" fn(_, _) -> _, {
            replaced!("functions/deref", minus as unsafe extern "C" fn(_) -> _, {
                assert_eq!(call(), (14, 12, -5));
            });
        });
    });

    unsafe extern "C" {
        safe fn hot_test_exported(a: i32) -> i32;
    }
    assert_eq!(hot_test_exported(1), 0);
    extern "C" fn zero(_: i32) -> i32 {
        42
    }
    replaced!("functions/hot_test_exported", zero as extern "C" fn(_) -> _, {
        assert_eq!(hot_test_exported(1), 42);
    });
}

#[hot]
fn longest<'a>(a: &'a str, b: &'a str) -> &'a str {
    if a.len() >= b.len() { a } else { b }
}

#[hot]
fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

// `'b: 'a` makes both lifetimes early-bound.
#[hot]
fn shorten<'a, 'b: 'a>(_: &'a str, b: &'b str) -> &'a str {
    &b[..1]
}

#[hot]
fn outlive<'a, 'b>(a: &'a str, _: &'b str) -> &'a str
where
    'b: 'a,
{
    a
}

#[hot]
fn conjure<'a>() -> &'a str {
    "static"
}

#[test]
fn lifetimes() {
    let (a, b) = ("one two".to_owned(), "three".to_owned());
    assert_eq!(longest(&a, &b), "one two");
    assert_eq!(first_word(&a), "one");
    assert_eq!(shorten(&a, &b), "t");
    assert_eq!(outlive(&a, &b), "one two");
    assert_eq!(conjure(), "static");
    fn shortest<'a>(a: &'a str, b: &'a str) -> &'a str {
        if a.len() < b.len() { a } else { b }
    }
    fn all(text: &str) -> &str {
        text
    }
    fn replacement<'a, 'b: 'a>(a: &'a str, _: &'b str) -> &'a str {
        &a[..3]
    }
    fn other() -> &'static str {
        "other"
    }
    replaced!("functions/longest", shortest as fn(_, _) -> _, {
        replaced!("functions/first_word", all as fn(_) -> _, {
            replaced!("functions/shorten", replacement as fn(_, _) -> _, {
                replaced!("functions/conjure", other as fn() -> _, {
                    assert_eq!(longest(&a, &b), "three");
                    assert_eq!(first_word(&a), "one two");
                    assert_eq!(shorten(&a, &b), "one");
                    assert_eq!(conjure(), "other");
                });
            });
        });
    });
}

#[hot]
fn evens(limit: u64) -> impl Iterator<Item = u64> + Clone {
    (0..limit).step_by(2)
}

#[hot]
fn chars<'a>(text: &'a str) -> impl Iterator<Item = char> + 'a {
    text.chars()
}

#[test]
fn impl_trait_in_the_result() {
    assert_eq!(evens(5).collect::<Vec<_>>(), [0, 2, 4]);
    assert_eq!(evens(5).clone().count(), 3);
    // The hidden type is that of the body: a replacement must have it, as this one has.
    fn thirds(limit: u64) -> std::iter::StepBy<std::ops::Range<u64>> {
        (0..limit).step_by(3)
    }
    replaced!("functions/evens", thirds as fn(_) -> _, {
        assert_eq!(evens(5).collect::<Vec<_>>(), [0, 3]);
    });
    let text = "hot".to_owned();
    fn reversed(_: &str) -> std::str::Chars<'_> {
        "cold".chars()
    }
    assert_eq!(chars(&text).collect::<String>(), "hot");
    replaced!("functions/chars", reversed as fn(_) -> _, {
        assert_eq!(chars(&text).collect::<String>(), "cold");
    });
}

#[hot]
fn forever() -> ! {
    panic!("body")
}

#[test]
fn never() {
    fn other() -> ! {
        panic!("replacement")
    }
    let call = || {
        let caught = std::panic::catch_unwind(|| forever());
        let Err(payload) = caught;
        *payload.downcast::<&str>().unwrap()
    };
    assert_eq!(call(), "body");
    replaced!("functions/forever", other as fn() -> !, {
        assert_eq!(call(), "replacement");
    });
}

#[hot]
fn r#match(r#type: u8) -> u8 {
    r#type
}

#[hot]
fn same_name(same_name: u8) -> u8 {
    same_name
}

#[test]
fn names_of_arguments() {
    fn plus(a: u8) -> u8 {
        a + 1
    }
    assert_eq!((r#match(1), same_name(2)), (1, 2));
    replaced!("functions/match", plus as fn(u8) -> u8, {
        replaced!("functions/same_name", plus as fn(u8) -> u8, {
            assert_eq!((r#match(1), same_name(2)), (2, 3));
        });
    });
}

macro_rules! make {
    ($name:ident, $argument:ident: $ty:ty, $value:expr) => {
        #[hot]
        fn $name($argument: $ty) -> Vec<$ty> {
            vec![$argument, $value]
        }
    };
}

make!(made, x: u8, 1 + 1);

#[test]
fn made_by_a_macro() {
    fn none(_: u8) -> Vec<u8> {
        Vec::new()
    }
    assert_eq!(made(7), [7, 2]);
    replaced!("functions/made", none as fn(u8) -> Vec<u8>, {
        assert_eq!(made(7), []);
    });
}

#[hot]
fn statics_inside() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
    static COUNT: AtomicU64 = AtomicU64::new(10);
    COUNT.fetch_add(1, Relaxed)
}

#[test]
fn statics_of_a_body_stay() {
    assert_eq!((statics_inside(), statics_inside()), (10, 11));
}

#[hot]
fn outer(n: u64) -> u64 {
    #[hot]
    fn nested(n: u64) -> u64 {
        n + 1
    }
    nested(n)
}

#[test]
fn nested_functions() {
    fn double(n: u64) -> u64 {
        n * 2
    }
    assert_eq!(outer(4), 5);
    replaced!("functions/nested", double as fn(u64) -> u64, {
        assert_eq!(outer(4), 8);
    });
}

/// A function that is called while its slot flips runs one or the other, whole.
#[test]
fn callers_on_many_threads_while_the_slot_flips() {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

    #[hot]
    fn flipped(a: u64, b: u64) -> u64 {
        a + b
    }
    fn product(a: u64, b: u64) -> u64 {
        a * b
    }
    let stop = AtomicBool::new(false);
    let (sums, products) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !stop.load(Relaxed) {
                    match flipped(6, 7) {
                        13 => sums.fetch_add(1, Relaxed),
                        42 => products.fetch_add(1, Relaxed),
                        other => panic!("neither sum nor product: {other}"),
                    };
                }
            });
        }
        let start = std::time::Instant::now();
        let both = || sums.load(Relaxed) > 1000 && products.load(Relaxed) > 1000;
        let mut flips = 0;
        while flips < 100 || !both() && start.elapsed().as_secs() < 20 {
            replaced!("functions/flipped", product as fn(u64, u64) -> u64, {
                std::thread::yield_now();
            });
            flips += 1;
        }
        stop.store(true, Relaxed);
    });
    assert!(sums.into_inner() > 1000 && products.into_inner() > 1000);
}

/// Nobody calls it. Its entry keeps it from being dead code, and where the compiler is asked for a
/// check alone, so that there is no entry, the lint that is denied here must not find it either.
#[deny(dead_code)]
mod uncalled {
    use hot::hot;

    struct Shop;

    #[hot]
    impl Shop {
        fn open() -> Shop {
            helper();
            Shop
        }
    }

    #[hot]
    fn lonely() -> Shop {
        helper();
        Shop
    }

    fn helper() {}
}

#[test]
fn a_hot_function_without_calls_is_no_dead_code() {
    assert!(hot::functions().iter().any(|f| f.name().ends_with("uncalled/lonely")));
}
