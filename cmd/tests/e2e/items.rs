//! Cases: new items, changed data, new calls of std.

use crate::{project::Copy, session::Session};

/// A private function, a struct, an enum, closures before and after an old one, generic instances.
pub fn new_functions_and_types(session: &mut Session, copy: Copy) {
    let file = copy.file("novel.rs");
    let ask = format!("one {} novel 5", copy.name);
    session.expect(&ask, "plain 5 true");

    let functions = (
        "/// Edited to count in a new static.",
        "fn doubled(n: u64) -> u64 {\n    n + n\n}\n\n/// Edited to count in a new static.",
    );
    let call =
        ("format!(\"plain {n} {}\", odd(n))", "format!(\"doubled {} {}\", doubled(n), odd(n))");
    session.live(&file, &[functions, call]).swapped(&copy.function("novel/novel"));
    session.expect(&ask, "doubled 10 true");

    let types = (
        "fn doubled(",
        "#[derive(Clone, Debug, PartialEq)]
struct Pair<T> {
    left: T,
    right: T,
}

#[derive(Debug)]
enum Size {
    Small,
    Large { by: u64 },
}

fn mirrored<T: Clone>(value: &T) -> Pair<T> {
    Pair { left: value.clone(), right: value.clone() }
}

fn doubled(",
    );
    let call = (
        "format!(\"doubled {} {}\", doubled(n), odd(n))",
        "let sizes = [Size::Small, Size::Large { by: doubled(n) }];
    let pairs: Vec<Pair<u16>> = (0..2).map(|i| mirrored(&(i + n as u16))).collect();
    let equal = mirrored(&n) == Pair { left: n, right: n };
    format!(\"{sizes:?} {pairs:?} {equal} {}\", odd(n))",
    );
    session.live(&file, &[types, call]);
    session.expect(
        &ask,
        "[Small, Large { by: 10 }] [Pair { left: 5, right: 5 }, Pair { left: 6, right: 6 }] true true",
    );

    let closures = (
        "let odd = |x: u64| x % 2 == 1;",
        "let half = |x: u64| x / 2;\n    let odd = |x: u64| half(x) * 2 != x;\n    let _third = |x: u64| x / 3;",
    );
    session.live(
        &file,
        &[
            closures,
            ("{sizes:?} {pairs:?} {equal} {}", "{equal} {} {}"),
            ("odd(n))", "half(n), odd(n))"),
        ],
    );
    session.expect(&ask, "true 2 true");
}

/// A string, a format string, a constant, two immutable statics, one after the other.
pub fn words(session: &mut Session, copy: Copy) {
    let file = copy.file("words.rs");
    let greet = copy.function("words/greet");
    let ask = format!("two {} greet Margarethe", copy.name);
    session.expect(&ask, "Hello, dear Margaret!");
    let edits = [
        (("\"dear\"", "\"most esteemed\""), "Hello, most esteemed Margaret!"),
        (("\"Hello\"", "\"Good morning\""), "Good morning, most esteemed Margaret!"),
        (("[\"!\", \"?\"]", "[\"!!!\", \"?\"]"), "Good morning, most esteemed Margaret!!!"),
        (("LIMIT: u64 = 8", "LIMIT: u64 = 4"), "Good morning, most esteemed Marg!!!"),
    ];
    for (change, answer) in edits {
        session.live(&file, &[change]).swapped_only(&greet);
        session.expect(&ask, answer);
    }
    // The generic instance behind a format string depends on its length, and crates share such
    // instances: what used the library's may be compiled anew in the binary, and is then swapped.
    session.live(&file, &[("{GREETING}, {title}", "{GREETING} - {title}")]).swapped(&greet);
    session.expect(&ask, "Good morning - most esteemed Marg!!!");
}

/// A static that did not exist begins to count, and the patches that follow count on.
pub fn new_statics(session: &mut Session, copy: Copy) {
    let file = copy.file("novel.rs");
    let ask = format!("main {} count", copy.name);
    session.expect(&ask, "0");
    let outcome = session.live(
        &file,
        &[
            (
                "/// Edited to count in a new static.
#[hot]
pub fn count() -> u64 {
    0
}",
                "static COUNTED: AtomicU64 = AtomicU64::new(40);

/// Edited to count in a new static.
#[hot]
pub fn count() -> u64 {
    static ZEROED: AtomicU64 = AtomicU64::new(0);
    let zeroed = ZEROED.fetch_add(1000, Ordering::Relaxed);
    zeroed + COUNTED.fetch_add(1, Ordering::Relaxed)
}",
            ),
            ("use hot::hot;", "use hot::hot;\nuse std::sync::atomic::{AtomicU64, Ordering};"),
        ],
    );
    assert_eq!(outcome.event["new_statics"], 2, "{}", outcome.event);
    session.expect(&ask, "40");
    session.expect(&ask, "1041");

    let outcome = session.live(&file, &[("zeroed + COUNTED", "500_000 + zeroed + COUNTED")]);
    assert_eq!(outcome.event["new_statics"], 0, "{}", outcome.event);
    session.expect(&ask, "502042");

    session.live(&file, &[("500_000 + zeroed", "600_000 + zeroed")]);
    session.expect(&ask, "603043");
}

/// Functions of std that no code of the program called when it was linked.
pub fn missing_std(session: &mut Session, copy: Copy) {
    let file = copy.file("novel.rs");
    let ask = |text: &str| format!("one {} text {text}", copy.name);
    session.expect(&ask("ab"), "ab");

    session.live(&file, &[("    text.to_owned()\n", "    text.to_uppercase()\n")]);
    session.expect(&ask("groß"), "GROSS");

    session.live(
        &file,
        &[("    text.to_uppercase()\n", "    let number: Result<f64, _> = text.parse();\n    format!(\"{:.3?}\", number.map(|n| n * 2.0))\n")],
    );
    session.expect(&ask("1.25e2"), "Ok(250.000)");
    session.expect(&ask("x"), "Err(ParseFloatError { kind: Invalid })");

    session.live(
        &file,
        &[(
            "    let number: Result<f64, _> = text.parse();\n    format!(\"{:.3?}\", number.map(|n| n * 2.0))\n",
            "    let mut counts = std::collections::BTreeMap::new();
    for letter in text.chars() {
        *counts.entry(letter).or_insert(0_u32) += 1;
    }
    let counts = std::thread::spawn(move || format!(\"{counts:?}\")).join();
    counts.unwrap_or_else(|_| \"the thread panicked\".to_owned())
",
        )],
    );
    session.expect(&ask("banana"), "{'a': 3, 'b': 1, 'n': 2}");
}
