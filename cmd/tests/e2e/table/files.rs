//! Files that come, go, and are renamed.

use super::{CompileError, Edit, Expected, Gone, Live, New, Put, ask, save};
use crate::{project::MARKET, session::Session};

/// A save, what comes of it, and what is answered then.
struct Step(&'static str, &'static [Edit], Expected, &'static [(&'static str, &'static str)]);

fn walk(session: &mut Session, steps: &[Step]) {
    for Step(name, edits, expected, answers) in steps {
        eprintln!("files: {name}");
        save(session, edits);
        let outcome = session.outcome();
        expected.check(session, &outcome);
        session.check();
        for (question, answer) in *answers {
            ask(session, question, answer);
        }
    }
}

const FRESH: &str = "pub fn fresh(n: u64) -> u64 {\n    n + 300\n}\n";

#[test]
fn modules_come_and_go() {
    let mut session = Session::start(&MARKET);
    walk(&mut session, MODULES);
    session.finish();
}

const MODULES: &[Step] = &[
    Step(
        "a module whose file is missing",
        &[
            Put("wares/mod.rs", "mod generic;", "mod fresh;\nmod generic;"),
            Put("wares/elsewhere.rs", "n + 100", "super::fresh::fresh(n)"),
        ],
        CompileError("E0583"),
        &[("@ elsewhere 1", "101")],
    ),
    Step(
        "its file",
        &[New("wares/fresh.rs", FRESH)],
        Live(&["@/elsewhere/elsewhere"]),
        &[("@ elsewhere 1", "301")],
    ),
    Step(
        "a change in the new file",
        &[Put("wares/fresh.rs", "n + 300", "n + 301")],
        Live(&["@/elsewhere/elsewhere"]),
        &[("@ elsewhere 1", "302")],
    ),
    Step(
        "the file renamed, the module not",
        &[Gone("wares/fresh.rs"), New("wares/newer.rs", FRESH)],
        CompileError("E0583"),
        &[("@ elsewhere 1", "302")],
    ),
    Step(
        "the module renamed too",
        &[
            Put("wares/mod.rs", "mod fresh;", "mod newer;"),
            Put("wares/elsewhere.rs", "super::fresh::", "super::newer::"),
        ],
        Live(&["@/elsewhere/elsewhere"]),
        &[("@ elsewhere 1", "301")],
    ),
    Step(
        "the file moved into a folder",
        &[Gone("wares/newer.rs"), New("wares/newer/mod.rs", FRESH)],
        // A panic would name the file.
        Live(&["@/elsewhere/elsewhere"]),
        &[("@ elsewhere 1", "301")],
    ),
    Step(
        "a change in the folder",
        &[Put("wares/newer/mod.rs", "n + 300", "n + 303")],
        Live(&["@/elsewhere/elsewhere"]),
        &[("@ elsewhere 1", "304")],
    ),
    Step(
        "the file deleted, the module not",
        &[Gone("wares/newer/mod.rs")],
        CompileError("E0583"),
        &[("@ elsewhere 1", "304")],
    ),
    Step(
        "the module deleted too",
        &[
            Put("wares/mod.rs", "mod newer;\n", ""),
            Put("wares/elsewhere.rs", "super::newer::fresh(n)", "n + 100"),
        ],
        Live(&["@/elsewhere/elsewhere"]),
        &[("@ elsewhere 1", "101")],
    ),
    Step(
        "an included file deleted",
        &[Gone("notes/far.txt")],
        CompileError("far.txt"),
        &[("@ text 1", "near far 1")],
    ),
    Step(
        "an included file come back with another text",
        &[New("notes/far.txt", "away\n")],
        Live(&["@/texts/text"]),
        &[("@ text 1", "near away 1")],
    ),
    Step(
        "a hot function in a new module",
        &[
            New("wares/fresh.rs", "#[hot::hot]\npub fn fresh(n: u64) -> u64 {\n    n + 400\n}\n"),
            Put("wares/mod.rs", "mod generic;", "mod fresh;\nmod generic;"),
            Put("wares/elsewhere.rs", "n + 100", "super::fresh::fresh(n)"),
        ],
        Live(&["@/elsewhere/elsewhere"]),
        &[("@ elsewhere 1", "401")],
    ),
    Step(
        "a change of the new hot function",
        &[Put("wares/fresh.rs", "n + 400", "n + 500")],
        Live(&["@/fresh/fresh"]),
        &[("@ elsewhere 1", "501")],
    ),
];
