//! Projects of other people's making: what hot is called there, and which edition they are in; and the
//! shapes of functions (`shapes`), which `cargo check` and `cargo build` have to see alike.
#![cfg(feature = "mock")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn are_checked_and_built_and_their_tests_pass() {
    let workspace = copy_projects();
    // A check leaves out the entries: a build may find no error that a check has not.
    cargo(&workspace, &["check", "--workspace"]);
    cargo(&workspace, &["test", "--workspace", "--lib"]);
}

fn cargo(workspace: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--quiet"])
        .current_dir(workspace)
        .env("CARGO_TARGET_DIR", workspace.with_file_name("projects-target"))
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "cargo {arguments:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The projects beside the target folder, with the versions of this workspace and its path to hot.
fn copy_projects() -> PathBuf {
    let hot = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects");
    copy(&hot.join("tests/projects"), &target, hot);
    fs::copy(hot.join("../Cargo.lock"), target.join("Cargo.lock")).unwrap();
    target
}

fn copy(from: &Path, to: &Path, hot: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to, hot);
            continue;
        }
        let text = fs::read_to_string(&from).unwrap();
        let shapes = hot.join("tests/shapes/lib.rs");
        let text = text
            .replace("{hot}", hot.to_str().unwrap())
            .replace("{shapes}", shapes.to_str().unwrap());
        // Left alone when it is the same, so that cargo finds it fresh.
        if fs::read_to_string(&to).ok().as_ref() != Some(&text) {
            fs::write(&to, text).unwrap();
        }
    }
}
