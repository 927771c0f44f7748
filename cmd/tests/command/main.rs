//! `hot run` and `hot exec` as commands: its exit status, its events, what it leaves behind.
//!
//! The programs here have no `#[hot]` function; what goes live in those that do is tested elsewhere.
//!
//! - `fixture`: the program and the tool; `saves`: what a save comes to;
//! - `configuration`: what cargo's configuration says of the program;
//! - `trouble`: a machine that does not do as it should.

mod configuration;
mod fixture;
mod saves;
mod trouble;

use fixture::{Fixture, WAITS, gone, id};
use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn the_status_is_the_programs_and_so_are_arguments_and_environment() {
    let fixture = Fixture::new(
        "fn main() { println!(\"{:?} {}\", std::env::args().skip(1).collect::<Vec<_>>(), \
         std::env::var(\"CARGO_PKG_NAME\").unwrap()); std::process::exit(7); }",
    );
    let (status, said, told) = fixture.run(&["run", "--", "--port", "1"]);
    assert_eq!((status, said.as_str()), (7, "[\"--port\", \"1\"] app\n"), "{told}");
    assert!(told.contains("the program ended with status 7"), "{told}");
    assert!(!told.contains("go live"), "it has ended: {told}");
    assert_eq!(fixture.sockets(), 0);

    // As a subcommand of cargo.
    let output = fixture.hot(env!("CARGO_BIN_EXE_cargo-hot"), &["hot", "run"]).output().unwrap();
    assert_eq!(output.status.code(), Some(7));
}

#[test]
fn an_end_by_a_signal_is_told_as_a_shell_does() {
    let fixture = Fixture::new("fn main() { std::process::abort(); }");
    let mut running = fixture.start(&[]);
    assert_eq!(running.end().0.code(), Some(128 + 6));
    running.running();
    assert_eq!(running.expect("exited")["status"], 128 + 6);
}

#[test]
fn bad_usage_is_status_2() {
    let fixture = Fixture::new("fn main() {}");
    fixture.write("src/bin/other.rs", "fn main() {}");
    let (status, _, told) = fixture.run(&["run"]);
    assert_eq!(status, 2);
    assert!(told.contains("available binaries: app, other"), "{told}");
    assert_eq!(fixture.run(&["run", "--bin", "other"]).0, 0);
    assert_eq!(fixture.run(&["run", "--nonsense"]).0, 2);
    let (status, _, told) = fixture.run(&["run", "--events", "nowhere/events"]);
    assert_eq!(status, 2, "{told}");
    let (status, _, told) = fixture.run(&["run", "--manifest-path", "nowhere/Cargo.toml"]);
    assert!(status == 101 && told.starts_with("error: manifest path"), "{told}");
    let (status, _, told) = fixture.run(&["run", "--watch", "nowhere"]);
    assert_eq!(status, 2);
    assert!(told.contains("there is no such folder"), "{told}");
}

#[test]
fn without_a_program_the_status_is_101_unless_told_to_wait() {
    let fixture = Fixture::new("fn main() { let x: u8 = \"no\"; }");
    let (status, _, told) = fixture.run(&["run"]);
    assert_eq!(status, 101);
    assert!(told.contains("error[E0308]"), "{told}");

    let mut running = fixture.start(&["--wait"]);
    let rendered = running.expect("compile-error")["rendered"].as_str().unwrap().to_owned();
    assert!(rendered.contains("error[E0308]: mismatched types"), "{rendered}");
    fixture.write("src/main.rs", WAITS);
    assert_eq!(running.expect("change")["files"][0], "src/main.rs");
    assert_eq!(running.line(), "one");
    running.running();
    running.signal(Signal::INT);
    assert_eq!(running.end().0.code(), Some(130));
}

#[test]
fn an_interrupt_ends_program_and_tool_and_leaves_nothing() {
    for (signal, frozen) in [(Signal::INT, false), (Signal::TERM, false), (Signal::INT, true)] {
        let fixture = Fixture::new(WAITS);
        let mut running = fixture.start(&[]);
        let program = running.running()["pid"].clone();
        if frozen {
            // A stopped process acts on no signal but the one that kills.
            kill_process(id(&program), Signal::STOP).unwrap();
            // Were it to find both signals when it is scheduled next, it would act on the other first.
            let stat = format!("/proc/{program}/stat");
            while !std::fs::read_to_string(&stat).unwrap().contains(") T ") {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        running.signal(signal);
        assert_eq!(running.end().0.code(), Some(130));
        assert!(gone(&program));
        assert_eq!(fixture.sockets(), 0);
        let status = if frozen { 128 + 9 } else { 128 + 2 };
        assert_eq!(running.expect("exited")["status"], status);
    }
}

#[test]
fn a_killed_tool_leaves_the_program_alone() {
    let fixture = Fixture::new(WAITS);
    let mut running = fixture.start(&[]);
    let program = running.running()["pid"].clone();
    running.signal(Signal::KILL);
    running.child.wait().unwrap();
    // Were it to go along, the kernel would have ended it before the tool could be waited for.
    std::thread::sleep(Duration::from_millis(200));
    assert!(!gone(&program));
}

#[test]
fn a_crash_is_told_and_with_wait_the_next_save_starts_it_again() {
    let crash = "fn main() { println!(\"up\"); std::process::abort(); }";
    let fixture = Fixture::new(crash);
    let mut running = fixture.start(&["--wait"]);
    running.running();
    assert_eq!(running.expect("exited")["status"], 128 + 6);
    fixture.write("src/main.rs", &crash.replace("abort()", "abort(1)"));
    running.expect("change");
    running.expect("compile-error");
    fixture.write("src/main.rs", WAITS);
    assert_eq!(running.expect("change")["files"], serde_json::json!(["src/main.rs"]));
    let restarted = running.expect("restarted");
    assert!(restarted["why"].as_str().unwrap().contains("killed by SIGABRT"), "{restarted}");
    assert_eq!([running.line(), running.line()], ["up", "one"]);
    running.signal(Signal::INT);
    assert_eq!(running.end().0.code(), Some(130));

    // One that ends with success has done what it was for.
    let fixture = Fixture::new("fn main() {}");
    let mut running = fixture.start(&["--wait"]);
    assert_eq!(running.end().0.code(), Some(0));
}

#[test]
fn a_second_tool_is_kept_away_from_the_same_artifacts_only() {
    let fixture = Fixture::new(WAITS);
    let mut first = fixture.start(&[]);
    first.running();
    let (status, _, told) = fixture.run(&["run"]);
    let expected = format!("another hot (pid {})", first.child.id());
    assert!(status == 101 && told.contains(&expected), "{status} {told}");
    assert!(told.contains("--target-dir"), "{told}");
    std::fs::rename(fixture.path("events.jsonl"), fixture.path("first.jsonl")).unwrap();
    let mut second = fixture.start(&["--target-dir", "other"]);
    second.running();
    second.signal(Signal::INT);
    assert_eq!(second.end().0.code(), Some(130));
    first.signal(Signal::INT);
    assert_eq!(first.end().0.code(), Some(130));
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let fixture = Fixture::new("fn main() {}");
    let (status, _, told) = fixture.run(&["doctor"]);
    assert_eq!(status, 0, "{told}");
    for what in ["✓ toolchain: rustc", "linker:", "✓ profile: `dev`", "✓ target:", "control socket"]
    {
        assert!(told.contains(what), "{what} in {told}");
    }
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("Cargo.toml", &format!("{manifest}[profile.dev]\nlto = true\n"));
    let (status, _, told) = fixture.run(&["doctor"]);
    assert_eq!(status, 1, "{told}");
    assert!(told.contains("✗ profile: `dev` has lto = true\n    set lto = false"), "{told}");
}

const ECHOES: &str = "fn main() { let mut line = String::new(); \
                      std::io::stdin().read_line(&mut line).unwrap(); \
                      println!(\"heard {}\", line.trim()); std::process::exit(7); }";

#[test]
fn a_commands_input_and_status_are_its_own_and_wrappers_are_still_used() {
    use std::io::Write;
    let fixture = Fixture::new("fn main() {}");
    // A project in a folder below, with a wrapper of its own in its configuration.
    let manifest = std::fs::read_to_string(fixture.path("Cargo.toml")).unwrap();
    fixture.write("sub/Cargo.toml", &manifest.replace("app", "sub"));
    fixture.write("sub/src/main.rs", ECHOES);
    let (script, log) = (fixture.path("wrap.sh"), fixture.path("log"));
    fixture.write("wrap.sh", &format!("#!/bin/sh\necho used >> {}\nexec \"$@\"\n", log.display()));
    make_executable(&script);
    fixture.write("sub/.cargo/config.toml", "[build]\nrustc-wrapper = \"../wrap.sh\"\n");
    let command = "cd sub && cargo build -q && ./target/debug/sub";
    let mut running =
        fixture.start_as("exec", &["--watch", ".", "--", "sh", "-c", command], Stdio::piped());
    running.child.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    assert_eq!(running.line(), "heard hello");
    assert_eq!(running.end().0.code(), Some(7));
    assert_eq!(running.any()["event"], "building");
    assert_eq!(running.expect("exited")["status"], 7);
    assert!(log.exists(), "the configuration's wrapper was not used");
    let store = fixture.path("sub/target/hot/capture/debug");
    let records = std::fs::read_dir(store).unwrap().flatten();
    assert!(records.into_iter().any(|e| e.file_name().to_string_lossy().starts_with("sub-")));
    assert_eq!(fixture.sockets(), 0, "something is left behind");
}

#[test]
fn a_wrapper_that_was_there_is_still_used() {
    let fixture = Fixture::new(WAITS);
    let script = fixture.path("wrap.sh");
    let log = fixture.path("log");
    let text = format!("#!/bin/sh\necho used >> {}\nexec \"$@\"\n", log.display());
    std::fs::write(&script, text).unwrap();
    make_executable(&script);
    fixture.write(".cargo/config.toml", "[build]\nrustc-wrapper = \"./wrap.sh\"\n");
    let mut running = fixture.start(&[]);
    running.running();
    assert!(log.exists());
    std::fs::remove_file(&log).unwrap();
    fixture.write("src/main.rs", &WAITS.replace("\"one\"", "1"));
    running.expect("change");
    running.expect("compile-error");
    assert!(log.exists(), "replays go through it too");
    running.signal(Signal::INT);
    running.end();
}

fn make_executable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A program that listens at a socket of the fixture and answers to `n` lists.
/// It says that it is another process, which is not believed: the kernel tells who it is.
fn listening(socket: &Path, n: usize) -> std::thread::JoinHandle<()> {
    use hot_patch::message::{
        FunctionInfo, PROTOCOL, PatchInfo, Reply, Request, read_frame, write_frame,
    };
    let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let mut answered = 0;
        while answered < n {
            let (mut stream, _) = listener.accept().unwrap();
            let (pid, build_id, patches) = (4_000_001, vec![1], Vec::new());
            let hello = Reply::Hello { protocol: PROTOCOL, pid, build_id, functions: 1, patches };
            write_frame(&mut stream, &hello.to_bytes()).unwrap();
            // Who only looks which program it is goes again.
            let Ok(Some(frame)) = read_frame(&mut stream) else { continue };
            assert_eq!(Request::from_bytes(&frame).unwrap(), Request::List);
            let list = Reply::Functions(vec![FunctionInfo {
                name: "shop/cart/*Cart.total".into(),
                signature: "fn(&Cart) -> u64".into(),
                file: "src/cart.rs".into(),
                line: 12,
                layer: "live".into(),
                patch: Some(PatchInfo {
                    number: 3,
                    id: hot_patch::patch::PatchId(255),
                    age: 61_000,
                }),
            }]);
            write_frame(&mut stream, &list.to_bytes()).unwrap();
            answered += 1;
        }
    })
}

#[test]
fn the_functions_of_a_program_are_listed_by_its_socket() {
    let fixture = Fixture::new("fn main() {}");
    let (status, _, told) = fixture.run(&["list"]);
    assert!(status == 2 && told.contains("no program runs under `hot run`"), "{status} {told}");
    let folder = fixture.path("run/hot");
    std::fs::create_dir(&folder).unwrap();
    // Left by a program that was killed together with its tool.
    let dead = folder.join("99999999-1.sock");
    drop(std::os::unix::net::UnixListener::bind(&dead).unwrap());
    let (status, _, told) = fixture.run(&["list"]);
    assert!(status == 2 && told.contains("programs that have ended"), "{status} {told}");
    let (status, _, told) = fixture.run(&["list", dead.to_str().unwrap()]);
    assert!(status == 101 && told.contains("its program has ended"), "{status} {told}");

    // The program is this process; its tool, to go by the name of the socket, the first of all.
    let pid = std::process::id().to_string();
    let socket = folder.join("1-1.sock");
    let first = listening(&socket, 6);
    let expected =
        "shop/cart/*Cart.total  live (patch 3, 61 s ago)  src/cart.rs:12  fn(&Cart) -> u64\n";
    let ways =
        [&["list"][..], &["list", socket.to_str().unwrap()], &["list", &pid], &["list", "1"]];
    for args in ways {
        let (status, said, told) = fixture.run(args);
        assert_eq!((status, said.as_str()), (0, expected), "{told}");
    }
    let (_, said, told) = fixture.run(&["list", "--json"]);
    let list: Value = serde_json::from_str(&said).expect(&told);
    assert_eq!(list["pid"], std::process::id());
    let function = &list["functions"][0];
    assert_eq!(function["name"], "shop/cart/*Cart.total");
    assert_eq!(function["patch"]["number"], 3);
    assert_eq!(function["patch"]["id"], "00000000000000ff");
    assert_eq!(function["patch"]["age_ms"], 61_000);

    let tool = std::os::unix::process::parent_id().to_string();
    let other = folder.join(format!("{tool}-2.sock"));
    let second = listening(&other, 1);
    let (status, _, told) = fixture.run(&["list"]);
    assert_eq!(status, 2);
    assert!(told.contains("several programs") && told.contains(&pid), "{told}");
    for socket in [&socket, &other] {
        assert!(told.contains(socket.to_str().unwrap()), "{told}");
    }
    let (status, _, told) = fixture.run(&["list", "4000001"]);
    assert!(status == 2 && told.contains("no process 4000001"), "{told}");
    for tool in ["1", &tool] {
        assert_eq!(fixture.run(&["list", tool]).0, 0);
    }
    first.join().unwrap();
    second.join().unwrap();
}
