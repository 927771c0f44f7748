//! What the command line promises: exit statuses, the first events, what is left behind.

use crate::{
    project::{PLAIN, Project, SHOP},
    session::Session,
    tool::{self, Tool, eventually, is_alive},
};
use object::Object;
use std::{fs, path::Path, process::Command};

#[test]
fn bad_usage_is_2() {
    for arguments in
        [&["run", "--no-such-flag"][..], &["run", "--events"], &["no-such-command"], &[]]
    {
        let output = tool::command().args(arguments).output().expect("the tool to start");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_first_build_that_fails_is_101() {
    let mut project = Project::lay(&PLAIN);
    let copy = PLAIN.copies[0];
    project.replace(&copy.file("price.rs"), &[("units * 10", "units * \"ten\"")]);
    let events = project.scratch("events");
    let mut command = tool::command();
    command.args(["run", "--manifest-path"]).arg(project.manifest());
    command.arg("--target-dir").arg(project.target()).arg("--events").arg(&events);
    let mut tool = Tool::start(command, &events);
    let status = tool.wait();
    assert_eq!(status.code(), Some(101));
    assert!(tool.output().contains("E0277"));
    let kinds: Vec<String> =
        tool.events().iter().map(|e| e["event"].as_str().unwrap_or_default().to_owned()).collect();
    assert_eq!(kinds.first().map(String::as_str), Some("building"), "{kinds:?}");
    assert!(!kinds.iter().any(|kind| kind == "running"), "{kinds:?}");
}

#[test]
fn the_status_of_the_program_passes_through() {
    for status in [0, 7] {
        let mut session = Session::start(&PLAIN);
        session.line.send(&format!("main exit {status}"));
        assert_eq!(session.tool.wait().code(), Some(status));
        let left = session.tool.events_left();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(left[0]["event"], "exited");
        assert_eq!(left[0]["status"], status);
    }
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let mut session = Session::start(&SHOP);
    // With a patch loaded, and while the program is busy.
    let copy = SHOP.copies[1];
    session.live(&copy.file("price.rs"), &[("units * 10", "units * 12")]);
    let socket = session.ask("main socket");
    assert!(Path::new(&socket).exists(), "no socket at {socket}");

    session.tool.interrupt();
    assert_eq!(session.tool.wait().code(), Some(130));
    assert!(!is_alive(session.pid), "the program lives on");
    assert!(!Path::new(&socket).exists(), "the socket is still there: {socket}");
}

#[test]
fn ctrl_c_ends_the_first_build() {
    let project = Project::lay(&PLAIN);
    let events = project.scratch("events");
    let mut command = tool::command();
    command.args(["run", "--manifest-path"]).arg(project.manifest());
    command.arg("--target-dir").arg(project.target()).arg("--events").arg(&events);
    let mut tool = Tool::start(command, &events);
    assert_eq!(tool.next_event()["event"], "building");
    tool.interrupt();
    assert_eq!(tool.wait().code(), Some(130));
}

#[test]
fn running_tells_what_runs() {
    let mut session = Session::start(&PLAIN);
    let running = session.tool.events()[1].clone();
    assert_eq!(running["event"], "running");

    let executable = fs::read(format!("/proc/{}/exe", session.pid)).expect("the executable");
    let file = object::File::parse(&*executable).expect("an ELF file");
    let build_id = file.build_id().expect("notes").expect("a build ID");
    let build_id: String = build_id.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(running["build_id"], build_id);

    let functions: u64 = session.ask("main hot").parse().expect("a number");
    assert!(functions >= 9, "{functions}");
    assert_eq!(running["hot_functions"], functions);
    session.finish();
}

#[test]
fn cargo_finds_it_as_a_subcommand() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-hot"));
    let output = command.args(["hot", "run", "--help"]).output().expect("the tool to start");
    assert!(output.status.success(), "{output:?}");
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(help.contains("--events"), "{help}");
}

/// A program that ends while the tool waits takes the tool with it, also by a signal.
#[test]
fn a_killed_program_ends_the_tool() {
    let mut session = Session::start(&PLAIN);
    let pid = rustix::process::Pid::from_raw(session.pid as i32).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is there");
    let status = session.tool.wait();
    assert!(!status.success(), "{status}: {}", session.tool.transcript());
    let pid = session.pid;
    eventually("the program is reaped", || !Path::new(&format!("/proc/{pid}")).exists());
}
