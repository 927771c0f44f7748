//! Other cargos at work in the target folder of a running program.

use crate::{
    project::{Project, SOLO},
    session::Session,
};
use std::process::Command;

/// Whatever they compile there, with whatever flags, an edit of each crate is live as before, the
/// first one after it too.
#[test]
fn what_cargo_does_beside_the_tool_changes_nothing() {
    let mut session = Session::start_in(Project::lay(&SOLO));
    let [library, binary] = [0, 1].map(|n| SOLO.copies[n]);
    let mut factor = 10;
    let mut asked = 0;
    let mut both = |session: &mut Session, after: &str| {
        let (was, now) = (format!("units * {factor}"), format!("units * {}", factor + 1));
        factor += 1;
        asked += 1;
        for copy in [library, binary] {
            let outcome = session.live(&copy.file("price.rs"), &[(&was, &now)]);
            outcome.swapped_only(&copy.function("price/price"));
            let question = format!("main {} price 1", copy.name);
            let answer = session.line.ask(&question);
            assert_eq!(answer, format!("{factor} asked={asked}"), "after {after}");
        }
    };
    both(&mut session, "the start");
    let other = "--cfg other";
    for (words, flags) in [
        (&["check"][..], ""),
        (&["check"], other),
        (&["build"], ""),
        (&["test", "--no-run"], ""),
        (&["build"], other),
    ] {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(words).arg("-q").arg("--manifest-path").arg(session.project.manifest());
        cargo.arg("--target-dir").arg(session.project.target());
        match flags {
            "" => cargo.env_remove("RUSTFLAGS"),
            flags => cargo.env("RUSTFLAGS", flags),
        };
        assert!(cargo.status().expect("cargo to start").success(), "{words:?}");
        both(&mut session, &format!("cargo {words:?} {flags}"));
    }
}
