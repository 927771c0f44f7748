//! A small program without hot functions, and the tool that runs it.

use hot_cli::process::is_alive;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_secs(60);

/// A package `app` with one binary.
pub struct Fixture {
    dir: tempfile::TempDir,
}

impl Fixture {
    pub fn new(main: &str) -> Fixture {
        let fixture = Fixture { dir: tempfile::tempdir().unwrap() };
        fixture.write(
            "Cargo.toml",
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n",
        );
        fixture.write("src/main.rs", main);
        std::fs::create_dir(fixture.path("run")).unwrap();
        fixture
    }

    pub fn path(&self, path: &str) -> PathBuf {
        std::fs::canonicalize(self.dir.path()).unwrap().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn hot(&self, binary: &str, args: &[&str]) -> Command {
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
    pub fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = self.hot(env!("CARGO_BIN_EXE_hot"), args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    pub fn start(&self, more: &[&str]) -> Running {
        self.start_as("run", more, Stdio::null())
    }

    pub fn start_as(&self, subcommand: &str, more: &[&str], stdin: Stdio) -> Running {
        let events = self.path("events.jsonl");
        let args = [&[subcommand, "--events", events.to_str().unwrap()], more].concat();
        self.start_command(self.hot(env!("CARGO_BIN_EXE_hot"), &args).stdin(stdin))
    }

    /// `hot run`, as the last words of a command that becomes it.
    pub fn start_through(&self, command: &[&str]) -> Running {
        let events = self.path("events.jsonl");
        let hot = [env!("CARGO_BIN_EXE_hot"), "run", "--events", events.to_str().unwrap()];
        let args = [&command[1..], &hot].concat();
        self.start_command(&mut self.hot(command[0], &args))
    }

    pub fn start_command(&self, command: &mut Command) -> Running {
        let events = self.path("events.jsonl");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Box::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let told = std::thread::spawn(move || {
            let mut text = Vec::new();
            std::io::copy(&mut stderr, &mut text).unwrap();
            String::from_utf8(text).unwrap()
        });
        Running { child, told: Some(told), said: BufReader::new(said), events, read: 0 }
    }

    pub fn sockets(&self) -> usize {
        std::fs::read_dir(self.path("run/hot")).unwrap().count()
    }
}

/// A tool at work.
pub struct Running {
    pub child: Child,
    told: Option<std::thread::JoinHandle<String>>,
    said: BufReader<Box<std::process::ChildStdout>>,
    events: PathBuf,
    /// Events that were read.
    read: usize,
}

impl Running {
    /// The next event; running and building are left out unless they are asked for.
    pub fn next(&mut self) -> Value {
        loop {
            let event = self.any();
            if !["building", "running"].contains(&event["event"].as_str().unwrap()) {
                return event;
            }
        }
    }

    pub fn any(&mut self) -> Value {
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

    pub fn expect(&mut self, name: &str) -> Value {
        let event = self.next();
        assert_eq!(event["event"], name, "{event}");
        event
    }

    pub fn running(&mut self) -> Value {
        assert_eq!(self.any()["event"], "building");
        let event = self.any();
        assert_eq!(event["event"], "running", "{event}");
        event
    }

    /// The next line of the program.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim().to_owned()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the tool: its status, and all that it told.
    pub fn end(&mut self) -> (ExitStatus, String) {
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

pub fn id(pid: &Value) -> Pid {
    Pid::from_raw(i32::try_from(pid.as_i64().unwrap()).unwrap()).unwrap()
}

pub fn gone(pid: &Value) -> bool {
    !is_alive(id(pid).as_raw_nonzero().get().unsigned_abs())
}

pub const WAITS: &str = "fn main() { println!(\"{}\", text()); loop { std::thread::park(); } }\n\
                     fn text() -> &'static str { \"one\" }\n";
