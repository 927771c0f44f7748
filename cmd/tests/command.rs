//! `hot run` and `hot exec` as commands: its exit status, its events, what it leaves behind.
//!
//! The programs here have no `#[hot]` function; what goes live in those that do is tested elsewhere.

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A package `app` with one binary.
struct Fixture {
    dir: tempfile::TempDir,
}

impl Fixture {
    fn new(main: &str) -> Fixture {
        let fixture = Fixture { dir: tempfile::tempdir().unwrap() };
        fixture.write(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
        );
        fixture.write("src/main.rs", main);
        std::fs::create_dir(fixture.path("run")).unwrap();
        fixture
    }

    fn path(&self, path: &str) -> PathBuf {
        std::fs::canonicalize(self.dir.path()).unwrap().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn hot(&self, binary: &str, args: &[&str]) -> Command {
        let mut command = Command::new(binary);
        command
            .args(args)
            .current_dir(self.dir.path())
            .env("XDG_RUNTIME_DIR", self.path("run"))
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null());
        command
    }

    /// Runs to the end: status, standard output, standard error.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.hot(env!("CARGO_BIN_EXE_hot"), args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    fn start(&self, more: &[&str]) -> Running {
        self.start_as("run", more, Stdio::null())
    }

    fn start_as(&self, subcommand: &str, more: &[&str], stdin: Stdio) -> Running {
        let events = self.path("events.jsonl");
        let args = [&[subcommand, "--events", events.to_str().unwrap()], more].concat();
        let mut child = self
            .hot(env!("CARGO_BIN_EXE_hot"), &args)
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Box::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let told = std::thread::spawn(move || {
            let mut text = Vec::new();
            std::io::copy(&mut stderr, &mut text).unwrap();
            String::from_utf8(text).unwrap()
        });
        Running { child, told: Some(told), said: BufReader::new(said), events, read: 0 }
    }

    fn sockets(&self) -> usize {
        std::fs::read_dir(self.path("run/hot")).unwrap().count()
    }
}

/// A tool at work.
struct Running {
    child: Child,
    told: Option<std::thread::JoinHandle<String>>,
    said: BufReader<Box<std::process::ChildStdout>>,
    events: PathBuf,
    /// Events that were read.
    read: usize,
}

impl Running {
    /// The next event; running and building are left out unless they are asked for.
    fn next(&mut self) -> Value {
        loop {
            let event = self.any();
            if !["building", "running"].contains(&event["event"].as_str().unwrap()) {
                return event;
            }
        }
    }

    fn any(&mut self) -> Value {
        let begin = Instant::now();
        loop {
            let text = std::fs::read_to_string(&self.events).unwrap_or_default();
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            if let Some(line) = whole.lines().nth(self.read) {
                self.read += 1;
                return serde_json::from_str(line).unwrap();
            }
            assert!(begin.elapsed() < PATIENCE, "no more events after {text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn expect(&mut self, name: &str) -> Value {
        let event = self.next();
        assert_eq!(event["event"], name, "{event}");
        event
    }

    fn running(&mut self) -> Value {
        assert_eq!(self.any()["event"], "building");
        let event = self.any();
        assert_eq!(event["event"], "running", "{event}");
        event
    }

    /// The next line of the program.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the tool: its status, and all that it told.
    fn end(&mut self) -> (ExitStatus, String) {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE, "the tool does not end");
            std::thread::sleep(Duration::from_millis(5));
        };
        (status, self.told.take().unwrap().join().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After a failed check. A tool that is killed leaves the program alone.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let text = std::fs::read_to_string(&self.events).unwrap_or_default();
        for event in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let pid = event["pid"].as_i64().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
            let _ = pid.map(|pid| kill_process(pid, Signal::KILL));
        }
    }
}

fn id(pid: &Value) -> Pid {
    Pid::from_raw(i32::try_from(pid.as_i64().unwrap()).unwrap()).unwrap()
}

fn gone(pid: &Value) -> bool {
    test_kill_process(id(pid)).is_err()
}

const WAITS: &str = "fn main() { println!(\"{}\", text()); loop { std::thread::park(); } }\n\
                     fn text() -> &'static str { \"one\" }\n";

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
    assert!(restarted["why"].as_str().unwrap().contains("signal 6"), "{restarted}");
    assert_eq!([running.line(), running.line()], ["up", "one"]);
    running.signal(Signal::INT);
    assert_eq!(running.end().0.code(), Some(130));

    // One that ends with success has done what it was for.
    let fixture = Fixture::new("fn main() {}");
    let mut running = fixture.start(&["--wait"]);
    assert_eq!(running.end().0.code(), Some(0));
}

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
fn listening(socket: &Path, pid: u32, n: usize) -> std::thread::JoinHandle<()> {
    use hot_patch::message::{
        FunctionInfo, PROTOCOL, PatchInfo, Reply, Request, read_frame, write_frame,
    };
    let listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let mut answered = 0;
        while answered < n {
            let (mut stream, _) = listener.accept().unwrap();
            let (build_id, patches) = (vec![1], Vec::new());
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

    let tool = std::process::id();
    let socket = folder.join(format!("{tool}-1.sock"));
    let first = listening(&socket, 4_000_001, 5);
    let expected =
        "shop/cart/*Cart.total  live (patch 3, 61 s ago)  src/cart.rs:12  fn(&Cart) -> u64\n";
    for args in [&["list"][..], &["list", socket.to_str().unwrap()], &["list", "4000001"]] {
        let (status, said, told) = fixture.run(args);
        assert_eq!((status, said.as_str()), (0, expected), "{told}");
    }
    let (_, said, told) = fixture.run(&["list", "--json"]);
    let list: Value = serde_json::from_str(&said).expect(&told);
    assert_eq!(list["pid"], 4_000_001);
    let function = &list["functions"][0];
    assert_eq!(function["name"], "shop/cart/*Cart.total");
    assert_eq!(function["patch"]["number"], 3);
    assert_eq!(function["patch"]["id"], "00000000000000ff");
    assert_eq!(function["patch"]["age_ms"], 61_000);

    let other = folder.join(format!("{tool}-2.sock"));
    let second = listening(&other, 4_000_002, 1);
    let (status, _, told) = fixture.run(&["list"]);
    assert_eq!(status, 2);
    assert!(
        told.contains("several programs") && told.contains("4000001") && told.contains("4000002"),
        "{told}"
    );
    let (status, _, told) = fixture.run(&["list", "4000003"]);
    assert!(status == 2 && told.contains("no process 4000003"), "{told}");
    for pid in ["4000001", "4000002"] {
        assert_eq!(fixture.run(&["list", pid]).0, 0);
    }
    first.join().unwrap();
    second.join().unwrap();
}
