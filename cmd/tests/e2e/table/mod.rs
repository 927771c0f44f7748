//! The table of edits: what each kind of edit comes to.
//!
//! A [`Case`] is one save: which files it changes, what must come of it, and what a question is
//! answered before and after. It is told as a row of a table (`live`, `crates`, `refused`, `cargo`);
//! `saves` and `files` hold what is not one save of text.
//!
//! The cases of a table share one process. Each is taken back when it is over, by another save, and
//! the program must then answer as before; so each case begins with the same source, and going
//! back is tried with every one of them. After every save the session checks that all state is
//! there. When a case fails, the others still run, in a new process. `HOT_CASE` chooses the cases whose
//! names contain it.
//!
//! In names, `@` stands for each of the two crates of the fixture that are made from the folder
//! `wares`: what is written with it must hold for both.

mod cargo;
mod crates;
mod files;
mod live;
mod refused;
mod saves;

use crate::{
    project::{MARKET, Project},
    session::{Outcome, Session},
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// A row of the table.
struct Case {
    /// The kind of edit.
    name: &'static str,
    /// What is saved, as one save.
    edits: &'static [Edit],
    /// What comes of it.
    outcome: Expected,
    /// Questions, with the answers before and after.
    answers: &'static [(&'static str, &'static str, &'static str)],
}

/// A change to a file.
enum Edit {
    /// The text that stands once in the file becomes another.
    Put(&'static str, &'static str, &'static str),
    /// There is a new file.
    New(&'static str, &'static str),
    /// A file is gone.
    Gone(&'static str),
}
use Edit::{Gone, New, Put};

/// What must come of a save.
enum Expected {
    /// These functions are swapped, and no others.
    Live(&'static [&'static str]),
    /// These functions are swapped and no others; these items are told to be not live.
    Beside { live: &'static [&'static str], not: &'static [&'static str] },
    /// Nothing is swapped; these items changed.
    NoEffect(&'static [&'static str]),
    /// Refused for this reason; each of these is part of an item or of what is said of it.
    Refused(&'static str, &'static [&'static str]),
    /// Restarted; the reason begins so.
    Restarted(&'static str),
    /// It does not compile, and this is part of what rustc says.
    CompileError(&'static str),
}
use Expected::{Beside, CompileError, Live, NoEffect, Refused, Restarted};

/// What a save comes to, as far as going back is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// The new code runs.
    New,
    /// The old code runs on.
    Old,
}

/// Runs the cases one after the other, in one process started with these flags.
fn run(cases: &[Case], flags: &[&str]) {
    let only = std::env::var("HOT_CASE").unwrap_or_default();
    let mut failures = Vec::new();
    let mut session = Session::start_with(Project::lay(&MARKET), flags, &[]);
    for case in cases.iter().filter(|case| case.name.contains(&only)) {
        eprintln!("table: {}", case.name);
        if catch_unwind(AssertUnwindSafe(|| case.run(&mut session))).is_err() {
            eprintln!("table: {}: FAILED\n{}", case.name, session.tool.transcript());
            failures.push(case.name);
            drop(session);
            session = Session::start_with(Project::lay(&MARKET), flags, &[]);
        }
    }
    if catch_unwind(AssertUnwindSafe(|| session.finish())).is_err() {
        failures.push("the end");
    }
    assert!(failures.is_empty(), "failed: {failures:#?}");
}

impl Case {
    fn run(&self, session: &mut Session) {
        let before: BTreeMap<&str, Option<String>> = self
            .edits
            .iter()
            .map(|edit| edit.file())
            .map(|file| (file, fs::read_to_string(session.project.root().join(file)).ok()))
            .collect();
        for (question, answer, _) in self.answers {
            ask(session, question, answer);
        }

        save(session, self.edits);
        let outcome = session.outcome();
        let stands = self.outcome.check(session, &outcome);
        session.check();
        for (question, old, new) in self.answers {
            ask(session, question, if stands == Stands::New { new } else { old });
        }

        write(session, &before);
        let outcome = session.outcome();
        let event = &outcome.event;
        match (&self.outcome, stands) {
            (Live(_) | Beside { .. }, _) => session.check_applied(&outcome),
            (Restarted(_), Stands::New) | (Refused(..), Stands::New) => {
                if event["event"] == "refused" {
                    session.restarted();
                } else {
                    session.begun_anew(event);
                }
            }
            // What runs was never replaced.
            (_, _) if event["event"] == "refused" => assert_eq!(event["next"], "keep", "{event}"),
            (_, _) => {
                assert_eq!(event["event"], "no-effect", "taken back: {event}");
            }
        }
        session.check();
        for (question, answer, _) in self.answers {
            ask(session, question, answer);
        }
    }
}

impl Expected {
    /// Checks that the outcome is what was expected, and whether the new code runs.
    fn check(&self, session: &mut Session, outcome: &Outcome) -> Stands {
        let event = &outcome.event;
        let kind = event["event"].as_str().unwrap_or_default();
        match self {
            Live(functions) => {
                session.check_applied(outcome);
                same(outcome.names("functions"), functions, event);
                same(outcome.names("not_live"), &[], event);
                Stands::New
            }
            Beside { live, not } => {
                session.check_applied(outcome);
                same(outcome.names("functions"), live, event);
                same(outcome.names("not_live"), not, event);
                Stands::New
            }
            NoEffect(changed) => {
                assert_eq!(kind, "no-effect", "{event}");
                same(outcome.names("changed"), changed, event);
                assert!(event["why"].as_str().is_some_and(|why| !why.is_empty()), "{event}");
                Stands::Old
            }
            Refused(why, parts) => {
                assert_eq!(kind, "refused", "{event}");
                assert_eq!(event["why"], *why, "{event}");
                let details = event["details"].to_string();
                for part in parts.iter().flat_map(|part| both(part)) {
                    assert!(details.contains(&part), "{part} is not told: {event}");
                }
                match event["next"].as_str() {
                    Some("restart") => {
                        session.restarted();
                        Stands::New
                    }
                    next => {
                        assert_eq!(next, Some("keep"), "{event}");
                        Stands::Old
                    }
                }
            }
            Restarted(why) => {
                assert_eq!(kind, "restarted", "{event}");
                let told = event["why"].as_str().unwrap_or_default();
                assert!(told.starts_with(why), "{event}");
                session.begun_anew(event);
                Stands::New
            }
            CompileError(text) => {
                assert_eq!(kind, "compile-error", "{event}");
                assert!(event["rendered"].as_str().is_some_and(|r| r.contains(text)), "{event}");
                Stands::Old
            }
        }
    }
}

impl Edit {
    fn file(&self) -> &'static str {
        match self {
            Put(file, ..) | New(file, _) | Gone(file) => file,
        }
    }
}

/// Makes all edits in one save.
fn save(session: &mut Session, edits: &[Edit]) {
    let left = session.tool.events_left();
    assert!(left.is_empty(), "an event that belongs to no save: {left:?}");
    let mut texts: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for edit in edits {
        let file = edit.file();
        match edit {
            Put(_, old, new) => {
                let text = texts.entry(file).or_insert_with(|| Some(session.project.read(file)));
                let text = text.as_mut().expect("a file that is there");
                assert_eq!(text.matches(old).count(), 1, "{file} has {old:?} once:\n{text}");
                *text = text.replace(old, new);
            }
            New(_, text) => drop(texts.insert(file, Some((*text).to_owned()))),
            Gone(_) => drop(texts.insert(file, None)),
        }
    }
    write(session, &texts);
}

/// Writes or removes files, in one save.
fn write(session: &mut Session, texts: &BTreeMap<&str, Option<String>>) {
    let Session { project, tool, .. } = session;
    tool.while_held(|| {
        for (file, text) in texts {
            match text {
                Some(text) => {
                    let folder = project.root().join(file);
                    fs::create_dir_all(folder.parent().expect("a folder")).expect("the folder");
                    project.write(file, text);
                }
                None => fs::remove_file(project.root().join(file)).expect("the file to go"),
            }
        }
    });
}

/// Asks one question, or one of each copy.
fn ask(session: &mut Session, question: &str, answer: &str) {
    for (question, answer) in each(question).into_iter().zip(each(answer).iter().cycle()) {
        session.expect(&format!("main {question}"), answer);
    }
}

/// For each of the two crates what is written for both.
fn both(text: &str) -> Vec<String> {
    if !text.contains('@') {
        return vec![text.to_owned()];
    }
    // `@/total` is the name of a hot function, `@::total` a path.
    ["goods", "main"]
        .iter()
        .map(|name| {
            let path = if *name == "main" { "app" } else { name };
            text.replace("@::", &format!("{path}::wares::"))
                .replace("@/", &format!("{name}/wares/"))
        })
        .collect()
}

/// The same for questions.
fn each(text: &str) -> Vec<String> {
    match text.contains('@') {
        true => ["goods", "app"].iter().map(|name| text.replace('@', name)).collect(),
        false => vec![text.to_owned()],
    }
}

fn same(mut told: Vec<String>, expected: &[&str], event: &Value) {
    let mut expected: Vec<String> = expected.iter().flat_map(|name| both(name)).collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected, "{event}");
}
