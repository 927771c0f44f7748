//! Code that does not stand in a section of its own.

use crate::fixture::Program;
use crate::{LIBRARY, MAIN, carried, patch};
use hot_cli::diff::Verdict;

const LABELS: &str = r#"
std::arch::global_asm!(
    ".pushsection .text.labels,\"ax\"",
    ".globl knot_first", "knot_first:", "lea rax, [rdi + 1]",
    ".globl knot_second", "knot_second:", "add rax, 5", "ret",
    ".globl alone", "alone:", "lea rax, [rdi + 7]", "ret",
    ".popsection",
);
unsafe extern "C" { fn knot_first(n: u64) -> u64; fn alone(n: u64) -> u64; }
hot! { pub fn knot / __hot_knot(n: u64) -> u64 { unsafe { knot_first(n) } } }
hot! { pub fn free / __hot_free(n: u64) -> u64 { unsafe { alone(n) } } }
"#;

#[test]
fn labels_that_run_into_one_another_are_not_moved_one_by_one() {
    let program = Program::new();
    let source = format!("{LIBRARY}{LABELS}");
    let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::knot(1) + shop::free(1)");
    let mut world = program.world(&source, &main);
    let edited = source.replace("[rdi + 7]", "[rdi + 8]");
    let free = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(carried(&free), ["alone", "shop::free::__hot_free"]);
    // `knot_first` reads as before, and yet does something else.
    let edited = source.replace("add rax, 5", "add rax, 6");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!((why.word(), details[0].item.as_str()), ("symbol", "knot_first"));
    // Whoever calls it may change.
    let edited = source.replace("knot_first(n) }", "knot_first(n) + 1 }");
    let caller = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(carried(&caller), ["shop::knot::__hot_knot"]);
}
