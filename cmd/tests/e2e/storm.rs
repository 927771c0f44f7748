//! A storm of saves: an editor that writes on every key, a formatter, a branch that is switched.

use crate::{
    project::{PLAIN, Project},
    session::Session,
};
use std::{fs, thread, time::Duration};

const FILES: u64 = 10;
const SAVES: u64 = 50;

/// Fifty saves of ten files within a second, one of them broken for a while. Each change that is
/// told has one answer, and in the end the program answers what the sources say.
#[test]
fn a_storm_of_saves_ends_with_the_last_sources_and_one_answer_for_each_change() {
    let mut project = Project::lay(&PLAIN);
    let folder = project.root().join("src/storm");
    fs::create_dir_all(&folder).expect("a folder");
    let modules: String = (0..FILES).map(|n| format!("mod drop{n};\n")).collect();
    let arms: String =
        (0..FILES).map(|n| format!("        \"{n}\" => drop{n}::value(),\n")).collect();
    let root = format!(
        "{modules}\npub fn answer(which: &str) -> String {{\n    match which {{\n{arms}        \
         _ => 0,\n    }}\n    .to_string()\n}}\n"
    );
    project.write("src/storm/mod.rs", &root);
    for n in 0..FILES {
        project.write(&file(n), &source(n, 0));
    }
    project.replace(
        "src/main.rs",
        &[
            ("mod subject;", "mod storm;\nmod subject;"),
            (
                "        \"ticks\" =>",
                "        \"storm\" => storm::answer(rest),\n        \"ticks\" =>",
            ),
        ],
    );
    let mut session = Session::start_in(project);
    for n in 0..FILES {
        session.expect(&format!("main storm {n}"), "0");
    }

    for save in 1..=SAVES {
        let n = save % FILES;
        let text = source(n, save);
        // The fifth file is without its end from its third save to the next.
        let text = if save == 25 { &text[..text.len() - 3] } else { &text };
        session.project.write(&file(n), text);
        thread::sleep(Duration::from_millis(1000 / SAVES));
    }
    // A last one, to be waited for.
    let last = SAVES + FILES;
    session.project.write(&file(0), &source(0, last));
    let expected = |n| if n == 0 { last } else { SAVES - FILES + n };
    let mut changes = 0;
    loop {
        let change = session.tool.next_event();
        assert_eq!(change["event"], "change", "{change}");
        let answer = session.tool.next_event();
        let kind = answer["event"].as_str().unwrap_or_default();
        assert!(["applied", "no-effect", "compile-error"].contains(&kind), "{answer}");
        session.patch_was(&[&answer]);
        changes += 1;
        let lives =
            (0..FILES).all(|n| session.ask(&format!("main storm {n}")) == expected(n).to_string());
        if lives {
            break;
        }
    }
    // The program may be ahead of what has been read here of the events. And rustc may have read a
    // file before its save was noticed: then there is a change yet to come, which has an answer too.
    thread::sleep(Duration::from_millis(500));
    while !session.tool.events_left().is_empty() {
        let outcome = session.outcome();
        session.patch_was(&[&outcome.event]);
        changes += 1;
    }
    assert!((1..=SAVES + 1).contains(&changes), "{changes} changes for {SAVES} saves");
    for n in 0..FILES {
        session.expect(&format!("main storm {n}"), &expected(n).to_string());
    }
    session.check();
    session.leave();
}

fn file(n: u64) -> String {
    format!("src/storm/drop{n}.rs")
}

fn source(n: u64, value: u64) -> String {
    format!("//! Drop {n}.\n\n#[hot::hot]\npub fn value() -> u64 {{\n    {value}\n}}\n")
}
