//! Edits that go live: every case on every kind of program, for its library and for its binary.
//!
//! The cases of a group share one process, each begins where the one before ended, and after every
//! edit the session checks that nothing was lost. When a case fails, the others still run, in a
//! new process with the sources as they were; the group fails at its end with all that failed.

use crate::{
    functions, items, locals,
    project::{Copy, Fixture, PLAIN, Project, SHOP, SOLO},
    session::Session,
    tool::eventually,
    trouble,
};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a person does and sees, on one copy of `subject`.
type Case = fn(&mut Session, Copy);

const CASES: &[(&str, Case)] = &[
    ("state is touched by new code", functions::touches_all_state),
    ("the body of a hot function", functions::body),
    ("a private helper two calls below", functions::helper_below),
    ("a method of a trait", functions::trait_method),
    ("an async function", functions::futures_in_flight),
    ("a function that a loop calls", functions::called_in_a_loop),
    ("a downcast in new code", functions::downcast),
    ("a helper in the library, called from the binary", functions::across_crates),
    ("a generic of the library, instantiated in the binary", functions::generic_across_crates),
    ("new functions and types", items::new_functions_and_types),
    ("strings, formats, constants, immutable statics", items::words),
    ("a new static, bound by the next patches", items::new_statics),
    ("std functions that the executable lacks", items::missing_std),
    ("new thread-locals", locals::new_thread_locals),
    ("a panic in new code", trouble::panic),
    ("a panic in a task", trouble::panic_in_a_task),
    ("an error, then its fix", trouble::error_then_fix),
    ("an error, then undone", trouble::error_then_undone),
    ("a change that no hot function reaches", trouble::unreached),
    ("a comment", trouble::comment),
    ("a save that changes nothing", trouble::same_content),
    ("thirty edits", trouble::thirty_edits),
    ("state is touched by new code again", functions::touches_all_state),
];

fn run(fixture: &'static Fixture, copy: Copy) {
    let mut failures = Vec::new();
    let mut session = Session::start(fixture);
    for (name, case) in CASES {
        eprintln!("{} {}: {name}", fixture.name, copy.name);
        if catch_unwind(AssertUnwindSafe(|| case(&mut session, copy))).is_err() {
            eprintln!(
                "{} {}: {name}: FAILED\n{}",
                fixture.name,
                copy.name,
                session.tool.transcript()
            );
            failures.push(*name);
            drop(session);
            session = Session::start(fixture);
        }
    }
    if catch_unwind(AssertUnwindSafe(|| session.finish())).is_err() {
        failures.push("the end");
    }
    assert!(failures.is_empty(), "{} {}: failed: {failures:#?}", fixture.name, copy.name);
}

#[test]
fn library_of_a_workspace() {
    run(&SHOP, SHOP.copies[0]);
}

#[test]
fn binary_of_a_workspace() {
    run(&SHOP, SHOP.copies[1]);
}

#[test]
fn library_of_a_package_with_both() {
    run(&SOLO, SOLO.copies[0]);
}

#[test]
fn binary_of_a_package_with_both() {
    run(&SOLO, SOLO.copies[1]);
}

#[test]
fn binary_without_a_runtime() {
    run(&PLAIN, PLAIN.copies[0]);
}

/// A fresh target folder yields no command lines: those of the earlier start must serve.
#[test]
fn a_second_start_with_nothing_to_build() {
    let session = Session::start(&SOLO);
    let Session { project, mut tool, line, .. } = session;
    drop(line);
    tool.interrupt();
    tool.wait();

    let mut session = Session::start_in(project);
    for copy in SOLO.copies {
        functions::body(&mut session, *copy);
    }
    session.finish();
}

/// Dependencies that are optimised, and a crate of the user's that is: inline functions of std are
/// then in the program in several versions under one name.
#[test]
fn crates_with_other_optimisation() {
    let mut project = Project::lay(&PLAIN);
    let manifest = project.read("Cargo.toml");
    let profile = "[profile.dev.package.\"*\"]\nopt-level = 3\n\n\
                   [profile.dev.package.desk]\nopt-level = 1\n";
    project.write("Cargo.toml", &format!("{manifest}\n{profile}"));
    let mut session = Session::start_in(project);
    let copy = PLAIN.copies[0];
    functions::touches_all_state(&mut session, copy);
    items::new_functions_and_types(&mut session, copy);
    items::missing_std(&mut session, copy);
    trouble::panic(&mut session, copy);
    session.finish();
}

/// With everything optimised, a function accesses several thread-locals, old and new ones, by one
/// sequence, and the accessors are inlined into it.
#[test]
fn thread_locals_of_optimised_code() {
    let mut project = Project::lay(&SHOP);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &format!("{manifest}\n[profile.dev]\nopt-level = 3\n"));
    let mut session = Session::start_in(project);
    for copy in SHOP.copies {
        locals::new_thread_locals(&mut session, *copy);
        functions::touches_all_state(&mut session, *copy);
    }
    session.finish();
}

/// Thread-locals for which a running program has no room, or whose type is another now, begin anew
/// with the program.
#[test]
fn thread_locals_that_need_a_restart() {
    let mut session = Session::start(&SOLO);
    for copy in SOLO.copies {
        locals::too_many(&mut session, *copy);
        locals::another_type(&mut session, *copy);
    }
    session.finish();
}

/// A static whose type has another layout is never bound: the program is begun anew, and the next
/// edit goes live in the new process.
#[test]
fn another_layout_of_a_static() {
    let mut session = Session::start(&SHOP);
    for copy in SHOP.copies {
        let enter = format!("main {} enter 5", copy.name);
        session.expect(&enter, "balance 55");
        session.expect(&enter, "balance 60");
        let before = session.pid;

        session.edit(
            &copy.file("ledger.rs"),
            &[("    amount: u32,", "    amount: u64,"), ("amount as u32", "amount")],
        );
        let refused = session.outcome();
        let event = &refused.event;
        assert_eq!(event["event"], "refused", "{event}");
        assert_eq!(event["why"], "layout", "{event}");
        assert_eq!(event["next"], "restart", "{event}");
        let details = event["details"].as_array().expect("details");
        assert!(
            details.iter().any(|d| d["item"].as_str().is_some_and(|i| i.contains("Balance"))),
            "{event}"
        );
        assert!(details.iter().all(|d| d["was"] != d["now"]), "{event}");
        // Found from what a person knows: statics by path, hot functions by their names.
        let lines = details.iter().flat_map(|d| d["lines"].as_array().into_iter().flatten());
        let lines: Vec<&str> = lines.filter_map(|line| line.as_str()).collect();
        assert!(lines.contains(&"amount: u32 at 0    →  u64 at 0"), "{event}");
        assert!(
            lines.iter().any(|line| line.starts_with("reached from: ") && line.contains("static ")),
            "{event}"
        );

        session.restarted();
        assert_ne!(session.pid, before);
        eventually("the old process is gone", || !crate::tool::is_alive(before));
        session.expect(&enter, "balance 55");
        session.check();
        session.live(&copy.file("ledger.rs"), &[("\"balance {}\"", "\"Balance {}\"")]);
        session.expect(&enter, "Balance 60");
        // Undone, since the next restart builds this copy as well.
        session.live(&copy.file("ledger.rs"), &[("\"Balance {}\"", "\"balance {}\"")]);
    }
    session.finish();
}

/// A type of which nothing is alive between the calls may be made, widened and made an enum of.
#[test]
fn a_type_that_lives_in_calls_alone() {
    let mut session = Session::start(&SHOP);
    for copy in SHOP.copies {
        let ask = format!("one {} price 3", copy.name);
        let file = copy.file("price.rs");
        let shown = "let line = Line { units }; let price = line.units * 10 + format!(\"{line:?}\").len() as u64;";
        session.live(
            &file,
            &[
                ("let price = units * 10;", shown),
                (
                    "static ASKED",
                    "#[derive(Clone, Debug)]\nstruct Line { units: u64 }\n\nstatic ASKED",
                ),
            ],
        );
        session.expect(&ask, "47 asked=1");
        session.live(
            &file,
            &[
                ("{ units: u64 }", "{ units: u64, note: String }"),
                ("Line { units }", "Line { units, note: \"n\".into() }"),
            ],
        );
        session.expect(&ask, "58 asked=2");
        session.live(
            &file,
            &[
                ("struct Line {", "enum Line { None, Some {"),
                ("note: String }", "note: String } }"),
                ("Line { units, note: \"n\".into() }", "if units > 100 { Line::None } else { Line::Some { units, note: \"no\".into() } }"),
                ("line.units * 10", "match &line { Line::Some { units, .. } => units * 10, Line::None => 0 }"),
            ],
        );
        session.expect(&ask, "59 asked=3");
        session.check();
    }
    session.finish();
}
