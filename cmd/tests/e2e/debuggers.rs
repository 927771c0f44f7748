//! gdb attached to a program whose code was replaced.

use crate::project::{PLAIN, Project};
use crate::session::Session;
use crate::tool::{Tool, eventually};
use std::process::Command;

/// A debugger that runs these commands in the program and ends. `None`, with a line that says so,
/// where there is no gdb.
fn gdb(session: &Session, commands: &[&str]) -> Option<Tool> {
    let mut command = Command::new("gdb");
    command.env("DEBUGINFOD_URLS", "").args(["-nx", "-batch", "-p", &session.pid.to_string()]);
    for line in ["set pagination off", "set breakpoint pending on"].iter().chain(commands) {
        command.args(["-ex", line]);
    }
    if Command::new("gdb").arg("--version").output().is_err() {
        eprintln!("gdb is not installed: what it sees of patched code is not tested");
        return None;
    }
    Some(Tool::start(command, &session.project.scratch("no events")))
}

/// Asks again and again until gdb has seen what it waits for and has ended.
fn ask_until_seen(session: &mut Session, gdb: &mut Tool, question: &str) -> String {
    eventually("gdb stops in the patch and ends", || {
        session.ask(question);
        gdb.ended().is_some()
    });
    assert!(gdb.wait().success(), "{}", gdb.output());
    gdb.output()
}

#[test]
fn gdb_breaks_in_patched_code_by_name_and_shows_its_source() {
    let mut session = Session::start_with(Project::lay(&PLAIN), &[], &[]);
    let file = PLAIN.copies[0].file("trace.rs");
    let local = "    let local = depth + 2;";
    session.live(&file, &[(local, "    let patched = depth * 2;\n    let local = patched + 2;")]);

    // Attached after the patch.
    let commands = [
        "break plain::subject::trace::innermost",
        "continue",
        "next",
        "info args",
        "info locals",
        "backtrace 4",
        "detach",
    ];
    let Some(mut seen) = gdb(&session, &commands) else { return };
    let output = ask_until_seen(&mut session, &mut seen, "one binary trace");
    let contains = |text: &str| assert!(output.contains(text), "no {text:?} in:\n{output}");
    contains("let patched = depth * 2;");
    contains("depth = 40");
    contains("patched = 80");
    for (number, function) in [(0, "innermost"), (1, "__hot_fifth"), (3, "__hot_fourth")] {
        let frame = output
            .lines()
            .find(|line| line.starts_with(&format!("#{number} ")) && line.contains(function));
        let frame = frame.unwrap_or_else(|| panic!("no frame of {function} in:\n{output}"));
        assert!(frame.contains("trace.rs:"), "{frame}");
    }

    // Attached before the patch, waiting for a function that there is not yet.
    let commands = ["break plain::subject::trace::novel", "continue", "backtrace 2", "detach"];
    let mut seen = gdb(&session, &commands).expect("it was there a moment ago");
    eventually("gdb waits", || seen.output().contains("Breakpoint 1 ("));
    let novel = "/// Where gdb stops.";
    let call = ("let twice = count * 2;", "let twice = novel(count);");
    let function = format!("fn novel(n: u64) -> u64 {{\n    n * 20\n}}\n\n{novel}");
    session.edit(&file, &[(novel, &function), call]);
    session.applied();
    let output = ask_until_seen(&mut session, &mut seen, "one binary halt 3");
    assert!(output.contains("novel (n=3) at"), "{output}");
    assert!(output.contains("    n * 20"), "the source is shown: {output}");
    session.expect("one binary halt 3", "60");
    session.finish();
}
