//! A program that starts itself: its workers have the name of the control socket too. What is told
//! as live is live in the process that the tool has started, whichever came to its reloader first.

use crate::{
    project::{PLAIN, Project},
    session::Session,
};

/// Begins `main`. A worker ends with its parent, which holds its input.
const WORKER: &str = "\
    if std::env::args().nth(2).is_some() {
        hot::Reloader::new().on_report(|report| println!(\"{report}\")).spawn();
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).expect(\"an input\");
        return;
    }
";

/// Two workers, and the first line of each: what its reloader says.
const START_WORKERS: &str = "
fn start_workers() {
    use std::{io::{BufRead, BufReader}, process::{Command, Stdio}};
    let start = |_| {
        let mut worker = Command::new(std::env::current_exe().expect(\"a path\"));
        worker.args(std::env::args().skip(1)).arg(\"worker\");
        worker.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect(\"a worker\")
    };
    for mut worker in [1, 2].map(start) {
        let mut line = String::new();
        let output = worker.stdout.take().expect(\"its output\");
        BufReader::new(output).read_line(&mut line).expect(\"a line\");
        eprintln!(\"worker {}: {line}\", worker.id());
        std::mem::forget(worker.stdin.take());
    }
}

fn answer(";

/// The workers begin when the program listens.
const PROGRAM_FIRST: &str = "    hot::spawn_reloader();
    let socket = std::env::var(\"HOT_SOCKET\").expect(\"a socket\");
    while !std::path::Path::new(&socket).exists() {
        thread::sleep(Duration::from_millis(5));
    }
    start_workers();
";

/// The program listens when its workers do not any more.
const WORKERS_FIRST: &str = "    start_workers();
    hot::spawn_reloader();
";

fn lay(begins: &str) -> Project {
    let mut project = Project::lay(&PLAIN);
    let begins = format!("{WORKER}{begins}");
    project.replace(
        "src/main.rs",
        &[("    hot::spawn_reloader();\n", &begins), ("\nfn answer(", START_WORKERS)],
    );
    project
}

/// Edits go live in the process that was started; the others are named, once.
fn goes_live(mut session: Session) {
    let copy = PLAIN.copies[0];
    let price = copy.file("price.rs");
    for (old, new) in [("units * 10", "units * 11"), ("units * 11", "units * 12")] {
        session.live(&price, &[(old, new)]).swapped_only(&copy.function("price/price"));
    }
    session.expect("main binary price 1", "12 asked=1");
    let output = session.tool.output();
    let told = format!("; edits go live in pid {} alone", session.pid);
    assert_eq!(output.matches("the program has started itself: pid ").count(), 1, "{output}");
    assert_eq!(output.matches(&told).count(), 1, "{output}");
    let said = "this process goes on with the code that it was started with";
    assert_eq!(output.matches(said).count(), 2, "by each worker: {output}");
    session.finish();
}

#[test]
fn a_worker_that_comes_after_the_program_leaves_its_edits_alone() {
    goes_live(Session::start_in(lay(PROGRAM_FIRST)));
}

#[test]
fn a_worker_that_comes_before_the_program_does_not_stand_for_it() {
    goes_live(Session::start_in(lay(WORKERS_FIRST)));
}

#[test]
fn a_worker_of_a_program_that_a_command_has_started_does_not_stand_for_it() {
    let script = r#"cargo build --manifest-path "$MANIFEST" --target-dir "$TARGET" && "$TARGET/debug/plain" "$PORT"; true"#;
    goes_live(Session::start_script(lay(WORKERS_FIRST), &[], script));
}

/// A supervisor: the program itself never listens. Nothing is told as live, and why.
#[test]
fn a_program_whose_workers_alone_listen_is_told_so() {
    let mut session = Session::start_with(lay("    start_workers();\n"), &["--no-restart"], &[]);
    session.edit(&PLAIN.copies[0].file("price.rs"), &[("units * 10", "units * 12")]);
    let event = session.outcome().event;
    assert_eq!((&event["event"], &event["why"]), (&"refused".into(), &"not-connected".into()));
    let told = format!("(it is process {}; pid ", session.pid);
    assert!(event["details"].to_string().contains(&told), "{event}");
    session.expect("main binary price 1", "10 asked=1");
    session.finish();
}
