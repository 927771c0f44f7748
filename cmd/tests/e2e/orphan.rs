//! A tool that is killed leaves its program as it was: it goes on, listens, and takes patches.

use crate::{
    project::PLAIN,
    session::Session,
    tool::{self, Tool, is_alive},
};
use hot_cli::{
    build::{Builder, Built, Replayed, cargo::Selection},
    diff::{Verdict, World},
    process::{link::Visit, socket},
};
use hot_patch::message::{Reply, Request};
use std::{collections::BTreeSet, path::Path};

#[test]
fn a_program_outlives_its_tool_and_takes_the_patches_of_another() {
    let mut session = Session::start(&PLAIN);
    let control = session.ask("main socket");
    session.tool.kill();
    session.check();

    // Another tool clears up at its start; what is in use it leaves alone.
    socket::prepare(&socket::folder()).expect("the folder of the sockets");
    let list = tool::command().args(["list", &session.pid.to_string()]).output().expect("a list");
    let listed = String::from_utf8_lossy(&list.stdout);
    assert!(list.status.success() && listed.contains("main/subject/price/price"), "{list:?}");

    // What another tool does: it reads what runs, compiles a save, and sends the patch.
    let manifest = format!("--manifest-path={}", session.project.manifest().display());
    let target_dir = session.project.target();
    let selection = Selection {
        build: vec![manifest.clone(), format!("--target-dir={}", target_dir.display())],
        metadata: vec![manifest],
        profile: "dev".to_owned(),
        target_dir: Some(target_dir),
        ..Selection::default()
    };
    let hot = env!("CARGO_BIN_EXE_hot").into();
    let mut builder = Builder::new(selection, hot, Default::default()).expect("a builder");
    let built = builder.build(&mut |_| ()).expect("cargo to run");
    let Built::Program(mut build) = built else { panic!("it does not build") };
    let objects = build.objects().expect("the objects");
    let mut world =
        World::new(&build.executable, objects, build.archives.clone()).expect("what runs");
    let price = PLAIN.copies[0].file("price.rs");
    session.project.replace(&price, &[("units * 10", "units * 12")]);
    let binary = BTreeSet::from([build.graph.units.len() - 1]);
    let units = build.graph.affected(&binary);
    let replayed = builder.replay(&mut build, &units, &mut |_, _| ()).expect("rustc to run");
    let Replayed::Objects(objects) = replayed else { panic!("it does not compile") };
    let verdict = world.judge(objects).expect("a verdict");
    let Verdict::Patch(prepared) = verdict else { panic!("no patch") };

    let visit = Visit::pay(Path::new(&control)).expect("a connection").expect("a listener");
    assert_eq!(visit.hello.pid, session.pid);
    let reply = visit.ask(&Request::Load(prepared.patch.to_bytes())).expect("an answer");
    let Reply::Loaded { number: 1, functions, .. } = reply else { panic!("not loaded: {reply:?}") };
    assert_eq!(functions, ["main/subject/price/price"]);
    assert!(session.ask("main binary price 3").starts_with("36 "));
    session.check();
    assert!(is_alive(session.pid));

    // The next tool names it, and starts a program of its own.
    let events = session.project.scratch("next");
    let mut command = tool::command();
    command.args(["run", "--manifest-path"]).arg(session.project.manifest());
    command.arg("--target-dir").arg(session.project.target()).arg("--events").arg(&events);
    command.arg("--").arg(session.project.scratch("port"));
    let mut next = Tool::start(command, &events);
    for expected in ["building", "running"] {
        assert_eq!(next.next_event()["event"], expected);
    }
    let named = format!("plain (pid {}) still runs", session.pid);
    assert!(next.output().contains(&named), "{}", next.output());
    assert!(is_alive(session.pid));
}
