//! A tool that is killed leaves its program as it was: it goes on, listens, and takes patches.

use crate::{
    project::{PLAIN, Project},
    session::Session,
    tool::{self, Tool, is_alive},
};
use hot_cli::{
    build::{Builder, Built, Replayed, cargo::Selection},
    diff::{DiffSession, Verdict},
    process::{link::Probe, socket},
};
use hot_patch::{
    message::{PROTOCOL, Reply, Request, write_frame},
    patch::PatchId,
};
use std::{collections::BTreeSet, fs, path::Path};

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
        DiffSession::new(&build.executable, objects, build.archives.clone()).expect("what runs");
    let price = PLAIN.copies[0].file("price.rs");
    session.project.replace(&price, &[("units * 10", "units * 12")]);
    let binary = BTreeSet::from([build.graph.units.len() - 1]);
    let units = build.graph.affected(&binary);
    let replayed = builder.replay(&mut build, &units, &mut |_| ()).expect("rustc to run");
    let Replayed::Objects(objects) = replayed else { panic!("it does not compile") };
    let verdict = world.judge(objects).expect("a verdict");
    let Verdict::Patch(prepared) = verdict else { panic!("no patch") };

    let probe = Probe::connect(Path::new(&control)).expect("a connection").expect("a listener");
    assert_eq!(probe.hello.pid, session.pid);
    let reply = probe.ask(&Request::Load(prepared.patch.to_bytes())).expect("an answer");
    let Reply::Loaded { number: 1, functions, .. } = reply else { panic!("not loaded: {reply:?}") };
    assert_eq!(functions, ["main/subject/price/price"]);
    assert!(session.ask("main binary price 3").starts_with("36 "));
    session.check();
    assert!(is_alive(session.pid));

    // The next tool names it, and starts a program of its own.
    drop(builder);
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

/// Listens as if patches of another tool were loaded: says what stands in a file, and notes in
/// another what it hears.
const LISTENS: &str = "\
    thread::spawn(|| {
        use std::{fs, io::{Read, Write}};
        let file = |end: &str| std::env::args().nth(1).expect(\"a file\") + end;
        while !fs::exists(file(\".hello\")).expect(\"a folder\") {
            thread::sleep(Duration::from_millis(5));
        }
        let socket = std::env::var(\"HOT_SOCKET\").expect(\"a socket\");
        let listener = std::os::unix::net::UnixListener::bind(socket).expect(\"nobody listens\");
        let (mut stream, _) = listener.accept().expect(\"the tool\");
        stream.write_all(&fs::read(file(\".hello\")).expect(\"hello\")).expect(\"a connection\");
        if let Ok(()) = stream.read_exact(&mut [0]) {
            fs::write(file(\".heard\"), \"\").expect(\"a note\");
        }
    });
";

/// What runs in a process that has patches of another's is not known, so that nothing can be bound to
/// it.
#[test]
fn a_process_with_patches_of_another_is_sent_none() {
    let mut project = Project::lay(&PLAIN);
    project.replace("src/main.rs", &[("    hot::spawn_reloader();\n", LISTENS)]);
    let (hello, heard) = (project.scratch("port.hello"), project.scratch("port.heard"));
    let mut session = Session::start_with(project, &["--no-restart"], &[]);
    let running = session.tool.events()[1].clone();
    let build_id = running["build_id"].as_str().expect("a build ID");
    let bytes = build_id.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).expect("digits"));
    let build_id = bytes.map(|two| u8::from_str_radix(two, 16).expect("hexadecimal")).collect();

    let patches = vec![PatchId(5)];
    let says =
        Reply::Hello { protocol: PROTOCOL, pid: session.pid, build_id, functions: 9, patches };
    let mut frame = Vec::new();
    write_frame(&mut frame, &says.to_bytes()).expect("a frame");
    let draft = hello.with_extension("draft");
    fs::write(&draft, frame).expect("a file");
    fs::rename(&draft, &hello).expect("its name");
    session.edit(&PLAIN.copies[0].file("price.rs"), &[("units * 10", "units * 12")]);
    let event = session.outcome().event;
    assert_eq!((&event["event"], &event["why"]), (&"refused".into(), &"program".into()), "{event}");
    let why = event["details"].to_string();
    assert!(why.contains("had patches loaded before this hot came to it"), "{why}");
    session.finish();
    assert!(!heard.exists(), "nothing was sent");
}
