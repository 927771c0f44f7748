//! One sequence of edits: each is saved, its outcome awaited, and the answers compared.

use crate::{
    answers::{self, Answers, THREADS},
    chance::Chance,
    diff, edits,
    fresh::Fresh,
    line::Line,
    model::{Kind, Model},
    program::Program,
    project::Project,
    render,
    tally::{Ending, Tally},
    tool::{self, PATIENCE, PATIENCE_TO_BUILD, Tool, is_alive, within},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

/// A running sequence.
pub struct Session {
    program: &'static Program,
    seed: u64,
    chance: Chance,
    model: Model,
    /// The last model that compiles.
    good: Model,
    /// The model that the process was started with.
    begun: Model,
    /// The shapes that each item has had since the last start: values of each may be there.
    shapes: BTreeMap<String, BTreeSet<String>>,
    /// The models that were live before, for edits back.
    past: Vec<Model>,
    files: Vec<(String, String)>,
    project: Project,
    fresh: Fresh,
    tool: Tool,
    line: Line,
    pid: u32,
    port: PathBuf,
    answers: Answers,
    /// The last answers of a fresh build.
    right: Answers,
    /// Questions that are answered by old code, as the tool has reported.
    old: BTreeSet<String>,
    /// Items that the tool has reported as not live everywhere, in this step.
    not_live: BTreeSet<String>,
    /// The revision that `state.rs` must show.
    revision: u64,
    beats: u64,
    local_beats: HashMap<&'static str, u64>,
    counters: HashMap<String, u64>,
}

/// Prints the step when it fails.
struct Step {
    title: String,
    diff: String,
}

impl Drop for Step {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- failed: {} ---\n{}--- {} ---", self.title, self.diff, self.title);
        }
    }
}

impl Session {
    /// Builds and starts the program as it is before the first edit.
    pub fn start(program: &'static Program, seed: u64) -> Session {
        let mut project = Project::lay_at(&program.fixture, &crate::place(program));
        let model = Model::new(program);
        let files = render::files(&model);
        for (path, content) in &files {
            project.write(path, content);
        }
        let events = project.scratch("events");
        let port = project.scratch("port");
        let mut command = tool::command();
        command.args(["run", "--manifest-path"]).arg(project.manifest());
        command.args(program.fixture.selection).arg("--target-dir").arg(project.target());
        command.arg("--events").arg(&events).arg("--").arg(&port);
        let fresh = Fresh::of(&project);
        let building = {
            let fresh = fresh.clone();
            thread::spawn(move || fresh.ask("main all"))
        };
        let mut tool = Tool::start(command, &events);
        within(PATIENCE_TO_BUILD, "the program runs", || {
            tool.events().iter().any(|event| event["event"] == "running") || tool.ended().is_some()
        });
        assert_eq!(tool.next_event()["event"], "building");
        let running = tool.next_event();
        assert_eq!(running["event"], "running", "{running}");
        let pid = pid(&running);
        let line = connect(&mut tool, &port);
        let mut session = Session {
            program,
            seed,
            chance: Chance::of(program.name, seed),
            good: model.clone(),
            begun: model.clone(),
            shapes: BTreeMap::new(),
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
            right: Answers::new(),
            old: BTreeSet::new(),
            not_live: BTreeSet::new(),
            revision: 0,
            beats: 0,
            local_beats: HashMap::new(),
            counters: HashMap::new(),
        };
        session.shaped();
        session.answers = session.ask(0);
        let fresh = building.join().expect("the fresh build answers");
        let fresh = answers::parse(&fresh.expect("the first source compiles"));
        assert_eq!(session.answers, fresh, "before any edit");
        session.right = fresh;
        session.check_state();
        session
    }

    /// One generated edit.
    pub fn step(&mut self, number: usize, tally: &mut Tally) {
        if self.model.broken.is_none() && self.chance.once_in(20) {
            return self.hasty(number, tally);
        }
        let (kind, model) = self.choose();
        let title = format!("{} seed {} step {number}: {kind}", self.program.name, self.seed);
        let ending = self.save(&title, model, number);
        eprintln!("    {title}: {ending}");
        tally.count(&kind, &ending);
    }

    /// Two generated edits, the second while the tool is busy with the first.
    fn hasty(&mut self, number: usize, tally: &mut Tally) {
        let (mut model, chance) = (self.model.clone(), &mut self.chance);
        let first = if chance.once_in(3) {
            edits::error(&mut model, chance, true)
        } else {
            edits::edit(&mut model, chance, true)
        };
        let pause = Duration::from_millis(chance.below(600) as u64);
        let files = render::files(&model);
        model.broken = None;
        let second = edits::edit(&mut model, chance, true);
        let title = format!(
            "{} seed {} step {number}: in haste, {first} and after {pause:?} {second}",
            self.program.name, self.seed
        );
        let ending = self.save_after(&title, Some((files, pause)), model, number);
        eprintln!("    {title}: {ending}");
        tally.count("in haste", &ending);
    }

    /// The source as it is, to be edited by hand.
    pub fn model(&self) -> Model {
        self.model.clone()
    }

    /// Reports whether the files hold this source.
    pub fn is_at(&self, model: &Model) -> bool {
        render::files(model) == self.files
    }

    /// Saves this source, and compares what comes of it.
    pub fn save(&mut self, title: &str, model: Model, number: usize) -> Ending {
        self.save_after(title, None, model, number)
    }

    /// Saves these files first, if there are any, and a little later this source.
    fn save_after(
        &mut self,
        title: &str,
        first: Option<(Vec<(String, String)>, Duration)>,
        model: Model,
        number: usize,
    ) -> Ending {
        let files = render::files(&model);
        let mut step = Step { title: title.to_owned(), diff: String::new() };
        let left = self.tool.events_left();
        assert!(left.is_empty(), "an event that belongs to no save: {left:?}");
        self.not_live.clear();
        assert_eq!(self.line.ask("one depart"), "departed");
        let hasty = first.is_some();
        if let Some((files, pause)) = first {
            self.write(files, &mut step);
            thread::sleep(pause);
        }
        let awaited = self.write(files, &mut step);
        if std::env::var_os("HOT_ORACLE_SHOW").is_some() {
            eprintln!("{}", step.diff);
        }
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
        let (outcomes, fresh) = if hasty {
            // Which save an event belongs to is not known; but when the tool has reported
            // one more, it has reported all before.
            let fresh = fresh.join().expect("the fresh build answers");
            self.model.marks += 1;
            let awaited = self.write(render::files(&self.model), &mut step);
            (self.outcomes(&awaited), fresh)
        } else {
            (self.outcomes(&awaited), fresh.join().expect("the fresh build answers"))
        };
        if outcomes.iter().any(|event| event["event"] == "refused") {
            // The way to what stands in the way is shown to people only.
            let output = self.tool.output();
            output[said..].lines().for_each(|line| eprintln!("        | {line}"));
        }
        if let Err(errors) = &fresh {
            assert!(!compiles, "the generator made a source that does not compile:\n{errors}");
        } else {
            assert!(compiles, "the generator made an error that compiles");
        }
        let fresh = fresh.map(|text| answers::parse(&text));
        let ending = self.compare(&outcomes, fresh, number);
        drop(step);
        ending
    }

    /// Writes what is different in these files. The paths of those that the tool must hear of.
    fn write(&mut self, files: Vec<(String, String)>, step: &mut Step) -> Vec<String> {
        let old = std::mem::replace(&mut self.files, files);
        let was = |path: &str| old.iter().find(|(p, _)| p == path).map(|(_, was)| was.as_str());
        for (path, _) in &old {
            if !self.files.iter().any(|(p, _)| p == path) {
                step.diff += &format!("{path} is removed\n");
                self.project.remove(path);
            }
        }
        let mut saved: Vec<&(String, String)> =
            self.files.iter().filter(|file| !old.contains(file)).collect();
        // New ones first: nothing names them yet, so that the tool need not hear of them.
        saved.sort_by_key(|(path, _)| was(path).is_some());
        for (path, now) in &saved {
            step.diff += &format!("{path}\n{}", diff::lines(was(path).unwrap_or(""), now));
            self.project.write_whole(path, now);
        }
        saved.iter().filter(|(p, _)| was(p).is_some()).map(|(path, _)| path.clone()).collect()
    }

    /// Chooses the next edit, and returns its title and the model after it.
    fn choose(&mut self) -> (String, Model) {
        let calm = self.seed.is_multiple_of(2);
        let mut model = self.model.clone();
        if model.broken.take().is_some() {
            if self.chance.once_in(2) {
                edits::edit(&mut model, &mut self.chance, calm);
                return ("fix and more".to_owned(), model);
            }
            return ("fix".to_owned(), model);
        }
        match self.chance.below(16) {
            0 => return (edits::error(&mut model, &mut self.chance, calm), model),
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
        let kind = edits::edit(&mut model, &mut self.chance, calm);
        (kind, model)
    }

    /// The one outcome of the save; several if the tool has seen a save of several files in parts.
    fn outcomes(&mut self, awaited: &[String]) -> Vec<Value> {
        let (mut seen, mut outcomes) = (BTreeSet::new(), Vec::new());
        loop {
            let change = self.tool.next_event();
            assert_eq!(change["event"], "change", "{change}");
            let files = change["files"].as_array().expect("files");
            seen.extend(files.iter().filter_map(|file| file.as_str().map(str::to_owned)));
            let event = self.tool.next_event();
            let kind = event["event"].as_str().unwrap_or_default();
            let known = ["compile-error", "applied", "no-effect", "refused", "restarted"];
            assert!(known.contains(&kind), "a change must have an outcome, not {event}");
            self.not_live.extend(answers::not_live(&event));
            let mut restarted = None;
            if kind == "refused" {
                assert_eq!(event["next"], "restart", "{event}");
                let mut next = self.tool.next_event();
                if next["event"] == "building" {
                    next = self.tool.next_event();
                }
                assert_eq!(next["event"], "restarted", "{next}");
                restarted = Some(next);
            } else if kind == "restarted" {
                restarted = Some(event.clone());
            }
            outcomes.push(event);
            let everything = awaited.iter().all(|path| seen.contains(path));
            if let Some(next) = restarted {
                self.restarted(&next);
                // Files that were written meanwhile may have been built by cargo.
                if everything || !self.more_comes() {
                    return outcomes;
                }
            } else if everything {
                return outcomes;
            }
        }
    }

    fn more_comes(&mut self) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(2) {
            if !self.tool.events_left().is_empty() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn restarted(&mut self, event: &Value) {
        let before = self.pid;
        self.pid = pid(event);
        assert_ne!(self.pid, before, "{event}");
        self.line = connect(&mut self.tool, &self.port);
        self.not_live.clear();
        self.old.clear();
        self.beats = 0;
        self.local_beats.clear();
        self.counters.clear();
    }

    /// Compares the answers as the outcome demands.
    fn compare(
        &mut self,
        outcomes: &[Value],
        fresh: Result<Answers, String>,
        number: usize,
    ) -> Ending {
        let is = |event: &Value, kinds: &[&str]| kinds.iter().any(|kind| event["event"] == *kind);
        let by_cargo = ["refused", "restarted"];
        let last = outcomes.last().expect("an outcome");
        let restarted = is(last, &by_cargo);
        let moved = |event: &&Value| is(event, &["applied"]) || is(event, &by_cargo);
        // The event that says most: a swap, rather than that a part of the save had no effect.
        let event = outcomes.iter().rfind(moved).filter(|_| fresh.is_ok()).unwrap_or(last);
        let kind = event["event"].as_str().unwrap_or_default();
        assert!(is_alive(self.pid), "the program is gone: {event}");
        if !outcomes.iter().any(|event| is(event, &by_cargo)) {
            self.land(event);
        }
        let now = self.ask(number);
        assert_eq!(is(last, &["compile-error"]), fresh.is_err(), "{event}\nfresh build: {fresh:?}");
        if !outcomes.iter().any(|event| moved(&event)) {
            let changed = answers::differences(&self.answers, &now);
            assert!(changed.is_empty(), "nothing was replaced, but answers changed: {changed:?}");
        }
        if let Ok(right) = &fresh {
            self.check_answers(right, &now, restarted, event);
            self.right.clone_from(right);
        }
        self.answers = now;
        // A layout that an earlier edit changed may meet old values only now.
        let owed = self.shapes.iter().any(|(name, shapes)| {
            shapes.len() > 1 && event["details"].to_string().contains(name.as_str())
        });
        let calm = fresh.is_ok() && !owed && !self.good.lies_otherwise(&self.model);
        if fresh.is_ok() {
            self.revision = self.model.revision;
            self.good = self.model.clone();
            if restarted {
                self.begun = self.model.clone();
                self.shapes.clear();
            }
            self.shaped();
        }
        self.check_state();
        let why = event["why"].as_str().filter(|_| kind == "refused").map(str::to_owned);
        let details = event["details"].as_array().and_then(|d| d.first());
        let item = details.and_then(|d| d["item"].as_str()).unwrap_or_default().to_owned();
        Ending { outcome: kind.to_owned(), why, item, calm }
    }

    /// Answers must be a fresh build's. An old one is right where it comes from code that no slot
    /// leads to, if the tool reports it in the very step that would have changed it. It need not
    /// repeat that when that code has been left behind already, and this step changes nothing that it
    /// was built to call.
    fn check_answers(&mut self, right: &Answers, now: &Answers, restarted: bool, event: &Value) {
        let mut old = BTreeSet::new();
        for (question, fresh, answer) in answers::differences(right, now) {
            let excuse = answers::excuse(&question).filter(|_| !restarted);
            let known = |item: &str| {
                self.old.contains(&question)
                    && (self.right.get(&question) == Some(&fresh) || !self.changes_below(item))
            };
            let is_reported = excuse.is_some_and(|item| self.is_reported(item) || known(item));
            assert!(
                is_reported,
                "{question} answers {answer}, a fresh build {fresh}; before {}{}\n{event}",
                self.answers.get(&question).map_or("nothing", String::as_str),
                if excuse.is_some() { "; the tool has not reported that it stays old" } else { "" }
            );
            old.insert(question);
        }
        self.old = old;
    }

    /// Notes what the items look like.
    fn shaped(&mut self) {
        for (name, shape) in self.good.shapes() {
            self.shapes.entry(name).or_default().insert(shape);
        }
    }

    /// Calls that began before the save end now, on the code that they began with.
    fn land(&mut self, event: &Value) {
        let ended = answers::parse(&self.line.ask("one arrive"));
        assert!(!ended.is_empty(), "calls were in flight");
        for (question, answer) in ended {
            let (path, _) = question.split_once('@').expect("a number");
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_hot = |name: &String| match self.good.find(name) {
                Some((m, i)) => match &self.good.modules[m].items[i].kind {
                    Kind::Function(function) => function.hot,
                    Kind::Shape { hot, .. } => *hot,
                    _ => false,
                },
                None => false,
            };
            // A function that is called through a slot is new already.
            if self.good.run_by(name).keys().filter(|n| *n != name).any(is_hot) {
                assert_ne!(answer, "panicked", "{question} in flight\n{event}");
                continue;
            }
            let right = &self.answers[&question];
            assert_eq!(
                answer, *right,
                "{question} in flight answers not what it began with\n{event}"
            );
        }
    }

    /// Reports whether the tool has reported in this step that an item, or one that it leads to, is
    /// not live.
    fn is_reported(&self, item: &str) -> bool {
        let led = self.model.led_by(item);
        self.not_live.iter().any(|item| led.iter().any(|name| item.contains(name.as_str())))
    }

    /// Reports whether this step changed something that an item led to when the process was started.
    fn changes_below(&self, item: &str) -> bool {
        let is_changed = |name: &String| match (self.good.find(name), self.model.find(name)) {
            (Some(_), Some(_)) => self.good.item(name).kind != self.model.item(name).kind,
            _ => false,
        };
        self.begun.led_by(item).iter().any(is_changed)
    }

    fn ask(&mut self, number: usize) -> Answers {
        let thread = THREADS[number % THREADS.len()];
        answers::parse(&self.line.ask(&format!("{thread} all")))
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
            let back = self.line.ask(&format!("{thread} back"));
            assert_eq!(back, "", "statics of functions went back");
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
    pub fn finish(mut self) {
        let left = self.tool.events_left();
        assert!(left.is_empty(), "events that belong to no save: {left:?}");
        self.tool.interrupt();
        assert_eq!(self.tool.wait().code(), Some(130), "after Ctrl-C");
        assert!(!is_alive(self.pid), "the program outlived the tool");
    }
}

fn pid(event: &Value) -> u32 {
    let pid = event["pid"].as_u64().and_then(|pid| pid.try_into().ok());
    pid.unwrap_or_else(|| panic!("no pid in {event}"))
}

/// Connects as soon as the program has written its port, and takes the file away, so that only a
/// new process can write one again.
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
