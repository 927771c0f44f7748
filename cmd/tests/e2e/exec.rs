//! `hot exec`: a command of the user's own builds and starts the program.

use crate::{
    project::{PLAIN, Project, SHOP},
    session::{Session, script_command},
    tool::{Tool, eventually, is_alive},
};
use std::{fs, process::Command};

/// Cargo first, then the executable: the shell stays between the tool and the program.
const BUILD_AND_START: &str = r#"cargo build --manifest-path "$MANIFEST" --target-dir "$TARGET" && "$TARGET/debug/plain" "$PORT""#;

#[test]
fn edits_go_live_in_what_a_shell_has_built_and_a_restart_runs_it_again() {
    let mut session = Session::start_script(Project::lay(&PLAIN), &[], BUILD_AND_START);
    let copy = PLAIN.copies[0];
    let price = copy.file("price.rs");
    session.live(&price, &[("units * 10", "units * 12")]).swapped(&copy.function("price/price"));
    // The shell is not the program, and is not taken for it.
    let shell = parent(session.pid);
    assert_ne!(shell, session.tool.pid().as_raw_nonzero().get());

    session.edit(&price, &[("units * 12", "units * \"ten\"")]);
    let event = session.outcome().event;
    assert_eq!(event["event"], "compile-error", "{event}");
    session.check();
    session.live(&price, &[("units * \"ten\"", "units * 13")]);

    // What only cargo can act on.
    let first = session.pid;
    session.edit("Cargo.toml", &[("version = \"0.1.0\"", "version = \"0.2.0\"")]);
    let event = session.outcome().event;
    assert!(event["why"].as_str().is_some_and(|why| why.contains("Cargo.toml")), "{event}");
    session.begun_anew(&event);
    assert!(session.pid != first && !is_alive(first));
    eventually("the shell of the first start has ended", || !is_alive(shell.unsigned_abs()));
    session.live(&price, &[("units * 13", "units * 14")]);
    session.finish();
}

#[test]
fn a_script_may_go_elsewhere_and_call_cargo_twice() {
    let project = Project::lay(&SHOP);
    let script = project.root().join("app/start.sh");
    let text = "#!/bin/sh\nset -e\ncd \"$(dirname \"$MANIFEST\")/shop\"\n\
                cargo build --quiet --target-dir \"$TARGET\"\ncd ../app/src\n\
                exec cargo run --quiet --target-dir \"$TARGET\" -- \"$PORT\"\n";
    fs::write(&script, text).expect("a script");
    let mut session = Session::start_script(project, &[], "sh app/start.sh");
    for copy in SHOP.copies {
        let swapped = copy.function("price/price");
        session.live(&copy.file("price.rs"), &[("units * 10", "units * 12")]).swapped(&swapped);
    }
    session.finish();
}

#[test]
fn what_was_built_before_is_learnt_once_and_then_known() {
    let project = Project::lay(&PLAIN);
    let store = project.target().join("hot");
    if store.exists() {
        fs::remove_dir_all(&store).expect("the last run's records to go");
    }
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--manifest-path"])
        .arg(project.manifest())
        .arg("--target-dir")
        .arg(project.target())
        .env_remove("RUSTFLAGS")
        .status()
        .expect("cargo to start");
    assert!(built.success());

    let price = PLAIN.copies[0].file("price.rs");
    let mut session = Session::start_script(project, &[], BUILD_AND_START);
    assert!(session.tool.output().contains("to learn how"));
    session.live(&price, &[("units * 10", "units * 12")]);
    let project = session.leave();

    // What the first has left stale is compiled anew, and after that everything is fresh.
    let project = Session::start_script(project, &[], BUILD_AND_START).leave();
    let mut session = Session::start_script(project, &[], BUILD_AND_START);
    let output = session.tool.output();
    assert!(!output.contains("Compiling") && !output.contains("to learn"), "{output}");
    session.live(&price, &[("units * 12", "units * 11")]);
    session.finish();
}

/// Objects on disk that are newer than what runs would be taken for what runs.
#[test]
fn an_executable_older_than_its_objects_is_not_taken_for_what_they_say() {
    let price = PLAIN.copies[0].file("price.rs");
    let mut session = Session::start_script(Project::lay(&PLAIN), &[], BUILD_AND_START);
    session.live(&price, &[("units * 10", "units * 12")]);
    let project = session.leave();
    // Started as it was linked, before the edit.
    let only_start = r#""$TARGET/debug/plain" "$PORT""#;
    let mut session = Session::start_script(project, &["--no-restart"], only_start);
    assert!(session.ask("main binary price 3").starts_with("30 "));
    session.edit(&price, &[("units * 12", "units * 13")]);
    assert_eq!(session.outcome().event["event"], "refused");
    session.finish();
}

#[test]
fn a_program_that_never_calls_the_reloader_is_found_and_told_what_to_say() {
    let mut project = Project::lay(&PLAIN);
    project.replace("src/main.rs", &[("    hot::spawn_reloader();\n", "")]);
    let mut session = Session::start_script(project, &[], BUILD_AND_START);
    session.edit(&PLAIN.copies[0].file("price.rs"), &[("units * 10", "units * 12")]);
    let event = session.outcome().event;
    assert_eq!(
        (event["event"].as_str(), event["why"].as_str()),
        (Some("refused"), Some("not-connected")),
        "{event}"
    );
    let output = session.tool.output();
    assert!(output.contains("tokio::spawn(hot::reloader_loop())"), "{output}");
    session.finish();
}

#[test]
fn a_command_that_fails_is_told_by_its_status_or_waited_for() {
    let mut project = Project::lay(&PLAIN);
    let price = PLAIN.copies[0].file("price.rs");
    project.replace(&price, &[("units * 10", "units * \"ten\"")]);
    let (events, port) = (project.scratch("events"), project.scratch("port"));
    let command = script_command(&project, &[], BUILD_AND_START, &events, &port);
    let mut tool = Tool::start(command, &events);
    assert_eq!(tool.wait().code(), Some(101));
    assert!(tool.output().contains("E0277"), "{}", tool.output());
    assert_eq!(tool.events().last().map(|e| e["status"].clone()), Some(101.into()));

    fs::remove_file(&events).expect("the events to go");
    let command = script_command(&project, &["--wait"], BUILD_AND_START, &events, &port);
    let mut tool = Tool::start(command, &events);
    assert_eq!(tool.next_event()["event"], "building");
    assert_eq!(tool.next_event()["event"], "compile-error");
    project.replace(&price, &[("units * \"ten\"", "units * 10")]);
    for expected in ["change", "building", "running"] {
        let event = tool.next_event();
        assert_eq!(event["event"], expected, "{event}");
    }
}

/// The parent of a process.
fn parent(pid: u32) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let (_, rest) = stat.rsplit_once(") ").expect("its name");
    rest.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a number")
}
