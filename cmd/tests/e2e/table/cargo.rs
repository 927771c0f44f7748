//! Edits on which only cargo can act: each ends in a restart with the reason, or with
//! `--no-restart` in a refusal.

use super::{Case, CompileError, Live, Put, Refused, Restarted, run, save};
use crate::{project::MARKET, session::Session};

#[test]
fn edits_that_need_cargo() {
    run(CASES, &[]);
}

/// With `--no-restart` nothing is built; what runs takes edits of sources as before.
#[test]
fn edits_that_need_cargo_and_the_old_code() {
    run(KEPT, &["--no-restart"]);
}

/// Cargo writes the lock file itself, so there is no going back.
#[test]
fn the_lock_file() {
    let mut session = Session::start(&MARKET);
    save(&mut session, &[Put("Cargo.lock", "version = 4\n", "version = 4\n# Edited.\n")]);
    let outcome = session.outcome();
    Restarted("Cargo.lock changed (the lock file)").check(&mut session, &outcome);
    session.check();
    session.finish();
}

/// What cargo cannot build leaves the program alone; mended, it is built and begun anew.
#[test]
fn mistakes_that_cargo_tells() {
    let mut session = Session::start(&MARKET);
    for (file, right, wrong, told) in [
        ("app/Cargo.toml", "[features]", "[features", "Cargo.toml"),
        ("stamp/src/lib.rs", "1000_u64", "1000_u64\" + \"", "E0369"),
    ] {
        let before = session.pid;
        let text = session.project.read(file);
        assert!(text.contains(right), "{text}");
        session.project.write(file, &text.replace(right, wrong));
        let outcome = session.outcome();
        CompileError(told).check(&mut session, &outcome);
        session.check();
        session.project.write(file, &text);
        let outcome = session.outcome();
        Restarted(file).check(&mut session, &outcome);
        session.check();
        assert_ne!(session.pid, before);
    }
    session.finish();
}

const KEPT: &[Case] = &[
    Case {
        name: "a manifest, kept",
        edits: &[Put("app/Cargo.toml", "default = []", "default = [\"loud\"]")],
        outcome: Refused("restart", &["app/Cargo.toml changed (a manifest)"]),
        answers: &[("cross loud 1", "false 1", "true 1")],
    },
    Case {
        name: "a procedural macro, kept",
        edits: &[Put("stamp/src/lib.rs", "1000_u64", "2000_u64")],
        outcome: Refused("restart", &["stamp/src/lib.rs changed (the procedural macros of stamp)"]),
        answers: &[("@ expanded 1", "1003", "2003")],
    },
    Case {
        name: "a source afterwards",
        edits: &[Put("app/src/cross.rs", "n * stock::RATE", "n + stock::RATE")],
        outcome: Live(&["main/cross/rate"]),
        answers: &[("cross rate 5", "15", "8")],
    },
];

const CASES: &[Case] = &[
    Case {
        name: "a procedural macro",
        edits: &[Put("stamp/src/lib.rs", "1000_u64", "2000_u64")],
        outcome: Restarted("stamp/src/lib.rs changed"),
        answers: &[("@ expanded 1", "1003", "2003")],
    },
    Case {
        name: "a build script",
        edits: &[Put("app/build.rs", "{} + {}", "{} * {}")],
        outcome: Restarted("app/build.rs changed"),
        answers: &[("cross figure 1", "58", "351")],
    },
    Case {
        name: "a file that a build script reads",
        edits: &[Put("app/figure.txt", "7", "8")],
        outcome: Restarted("app/figure.txt changed"),
        answers: &[("cross figure 1", "58", "59")],
    },
    Case {
        name: "a feature",
        edits: &[Put("app/Cargo.toml", "default = []", "default = [\"loud\"]")],
        outcome: Restarted("app/Cargo.toml changed"),
        answers: &[("cross loud 1", "false 1", "true 1")],
    },
    Case {
        name: "a new dependency, and its use",
        edits: &[
            Put(
                "app/Cargo.toml",
                "[build-dependencies]",
                "extra = { path = \"../extra\" }\n\n[build-dependencies]",
            ),
            Put("app/src/cross.rs", "n * stock::RATE", "extra::extra(n)"),
        ],
        outcome: Restarted("app/Cargo.toml changed"),
        answers: &[("cross rate 5", "15", "65")],
    },
    Case {
        name: "the profile",
        edits: &[Put(
            "Cargo.toml",
            "[workspace.dependencies]",
            "[profile.dev.package.stamp]\nopt-level = 1\n\n[workspace.dependencies]",
        )],
        outcome: Restarted("Cargo.toml changed"),
        answers: &[("cross rate 5", "15", "15")],
    },
];
