//! Saves that follow each other: over two crates, during a build, a hundred of them.

use super::{Expected, Live, NoEffect, Put, ask, save};
use crate::{
    project::{MARKET, PLAIN},
    session::Session,
};
use serde_json::Value;
use std::{fs, thread, time::Duration};

/// Nothing of a save goes live before every crate that uses the edited ones has compiled.
#[test]
fn a_library_that_its_user_does_not_fit() {
    let mut session = Session::start(&MARKET);
    let library = [
        Put(
            "goods/src/stock.rs",
            "taken(n: u64) -> u64 {\n    n + 40",
            "taken(n: u32) -> u32 {\n    n + 41",
        ),
        Put("goods/src/stock.rs", "n + 20", "n + 21"),
        Put("wares/elsewhere.rs", "n + 100", "n + 101"),
    ];
    let old = [("@ elsewhere 1", "101"), ("cross taken 1", "41"), ("cross inlined 1", "21 31")];
    save(&mut session, &library);
    let outcome = session.outcome();
    Expected::CompileError("E0308").check(&mut session, &outcome);
    session.check();
    old.iter().for_each(|(question, answer)| ask(&mut session, question, answer));

    // Another file, which compiles by itself: the library is still at odds with its user.
    save(&mut session, &[Put("app/src/cross.rs", "n * stock::RATE", "n * stock::RATE + 1")]);
    let outcome = session.outcome();
    Expected::CompileError("E0308").check(&mut session, &outcome);
    old.iter().for_each(|(question, answer)| ask(&mut session, question, answer));

    save(
        &mut session,
        &[Put("app/src/cross.rs", "stock::taken(n)", "stock::taken(n as u32).into()")],
    );
    let outcome = session.outcome();
    let functions =
        &["@/elsewhere/elsewhere", "main/cross/inlined", "main/cross/rate", "main/cross/taken"];
    Live(functions).check(&mut session, &outcome);
    session.check();
    for (question, answer) in [
        ("@ elsewhere 1", "102"),
        ("cross taken 1", "42"),
        ("cross inlined 1", "22 31"),
        ("cross rate 5", "16"),
    ] {
        ask(&mut session, question, answer);
    }
    session.finish();
}

/// The same, but the library goes back: what is live was never touched.
#[test]
fn a_library_that_goes_back_to_what_its_user_expects() {
    let mut session = Session::start(&MARKET);
    let text = session.project.read("goods/src/stock.rs");
    save(&mut session, &[Put("goods/src/stock.rs", "taken(n: u64)", "taken(n: u32)")]);
    let outcome = session.outcome();
    Expected::CompileError("E0308").check(&mut session, &outcome);
    session.project.write("goods/src/stock.rs", &text);
    let outcome = session.outcome();
    NoEffect(&[]).check(&mut session, &outcome);
    ask(&mut session, "cross taken 1", "41");
    session.finish();
}

/// Saves while rustc runs: each is answered once, and the last state wins.
#[test]
fn saves_during_a_build() {
    let mut session = Session::start(&MARKET);
    let mut now = 100;
    // From the moment in which rustc starts to one in which the patch may be on its way.
    for delay in [0, 30, 80, 150, 250, 400, 600] {
        eprintln!("saves: {delay} ms into a build");
        edit(&mut session, &mut now, 1);
        let change = session.tool.next_event();
        assert_eq!(change["event"], "change", "{change}");
        thread::sleep(Duration::from_millis(delay));
        edit(&mut session, &mut now, 1);
        let first = session.tool.next_event();
        assert_eq!(first["event"], "applied", "{first}");
        let second = session.outcome().event;
        // Rustc may have read the second save the first time.
        assert!(
            second["event"] == "applied" || second["changed"] == Value::Array(vec![]),
            "{second}"
        );
        session.patch_was(&[&first, &second]);
        session.check();
        ask(&mut session, "@ elsewhere 1", &(now + 1).to_string());
    }

    eprintln!("saves: one that goes back, during its build");
    edit(&mut session, &mut now, 1);
    assert_eq!(session.tool.next_event()["event"], "change");
    edit(&mut session, &mut now, -1);
    let first = session.tool.next_event();
    let second = session.outcome().event;
    session.patch_was(&[&first, &second]);
    ask(&mut session, "@ elsewhere 1", &(now + 1).to_string());

    eprintln!("saves: a mistake during a build");
    edit(&mut session, &mut now, 1);
    assert_eq!(session.tool.next_event()["event"], "change");
    let text = session.project.read("wares/elsewhere.rs");
    session.project.write_whole("wares/elsewhere.rs", &text.replace("n + ", "n ++ "));
    let first = session.tool.next_event();
    let second = session.outcome().event;
    assert_eq!(second["event"], "compile-error", "{second}");
    session.project.write("wares/elsewhere.rs", &text);
    let third = session.outcome().event;
    session.patch_was(&[&first, &third]);
    ask(&mut session, "@ elsewhere 1", &(now + 1).to_string());

    eprintln!("saves: a source during a build by cargo");
    save(&mut session, &[Put("app/figure.txt", "7", "8")]);
    assert_eq!(session.tool.next_event()["event"], "change");
    assert_eq!(session.tool.next_event()["event"], "building");
    // The times of files are rounded down: one written this moment may count as written before.
    thread::sleep(Duration::from_millis(50));
    edit(&mut session, &mut now, 1);
    session.restarted();
    let second = session.outcome().event;
    session.patch_was(&[&second]);
    session.check();
    ask(&mut session, "@ elsewhere 1", &(now + 1).to_string());
    ask(&mut session, "cross figure 1", "59");
    session.finish();
}

/// Adds to the number that `elsewhere` adds, in one save. Rustc may be reading the file just then,
/// which must not be empty.
fn edit(session: &mut Session, now: &mut i64, by: i64) {
    let text = session.project.read("wares/elsewhere.rs");
    let (old, new) = (format!("n + {now}"), format!("n + {}", *now + by));
    assert_eq!(text.matches(&old).count(), 1, "{text}");
    *now += by;
    session.project.write_whole("wares/elsewhere.rs", &text.replace(&old, &new));
}

/// A hundred edits, of which no trace is left but the newest code and the state.
#[test]
fn a_hundred_edits() {
    let mut session = Session::start(&PLAIN);
    let copy = PLAIN.copies[0];
    let file = copy.file("price.rs");
    let ask = "two binary price 2";
    let mut asked = 0;
    let mut old = "    let price = units * 10;".to_owned();
    let mut before = None;
    for round in 1..=100 {
        let new = match round % 4 {
            0 => format!("    let price = units * {round};"),
            1 => format!("    let price = [{round}; 4].iter().sum::<u64>() / 4 * units;"),
            2 => format!("    let by = |x: u64| x * {round};\n    let price = by(units);"),
            _ => format!("    let price = \"{}\".len() as u64 * units;", "x".repeat(round)),
        };
        session.live(&file, &[(&old, &new)]).swapped_only(&copy.function("price/price"));
        asked += 1;
        session.expect(ask, &format!("{} asked={asked}", 2 * round));
        old = new;
        if round == 10 {
            before =
                Some([Used::by(session.pid), Used::by(session.tool.pid().as_raw_pid() as u32)]);
        }
    }
    let after = [Used::by(session.pid), Used::by(session.tool.pid().as_raw_pid() as u32)];
    let before = before.expect("ten rounds");
    eprintln!("used by program and tool after 10 edits: {before:?}, after 100: {after:?}");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.files, after.files, "open files");
        assert_eq!(before.threads, after.threads, "threads");
        let grown = after.kilobytes.saturating_sub(before.kilobytes);
        assert!(grown < 90 * 256, "{grown} KiB more after 90 edits");
    }
    session.finish();
}

/// What a process uses.
#[derive(Debug)]
struct Used {
    files: usize,
    threads: usize,
    kilobytes: usize,
}

impl Used {
    fn by(pid: u32) -> Used {
        let count =
            |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).expect("it runs").count();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let memory =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
        let kilobytes = memory.split_whitespace().next().and_then(|n| n.parse().ok());
        Used { files: count("fd"), threads: count("task"), kilobytes: kilobytes.expect("a number") }
    }
}
