//! Backtraces through patches: each frame has its function, file and line.

use crate::project::{Copy, Fixture, PLAIN, Project, SHOP};
use crate::session::Session;
use crate::tool::eventually;

/// The hot functions of `trace.rs`, outermost first, and the call that each makes.
const CHAIN: [(&str, &str); 5] = [
    ("first", "second()"),
    ("second", "third()"),
    ("third", "fourth()"),
    ("fourth", "fifth()"),
    ("fifth", "innermost(40)"),
];

/// One backtrace before any patch; then the innermost function is patched, and each of the five
/// above it on its own, so that more patches lie on the stack than std keeps files open.
fn through_patches(fixture: &'static Fixture, copy: Copy) {
    let environment = [("RUST_BACKTRACE", "1"), ("HOT_PERF_MAP", "1")];
    let mut session = Session::start_with(Project::lay(fixture), &[], &environment);
    let file = copy.file("trace.rs");
    let ask = format!("one {} trace", copy.name);

    let before = session.ask(&ask);
    assert!(before.starts_with("42 "), "{before}");
    expect_frames(&session, &file, &before);

    // A line inserted above: the frames below it move.
    let moved = (
        "    let local = depth + 2;",
        "    // Moved down.\n    let more = depth * 2;\n    let local = more + 2;",
    );
    session.live(&file, &[moved]);
    let now = session.ask(&ask);
    assert!(now.starts_with("82 "), "{now}");
    expect_frames(&session, &file, &now);

    for (name, call) in CHAIN {
        let old = format!("    let trace = {call};\n    trace\n");
        // The call moves down a line, and what is below it, in older code, stays.
        let new = format!("    // Moved down.\n    {call} + \".\"\n");
        session.live(&file, &[(&old, &new)]);
        let now = session.ask(&ask);
        assert!(now.starts_with("82 "), "{now}");
        expect_frames(&session, &file, &now);
        assert!(!now.contains("<unknown>"), "after {name}: {now}");
    }
    assert!(session.ask(&ask).ends_with("....."), "every patch is live");

    // A panic in a patch, printed by std's own hook.
    let fragile = copy.file("fragile.rs");
    session.live(&fragile, &[("    n + 1\n", "    let _why = n;\n    panic!(\"broken\");\n")]);
    let caught = session.ask(&format!("two {} fragile 3", copy.name));
    assert!(caught.starts_with("caught: broken"), "{caught}");
    let line = line_of(&session.project.read(&fragile), "panic!(\"broken\")");
    eventually("the panic is printed with its place", || {
        let output = session.tool.output();
        let at = format!("{fragile}:{line}");
        let mut lines = output.lines().skip_while(|line| !line.contains("stack backtrace"));
        lines.any(|l| l.contains("fragile")) && lines.any(|l| l.contains(&at))
    });
    // The same names, for perf.
    let map = format!("/tmp/perf-{}.map", session.pid);
    let names = std::fs::read_to_string(&map).expect("the names for perf");
    std::fs::remove_file(&map).expect("it is the test's now");
    assert!(names.lines().any(|line| line.ends_with("trace::innermost")), "{names}");

    let socket = session.ask("main socket");
    let named = std::path::Path::new(&socket).file_stem().expect("a socket").to_owned();
    let beside = || {
        let folder = std::path::Path::new(&socket).parent().expect("a folder");
        let entries = std::fs::read_dir(folder).expect("the folder of sockets").flatten();
        entries.filter(|entry| entry.path().file_stem() == Some(&named)).count()
    };
    assert_eq!(beside(), 2, "the socket, and the folder of names");
    session.finish();
    assert_eq!(beside(), 0, "nothing is left");
}

#[test]
fn a_backtrace_in_a_binary_names_function_file_and_line() {
    through_patches(&PLAIN, PLAIN.copies[0]);
}

#[test]
fn a_backtrace_in_a_library_names_function_file_and_line() {
    through_patches(&SHOP, SHOP.copies[0]);
}

/// Checks that the trace names the functions of the chain and the lines on which the calls stand in
/// the file as it is now.
#[track_caller]
fn expect_frames(session: &Session, file: &str, trace: &str) {
    let source = session.project.read(file);
    let innermost = [("innermost", "Backtrace::force_capture()")];
    for (name, call) in CHAIN.into_iter().chain(innermost) {
        let at = format!("{file}:{}:", line_of(&source, call));
        let parts: Vec<&str> = trace.split(" | ").collect();
        let found = parts.windows(2).any(|pair| names(pair[0], name) && pair[1].contains(&at));
        assert!(found, "no frame of {name} at {at} in:\n{}", trace.replace(" | ", "\n"));
    }
}

/// Whether a frame's line is about a function of `trace.rs`.
fn names(part: &str, function: &str) -> bool {
    part.split_once("trace::").is_some_and(|(_, path)| path.contains(function))
}

/// The number of the one line that has this text, declarations apart.
fn line_of(source: &str, text: &str) -> usize {
    let is_it = |line: &str| line.contains(text) && !line.contains("fn ");
    let mut lines = source.lines().enumerate().filter(|(_, line)| is_it(line));
    let (index, _) = lines.next().unwrap_or_else(|| panic!("no {text} in:\n{source}"));
    assert_eq!(lines.next(), None, "{text} stands once");
    index + 1
}
