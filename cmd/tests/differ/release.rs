//! What the optimiser does to a program, and what must not be mistaken for an edit.

use crate::fixture::Program;
use crate::{LIBRARY, MAIN, patch};
use hot_cli::diff::Verdict;

/// Optimised, in one codegen unit and in several, incremental or not.
const PROFILES: [&[&str]; 4] = [
    &["-g", "-Copt-level=3", "-Ccodegen-units=1"],
    &["-g", "-Copt-level=3", "-Ccodegen-units=1", "-Cincremental=inc"],
    &["-g", "-Copt-level=3", "-Ccodegen-units=16"],
    &["-g", "-Copt-level=3", "-Ccodegen-units=16", "-Cincremental=inc"],
];

/// A private static that the optimiser takes apart.
const STATS: &str = r#"
struct Stats { hits: AtomicU64, misses: AtomicU64, rest: AtomicU64 }
static STATS: Stats = Stats { hits: AtomicU64::new(1), misses: AtomicU64::new(2), rest: AtomicU64::new(3) };
hot! { pub fn hit / __hot_hit(n: u64) -> u64 {
    // all
    STATS.hits.fetch_add(1, Ordering::Relaxed) + STATS.misses.load(Ordering::Relaxed) + STATS.rest.fetch_add(n, Ordering::Relaxed)
} }
hot! { pub fn miss / __hot_miss(n: u64) -> u64 { STATS.misses.fetch_add(n, Ordering::Relaxed) } }
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
        let edited = source.replace("STATS.hits.fetch_add(1, Ordering::Relaxed) + ", "");
        match world.judge(vec![program.library(&edited)]).expect("a verdict") {
            Verdict::Refused { why, details } => {
                assert_eq!(why, "static", "{profile:?} {details:?}");
                assert!(details[0].item.starts_with("shop::STATS"), "{details:?}");
            }
            // It is whole in both.
            Verdict::Patch(prepared) => {
                let data = (prepared.patch.data.len(), prepared.patch.zeroed, prepared.new_statics);
                assert_eq!(data, (0, 0, 0), "{profile:?}");
                println!("whole: {profile:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}
