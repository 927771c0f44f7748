//! Why a change is not live, in sentences that have to be true, and where a mark would help.

use crate::fixture::Program;
use crate::patch;
use hot_cli::diff::{DiffSession, Verdict};

const LIBRARY: &str = r#"
use std::sync::LazyLock;
pub static CHECKS: &[fn() -> u64] = &[disk, net];
fn disk() -> u64 { 11 }
fn net() -> u64 { word() }
fn word() -> u64 { 12 }
pub static MORE: std::sync::Mutex<[fn() -> u64; 1]> = std::sync::Mutex::new([spare]);
fn spare() -> u64 { 21 }
static FIRST: LazyLock<u64> = LazyLock::new(|| 31);
hot! { pub fn lazy / __hot_lazy() -> u64 {
    static CONFIG: LazyLock<u64> = LazyLock::new(|| 41);
    *CONFIG + *FIRST
} }
#[used] #[unsafe(link_section = ".init_array")]
static BEFORE: extern "C" fn() = before;
extern "C" fn before() { std::hint::black_box(51); }
#[unsafe(no_mangle)] pub extern "C" fn called_from_c() -> u64 { 61 }
pub fn nobody() -> u64 { 71 }
/// As the macro writes one that returns what cannot be named.
macro_rules! hot_impl {
    ($name:ident $body:ident $code:block) => {
        #[inline] pub fn $name(n: u64) -> impl Iterator<Item = u64> {
            fn $body(n: u64) -> impl Iterator<Item = u64> { let made = $code; made(n) }
            #[unsafe(link_section = "hot_slots")] static __HOT_SLOT: crate::Slot = crate::Slot(std::sync::atomic::AtomicPtr::new($body as *const () as *mut ()));
            const TEXT: &str = concat!(module_path!(), "\0\0", stringify!($name), "\0fn(u64) -> impl Iterator\0", file!(), "\0");
            #[used] #[unsafe(link_section = "hot_entries")] static __HOT_ENTRY: crate::Entry = crate::Entry {
                abi: 4, kind: 0, line: line!(), slot: &__HOT_SLOT, original: $body as *const (), text: TEXT.as_ptr(), len: TEXT.len(), identity: None, sizes: std::ptr::null(), sizes_len: 0, mocks: [0; 5] };
            let code = if false { $body as fn(_) -> _ } else { unsafe { std::mem::transmute(__HOT_SLOT.0.load(std::sync::atomic::Ordering::Relaxed)) } };
            code(n)
        }
    };
}
hot_impl! { rows __hot_rows { |n| (0..n).map(|x| x + 81) } }
hot_impl! { wide __hot_wide { |n| rows(n).map(|x| x + 91) } }
pub fn show(n: u64) -> u64 { wide(n).sum() }
pub fn nested(n: u64) -> u64 { let add = |m: u64| m + 101; add(n) }
"#;

const MAIN: &str = r#"
fn main() {
    let n = std::env::args().count() as u64;
    for check in shop::CHECKS { println!("{}", check()); }
    println!("{} {} {}", shop::lazy(), shop::show(n), shop::nested(n));
    println!("{} {}", shop::called_from_c(), shop::MORE.lock().unwrap()[0]());
    println!("{:?}", shop::rows(n).collect::<Vec<_>>());
}
"#;

fn world(program: &Program) -> DiffSession {
    program.whole(LIBRARY, MAIN)
}

/// What is told of an edit of the library that has no effect.
fn told(world: &mut DiffSession, program: &Program, from: &str, to: &str) -> String {
    let edited = LIBRARY.replace(from, to);
    assert_ne!(edited, LIBRARY, "the edit must apply");
    match world.judge(vec![program.library(&edited)]).expect("a verdict") {
        Verdict::NoEffect { why, .. } => {
            why.strip_prefix("no #[hot] function reaches it: ").expect("why").to_owned()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_static_refers_to_is_not_said_to_be_called_by_nothing() {
    let program = Program::new();
    let mut world = world(&program);
    for (from, to, expected) in [
        (
            "u64 { 11 }",
            "u64 { 110 }",
            "shop::disk is used by shop::CHECKS (#[hot] on shop::disk makes it live from a restart on)",
        ),
        (
            "u64 { 12 }",
            "u64 { 120 }",
            "shop::word is used by shop::net (#[hot] on shop::word or shop::net makes it live from a \
             restart on)",
        ),
        (
            "u64 { 21 }",
            "u64 { 210 }",
            "static shop::MORE keeps the old shop::spare (#[hot] on shop::spare makes it live from a \
             restart on)",
        ),
        (
            "|| 31",
            "|| 310",
            "static shop::FIRST keeps the value that it has, or the code that makes it",
        ),
        (
            "|| 41",
            "|| 410",
            "static shop::lazy::CONFIG keeps the value that it has, or the code that makes it",
        ),
        ("(51)", "(510)", "shop::before runs before main, and has run"),
        ("u64 { 71 }", "u64 { 710 }", "nothing in the program calls shop::nobody"),
    ] {
        assert_eq!(told(&mut world, &program, from, to), expected);
    }
}

/// A closure has no name of its own: whoever calls its function calls it.
#[test]
fn what_calls_a_function_uses_the_closures_in_it() {
    let program = Program::new();
    let mut world = world(&program);
    assert_eq!(
        told(&mut world, &program, "m + 101", "m + 102"),
        "shop::nested is used by main::main (#[hot] on shop::nested makes it live from a restart on)"
    );
}

#[test]
fn what_a_hot_function_returns_runs_in_its_caller() {
    let program = Program::new();
    let mut world = world(&program);
    // Inside another one's, and in `main`, which has begun.
    assert_eq!(
        told(&mut world, &program, "x + 81", "x + 82"),
        "shop::rows is #[hot], but what it returns runs in main::main and shop::show (#[hot] on \
         shop::show makes it live from a restart on)"
    );
    assert_eq!(
        told(&mut world, &program, "x + 91", "x + 92"),
        "shop::wide is #[hot], but what it returns runs in shop::show (#[hot] on shop::show makes it \
         live from a restart on)"
    );
}

/// The advice is true: the caller is marked, and the same edit goes live.
#[test]
fn with_the_caller_marked_what_a_hot_function_returns_goes_live() {
    let program = Program::new();
    let library = LIBRARY.replace(
        "pub fn show(n: u64) -> u64 { wide(n).sum() }",
        "hot! { pub fn show / __hot_show(n: u64) -> u64 { wide(n).sum() } }",
    );
    let mut world = program.whole(&library, MAIN);
    let edited = library.replace("x + 91", "x + 92");
    let prepared = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(prepared.functions, ["shop/show"]);
}

#[test]
fn where_every_caller_has_begun_a_caller_between_is_needed() {
    let program = Program::new();
    let main = MAIN.replace("shop::show(n)", "shop::wide(n).sum::<u64>()");
    let source = LIBRARY.replace("wide(n).sum()", "n");
    let mut world = program.whole(&source, &main);
    let edited = source.replace("x + 91", "x + 92");
    let rebuilt = vec![program.library(&edited), program.binary(&main)];
    let verdict = world.judge(rebuilt).expect("a verdict");
    let Verdict::NoEffect { why, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!(
        why.trim_start_matches("no #[hot] function reaches it: "),
        "shop::wide is #[hot], but what it returns runs in main::main (a #[hot] function that calls \
         shop::wide and uses up what it returns makes it live from a restart on)"
    );
}

#[test]
fn what_the_macro_has_made_has_no_name_in_a_message() {
    let program = Program::new();
    let source = format!(
        "{LIBRARY}\nhot! {{ pub fn counts / __hot_counts(n: u64) -> u64 {{ \
         static N: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1); \
         N.fetch_add(n, std::sync::atomic::Ordering::Relaxed) }} }}"
    );
    let main = MAIN.replace("shop::lazy()", "shop::lazy() + shop::counts(1)");
    let mut world = program.whole(&source, &main);
    let edited = source
        .replace(
            "AtomicU64 = std::sync::atomic::AtomicU64",
            "AtomicU32 = std::sync::atomic::AtomicU32",
        )
        .replace("N.fetch_add(n,", "u64::from(N.fetch_add(n as u32,")
        .replace("Relaxed) }", "Relaxed)) }");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    let Verdict::Refused { details, .. } = verdict else { panic!("{verdict:?}") };
    assert!(details[0].item.ends_with("shop::counts::N"), "{details:?}");
    assert!(!format!("{details:?}").contains("__"), "{details:?}");
}
