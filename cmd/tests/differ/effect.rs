//! What is told of a patch besides what it swaps: who goes on with old code, and what would help.

use crate::fixture::Program;
use crate::patch;
use hot_cli::diff::{DiffSession, Partly, Prepared, Verdict};

const LIBRARY: &str = r#"
pub mod report {
    pub fn footer(n: u64) -> u64 { rule(n) + 1 }
    fn rule(n: u64) -> u64 { n * 2 }
    pub fn print(n: u64) -> u64 { footer(n) + 10 }
    pub fn alone(n: u64) -> u64 { n ^ 5 }
}
hot! { pub fn total / __hot_total(n: u64) -> u64 { report::footer(n) } }
hot! { pub fn serve / __hot_serve() -> u64 { std::hint::black_box(0) } }
pub trait Shape { fn area(&self) -> u64; }
pub struct Round(pub u64);
impl Shape for Round { fn area(&self) -> u64 { self.0 * 3 } }
pub struct Flat(pub u64);
impl Shape for Flat { fn area(&self) -> u64 { self.0 } }
impl Drop for Flat { fn drop(&mut self) { report::alone(1); } }
fn half(n: u64) -> u64 { n / 2 }
fn twice(n: u64) -> u64 { n * 2 }
static HOOK: std::sync::Mutex<fn(u64) -> u64> = std::sync::Mutex::new(half);
async fn flight(n: u64) -> u64 { n + 7 }
hot! { pub fn make / __hot_make(n: u64) -> u64 {
    let all: Vec<Box<dyn Shape>> = vec![Box::new(Round(n)), Box::new(Flat(n))];
    let call: fn(u64) -> u64 = std::hint::black_box(twice);
    let task: Box<dyn Fn(u64) -> u64> = std::hint::black_box(Box::new(move |m| m + n));
    let future: std::pin::Pin<Box<dyn Future<Output = u64>>> = Box::pin(flight(n));
    drop(future);
    all.iter().map(|s| s.area()).sum::<u64>() + call(n) + task(1) + half(n) + HOOK.lock().map_or(0, |h| h(1))
} }
hot! { pub fn run / __hot_run() -> u64 { loop { step(); } } }
fn step() { std::hint::black_box(1); }
"#;

const MAIN: &str = r#"
fn main() {
    let n = std::env::args().count() as u64;
    println!("{}", shop::total(n) + shop::make(n) + shop::serve() + unused(n));
    if n > 5 { shop::run(); }
    work(n);
}
fn unused(n: u64) -> u64 { n }
fn work(n: u64) { println!("{}", shop::report::print(n)) }
"#;

fn edit(world: &mut DiffSession, program: &Program, from: &str, to: &str) -> Box<Prepared> {
    assert!(LIBRARY.contains(from), "the edit must apply");
    patch(world.judge(vec![program.library(&LIBRARY.replace(from, to))]).expect("a verdict"))
}

fn held(prepared: &Prepared) -> Vec<(&str, &str)> {
    prepared
        .not_applied
        .retained
        .iter()
        .map(|held| (held.item.as_str(), held.by.as_str()))
        .collect()
}

#[test]
fn who_goes_on_with_old_code_is_named() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    // Through `total` the new code runs, through `main::work` the old one.
    let first = edit(&mut world, &program, "n * 2 }\n    pub", "n * 3 }\n    pub");
    assert_eq!(first.functions, ["shop/total"]);
    assert_eq!(first.not_applied.not_live, [""; 0]);
    let rule = Partly {
        item: "shop::report::rule".into(),
        old_in: vec!["shop::report::print".into()],
        hot_on: vec!["shop::report::rule".into(), "shop::report::footer".into()],
    };
    assert_eq!(first.not_applied.partly, [rule]);
    world.committed(first.patch.id);
    // Taken back: what goes on with the code of the start is as new as any.
    let back = patch(world.judge(vec![program.library(LIBRARY)]).expect("a verdict"));
    assert_eq!(
        (back.functions.as_slice(), back.not_applied.partly.len()),
        (&["shop/total".into()][..], 0)
    );
    world.committed(back.patch.id);
    // Live and not live in one save.
    let source = LIBRARY.replace("n ^ 5", "n ^ 6").replace("n * 2 }\n    pub", "n * 4 }\n    pub");
    let source = source.replace("+ 10", "+ 11");
    let both = patch(world.judge(vec![program.library(&source)]).expect("a verdict"));
    assert_eq!(both.not_applied.not_live, ["shop::report::print"]);
    assert_eq!(
        both.not_applied.not_live_why,
        "no #[hot] function reaches it: shop::report::print is used by main::work (#[hot] on \
         shop::report::print or main::work makes it live from a restart on)"
    );
    assert_eq!(both.not_applied.partly.len(), 1, "{:?}", both.not_applied.partly);
}

/// A hot function that was plain for a while keeps its slot, and in it the code from before. When
/// it becomes hot again with the very same code, what that calls may have been replaced meanwhile.
#[test]
fn a_body_that_comes_back_is_made_anew() {
    const SHOP: &str = "\
hot! { pub fn total / __hot_total(n: u64) -> u64 { rule(n) + 1 } }
fn rule(n: u64) -> u64 { n * 2 }
hot! { pub fn serve / __hot_serve(n: u64) -> u64 { total(n) } }
";
    let program = Program::new();
    let mut world = program.whole(SHOP, "fn main() { println!(\"{}\", shop::serve(1)); }");
    let mut live = |source: &str| {
        let prepared = patch(world.judge(vec![program.library(source)]).expect("a verdict"));
        world.committed(prepared.patch.id);
        prepared.functions.clone()
    };
    let plain = SHOP.replace(
        "hot! { pub fn total / __hot_total(n: u64) -> u64 { rule(n) + 1 } }",
        "fn total(n: u64) -> u64 { rule(n) + 1 }",
    );
    assert_eq!(live(&plain), ["shop/serve"]);
    assert_eq!(live(&plain.replace("n * 2", "n * 3")), ["shop/serve"]);
    assert_eq!(live(&SHOP.replace("n * 2", "n * 3")), ["shop/serve", "shop/total"]);
}

/// Code that goes on as it was is told again when the source comes to be what it was compiled from,
/// if what that calls has been replaced meanwhile: the same text gives another answer now.
#[test]
fn a_function_taken_back_that_calls_what_was_replaced_is_told() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    let replaced = LIBRARY.replace("n * 2 }\n    pub", "n * 3 }\n    pub");
    let first = patch(world.judge(vec![program.library(&replaced)]).expect("a verdict"));
    assert_eq!(first.not_applied.partly[0].old_in, ["shop::report::print"]);
    world.committed(first.patch.id);
    // `print` runs as it was compiled first, with the first `rule`.
    let without = replaced.replace("u64 { footer(n) + 10 }", "u64 { n + 10 }");
    for source in [&without, &replaced, &without] {
        match world.judge(vec![program.library(source)]).expect("a verdict") {
            Verdict::NoEffect { changed, .. } => assert_eq!(changed, ["shop::report::print"]),
            other => panic!("{other:?}"),
        }
    }
    // With the first `rule` the text is what runs.
    let taken_back = LIBRARY.replace("u64 { footer(n) + 10 }", "u64 { n + 10 }");
    for (source, changed) in [(taken_back.as_str(), None), (LIBRARY, Some([""; 0]))] {
        match (world.judge(vec![program.library(source)]).expect("a verdict"), changed) {
            (Verdict::Patch(prepared), None) => world.committed(prepared.patch.id),
            (Verdict::NoEffect { changed, .. }, Some(expected)) => assert_eq!(changed, expected),
            (other, _) => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_calls_past_the_slot_of_a_function_that_became_hot_is_named() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    let hot = LIBRARY.replace(
        "fn rule(n: u64) -> u64 { n * 2 }",
        "hot! { fn rule / __hot_rule(n: u64) -> u64 { twice(n) } }
        fn twice(n: u64) -> u64 { n * 2 }",
    );
    let first = patch(world.judge(vec![program.library(&hot)]).expect("a verdict"));
    assert_eq!(first.functions, ["shop/total"]);
    world.committed(first.patch.id);
    // Its body, and what that calls.
    for (from, to, item) in [
        ("{ twice(n) }", "{ twice(n) + 1 }", "shop::report::rule"),
        (
            "twice(n: u64) -> u64 { n * 2 }\n    pub",
            "twice(n: u64) -> u64 { n * 3 }\n    pub",
            "shop::report::twice",
        ),
    ] {
        let edited = hot.replace(from, to);
        assert_ne!(edited, hot);
        let prepared = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
        assert_eq!(prepared.functions, ["shop/report/rule"]);
        let left =
            prepared.not_applied.partly.iter().map(|p| (p.item.as_str(), p.old_in.as_slice()));
        let left: Vec<_> = left.collect();
        assert_eq!(left, [(item, &["shop::report::print".to_owned()][..])]);
        world.rejected(prepared.patch.id);
    }
}

#[test]
fn only_what_the_program_can_still_come_to_goes_on_with_old_code() {
    let program = Program::new();
    // `serve` is the only one that calls `print`, and stops doing so.
    let calls = LIBRARY.replace("std::hint::black_box(0)", "report::print(1)");
    let main = MAIN.replace("shop::report::print(n)", "n");
    let mut world = program.whole(&calls, &main);
    let edited = LIBRARY.replace("n * 2 }\n    pub", "n * 3 }\n    pub");
    let prepared = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(prepared.functions, ["shop/serve", "shop/total"]);
    assert_eq!(
        (prepared.not_applied.partly.len(), prepared.not_applied.not_live.len()),
        (0, 0),
        "{:?}",
        prepared.not_applied
    );
}

#[test]
fn who_may_hold_old_code_is_named() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    for (from, to, item, by) in [
        (
            "self.0 * 3",
            "self.0 * 4",
            "<shop::Round as shop::Shape>::area",
            "an object made before (vtable of <shop::Round as shop::Shape>)",
        ),
        ("n ^ 5", "n ^ 6", "shop::report::alone", "an object made before (vtable of shop::Flat)"),
        ("n + 7", "n + 8", "shop::flight", "a future of shop::flight in flight"),
        ("n / 2", "n / 3", "shop::half", "a function pointer in static shop::HOOK"),
        (
            "fn twice(n: u64) -> u64 { n * 2",
            "fn twice(n: u64) -> u64 { n * 3",
            "shop::twice",
            "a function pointer taken in shop::make",
        ),
        ("|m| m + n", "|m| m - n", "shop::make", "a closure made before in shop::make"),
        (
            "black_box(1)",
            "black_box(2)",
            "shop::step",
            "a call of shop::run, which never returns; what it calls can be #[hot]",
        ),
    ] {
        let prepared = edit(&mut world, &program, from, to);
        assert_eq!(held(&prepared), [(item, by)]);
        world.rejected(prepared.patch.id);
    }
    // A body that nothing holds.
    let prepared = edit(&mut world, &program, "black_box(0)", "black_box(3)");
    assert_eq!(held(&prepared), []);
}

#[test]
fn no_effect_says_who_would_have_to_be_hot() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    let mut no_effect = |main: &str, library: &str| {
        let rebuilt = vec![program.library(library), program.binary(main)];
        match world.judge(rebuilt).expect("a verdict") {
            Verdict::NoEffect { changed, why } => (changed.join(", "), why),
            other => panic!("{other:?}"),
        }
    };
    let (changed, why) = no_effect(&MAIN.replace("u64 { n }", "u64 { n + 1 }"), LIBRARY);
    assert_eq!(changed, "main::unused");
    // Not on `main`, which is never called again.
    assert_eq!(
        why,
        "no #[hot] function reaches it: main::unused is used by main::main (#[hot] on \
         main::unused makes it live from a restart on)"
    );
    let (changed, why) = no_effect(&MAIN.replace("n > 5", "n > 6"), LIBRARY);
    assert_eq!(changed, "main::main");
    assert!(
        why.ends_with("main::main has begun and is not called again; what it calls can be #[hot]"),
        "{why}"
    );
}

#[test]
fn hot_functions_come_and_go() {
    let program = Program::new();
    let mut world = program.whole(LIBRARY, MAIN);
    // Renamed, and called by nothing that is hot.
    let library = LIBRARY.replace("serve", "answer");
    let main = MAIN.replace("serve", "answer");
    let verdict = world.judge(vec![program.library(&library), program.binary(&main)]);
    let Ok(Verdict::NoEffect { why, .. }) = verdict else { panic!("{verdict:?}") };
    assert!(why.contains("shop/answer is new"), "{why}");
    // It is hot already.
    assert!(!why.contains("#[hot] on"), "{why}");
    assert!(why.contains("shop/serve is gone from the source"), "{why}");
    // Renamed, and called by one that is.
    let library = LIBRARY.replace("{ report::footer(n) }", "{ report::footer(n) + serve() }");
    let prepared = patch(world.judge(vec![program.library(&library)]).expect("a verdict"));
    assert_eq!((prepared.added.len(), prepared.not_applied.removed.len()), (0, 0));
    world.committed(prepared.patch.id);
    let library = library.replace("serve", "answer");
    let rebuilt = vec![program.library(&library), program.binary(&main)];
    let prepared = patch(world.judge(rebuilt).expect("a verdict"));
    assert_eq!(prepared.functions, ["shop/total"]);
    assert_eq!(prepared.added, ["shop/answer"]);
    assert_eq!(prepared.not_applied.removed, ["shop/serve"]);
    assert_eq!(prepared.patch.entries.len(), 1, "it is registered");
    world.committed(prepared.patch.id);
    // It is hot at once.
    let edited = library.replace("black_box(0)", "black_box(4)");
    let prepared = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(
        (prepared.functions.as_slice(), prepared.added.len()),
        (&["shop/answer".into()][..], 0)
    );
}

/// Without optimisation a call that may unwind past something to clean up loads the address first.
#[test]
fn a_call_across_crates_is_no_function_pointer() {
    const GUARDED: &str = "
        struct Guard;
        impl Drop for Guard { fn drop(&mut self) { println!(\"dropped\"); } }
        fn work(n: u64) { let _guard = Guard; println!(\"{}\", CALLED); }";
    let from = "fn work(n: u64) { println!(\"{}\", shop::report::print(n)) }";
    assert!(MAIN.contains(from), "the edit must apply");
    for (called, expected) in [
        ("shop::report::footer(n)", &[][..]),
        (
            "std::hint::black_box(shop::report::footer as fn(u64) -> u64)(n)",
            &[("shop::report::footer", "a function pointer taken in main::work")],
        ),
    ] {
        let program = Program::new();
        let main = MAIN.replace(from, &GUARDED.replace("CALLED", called));
        let mut world = program.whole(LIBRARY, &main);
        let prepared = edit(&mut world, &program, "rule(n) + 1", "rule(n) + 2");
        assert_eq!(held(&prepared), expected, "{called}");
    }
}
