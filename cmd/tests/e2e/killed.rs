//! A program that is killed: the tool says so, and the next save starts it with the newest code.

use crate::{project::PLAIN, session::Session};
use rustix::process::{Pid, Signal, kill_process};
use std::{thread, time::Duration};

#[test]
fn a_program_killed_on_the_way_of_a_patch_is_told_and_started_again_with_all_edits() {
    let mut session = Session::start_with(crate::project::Project::lay(&PLAIN), &["--wait"], &[]);
    let price = PLAIN.copies[0].file("price.rs");
    let mut factor = 10;
    // While rustc works, and when the patch has reached a process that does not answer it. (On a
    // slow machine both are the former, which comes to the same.)
    for delay in [0, 1500] {
        // It takes nothing from here on.
        signal(&session, Signal::STOP);
        edit(&mut session, &price, &mut factor);
        let change = session.tool.next_event();
        assert_eq!(change["event"], "change", "{change}");
        thread::sleep(Duration::from_millis(delay));
        signal(&session, Signal::KILL);
        let answer = session.tool.next_event();
        assert_eq!(
            [&answer["event"], &answer["why"], &answer["next"]],
            ["refused", "program", "keep"],
            "{answer}"
        );
        let why = answer["details"].to_string();
        assert!(why.contains("closed the control socket") || why.contains("has ended"), "{why}");
        begin_again(&mut session, &price, &mut factor);
    }

    // Right after it has gone live.
    edit(&mut session, &price, &mut factor);
    session.applied();
    signal(&session, Signal::KILL);
    begin_again(&mut session, &price, &mut factor);
    edit(&mut session, &price, &mut factor);
    session.applied();
    session.check();
    session.expect("main binary price 1", &format!("{factor} asked=2"));
    session.finish();
}

/// The end is told; a save starts the program, and what was saved before is in it.
fn begin_again(session: &mut Session, price: &str, factor: &mut u64) {
    let exited = session.tool.next_event();
    assert_eq!((&exited["event"], &exited["status"]), (&"exited".into(), &137.into()), "{exited}");
    edit(session, price, factor);
    let outcome = session.outcome();
    session.begun_anew(&outcome.event);
    let why = outcome.event["why"].as_str().expect("a reason");
    assert!(why.contains("signal 9"), "{why}");
    session.expect("main binary price 1", &format!("{factor} asked=1"));
}

fn edit(session: &mut Session, price: &str, factor: &mut u64) {
    let (old, new) = (format!("units * {factor}"), format!("units * {}", *factor + 1));
    session.edit(price, &[(&old, &new)]);
    *factor += 1;
}

fn signal(session: &Session, signal: Signal) {
    let pid = Pid::from_raw(session.pid as i32).expect("a process");
    kill_process(pid, signal).expect("it is there");
}
