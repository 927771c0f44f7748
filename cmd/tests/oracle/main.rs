//! The oracle: edits of real programs under the real tool, and after each of them the same
//! questions to the patched process and to a fresh build of the same source.
//!
//! There are four programs: a plain loop, a pool of threads with channels, a server on tokio, and a
//! workspace of several crates. Their source is rendered from a small model, and an edit is a
//! mutation of the model. What the tool says of a save must then be true:
//!
//! - *applied*: every answer that hot functions give is the fresh build's, and all state is where
//!   it was; what the tool reported as not live may answer as before;
//! - *no effect*: the answers are those from before, and the fresh build's are too;
//! - *refused* and restarted: the answers are the fresh build's;
//! - *compile error*: the fresh build fails as well, and the answers are those from before.
//!
//! All the time threads and tasks run the hot functions, and some calls begin before a save and end
//! after it: they must end on the code that they began with. A crash, a silence, a second outcome, a
//! counter that goes back are failures. Each prints the program, the seed, the step, the kind of
//! edit, the difference of the source, the events and the output.
//!
//! A step depends on the program, the seed and the steps before it alone, so that a
//! failure is replayed with its seed. Sequences of even seeds change no layouts: fewer restarts, so
//! that many patches come to lie on one another. The table at the end counts the outcomes, and
//! refusals of edits that changed no layout as needless.
//!
//! - `HOT_ORACLE_SEED`: a seed, or a range of them such as `1..=40` (default `1`);
//! - `HOT_ORACLE_EDITS`: the number of edits for each seed (default 6);
//! - `HOT_ORACLE_SUMMARY`: a file that gets a line for each seed; seeds that have one are not run
//!   again, so that a long campaign can be ended and taken up;
//! - `HOT_ORACLE_PLACE`: another folder for the projects, for campaigns side by side;
//! - `HOT_ORACLE_SHOW`: each step shows its edit.
//!
//! Two thousand edits:
//!
//! ```sh
//! HOT_ORACLE_SEED=1..=20 HOT_ORACLE_EDITS=25 HOT_ORACLE_SUMMARY=/tmp/summary \
//!     cargo test -p hot-cli --test oracle generated -- --nocapture
//! ```
//!
//! - `program`: the programs; `first`: what they are before the first edit;
//! - `model`, `render`, `edits`: the source, its text, its mutations; `chance`: the seed's numbers;
//! - `sequences`: edits by hand;
//! - `fresh`: the twin; `session`: the sequence; `answers`: the comparison; `diff`: what a step
//!   changed; `tally`: the counts.

mod answers;
mod chance;
mod diff;
mod edits;
mod first;
mod fresh;
#[path = "../harness/mod.rs"]
mod harness;
mod model;
mod program;
mod render;
mod sequences;
mod session;
mod tally;

use harness::{line, project, tool};
use program::Program;
use session::Session;
use std::{
    fs::{self, File},
    io::Write,
    ops::RangeInclusive,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};
use tally::Tally;

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.to_owned())
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text} must be a number"))
}

fn seeds() -> RangeInclusive<u64> {
    let text = variable("HOT_ORACLE_SEED", "1");
    match text.split_once("..=") {
        Some((first, last)) => number(first)..=number(last),
        None => number(&text)..=number(&text),
    }
}

/// Where a program's project is laid.
fn place(program: &Program) -> String {
    format!("oracle{}/{}", variable("HOT_ORACLE_PLACE", ""), program.name)
}

/// Runs a program's sequences. A failure does not keep the next seed from being run.
fn generated(program: &'static Program) {
    let edits = number(&variable("HOT_ORACLE_EDITS", "6")) as usize;
    let summary = std::env::var_os("HOT_ORACLE_SUMMARY");
    let known = summary.as_ref().and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    let mut failed = Vec::new();
    for seed in seeds() {
        let title = format!("{} seed {seed} of {edits}:", program.name);
        if known.lines().any(|line| line.starts_with(&title)) {
            continue;
        }
        let (begin, mut tally) = (Instant::now(), Tally::default());
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let mut session = Session::start(program, seed);
            for number in 1..=edits {
                session.step(number, &mut tally);
            }
            session.finish();
        }));
        eprint!("{}", tally.by_kind());
        let mut line = format!("{title} {tally}; {} s", begin.elapsed().as_secs());
        if ended.is_err() {
            line += &format!("; FAILED at step {}", tally.steps + 1);
            failed.push(line.clone());
        }
        eprintln!("{line}");
        if let Some(file) = &summary {
            let file = File::options().create(true).append(true).open(file);
            writeln!(file.expect("the summary"), "{line}").expect("a line of the summary");
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn generated_edits_of_a_loop() {
    generated(&program::LOOP);
}

#[test]
fn generated_edits_of_a_pool() {
    generated(&program::POOL);
}

#[test]
fn generated_edits_of_a_server() {
    generated(&program::SERVER);
}

#[test]
fn generated_edits_of_a_workspace() {
    generated(&program::GUILD);
}

#[test]
fn edits_by_hand_of_a_loop() {
    sequences::run(&program::LOOP);
}

#[test]
fn edits_by_hand_of_a_pool() {
    sequences::run(&program::POOL);
}

#[test]
fn edits_by_hand_of_a_server() {
    sequences::run(&program::SERVER);
}

#[test]
fn edits_by_hand_of_a_workspace() {
    sequences::run(&program::GUILD);
}
