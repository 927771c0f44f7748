//! What a save comes to where nothing can go live: cargo, restarts, messages; and what is watched.

use super::fixture::{Fixture, WAITS, gone};
use rustix::process::Signal;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn what_git_or_the_user_ignores_is_not_watched() {
    let fixture = Fixture::new(WAITS);
    fixture.write("assets/page.html", "1");
    fixture.write(".gitignore", "*.log\n/assets/made\n");
    let mut running = fixture.start(&["--watch", "assets", "--ignore", "*.tmp"]);
    running.running();
    for file in ["assets/a.log", "assets/b.tmp", "assets/made/c.html"] {
        fixture.write(file, "x");
    }
    std::thread::sleep(Duration::from_millis(300));
    fixture.write("assets/made/c.html", "y");
    std::thread::sleep(Duration::from_millis(300));
    fixture.write("assets/page.html", "2");
    assert_eq!(running.expect("change")["files"], serde_json::json!(["assets/page.html"]));
    running.expect("restarted");
    running.signal(Signal::INT);
    running.end();
    let (status, _, told) = fixture.run(&["run", "--ignore", "{"]);
    assert!(status == 2 && told.contains("--ignore {"), "{status} {told}");
}

#[test]
fn what_the_tool_writes_of_a_save_is_no_save() {
    let fixture = Fixture::new(WAITS);
    // The file of events lies there.
    let mut running = fixture.start(&["--watch", ".", "--ignore", "/run"]);
    running.running();
    for content in ["1", "2", "3"] {
        fixture.write("page.html", content);
        assert_eq!(running.expect("change")["files"], serde_json::json!(["page.html"]));
        running.expect("restarted");
    }
    running.signal(Signal::INT);
    running.end();
}

#[test]
fn a_save_is_seen_without_notices() {
    let fixture = Fixture::new(WAITS);
    let mut running = fixture.start(&["--poll=50"]);
    running.running();
    fixture.write("src/main.rs", &WAITS.replace("\"one\"", "1"));
    assert_eq!(running.expect("change")["files"], serde_json::json!(["src/main.rs"]));
    running.expect("compile-error");
    running.signal(Signal::INT);
    running.end();
}

#[test]
fn a_command_without_hot_functions_is_run_again_at_each_save() {
    let fixture = Fixture::new(WAITS);
    let command = "cargo build -q && ./target/debug/app";
    let args = ["--watch", ".", "--", "sh", "-c", command];
    let mut running = fixture.start_as("exec", &args, Stdio::null());
    assert_eq!(running.line(), "one");
    // It has had its time to say hello.
    std::thread::sleep(Duration::from_secs(6));
    fixture.write("notes.txt", "x");
    fixture.write("src/main.rs", &WAITS.replace("\"one\"", "\"two\""));
    assert_eq!(running.expect("change")["files"], serde_json::json!(["src/main.rs"]));
    assert_eq!(running.line(), "two");
    running.signal(Signal::INT);
    assert_eq!(running.end().0.code(), Some(130));
}

#[test]
fn errors_are_told_while_the_old_code_runs_and_then_the_fix_goes_through() {
    let fixture = Fixture::new(WAITS);
    let mut running = fixture.start(&[]);
    let program = running.running()["pid"].clone();
    assert_eq!(running.line(), "one");

    // Saved without a change, and a file that is none of the program's: nothing happens.
    fixture.write("src/main.rs", WAITS);
    fixture.write("src/notes.txt", "x");
    fixture.write("src/unused.rs", "fn f() {}");
    std::thread::sleep(Duration::from_millis(300));

    fixture.write("src/main.rs", &WAITS.replace("\"one\"", "1"));
    assert_eq!(running.expect("change")["files"], serde_json::json!(["src/main.rs"]));
    let rendered = running.expect("compile-error")["rendered"].as_str().unwrap().to_owned();
    assert!(rendered.starts_with("error[E0308]"), "{rendered}");
    assert!(!gone(&program));

    // A missing module, then the module.
    fixture.write("src/main.rs", &format!("mod more;\n{WAITS}"));
    running.expect("change");
    running.expect("compile-error");
    fixture.write("src/more.rs", "pub fn unused() {}\n");
    assert_eq!(running.expect("change")["files"], serde_json::json!(["src/more.rs"]));
    let answer = running.next();
    assert_ne!(answer["event"], "compile-error", "{answer}");
    running.signal(Signal::INT);
    let (_, told) = running.end();
    assert!(told.contains("the last good code runs on"), "{told}");
}

#[test]
fn a_warning_is_told_once_and_errors_in_their_order() {
    let fixture = Fixture::new(WAITS);
    let mut running = fixture.start(&[]);
    running.running();
    let unused = format!("{WAITS}fn unused() {{}}\n");
    fixture.write("src/main.rs", &unused);
    running.expect("change");
    running.expect("no-effect");
    fixture.write("src/main.rs", &unused.replace("\"one\"", "1"));
    running.expect("change");
    running.expect("compile-error");
    fixture.write("src/main.rs", &unused.replace("\"one\"", "\"two\""));
    running.expect("change");
    running.expect("no-effect");
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", &manifest.replace("0.1.0", "0.2.0"));
    running.expect("change");
    running.expect("restarted");
    running.signal(Signal::INT);
    let (_, told) = running.end();
    assert_eq!(told.matches("function `unused` is never used").count(), 1, "{told}");
    let explained = told.find("rustc --explain").unwrap();
    assert!(told.find("error[E0308]").unwrap() < explained, "{told}");
    assert!(explained < told.find("✗ does not build").unwrap(), "{told}");
    assert!(!told.contains("aborting due to") && !told.contains("warning emitted"), "{told}");
}

#[test]
fn a_manifest_restarts_the_program_or_is_refused() {
    let fixture = Fixture::new(WAITS);
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    let mut running = fixture.start(&[]);
    let first = running.running()["pid"].clone();
    assert_eq!(running.line(), "one");
    fixture.write("Cargo.toml", &manifest.replace("0.1.0", "0.2.0"));
    assert_eq!(running.expect("change")["files"], serde_json::json!(["Cargo.toml"]));
    let restarted = running.expect("restarted");
    assert_ne!(restarted["pid"], first);
    assert!(restarted["why"].as_str().unwrap().contains("Cargo.toml"), "{restarted}");
    assert!(gone(&first));
    assert_eq!(running.line(), "one");

    fixture.write("Cargo.toml", "nonsense");
    running.expect("change");
    let rendered = running.expect("compile-error")["rendered"].as_str().unwrap().to_owned();
    assert!(rendered.starts_with("error"), "{rendered}");
    fixture.write("Cargo.toml", &manifest);
    running.expect("change");
    running.expect("restarted");
    running.signal(Signal::INT);
    running.end();

    std::fs::remove_file(fixture.path("events.jsonl")).unwrap();
    let mut running = fixture.start(&["--no-restart"]);
    running.running();
    fixture.write("Cargo.toml", &manifest.replace("0.1.0", "0.3.0"));
    running.expect("change");
    assert_eq!(running.expect("refused")["next"], "keep");
    running.signal(Signal::INT);
    running.end();
}

#[test]
fn a_watched_folder_restarts_the_program() {
    let fixture = Fixture::new(WAITS);
    fixture.write("assets/page.html", "1");
    let mut running = fixture.start(&["--watch", "assets"]);
    running.running();
    fixture.write("assets/page.html", "1");
    fixture.write("assets/page.html", "2");
    assert_eq!(running.expect("change")["files"], serde_json::json!(["assets/page.html"]));
    running.expect("restarted");
    running.signal(Signal::INT);
    running.end();
}

#[test]
fn after_a_clean_a_save_is_built_and_runs_and_so_is_the_next() {
    let fixture = Fixture::new(WAITS);
    let mut running = fixture.start(&[]);
    running.running();
    assert_eq!(running.line(), "one");
    let clean = |words: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        let cargo = cargo.args(["clean", "-q"]).args(words).current_dir(fixture.path(""));
        assert!(cargo.status().unwrap().success());
    };
    clean(&[]);
    fixture.write("src/main.rs", &WAITS.replace("one", "two"));
    running.expect("change");
    let why = running.expect("restarted")["why"].as_str().unwrap().to_owned();
    assert!(why.contains("cargo clean"), "{why}");
    assert_eq!(running.line(), "two");
    // Nothing but the program's crate was there, and its command makes all that it left.
    clean(&["-p", "app"]);
    fixture.write("src/main.rs", &WAITS.replace("one", "three"));
    running.expect("change");
    running.expect("no-effect");
    running.signal(Signal::INT);
    running.end();
}

#[test]
fn what_a_build_script_may_read_restarts_the_program() {
    let fixture = Fixture::new(WAITS);
    fixture.write("build.rs", "fn main() {}");
    fixture.write("data/one.txt", "1");
    let mut running = fixture.start(&[]);
    running.running();
    let mut restarts = |file: &str, why: &str| {
        fixture.write(file, "2");
        assert_eq!(running.expect("change")["files"], serde_json::json!([file]));
        let restarted = running.expect("restarted");
        assert!(restarted["why"].as_str().unwrap().contains(why), "{restarted}");
    };
    restarts("data/one.txt", "does not say what it reads");
    restarts("data/two.txt", "does not say what it reads");
    fixture.write("build.rs", "fn main() { println!(\"cargo:rerun-if-changed=data\"); }");
    running.expect("change");
    running.expect("restarted");
    let mut restarts = |file: &str, text: &str| {
        fixture.write(file, text);
        assert_eq!(running.expect("change")["files"], serde_json::json!([file]));
        let restarted = running.expect("restarted");
        assert!(restarted["why"].as_str().unwrap().contains("read by"), "{restarted}");
    };
    restarts("data/one.txt", "3");
    restarts("data/three.txt", "3");
    // A source is rustc's, whatever the script may read.
    fixture.write("src/main.rs", &WAITS.replace("one", "two"));
    running.expect("change");
    running.expect("no-effect");
    running.signal(Signal::INT);
    running.end();
}
