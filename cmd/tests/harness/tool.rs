//! The tool's process: started, listened to, ended.
//!
//! The output is collected by threads, the events are read from the file that the tool was asked to
//! write. Whatever happens, dropping it leaves neither the tool nor its program behind.

pub use hot_cli::process::is_alive;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::Value;
use std::{
    fs,
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

/// How long anything is waited for before the test gives up: long enough for a machine that is busy
/// with other things.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The same for a first build, with all dependencies.
pub const PATIENCE_TO_BUILD: Duration = Duration::from_secs(900);

/// A command that runs the tool, without what would reach it from the outside.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hot"));
    for name in ["HOT_SOCKET", "HOT_WATCH", "CARGO_TARGET_DIR", "RUSTFLAGS", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command
}

/// A running tool, or one that has ended.
pub struct Tool {
    child: Child,
    output: Arc<Mutex<Vec<u8>>>,
    readers: Vec<thread::JoinHandle<()>>,
    events_file: PathBuf,
    events: Vec<Value>,
    taken: usize,
}

impl Tool {
    /// Starts the command, which was asked to write its events to `events`.
    pub fn start(mut command: Command, events: &Path) -> Tool {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that whatever it starts can be ended with it.
            .process_group(0)
            .spawn()
            .expect("the tool to start");
        let output = Arc::new(Mutex::new(Vec::new()));
        let readers = vec![
            collect(child.stdout.take().expect("its stdout"), &output),
            collect(child.stderr.take().expect("its stderr"), &output),
        ];
        let events_file = events.to_owned();
        Tool { child, output, readers, events_file, events: Vec::new(), taken: 0 }
    }

    /// Its standard input. It stays open until this is dropped.
    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("its stdin")
    }

    /// The tool's own process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Everything that the tool and the program have printed.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().expect("no panic under this lock")).into_owned()
    }

    /// All events so far.
    pub fn events(&mut self) -> &[Value] {
        let text = fs::read_to_string(&self.events_file).unwrap_or_default();
        // The last line may still be being written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for line in whole.lines().skip(self.events.len()) {
            let event = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
            self.events.push(event);
        }
        &self.events
    }

    /// The next event.
    ///
    /// # Panics
    /// When none comes, or the tool has ended.
    pub fn next_event(&mut self) -> Value {
        let begin = Instant::now();
        loop {
            // Asked before the file is read: what was written before the end is then seen.
            let ended = self.ended();
            let taken = self.taken;
            if let Some(event) = self.events().get(taken).cloned() {
                self.taken += 1;
                return event;
            }
            assert!(ended.is_none(), "an event was expected, but the tool has ended: {ended:?}");
            assert!(begin.elapsed() < PATIENCE, "no event came");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// The events that were not waited for yet.
    pub fn events_left(&mut self) -> Vec<Value> {
        let taken = self.taken;
        self.events()[taken..].to_vec()
    }

    /// How the tool ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the tool's status")
    }

    /// Waits until the tool ends by itself, and until its output has been read to the end.
    pub fn wait(&mut self) -> ExitStatus {
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = self.ended() {
                break status;
            }
            assert!(begin.elapsed() < PATIENCE_TO_BUILD, "the tool does not end");
            thread::sleep(Duration::from_millis(10));
        };
        self.readers.drain(..).for_each(|reader| reader.join().expect("a reader"));
        status
    }

    /// Does something while the tool stands still: it then notices everything at once, as one save.
    pub fn while_held<T>(&self, act: impl FnOnce() -> T) -> T {
        /// Lets the tool go on, whatever happens meanwhile.
        struct Held(Pid);
        impl Drop for Held {
            fn drop(&mut self) {
                kill_process(self.0, Signal::CONT).expect("the tool to be there");
            }
        }
        kill_process(self.pid(), Signal::STOP).expect("the tool to be there");
        let _held = Held(self.pid());
        act()
    }

    /// Ends the tool at once. What it has started goes on, and may still print.
    pub fn kill(&mut self) {
        self.child.kill().expect("the tool to be there");
        self.child.wait().expect("the tool to end");
    }

    /// Ctrl-C, for the tool alone.
    pub fn interrupt(&self) {
        kill_process(self.pid(), Signal::INT).expect("the tool to be there");
    }

    /// The output and the events, for a person who has to find out what went wrong.
    pub fn transcript(&mut self) -> String {
        let events = fs::read_to_string(&self.events_file).unwrap_or_default();
        format!("--- output ---\n{}\n--- events ---\n{events}--- end ---", self.output())
    }

    /// The program's process, if one was ever started.
    fn program(&mut self) -> Option<u32> {
        let started = self.events().iter().rev().find_map(|event| event["pid"].as_u64());
        started.and_then(|pid| pid.try_into().ok())
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.transcript());
        }
        let program = self.program();
        if let Some(status) = self.ended() {
            // One that was killed has left its program behind.
            if let Some(pid) = program.filter(|&pid| status.signal().is_some() && is_alive(pid)) {
                let _ = Pid::from_raw(pid as i32).map(|pid| kill_process(pid, Signal::KILL));
            }
            return;
        }
        // Politely first: the tool then removes its socket and files.
        self.interrupt();
        let begin = Instant::now();
        while self.ended().is_none() && begin.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(10));
        }
        if self.ended().is_none() {
            // Errors mean that it is gone, which is what is wanted.
            let _ = kill_process_group(self.pid(), Signal::KILL);
            if let Some(pid) = program.filter(|&pid| is_alive(pid)) {
                let _ = Pid::from_raw(pid as i32).map(|pid| kill_process(pid, Signal::KILL));
            }
            let _ = self.child.wait();
        }
    }
}

/// Waits until something holds.
pub fn eventually(what: &str, holds: impl FnMut() -> bool) {
    within(PATIENCE, what, holds);
}

/// Waits until something holds, with another patience.
pub fn within(patience: Duration, what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < patience, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn collect(
    mut from: impl Read + Send + 'static,
    to: &Arc<Mutex<Vec<u8>>>,
) -> thread::JoinHandle<()> {
    let to = Arc::clone(to);
    thread::spawn(move || {
        let mut chunk = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut chunk) {
            to.lock().expect("no panic under this lock").extend_from_slice(&chunk[..count]);
        }
    })
}
