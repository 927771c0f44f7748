//! Programs that are not Rust alone: C in the library and in the binary, and allocators that are
//! not the system's. Allocators are one to a program, so each comes with another way to build.
//!
//! Jemalloc takes longer to compile than all the rest: `.ci/long jemalloc` has it.

use crate::{
    profiles::{LLD, linker},
    project::{MIXED, Project},
    session::Session,
};
use object::{Object, ObjectSymbol};

const SHELF: &str = "metal/src/shelf.rs";
const METAL: &str = "metal/src/native.rs";
const APP: &str = "app/src/native.rs";

/// What of C the program as it was built first does not contain.
const ABSENT: [&str; 6] =
    ["metal_rung", "metal_label", "metal_secret", "app_back", "app_leap", "app_leaps"];

/// Starts the program so, and makes the edits.
fn start(allocator: &str, flags: &[&str], rustc: &str) -> Session {
    let flags = [&["--features", allocator], flags].concat();
    let environment = [("RUSTFLAGS", rustc)];
    let mut session = Session::start_with(Project::lay(&MIXED), &flags, &environment);
    let executable = session.executable();
    assert_eq!(linker(&executable), LLD);
    let file = object::File::parse(&*executable).expect("an executable");
    let names: Vec<&str> = file.symbols().filter_map(|symbol| symbol.name().ok()).collect();
    assert!(names.contains(&"metal_ring") && names.contains(&"app_step"));
    assert!(ABSENT.iter().all(|absent| !names.contains(absent)), "it is there from the start");

    memory(&mut session);
    c_in_the_library(&mut session);
    callbacks(&mut session);
    c_in_the_binary(&mut session);
    session
}

/// Each version of the code frees and grows what each other has allocated.
fn memory(session: &mut Session) {
    for copy in ["library", "binary"] {
        session.expect(&format!("one shelf {copy} putold 1"), "old put");
        session.expect(&format!("main shelf {copy} put 2"), "put");
    }
    session.expect("main memory", "20 of 20");
    session.live(
        SHELF,
        &[
            ("\"put\".to_owned()", "\"put anew\".to_owned()"),
            ("\"took {} {}\"", "\"took away {} {}\""),
            ("iter_mut().for_each", "iter_mut().rev().for_each"),
        ],
    );
    for copy in ["library", "binary"] {
        let mut expect = |thread: &str, verb: &str, answer: &str| {
            session.expect(&format!("{thread} shelf {copy} {verb}"), answer);
        };
        expect("two", "grow", "grown");
        expect("main", "take", "took away 1 true");
        expect("one", "put 11", "put anew");
        expect("two", "putold 12", "old put");
        expect("one", "takeold", "old took 2 true");
        expect("two", "takeold", "old took 11 true");
        expect("main", "put 13", "put anew");
        expect("one", "put 14", "put anew");
    }
    session.expect("main memory", "30 of 30");
    session.live(
        SHELF,
        &[
            ("\"put anew\"", "\"put again\""),
            ("\"took away {} {}\"", "\"took back {} {}\""),
            ("iter_mut().rev().for_each", "iter_mut().skip(1).for_each"),
        ],
    );
    for copy in ["library", "binary"] {
        let mut expect = |thread: &str, verb: &str, answer: &str| {
            session.expect(&format!("{thread} shelf {copy} {verb}"), answer);
        };
        expect("one", "grow", "grown");
        expect("main", "take", "took back 12 true");
        expect("two", "take", "took back 13 true");
        expect("main", "put 21", "put again");
        expect("two", "takeold", "old took 14 true");
    }
    session.expect("main memory", "10 of 10");
    for copy in ["library", "binary"] {
        session.expect(&format!("one shelf {copy} takeold"), "old took 21 true");
        session.expect(&format!("one shelf {copy} take"), "none");
    }
}

/// New code uses what C has, through functions that the program has called and others.
fn c_in_the_library(session: &mut Session) {
    session.expect("main metal told", "100 200 300");
    session.expect("main metal ring 5", "rang 405");
    session.expect("main metal told", "105 205 305");
    let old = "let secret = unsafe { metal_ring(by) };\n    format!(\"rang {secret}\")";
    let new = "let (secret, rings) = unsafe {\n        metal_rings += 1000;\n        \
               (metal_ring(by), metal_rings)\n    };\n    format!(\"rang {secret} {rings}\")";
    session.live(METAL, &[(old, new)]).swapped_only("metal/native/ring");
    session.expect("main metal ring 5", "rang 410 1110");
    session.expect("main metal told", "1110 210 310");
    session.expect("one metal told", "1110 210 300");

    // What is hidden is a local symbol by now; what is each thread's own is found on each thread.
    let nothing = "format!(\"nothing for {n}\")";
    let rung = "format!(\"rung {}\", unsafe { metal_rung(n) })";
    session.live(METAL, &[(nothing, rung)]).swapped_only("metal/native/fresh");
    session.expect("main metal fresh 3", "rung 1639");
    session.expect("main metal told", "1113 213 313");
    session.expect("one metal fresh 1", "rung 1629");
    session.expect("one metal told", "1114 214 301");

    // A table of jumps, one of words, and the C library.
    let label = "let mut text = [0_u8; 64];\n    let room = text.as_mut_ptr().cast();\n    \
                 let length = unsafe { metal_label(room, text.len(), n) };\n    \
                 String::from_utf8_lossy(&text[..length as usize]).into_owned()";
    session.live(METAL, &[(rung, label)]);
    for (n, answer) in [(0, "tin=7"), (4, "iron=3"), (5, "gold=42"), (7, "iron=49")] {
        session.expect(&format!("two metal fresh {n}"), answer);
    }
    session.live(METAL, &[(label, nothing)]);
}

/// C calls the code that is live: a hot function that it keeps, one that it is given, and one by
/// way of the C library.
fn callbacks(session: &mut Session) {
    session.expect("main metal pull 5", "10");
    session.live(METAL, &[("n * 2", "n * 3")]).swapped_only("metal/native/pulled");
    session.expect("main metal pull 5", "15");

    session.expect("main metal fold 1", "6");
    session.live(METAL, &[("all + next", "all * 2 + next")]).swapped_only("metal/native/folded");
    session.expect("main metal fold 1", "11");

    let nothing = "format!(\"nothing for {n}\")";
    let sorted = "unsafe extern \"C\" {\n        fn qsort(\n            of: *mut c_int,\n            \
                  count: usize,\n            size: usize,\n            \
                  compare: extern \"C\" fn(&c_int, &c_int) -> c_int,\n        );\n    }\n    \
                  extern \"C\" fn downwards(a: &c_int, b: &c_int) -> c_int {\n        \
                  b.cmp(a) as c_int\n    }\n    let mut all = [n, 9, n + 5, 1];\n    \
                  unsafe { qsort(all.as_mut_ptr(), all.len(), size_of_val(&n), downwards) };\n    \
                  format!(\"{all:?}\")";
    session.live(METAL, &[(nothing, sorted)]);
    session.expect("two metal fresh 6", "[11, 9, 6, 1]");
    session.live(METAL, &[(sorted, nothing)]);
}

/// The same where rustc hands the archive to the linker.
fn c_in_the_binary(session: &mut Session) {
    session.expect("main step 1", "at 11");
    session.live(APP, &[("app_step(n)", "app_back(n)")]).swapped_only("main/native/step");
    session.expect("main step 1", "at 10");
    session.live(APP, &[("app_back(n)", "app_leap(n)")]);
    session.expect("main step 1", "at 51011");
    // State that came with a patch is the next one's as well.
    session.live(APP, &[("\"at {}\"", "\"leapt to {}\"")]);
    session.expect("two step 2", "leapt to 52014");
}

/// Waits for a refusal and for the program that is started anew.
fn refused(session: &mut Session, why: &str, item: &str) {
    let outcome = session.outcome();
    assert_eq!(outcome.event["event"], "refused", "{}", outcome.event);
    assert_eq!(outcome.event["why"], why, "{}", outcome.event);
    let details = outcome.event["details"].as_array().expect("details");
    assert!(details.iter().any(|detail| detail["item"] == item), "{}", outcome.event);
    session.restarted();
}

/// What is private to a file of C cannot be told from what another file has by the same name.
#[test]
fn with_mimalloc_in_release() {
    let mut session = start("mimalloc", &["--release"], "");
    let secret = "format!(\"secret {}\", unsafe { metal_secret() } + n)";
    session.edit(METAL, &[("format!(\"nothing for {n}\")", secret)]);
    refused(&mut session, "static", "metal_secret");
    session.expect("main metal fresh 1", "secret 402");
    session.finish();
}

/// Linked by the lld that is asked for. What one allocator gave, another must not free.
#[test]
fn with_an_allocator_of_its_own() {
    let mut session = start("own", &[], "-Clink-arg=-fuse-ld=lld");
    session.edit("app/src/memory.rs", &[("0x6d61_726b_6564_2121", "0x6d61_726b_6564_2122")]);
    refused(&mut session, "allocator", "__rustc::__rust_alloc");
    session.expect("main shelf library put 1", "put again");
    session.expect("main memory", "5 of 5");
    session.finish();
}

#[test]
#[ignore = "jemalloc takes a minute to compile"]
fn with_jemalloc() {
    start("jemalloc", &[], "").finish();
    start("jemalloc", &["--release"], "").finish();
}
