//! Patches named on the program's standard input, without the tool.

use crate::{
    line::Line,
    project::{PLAIN, Project},
    tool::{Tool, eventually},
};
use std::{io::Write, process::Command};

/// Each line that names no patch costs one clear line; the program goes on, also after the end of
/// its input.
#[test]
fn nonsense_on_stdin_is_told_and_survived() {
    let project = Project::lay(&PLAIN);
    let build = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--manifest-path"])
        .arg(project.manifest())
        .arg("--target-dir")
        .arg(project.target())
        .status()
        .expect("cargo to start");
    assert!(build.success());

    let port = project.scratch("port");
    let not_a_patch = project.scratch("not a patch");
    std::fs::write(&not_a_patch, "neither a patch nor a library").expect("a file");
    let mut command = Command::new(project.target().join("debug/plain"));
    command.arg(&port).env_remove("HOT_SOCKET").env_remove("HOT_WATCH");
    let mut program = Tool::start(command, &project.scratch("events"));
    let mut stdin = program.stdin();
    let mut line = None;
    eventually("the program opens its port", || {
        line = line.take().or_else(|| Line::open(&port));
        line.is_some()
    });
    let mut line = line.expect("a connection");
    assert_eq!(line.ask("main binary price 3"), "30 asked=1");

    let missing = "/no/such/patch.hot";
    let folder = project.root().display().to_string();
    let broken = not_a_patch.display().to_string();
    for path in [missing, &folder, &broken] {
        writeln!(stdin, "{path}").expect("stdin to be open");
        eventually("the line is answered", || mentions(&program.output(), path) > 0);
        assert_eq!(mentions(&program.output(), path), 1, "{}", program.output());
        assert_eq!(line.ask("one binary price 3").split(' ').next(), Some("30"));
    }
    assert!(!program.output().contains("Hot reload was successful"), "{}", program.output());

    drop(stdin);
    assert_eq!(line.ask("two binary price 3"), "30 asked=5");
    assert!(program.ended().is_none());
}

/// How many lines speak of a path.
fn mentions(output: &str, path: &str) -> usize {
    output.lines().filter(|line| line.contains(path)).count()
}
