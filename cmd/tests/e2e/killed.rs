//! A program that is killed: the tool says so, and the next save starts it with the newest code. And
//! one that makes a copy of itself, or begins itself anew.

use crate::{
    project::{PLAIN, Project, SOLO},
    session::Session,
    tool::{eventually, is_alive},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{thread, time::Duration};

#[test]
fn a_program_killed_on_the_way_of_a_patch_is_told_and_started_again_with_all_edits() {
    let mut session = Session::start_with(Project::lay(&PLAIN), &["--wait"], &[]);
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

/// Some of what rustc had begun is there then, and some is not: a library without its code, say.
#[test]
fn a_tool_killed_while_rustc_works_leaves_a_build_that_the_next_makes_whole() {
    let mut project = Project::lay(&SOLO);
    let price = SOLO.copies[0].file("price.rs");
    let mut factor = 10;
    for delay in [0, 50, 100, 150, 250] {
        let mut session = Session::start_in(project);
        let answer = |factor: u64| format!("{} ", factor * 3);
        assert!(session.ask("main library price 3").starts_with(&answer(factor)));
        edit(&mut session, &price, &mut factor);
        assert_eq!(session.tool.next_event()["event"], "change");
        thread::sleep(Duration::from_millis(delay));
        session.tool.kill();
        // The new code, where the tool was quicker than its end.
        let now = session.ask("main library price 3");
        assert!([factor - 1, factor].iter().any(|f| now.starts_with(&answer(*f))), "{now}");
        session.check();
        kill(session.pid, Signal::KILL);
        eventually("the end of the program", || !is_alive(session.pid));
        project = session.project;
    }
    let mut session = Session::start_in(project);
    assert!(session.ask("main library price 3").starts_with(&format!("{} ", factor * 3)));
    edit(&mut session, &price, &mut factor);
    session.applied();
    session.check();
    session.finish();
}

/// A forked child leaves its parent's reloads alone. After exec nothing is left of what was loaded: the
/// next save says so, and begins anew.
#[test]
fn a_program_that_forks_stays_live_and_one_that_execs_itself_is_told_and_restarted() {
    let mut project = Project::lay(&PLAIN);
    let selves = "        \"fork\" => {
            unsafe extern \"C\" {
                fn fork() -> i32;
                fn pause() -> i32;
                fn prctl(option: i32, signal: usize) -> i32;
            }
            match unsafe { fork() } {
                0 => {
                    // PR_SET_PDEATHSIG: it goes with its parent at the latest.
                    unsafe { prctl(1, 9) };
                    loop {
                        unsafe { pause() };
                    }
                }
                child => child.to_string(),
            }
        }
        \"again\" => {
            use std::os::unix::process::CommandExt;
            let arguments = std::env::args_os().skip(1);
            std::process::Command::new(\"/proc/self/exe\").args(arguments).exec().to_string()
        }
        \"ticks\" =>";
    project.replace("src/main.rs", &[("        \"ticks\" =>", selves)]);
    let port = project.scratch("port");
    let mut session = Session::start_in(project);
    let price = PLAIN.copies[0].file("price.rs");
    let child: u32 = session.ask("one fork").parse().expect("a child");
    for (old, new) in [("units * 10", "units * 11"), ("units * 11", "units * 12")] {
        session.live(&price, &[(old, new)]);
    }
    session.expect("main binary price 1", "12 asked=1");
    assert!(is_alive(child));
    kill(child, Signal::KILL);

    session.line.send("main again");
    eventually("it has begun again", || port.exists());
    assert!(is_alive(session.pid), "it is the same process");
    session.edit(&price, &[("units * 12", "units * 13")]);
    let event = session.outcome().event;
    assert_eq!(
        [&event["event"], &event["why"], &event["next"]],
        ["refused", "program", "restart"],
        "{event}"
    );
    assert!(event["details"].to_string().contains("become another program (exec)"), "{event}");
    session.restarted();
    session.expect("main binary price 1", "13 asked=1");
    session.live(&price, &[("units * 13", "units * 14")]);
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
    assert!(why.contains("killed by SIGKILL"), "{why}");
    session.expect("main binary price 1", &format!("{factor} asked=1"));
}

fn edit(session: &mut Session, price: &str, factor: &mut u64) {
    let (old, new) = (format!("units * {factor}"), format!("units * {}", *factor + 1));
    session.edit(price, &[(&old, &new)]);
    *factor += 1;
}

fn signal(session: &Session, signal: Signal) {
    kill(session.pid, signal);
}

fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid as i32).expect("a process");
    kill_process(pid, signal).expect("it is there");
}
