//! The oracle: generated edits of a real program under the real tool, and after each of them the
//! same questions to the patched process and to a fresh build of the same source.
//!
//! The source is rendered from a small model, and an edit is a mutation of the model. What the tool
//! says of a save must then be true:
//!
//! - *applied*: every answer that hot functions give is the fresh build's, and all state is where
//!   it was; what the tool told to be not live may answer as before;
//! - *no effect*: the answers are those from before, and the fresh build's are too;
//! - *refused* and restarted: the answers are the fresh build's;
//! - *compile error*: the fresh build fails as well.
//!
//! A crash, a silence, a second outcome, a counter that goes back are failures. Each prints the
//! seed, the step, the kind of edit, the difference of the source, the events and the output.
//!
//! `HOT_ORACLE_SEED` is the seed (default 1), `HOT_ORACLE_EDITS` the number of edits (default 25).
//! What happens at a step depends on the seed and the steps before it alone, so that a failure is
//! replayed with its seed. Sequences of even seeds change no layouts: fewer restarts, so that many
//! patches come to lie on one another. With `HOT_ORACLE_SHOW` each step shows its edit.
//!
//! - `model`, `render`, `edits`: the source, its text, its mutations; `chance`: the seed's numbers;
//! - `fresh`: the twin; `session`: the sequence and the comparison; `diff`: what a step changed.

mod chance;
mod diff;
mod edits;
mod fresh;
#[path = "../harness/mod.rs"]
mod harness;
mod model;
mod render;
mod session;

use harness::{line, project, tool};

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} must be a number: {text}")),
        Err(_) => default,
    }
}

#[test]
fn the_patched_program_answers_as_a_fresh_build_does() {
    let seed = number("HOT_ORACLE_SEED", 1);
    let edits = number("HOT_ORACLE_EDITS", 25) as usize;
    eprintln!("seed {seed}, {edits} edits");
    let mut session = session::Session::start(seed);
    for number in 1..=edits {
        session.step(number);
    }
    let untold = session.untold;
    let mut endings = std::collections::BTreeMap::new();
    for (kind, outcomes) in session.finish() {
        eprintln!("{kind:>24}: {outcomes:?}");
        for (ending, count) in outcomes {
            *endings.entry(ending).or_insert(0) += count;
        }
    }
    eprintln!("seed {seed}: {endings:?}, {untold} old answers untold");
}
