//! A program under `hot run`, edited and asked, and the state that must survive every edit.

use crate::{
    line::Line,
    project::{Copy, Fixture, Project},
    tool::{self, PATIENCE_TO_BUILD, Tool, eventually, is_alive, within},
};
use serde_json::Value;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::Command,
};

/// The threads that answer. All of them run before the first edit.
pub const THREADS: [&str; 3] = ["main", "one", "two"];

/// The number in the values that each copy keeps from before the first edit.
const SEAL: u64 = 7;

/// A running program under the tool.
pub struct Session {
    /// Its sources.
    pub project: Project,
    /// The tool.
    pub tool: Tool,
    /// The way to ask it.
    pub line: Line,
    /// The program's process, from the event `running`.
    pub pid: u32,
    port: PathBuf,
    /// The number of the last patch, once there is one in this process.
    patch: Option<u64>,
    state: State,
}

/// What the program must answer if nothing was begun anew.
#[derive(Default)]
struct State {
    revisions: HashMap<&'static str, u64>,
    beats: HashMap<&'static str, u64>,
    local_beats: HashMap<(&'static str, &'static str), u64>,
    ticks: u64,
}

/// What became of a save.
#[derive(Debug)]
pub struct Outcome {
    /// Its event.
    pub event: Value,
}

impl Session {
    /// Lays out the fixture, starts it under `hot run`, and touches all its state once.
    pub fn start(fixture: &'static Fixture) -> Session {
        Session::start_in(Project::lay(fixture))
    }

    /// The same with a project that is laid out already.
    pub fn start_in(project: Project) -> Session {
        Session::start_with(project, &[], &[])
    }

    /// The same with more flags for the tool, and more in the environment.
    pub fn start_with(project: Project, flags: &[&str], environment: &[(&str, &str)]) -> Session {
        let events = project.scratch("events");
        let port = project.scratch("port");
        let mut command = tool::command();
        command
            .envs(environment.iter().copied())
            .args(["run", "--manifest-path"])
            .arg(project.manifest())
            .args(project.fixture.selection)
            .arg("--target-dir")
            .arg(project.target())
            .arg("--events")
            .arg(&events)
            .args(flags)
            .arg("--")
            .arg(&port);
        Session::start_tool(project, command, &events, port)
    }

    /// The same under `hot exec` with a script of the shell. It finds in its environment the
    /// MANIFEST, the TARGET folder, and the PORT file that the program is to be told of.
    pub fn start_script(project: Project, flags: &[&str], script: &str) -> Session {
        let events = project.scratch("events");
        let port = project.scratch("port");
        let command = script_command(&project, flags, script, &events, &port);
        Session::start_tool(project, command, &events, port)
    }

    fn start_tool(project: Project, command: Command, events: &Path, port: PathBuf) -> Session {
        let mut tool = Tool::start(command, events);
        let (pid, line) = match first_words(&mut tool, &port) {
            Ok(words) => words,
            Err(why) => panic!("{why}"),
        };
        let state = State::default();
        let mut session = Session { project, tool, line, pid, port, patch: None, state };
        session.settle();
        session
    }

    /// Makes what has to survive the edits, and touches all state once.
    fn settle(&mut self) {
        for copy in self.project.fixture.copies {
            self.expect(&format!("main {} keep make {SEAL}", copy.name), "made");
        }
        self.check();
    }

    /// Waits until the program runs anew. Its state begins anew with it.
    pub fn restarted(&mut self) {
        let event = self.answer();
        self.begun_anew(&event);
    }

    /// Begins anew with the process that a `restarted` tells of.
    pub fn begun_anew(&mut self, event: &Value) {
        assert_eq!(event["event"], "restarted", "{event}");
        assert!(event["why"].as_str().is_some_and(|why| !why.is_empty()), "{event}");
        let pid = event["pid"].as_u64().and_then(|pid| pid.try_into().ok());
        self.pid = pid.unwrap_or_else(|| panic!("no pid in {event}"));
        self.line = connect(&mut self.tool, &self.port).expect("the program runs");
        self.patch = None;
        self.state = State::default();
        self.settle();
    }

    /// The file that the process runs, also when another stands in its place by now.
    pub fn executable(&self) -> Vec<u8> {
        std::fs::read(format!("/proc/{}/exe", self.pid)).expect("the executable")
    }

    /// Asks the program.
    pub fn ask(&mut self, question: &str) -> String {
        self.line.ask(question)
    }

    /// Asks, and says what the answer must be.
    #[track_caller]
    pub fn expect(&mut self, question: &str, answer: &str) {
        assert_eq!(self.ask(question), answer, "to the question `{question}`");
    }

    /// Edits one file: each `old` becomes its `new`.
    pub fn edit(&mut self, file: &str, changes: &[(&str, &str)]) {
        // What was left over from earlier saves would be taken for the answer to this one.
        let left = self.tool.events_left();
        assert!(left.is_empty(), "an event that belongs to no save: {left:?}");
        self.project.replace(file, changes);
    }

    /// Waits for the save to be seen, and for what becomes of it.
    pub fn outcome(&mut self) -> Outcome {
        let change = self.tool.next_event();
        assert_eq!(change["event"], "change", "{change}");
        assert!(change["files"].as_array().is_some_and(|files| !files.is_empty()), "{change}");
        let event = self.answer();
        let kind = event["event"].as_str().unwrap_or_default();
        let known = ["compile-error", "applied", "no-effect", "refused", "restarted"];
        assert!(known.contains(&kind), "a change must have an outcome, not {event}");
        Outcome { event }
    }

    /// The next event, after those that only say what the tool does meanwhile.
    fn answer(&mut self) -> Value {
        let event = self.tool.next_event();
        if event["event"] == "building" { self.tool.next_event() } else { event }
    }

    /// Waits for the save to go live.
    pub fn applied(&mut self) -> Outcome {
        let outcome = self.outcome();
        self.check_applied(&outcome);
        outcome
    }

    /// Checks that this is a save that went live, with all that belongs to its event.
    pub fn check_applied(&mut self, outcome: &Outcome) {
        let event = &outcome.event;
        assert_eq!(event["event"], "applied", "{event}");
        let patch = event["patch"].as_u64().expect("its number");
        assert!(self.patch.is_none_or(|last| patch == last + 1), "after {:?}: {event}", self.patch);
        self.patch = Some(patch);
        assert!(event["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{event}");
        for part in ["detect", "rustc", "diff", "load", "total"] {
            assert!(event["ms"][part].is_number(), "no time for {part}: {event}");
        }
    }

    /// Takes note of the patches that went live by events that were looked at elsewhere.
    pub fn patch_was(&mut self, events: &[&Value]) {
        for event in events.iter().filter(|event| event["event"] == "applied") {
            self.check_applied(&Outcome { event: (*event).clone() });
        }
    }

    /// Edits one file and waits for it to go live; nothing may have been lost.
    pub fn live(&mut self, file: &str, changes: &[(&str, &str)]) -> Outcome {
        self.edit(file, changes);
        let outcome = self.applied();
        self.check();
        outcome
    }

    /// What `beat` names as its revision.
    pub fn revision(&self, copy: Copy) -> u64 {
        self.state.revisions.get(copy.name).copied().unwrap_or(0)
    }

    /// Tells what `beat` must name as its revision from now on.
    pub fn revised(&mut self, copy: Copy, revision: u64) {
        self.state.revisions.insert(copy.name, revision);
    }

    /// Checks that the process is the same and that everything it held is there, on every thread.
    pub fn check(&mut self) {
        assert!(is_alive(self.pid), "the program is gone");
        for copy in self.project.fixture.copies {
            for thread in THREADS {
                let beats = self.state.beats.entry(copy.name).or_default();
                *beats += 1;
                let local = self.state.local_beats.entry((copy.name, thread)).or_default();
                *local += 1;
                let revision = self.state.revisions.get(copy.name).unwrap_or(&0);
                let expected = format!(
                    "revision={revision} {} {} {} {} {}",
                    1000 + *beats,
                    2000 + *beats,
                    3000 + *beats,
                    4000 + *local,
                    5000 + *local
                );
                self.expect(&format!("{thread} {} beat", copy.name), &expected);
            }
            self.expect(&format!("one {} keep open", copy.name), &format!("token {SEAL}"));
        }
        // A task that ticks since the start still does, and never began again.
        let before = self.state.ticks;
        let mut now = before;
        let line = &mut self.line;
        eventually("the ticking task goes on", || {
            now = line.ask("main ticks").parse().expect("a number");
            now != before
        });
        assert!(now > before, "the ticks went from {before} to {now}");
        self.state.ticks = now;
    }

    /// Ctrl-C, and the project for the next session.
    pub fn leave(mut self) -> Project {
        self.tool.interrupt();
        assert_eq!(self.tool.wait().code(), Some(130), "after Ctrl-C");
        assert!(!is_alive(self.pid), "the program outlived the tool");
        self.project
    }

    /// The last words: values from before the first edit are dropped, once; no event is left over;
    /// then Ctrl-C.
    pub fn finish(mut self) {
        self.check();
        for copy in self.project.fixture.copies {
            self.expect(&format!("main {} keep drop", copy.name), &format!("dropped {SEAL}"));
        }
        let left = self.tool.events_left();
        assert!(left.is_empty(), "events that belong to no save: {left:?}");
        self.tool.interrupt();
        let status = self.tool.wait();
        assert_eq!(status.code(), Some(130), "after Ctrl-C");
        assert!(!is_alive(self.pid), "the program outlived the tool");
    }
}

impl Outcome {
    /// A list of names in the event.
    pub fn names(&self, field: &str) -> Vec<String> {
        let names = self.event[field].as_array();
        let names = names.unwrap_or_else(|| panic!("no list {field} in {}", self.event));
        names.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
    }

    /// Checks that this function was swapped, perhaps among others.
    #[track_caller]
    pub fn swapped(&self, function: &str) {
        let names = self.names("functions");
        assert!(names.iter().any(|name| name == function), "{function} is not in {names:?}");
    }

    /// Checks that this function was swapped and no other.
    #[track_caller]
    pub fn swapped_only(&self, function: &str) {
        assert_eq!(self.names("functions"), [function]);
    }
}

/// `hot exec` of a script in a project.
pub fn script_command(
    project: &Project,
    flags: &[&str],
    script: &str,
    events: &Path,
    port: &Path,
) -> Command {
    let mut command = tool::command();
    command
        .current_dir(project.root())
        .env("MANIFEST", project.manifest())
        .env("TARGET", project.target())
        .env("PORT", port)
        .args(["exec", "--watch"])
        .arg(project.root())
        .arg("--events")
        .arg(events)
        .args(flags)
        .args(["--", "sh", "-c", script]);
    command
}

/// Waits for the program: its process, and a connection to it.
fn first_words(tool: &mut Tool, port: &Path) -> Result<(u32, Line), String> {
    let runs = |event: &Value| event["event"] == "running";
    within(PATIENCE_TO_BUILD, "the program runs", || {
        tool.events().iter().any(runs) || tool.ended().is_some()
    });
    if !tool.events().iter().any(runs) {
        return Err("the tool ended before the program ran".to_owned());
    }
    let first = tool.next_event();
    if first["event"] != "building" {
        return Err(format!("the first event must be building, not {first}"));
    }
    let mut running = tool.next_event();
    // Under `hot exec`, when what was fresh has to be compiled once more.
    while running["event"] == "building" {
        running = tool.next_event();
    }
    let pid = running["pid"].as_u64().and_then(|pid| pid.try_into().ok());
    let pid = pid.ok_or_else(|| format!("no pid in {running}"))?;
    Ok((pid, connect(tool, port)?))
}

/// Opens a connection as soon as the program has told its port, and takes the file away, so that
/// only a new process can tell one again.
fn connect(tool: &mut Tool, port: &Path) -> Result<Line, String> {
    let mut line = None;
    eventually("the program opens its port", || {
        line = line.take().or_else(|| Line::open(port));
        line.is_some() || tool.ended().is_some()
    });
    let line = line.ok_or("the program ended before it opened its port")?;
    std::fs::remove_file(port).map_err(|error| format!("the port file: {error}"))?;
    Ok(line)
}
