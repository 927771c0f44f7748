//! What the optimiser does to a program, and what must not be mistaken for an edit.

use crate::fixture::Program;
use crate::{LIBRARY, MAIN, patch};
use hot_cli::diff::{Guards, Verdict};

/// Optimised, in one codegen unit and in several, incremental or not.
const PROFILES: [&[&str]; 4] = [
    &["-g", "-Copt-level=3", "-Ccodegen-units=1"],
    &["-g", "-Copt-level=3", "-Ccodegen-units=1", "-Cincremental=inc"],
    &["-g", "-Copt-level=3", "-Ccodegen-units=16"],
    &["-g", "-Copt-level=3", "-Ccodegen-units=16", "-Cincremental=inc"],
];

/// A private static that the optimiser takes apart.
const STATS: &str = r#"
static mut STATS: (u64, u64, u64) = (1, 2, 3);
hot! { pub fn hit / __hot_hit(n: u64) -> u64 {
    // all
    unsafe { STATS.0 += 1; STATS.2 += n; STATS.0 + STATS.1 + STATS.2 }
} }
hot! { pub fn miss / __hot_miss(n: u64) -> u64 { unsafe { STATS.1 += n; STATS.1 } } }
"#;

#[test]
fn an_optimised_edit_keeps_its_statics_and_swaps_what_changed() {
    for profile in PROFILES {
        let program = Program::with(profile);
        let mut world = program.world(LIBRARY, MAIN);
        for (from, to, function) in [
            ("n * 2", "n * 3 + 1", "shop/price"),
            ("n = {n}", "number {n}!", "shop/label"),
            ("* 0.5", "* 0.25", "shop/half"),
        ] {
            let edited = program.library(&LIBRARY.replace(from, to));
            let prepared = patch(world.judge(vec![edited]).expect("a verdict"));
            assert_eq!(prepared.functions, [function], "{profile:?}");
            let data = (prepared.patch.data.len(), prepared.patch.zeroed, prepared.new_statics);
            assert_eq!(data, (0, 0, 0), "{profile:?}");
        }
    }
}

#[test]
fn the_parts_of_a_split_static_are_the_running_ones_or_the_edit_is_refused() {
    for profile in PROFILES {
        let program = Program::with(profile);
        let source = format!("{LIBRARY}{STATS}");
        let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::hit(1) + shop::miss(1)");
        let mut world = program.world(&source, &main);
        // All parts stay.
        let edited = source.replace("// all", "let n = n ^ 9;");
        let all = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
        assert_eq!(all.functions, ["shop/hit"], "{profile:?}");
        assert_eq!((all.patch.data.len(), all.new_statics), (0, 0), "{profile:?}");
        // The first is not used any more: what was the second may be called the first.
        let edited = source.replace("STATS.0 += 1;", "").replace("STATS.0 + ", "");
        match world.judge(vec![program.library(&edited)]).expect("a verdict") {
            Verdict::Refused { why, details } => {
                assert_eq!(why.word(), "static", "{profile:?} {details:?}");
                assert!(details[0].item.starts_with("shop::STATS"), "{details:?}");
            }
            // Small functions may be inlined elsewhere unless the build is incremental; what they
            // use must then be visible, and stays whole.
            Verdict::Patch(prepared) => {
                let data = (prepared.patch.data.len(), prepared.patch.zeroed, prepared.new_statics);
                assert_eq!(data, (0, 0, 0), "{profile:?}");
                assert!(!profile.contains(&"-Cincremental=inc"), "{profile:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_static_that_was_whole_is_not_begun_anew_in_parts() {
    let program = Program::with(PROFILES[3]);
    let whole = STATS.replace("// all", "std::hint::black_box(&raw mut STATS);");
    let source = format!("{LIBRARY}{whole}");
    let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::hit(1) + shop::miss(1)");
    let mut world = program.world(&source, &main);
    let edited = source.replace("std::hint::black_box(&raw mut STATS);", "");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!(why.word(), "static");
    assert!(details[0].now.as_ref().unwrap().contains("taken apart"), "{details:?}");
}

#[test]
fn constants_that_several_units_share_are_compared_by_what_they_hold() {
    // Each module is a unit of its own; the table is used in two, and named after neither.
    let shared = r#"
pub mod first {
    #[inline] pub fn table() -> &'static [(&'static str, u64); 3] { &[("one", 1), ("two", 2), ("three", 3)] }
    hot! { pub fn sum / __hot_sum(n: u64) -> u64 { table().iter().map(|(name, k)| name.len() as u64 * k + n).sum() } }
}
pub mod second {
    hot! { pub fn find / __hot_find(n: u64) -> u64 { super::first::table()[n as usize % 3].0.len() as u64 } }
    hot! { pub fn other / __hot_other(n: u64) -> u64 { n + 1 } }
}
"#;
    for profile in PROFILES {
        let program = Program::with(profile);
        let source = format!("{LIBRARY}{shared}");
        let main = MAIN.replace(
            "shop::price(3)",
            "shop::price(3) + shop::first::sum(1) + shop::second::find(1) + shop::second::other(2)",
        );
        let mut world = program.world(&source, &main);
        let edited = source.replace("{ n + 1 }", "{ n * 7 }");
        let other = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
        assert_eq!(other.functions, ["shop/second/other"], "{profile:?}");
        world.committed(other.patch.id);
        let edited = edited.replace("\"three\", 3", "\"three\", 4");
        let table = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
        assert!(table.functions.contains(&"shop/first/sum".to_owned()), "{profile:?}");
    }
}

/// A library whose units refer to one another's private constants: `near` takes in the code of
/// `far`, and with it what that refers to.
const ACROSS: &str = r#"
pub mod far {
    pub fn name(n: u64) -> String { format!("the number {n} is far") }
    pub fn word(n: u64) -> &'static (&'static str, u64) { if n > 3 { &("many", 3) } else { &("few", 2) } }
}
pub mod near {
    hot! { pub fn say / __hot_say(n: u64) -> u64 { crate::far::name(n).len() as u64 + crate::far::word(n).1 } }
    hot! { pub fn other / __hot_other(n: u64) -> u64 { n + 1 } }
}
"#;

#[test]
fn a_constant_that_units_share_under_a_name_of_llvms_is_no_change() {
    let mut shared = 0;
    for profile in PROFILES {
        let program = Program::with(profile);
        let source = format!("{LIBRARY}{ACROSS}");
        let main = MAIN.replace(
            "shop::price(3)",
            "shop::price(3) + shop::near::say(1) + shop::near::other(2) + shop::far::word(1).1",
        );
        let objects = program.link(&source, &main);
        let anonymous = |data: &[u8]| data.windows(6).any(|bytes| bytes == b"\0anon.");
        shared += usize::from(objects.objects.iter().any(|(_, data)| anonymous(data)));
        let mut world = program.guarded(objects, Guards::default()).expect("the world is read");
        let edited = source.replace("{ n + 1 }", "{ n * 7 }");
        let other = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
        assert_eq!(other.functions, ["shop/near/other"], "{profile:?}");
    }
    assert!(shared > 0, "no profile makes a unit share its constants: this tests nothing");
}
