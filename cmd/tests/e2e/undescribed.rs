//! A program without debug information: its edits go live, with less that is checked. Where the
//! debug information is split off, nothing less is.

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

/// Fields of one size that change places: only debug information tells.
fn refuses_swapped_fields(mut session: Session) {
    let file = PLAIN.copies[0].file("ledger.rs");
    let running = session.tool.events().iter().find(|event| event["event"] == "running").cloned();
    assert_eq!(running.expect("it runs").get("undescribed"), None);
    session.live(&file, &[("\"balance {} of {}\"", "\"now {} of {}\"")]);
    session.expect("main binary enter 1", "now 51 of 7");
    session.edit(&file, &[("id: u32, amount: u32 }", "amount: u32, id: u32 }")]);
    let event = session.outcome().event;
    assert_eq!((&event["event"], &event["why"]), (&json!("refused"), &json!("layout")), "{event}");
    assert_eq!(event["details"][0]["item"], "plain::subject::ledger::Line", "{event}");
    session.expect("main binary enter 1", "now 52 of 7");
    session.finish();
}

fn lay_ledger(profile: &str) -> Project {
    let mut project = Project::lay(&PLAIN);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &format!("{manifest}\n{profile}"));
    project.write(&PLAIN.copies[0].file("ledger.rs"), LEDGER);
    project
}

#[test]
fn debug_information_that_is_packed_by_the_profile_is_read() {
    let project = lay_ledger("[profile.dev]\nsplit-debuginfo = \"packed\"\n");
    refuses_swapped_fields(Session::start_with(project, &["--no-restart"], &[]));
    let project = lay_ledger("[profile.dev]\nsplit-debuginfo = \"packed\"\n");
    let script = r#"cargo build --manifest-path "$MANIFEST" --target-dir "$TARGET" && "$TARGET/debug/plain" "$PORT""#;
    refuses_swapped_fields(Session::start_script(project, &["--no-restart"], script));
}

#[test]
fn debug_information_that_is_split_off_by_a_flag_is_read_in_release() {
    for kind in ["unpacked", "packed"] {
        let project = lay_ledger("[profile.release]\ndebug = true\nopt-level = 1\n");
        let flag = format!("-Csplit-debuginfo={kind}");
        let environment = [("RUSTFLAGS", flag.as_str())];
        let flags = ["--no-restart", "--release"];
        refuses_swapped_fields(Session::start_with(project, &flags, &environment));
    }
}
