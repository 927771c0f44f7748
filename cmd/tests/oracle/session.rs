//! One sequence of edits: each is saved, its outcome awaited, and the answers compared.

use crate::{
    chance::Chance,
    diff, edits,
    fresh::Fresh,
    line::Line,
    model::Model,
    project::{Fixture, Project},
    render,
    tool::{self, PATIENCE, PATIENCE_TO_BUILD, Tool, is_alive, within},
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread;

/// The program under test; its modules are generated.
static STOCK: Fixture =
    Fixture { name: "stock", selection: &["-p", "app"], copies: &[], helper: None, tasks: false };

const THREADS: [&str; 3] = ["main", "one", "two"];

/// Questions whose answers come from functions that no slot leads to: the name in the tool's
/// report that excuses an old answer.
const EXCUSED: [(&str, &str); 2] = [("stale", "footer"), ("keep/old_areas", "Round")];

/// Answers by question.
type Answers = BTreeMap<String, String>;

/// How often each kind of edit ended how.
pub type Counts = BTreeMap<String, BTreeMap<String, usize>>;

/// A running sequence.
pub struct Session {
    seed: u64,
    chance: Chance,
    model: Model,
    /// What was live before, for edits back.
    past: Vec<Model>,
    files: Vec<(String, String)>,
    project: Project,
    fresh: Fresh,
    tool: Tool,
    line: Line,
    pid: u32,
    port: std::path::PathBuf,
    answers: Answers,
    /// Names that the tool has told to be not live, since the last start.
    told: BTreeSet<String>,
    /// The revision that `state.rs` must show.
    revision: u64,
    beats: u64,
    local_beats: HashMap<&'static str, u64>,
    counters: HashMap<String, u64>,
    /// The outcomes so far.
    pub counts: Counts,
    /// Old answers that were not told of.
    pub untold: usize,
}

/// Tells, when a step fails, what the step was.
struct Step {
    seed: u64,
    number: usize,
    kind: String,
    diff: String,
}

impl Drop for Step {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!(
                "--- seed {} fails at step {}: {} ---\n{}--- replay: HOT_ORACLE_SEED={} \
                 HOT_ORACLE_EDITS={} ---",
                self.seed, self.number, self.kind, self.diff, self.seed, self.number
            );
        }
    }
}

impl Session {
    /// Builds and starts the program as it is before the first edit.
    pub fn start(seed: u64) -> Session {
        let mut project = Project::lay(&STOCK);
        let model = Model::new();
        let files = render::files(&model);
        for (path, content) in &files {
            project.write(path, content);
        }
        let events = project.scratch("events");
        let port = project.scratch("port");
        let mut command = tool::command();
        command.args(["run", "--manifest-path"]).arg(project.manifest());
        command.args(STOCK.selection).arg("--target-dir").arg(project.target());
        command.arg("--events").arg(&events).arg("--").arg(&port);
        let mut tool = Tool::start(command, &events);
        within(PATIENCE_TO_BUILD, "the program runs", || {
            tool.events().iter().any(|event| event["event"] == "running") || tool.ended().is_some()
        });
        assert_eq!(tool.next_event()["event"], "building");
        let running = tool.next_event();
        assert_eq!(running["event"], "running", "{running}");
        let pid = pid(&running);
        let line = connect(&mut tool, &port);
        let fresh = Fresh::of(&project);
        let mut session = Session {
            seed,
            chance: Chance(seed),
            model,
            past: Vec::new(),
            files,
            project,
            fresh,
            tool,
            line,
            pid,
            port,
            answers: Answers::new(),
            told: BTreeSet::new(),
            revision: 0,
            beats: 0,
            local_beats: HashMap::new(),
            counters: HashMap::new(),
            counts: Counts::new(),
            untold: 0,
        };
        session.answers = session.ask(0);
        let fresh = parse(&session.fresh.ask("main all").expect("the first source compiles"));
        assert_eq!(session.answers, fresh, "before any edit");
        session.check_state();
        session
    }

    /// One edit, from the save to the comparison.
    pub fn step(&mut self, number: usize) {
        let (kind, model) = self.choose();
        let files = render::files(&model);
        let saved: Vec<(String, String)> =
            files.iter().filter(|file| !self.files.contains(file)).cloned().collect();
        let step = Step {
            seed: self.seed,
            number,
            kind: kind.clone(),
            diff: saved.iter().map(|(path, now)| self.diff_of(path, now)).collect(),
        };
        if std::env::var_os("HOT_ORACLE_SHOW").is_some() {
            eprintln!("{}", step.diff);
        }
        let left = self.tool.events_left();
        assert!(left.is_empty(), "an event that belongs to no save: {left:?}");
        for (path, content) in &saved {
            self.project.write(path, content);
        }
        self.files = files;
        let compiles = model.broken.is_none();
        let before = std::mem::replace(&mut self.model, model);
        if compiles && before.broken.is_none() {
            self.past.push(before);
        }

        let fresh = {
            let fresh = self.fresh.clone();
            thread::spawn(move || fresh.ask("main all"))
        };
        let said = self.tool.output().len();
        let event = self.outcome(&saved);
        if event["event"] == "refused" {
            // The way to what stands in the way is told to people only.
            let output = self.tool.output();
            output[said..].lines().for_each(|line| eprintln!("        | {line}"));
        }
        let fresh = fresh.join().expect("the fresh build answers");
        if let Err(errors) = &fresh {
            assert!(!compiles, "the generator made a source that does not compile:\n{errors}");
        } else {
            assert!(compiles, "the generator made an error that compiles");
        }
        let ending = self.compare(&event, fresh.map(|answers| parse(&answers)), number);
        eprintln!("    {number:>4} {kind}: {ending}");
        *self.counts.entry(kind).or_default().entry(ending).or_default() += 1;
        drop(step);
    }

    /// What is edited next, and the model after it.
    fn choose(&mut self) -> (String, Model) {
        let mut model = self.model.clone();
        if model.broken.take().is_some() {
            if self.chance.once_in(2) {
                edits::edit(&mut model, &mut self.chance, self.seed.is_multiple_of(2));
                return ("fix and more".to_owned(), model);
            }
            return ("fix".to_owned(), model);
        }
        match self.chance.below(16) {
            0 => {
                model.broken = Some(self.chance.below(model.modules.len()));
                return ("error".to_owned(), model);
            }
            1 => {
                let recent = &self.past[self.past.len().saturating_sub(3)..];
                if let Some(back) = self.chance.pick(recent)
                    && render::files(back) != self.files
                {
                    let back = back.back_from(&self.model);
                    return ("back".to_owned(), back);
                }
            }
            _ => {}
        }
        let kind = edits::edit(&mut model, &mut self.chance, self.seed.is_multiple_of(2));
        (kind, model)
    }

    fn diff_of(&self, path: &str, now: &str) -> String {
        let was = self.files.iter().find(|(p, _)| p == path).map_or("", |(_, was)| was);
        format!("{path}\n{}", diff::lines(was, now))
    }

    /// The one outcome of the save. A save of several files may be seen in parts.
    fn outcome(&mut self, saved: &[(String, String)]) -> Value {
        let mut seen = BTreeSet::new();
        loop {
            let change = self.tool.next_event();
            assert_eq!(change["event"], "change", "{change}");
            let files = change["files"].as_array().expect("files");
            seen.extend(files.iter().filter_map(|file| file.as_str().map(str::to_owned)));
            let event = self.tool.next_event();
            let kind = event["event"].as_str().unwrap_or_default();
            let known = ["compile-error", "applied", "no-effect", "refused", "restarted"];
            assert!(known.contains(&kind), "a change must have an outcome, not {event}");
            self.tell(&event);
            if kind == "refused" {
                assert_eq!(event["next"], "restart", "{event}");
                let mut next = self.tool.next_event();
                if next["event"] == "building" {
                    next = self.tool.next_event();
                }
                assert_eq!(next["event"], "restarted", "{next}");
                self.restarted(&next);
            } else if kind == "restarted" {
                self.restarted(&event);
            }
            if saved.iter().all(|(path, _)| seen.contains(path)) {
                return event;
            }
        }
    }

    /// Notes what the tool says to be not live.
    fn tell(&mut self, event: &Value) {
        for list in ["not_live", "changed"] {
            let names = event[list].as_array().into_iter().flatten();
            self.told.extend(names.filter_map(|name| name.as_str().map(str::to_owned)));
        }
    }

    fn restarted(&mut self, event: &Value) {
        let before = self.pid;
        self.pid = pid(event);
        assert_ne!(self.pid, before, "{event}");
        self.line = connect(&mut self.tool, &self.port);
        self.told.clear();
        self.beats = 0;
        self.local_beats.clear();
        self.counters.clear();
    }

    /// Compares the answers as the outcome demands. How the step ended, in a few words.
    fn compare(&mut self, event: &Value, fresh: Result<Answers, String>, number: usize) -> String {
        assert!(is_alive(self.pid), "the program is gone");
        let now = self.ask(number);
        let kind = event["event"].as_str().unwrap_or_default();
        let (applied, restarted) = (kind == "applied", ["refused", "restarted"].contains(&kind));
        assert_eq!(kind == "compile-error", fresh.is_err(), "{event}\nfresh build: {fresh:?}");
        if !applied && !restarted {
            assert_eq!(now, self.answers, "nothing was replaced, but the answers changed");
        }
        if let Ok(fresh) = &fresh {
            for (question, right) in fresh {
                let answer = &now[question];
                if answer == right {
                    continue;
                }
                let excuse = EXCUSED.iter().find(|(excused, _)| excused == question);
                let Some((_, item)) = excuse.filter(|_| !restarted) else {
                    panic!(
                        "{kind}, but {question} answers\n  {answer}, a fresh build\n  {right}; \
                         before\n  {}\n{event}",
                        self.answers[question]
                    );
                };
                if !self.is_told(item) {
                    eprintln!("    {number:>4} untold: {question} is not that of {item}");
                    self.untold += 1;
                }
            }
        }
        self.answers = now;
        if fresh.is_ok() {
            self.revision = self.model.revision;
        }
        self.check_state();
        let why = event["why"].as_str().filter(|_| kind == "refused").unwrap_or_default();
        let details = event["details"].as_array().and_then(|d| d.first());
        let item = details.and_then(|d| d["item"].as_str()).unwrap_or_default();
        [kind, why, item].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// Whether the tool has told that a function, or one that it runs, is not live.
    fn is_told(&self, item: &str) -> bool {
        let mut named: Vec<String> = self.model.run_by(item).into_keys().collect();
        named.push("Shape::".to_owned());
        self.told.iter().any(|told| named.iter().any(|name| told.contains(name.as_str())))
    }

    fn ask(&mut self, number: usize) -> Answers {
        let thread = THREADS[number % THREADS.len()];
        parse(&self.line.ask(&format!("{thread} all")))
    }

    /// The state must be where it was, one further, on every thread.
    fn check_state(&mut self) {
        for thread in THREADS {
            self.beats += 1;
            let local = self.local_beats.entry(thread).or_default();
            *local += 1;
            let (revision, beats) = (self.revision, self.beats);
            let expected = format!(
                "revision={revision} atomic={} table={} const={} lazy={}",
                1000 + beats,
                3000 + beats,
                4000 + *local,
                5000 + *local
            );
            assert_eq!(self.line.ask(&format!("{thread} beat")), expected, "on {thread}");
            let counts = self.line.ask(&format!("{thread} counts"));
            for count in counts.split(';').filter(|count| !count.is_empty()) {
                let (name, value) = count.rsplit_once(' ').expect("a counter and its value");
                let value: u64 = value.parse().expect("a number");
                let key = if name.starts_with("local") {
                    format!("{thread} {name}")
                } else {
                    name.to_owned()
                };
                let last = self.counters.insert(key, value).unwrap_or(0);
                assert!(value >= last, "{name} went back from {last} to {value} on {thread}");
            }
        }
    }

    /// Nothing may be left over; then Ctrl-C.
    pub fn finish(mut self) -> Counts {
        let left = self.tool.events_left();
        assert!(left.is_empty(), "events that belong to no save: {left:?}");
        self.tool.interrupt();
        assert_eq!(self.tool.wait().code(), Some(130), "after Ctrl-C");
        assert!(!is_alive(self.pid), "the program outlived the tool");
        self.counts
    }
}

fn pid(event: &Value) -> u32 {
    let pid = event["pid"].as_u64().and_then(|pid| pid.try_into().ok());
    pid.unwrap_or_else(|| panic!("no pid in {event}"))
}

fn parse(answers: &str) -> Answers {
    answers
        .split_whitespace()
        .map(|answer| {
            let (question, answer) = answer.split_once('=').unwrap_or_else(|| panic!("{answer}"));
            (question.to_owned(), answer.to_owned())
        })
        .collect()
}

/// Connects as soon as the program has told its port, and takes the file away, so that only a new
/// process can tell one again.
fn connect(tool: &mut Tool, port: &std::path::Path) -> Line {
    let mut line = None;
    within(PATIENCE, "the program opens its port", || {
        line = line.take().or_else(|| Line::open(port));
        line.is_some() || tool.ended().is_some()
    });
    let line = line.expect("the program opens its port before it ends");
    std::fs::remove_file(port).expect("the port file");
    line
}
