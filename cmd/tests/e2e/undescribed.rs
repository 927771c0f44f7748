//! A program without debug information: its edits go live, with less that is checked.

use crate::{
    project::{PLAIN, Project},
    session::Session,
    tool::eventually,
};
use serde_json::json;

/// Stands for the module `ledger`: a hot function that takes a value, and a static.
const LEDGER: &str = "\
use hot::hot;
use std::sync::Mutex;

struct Line { id: u32, amount: u32 }
struct Balance { sum: u32 }
static BALANCE: Mutex<Balance> = Mutex::new(Balance { sum: 50 });

#[hot]
fn book(line: Line) -> String {
    let mut balance = BALANCE.lock().expect(\"no panic under this lock\");
    balance.sum += line.amount as u32;
    format!(\"balance {} of {}\", balance.sum as u64, line.id)
}

pub fn enter(amount: u64) -> String {
    book(Line { id: 7, amount: amount.try_into().expect(\"a small number\") })
}
";

#[test]
fn edits_go_live_without_debug_information_unless_a_size_changes() {
    let file = PLAIN.copies[0].file("ledger.rs");
    let mut project = Project::lay(&PLAIN);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &format!("{manifest}\n[profile.dev]\ndebug = false\n"));
    project.write(&file, LEDGER);
    let mut session = Session::start_with(project, &["--no-restart"], &[]);
    assert_eq!(session.tool.events()[1]["undescribed"], json!(["desk", "plain"]));
    let told = "desk, plain are compiled without full debug information, so less is checked";
    eventually("less is told to be checked", || session.tool.output().contains(told));
    session.expect("main binary enter 1", "balance 51 of 7");

    session.live(&file, &[("\"balance {} of {}\"", "\"now {} of {}\"")]);
    session.expect("main binary enter 1", "now 52 of 7");

    let argument = (
        vec![("amount: u32 }", "amount: u64 }")],
        ["argument 1 of main/subject/ledger/book", "8 bytes", "16 bytes"],
    );
    let state = (
        vec![("sum: u32 }", "sum: u64 }"), ("line.amount as u32", "line.amount as u64")],
        ["static plain::subject::ledger::BALANCE", "12 bytes", "16 bytes"],
    );
    for (edit, [item, was, now]) in [argument, state] {
        session.edit(&file, &edit);
        let event = session.outcome().event;
        assert_eq!(
            (&event["event"], &event["why"]),
            (&json!("refused"), &json!("layout")),
            "{event}"
        );
        let detail = &event["details"][0];
        assert_eq!(detail["item"], item, "{event}");
        assert_eq!((&detail["was"], &detail["now"]), (&json!(was), &json!(now)), "{event}");
        let back: Vec<_> = edit.iter().map(|(old, new)| (*new, *old)).collect();
        session.edit(&file, &back);
        assert_eq!(session.outcome().event["event"], "no-effect");
        session.check();
    }
    session.expect("main binary enter 1", "now 53 of 7");
    session.live(&file, &[("\"now {} of {}\"", "\"then {} of {}\"")]);
    session.expect("main binary enter 1", "then 54 of 7");
    session.finish();
}
