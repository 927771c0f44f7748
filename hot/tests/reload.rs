//! The reloader in a program of its own: a pipe on its stdin, a tool on its control socket, a
//! folder. Loads that succeed are tested with libraries (`library.rs`) and with patches, end to end.
#![cfg(all(target_os = "linux", feature = "enabled"))]

mod fixture;

use fixture::{Fixture, Program};
use hot_patch::message::{self, PROTOCOL, Reply, Request};
use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| Fixture::new("reload"));

/// The tool.
struct Tool {
    stream: UnixStream,
    hello: Reply,
}

impl Tool {
    /// Connects as soon as the program listens.
    fn new(socket: &Path) -> Self {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match UnixStream::connect(socket) {
                Ok(mut stream) => {
                    let frame = message::read_frame(&mut stream).unwrap().unwrap();
                    return Tool { stream, hello: Reply::from_bytes(&frame).unwrap() };
                }
                Err(error) => assert!(Instant::now() < until, "{error}"),
            }
            sleep(Duration::from_millis(5));
        }
    }

    /// The process at the other end.
    fn pid(&self) -> u32 {
        let Reply::Hello { pid, .. } = self.hello else { panic!("{:?}", self.hello) };
        pid
    }

    fn ask(&mut self, request: &Request) -> Reply {
        message::write_frame(&mut self.stream, &request.to_bytes()).unwrap();
        Reply::from_bytes(&message::read_frame(&mut self.stream).unwrap().unwrap()).unwrap()
    }
}

/// Starts the program with a control socket.
fn start(mode: &str, socket: &Path) -> Program {
    Program::start(FIXTURE.command(mode).env("HOT_SOCKET", socket))
}

#[test]
fn each_bad_line_is_one_error_and_the_loop_ends_with_its_input() {
    for mode in ["loop", "spawn", "tokio"] {
        let mut program = FIXTURE.start(mode);
        program.expect("now: ");
        let folder = FIXTURE.folder(&format!("lines-{mode}"));
        let path = |name: &str| folder.0.join(name).display().to_string();
        program.say("");
        program.say("  \t \r");
        program.say("/no/such/file");
        program.expect("err: Hot reload failed: failed to load `/no/such/file`: No such file");
        program.say(&format!("  {}\t\r", path("no such file, with spaces")));
        program.expect("no such file, with spaces`: No such file");
        program.say(&path(""));
        program.expect("it is a folder, not a file");
        program.say("/dev/zero");
        program.expect("it is a device, pipe or socket, not a file");
        fs::write(path("text"), "some text").unwrap();
        program.say(&path("text"));
        program.expect("it is neither a hot patch nor a shared library");
        fs::write(path("patch"), "hotpatch that is none").unwrap();
        program.say(&path("patch"));
        program.expect("patch`: ");
        program.say(&"x".repeat(70_000));
        program.expect("err: Hot reload: a line of stdin is longer than 65536 bytes");
        program.say(&path("text"));
        program.expect("it is neither");
        let (status, rest) = program.finish();
        assert!(status.success(), "{mode}: {status}: {rest:?}");
        assert_eq!(rest, ["out: ended"], "{mode}");
    }
}

#[test]
fn the_last_line_needs_no_line_break() {
    let folder = FIXTURE.folder("last");
    let input = folder.0.join("input");
    fs::write(&input, "/no/such/file").unwrap();
    let mut command = FIXTURE.command("loop");
    let output = command.stdin(fs::File::open(input).unwrap()).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("`/no/such/file`"), "{errors}");
    assert!(output.status.success());
}

#[test]
fn a_listener_hears_the_reports_and_its_panics_end_nothing() {
    let mut program = FIXTURE.start("listener");
    for file in ["/no/such/file", "/nor/this"] {
        program.say(file);
        program.expect(&format!("out: report: Failed {{ path: Some(\"{file}\")"));
    }
    let (status, rest) = program.finish();
    assert!(status.success());
    assert!(!rest.iter().any(|line| line.contains("Hot reload")), "{rest:?}");
}

#[test]
fn the_socket_serves_one_tool_after_another_and_stdin_stays_the_programs() {
    let folder = FIXTURE.folder("tools");
    let socket = folder.0.join("made/control");
    let mut program = start("echo", &socket);
    let mut tool = Tool::new(&socket);
    let Reply::Hello { protocol, pid, functions, patches, .. } = tool.hello.clone() else {
        panic!("{:?}", tool.hello)
    };
    assert_eq!((protocol, pid), (PROTOCOL, program.pid()));
    assert_eq!(patches, []);
    let Reply::Functions(list) = tool.ask(&Request::List) else { panic!("no list") };
    assert_eq!(list.len(), functions as usize);
    let banner = list.iter().find(|function| function.name == "main/banner").unwrap();
    assert_eq!((&*banner.signature, &*banner.layer), ("fn() -> String", "original"));
    assert!(banner.file.ends_with("main.rs") && banner.line > 1, "{banner:?}");

    for rubbish in [&b""[..], b"hotpatch", b"\x7fELF", &[0; 100_000]] {
        let reply = tool.ask(&Request::Load(rubbish.to_vec()));
        assert!(matches!(&reply, Reply::Failed { message } if !message.is_empty()), "{reply:?}");
    }
    // Two at once, and one that goes away in the middle of a request.
    let mut second = Tool::new(&socket);
    let mut third = Tool::new(&socket);
    std::io::Write::write_all(&mut third.stream, &[200, 0, 0, 0, 1, 2]).unwrap();
    drop(third);
    assert!(matches!(second.ask(&Request::List), Reply::Functions(_)));
    assert!(matches!(tool.ask(&Request::List), Reply::Functions(_)));
    drop((tool, second));
    let mut next = Tool::new(&socket);
    assert!(matches!(next.ask(&Request::List), Reply::Functions(_)));

    program.say("/no/such/file");
    program.expect("out: stdin: /no/such/file");
    let (status, rest) = program.finish();
    assert!(status.success());
    assert!(!rest.iter().any(|line| line.contains("Hot reload")), "{rest:?}");
    assert!(!socket.exists(), "the file goes when the program ends by itself");
}

#[test]
fn a_socket_left_by_a_killed_program_is_taken_over_a_living_ones_is_not() {
    let folder = FIXTURE.folder("left");
    let socket = folder.0.join("control");
    let first = start("echo", &socket);
    Tool::new(&socket);
    first.kill();
    assert!(socket.exists());
    let second = start("echo", &socket);
    Tool::new(&socket);

    let mut third = start("loop", &socket);
    third.expect("err: Hot reload: failed to listen on the control socket");
    assert!(third.finish().0.success());
    let hello = Tool::new(&socket).hello;
    assert!(matches!(hello, Reply::Hello { pid, .. } if pid == second.pid()));
    drop(second);

    // Nor is what is no socket.
    fs::remove_file(&socket).unwrap();
    fs::write(&socket, "notes").unwrap();
    let mut fourth = start("spawn", &socket);
    fourth.expect("a file that is no socket is there");
    fourth.finish();
    assert_eq!(fs::read_to_string(&socket).unwrap(), "notes");
}

#[test]
fn a_socket_that_cannot_be_made_is_told() {
    let long = PathBuf::from(format!("/tmp/{}", "x".repeat(200)));
    for path in [Path::new("/proc/no/control"), &long] {
        let mut program = start("loop", path);
        program.expect("err: Hot reload: failed to listen on the control socket");
        program.expect("out: ended");
    }
}

#[test]
fn dropping_the_future_ends_its_threads_and_takes_the_socket_away() {
    let folder = FIXTURE.folder("drop");
    let socket = folder.0.join("control");
    let mut program = start("drop", &socket);
    program.expect("out: at work");
    // A tool that stays, in the middle of a request, holds nothing up.
    let mut tool = Tool::new(&socket);
    std::io::Write::write_all(&mut tool.stream, &[200, 0, 0, 0, 1, 2]).unwrap();
    program.end_input();
    program.expect("out: gone: 2");
    assert!(!socket.exists());
    assert!(program.finish().0.success());

    // The thread that watches a folder ends as well.
    let mut command = FIXTURE.command("drop");
    let mut program = Program::start(command.env("HOT_WATCH", &folder.0));
    program.expect("out: at work");
    program.end_input();
    program.expect("out: gone: 1");
    assert!(program.finish().0.success());
}

#[test]
fn a_stopped_reloader_makes_room_for_the_next() {
    let folder = FIXTURE.folder("stop");
    let socket = folder.0.join("control");
    let mut program = start("stop", &socket);
    Tool::new(&socket);
    program.end_input();
    program.expect("out: left: false");
    program.expect("out: no threads");
    program.expect("out: at work again");
    program.expect("out: ended");
    assert!(!socket.exists());
}

#[test]
fn a_second_reloader_is_told_and_the_first_goes_on() {
    let folder = FIXTURE.folder("two");
    let socket = folder.0.join("control");
    let mut program = start("two", &socket);
    program.expect("out: first at work");
    program.expect("err: Hot reload: another reloader works in this process already");
    program.expect("out: second ended, first false");
    Tool::new(&socket);
    assert!(program.finish().0.success());
}

#[test]
fn without_a_source_the_future_ends_with_a_sentence() {
    let mut program = FIXTURE.start("nowhere");
    program.expect("err: Hot reload: there is nowhere to take patches from");
    program.expect("out: ended");
}

#[test]
fn a_listening_stranger_is_not_spoken_to() {
    // Somebody else's socket, whose owner lives: nothing is sent to it and it stays.
    let folder = FIXTURE.folder("stranger");
    let socket = folder.0.join("control");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut program = start("loop", &socket);
    program.expect("this process goes on with the code that it was started with");
    program.expect("out: ended");
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(std::io::Read::read(&mut stream, &mut [0]).unwrap(), 0);
}

/// The process that listens.
fn who_listens(socket: &Path) -> u32 {
    Tool::new(socket).pid()
}

/// Waits for a tool's connection that fits, while the socket goes from one process to another.
fn tool_when(socket: &Path, fits: impl Fn(&Tool) -> bool) -> Tool {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let tool = UnixStream::connect(socket).ok().and_then(|mut stream| {
            // It may have been taken by a process that ends, as it made a copy of itself.
            stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
            let frame = message::read_frame(&mut stream).ok()??;
            stream.set_read_timeout(None).unwrap();
            Some(Tool { stream, hello: Reply::from_bytes(&frame).unwrap() })
        });
        if let Some(tool) = tool.filter(|tool| fits(tool)) {
            return tool;
        }
        assert!(Instant::now() < until, "no process listens again");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_forked_child_serves_no_client_and_takes_nothing_away() {
    let folder = FIXTURE.folder("fork");
    let socket = folder.0.join("control");
    let mut program = start("fork", &socket);
    let mut before = Tool::new(&socket);
    program.say("split");
    let child = program.expect("out: child: ");
    let child: u32 = child.rsplit(' ').next().unwrap().parse().unwrap();
    // The parent goes on, and serves tools that were there before and that come later.
    let mut tool = Tool::new(&socket);
    for _ in 0..5 {
        assert_eq!(who_listens(&socket), program.pid());
    }
    assert!(matches!(tool.ask(&Request::List), Reply::Functions(_)));

    // When the parent is gone who was connected hears of it and no process listens, although the child
    // lives.
    let input = program.leave();
    assert!(is_there(child));
    before.stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let end = message::read_frame(&mut before.stream);
    let gone = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
    assert!(end.as_ref().is_ok_and(Option::is_none) || end.as_ref().is_err_and(gone), "{end:?}");
    let refused = UnixStream::connect(&socket).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    // So the next program takes the socket over, and the child leaves it alone when it ends.
    let next = start("echo", &socket);
    assert_eq!(who_listens(&socket), next.pid());
    drop(input);
    let until = Instant::now() + Duration::from_secs(60);
    while is_there(child) {
        assert!(Instant::now() < until, "the child does not end");
        sleep(Duration::from_millis(5));
    }
    assert_eq!(who_listens(&socket), next.pid());
}

#[test]
fn a_daemon_may_start_a_reloader_of_its_own() {
    let folder = FIXTURE.folder("daemon");
    let socket = folder.0.join("control");
    let mut program = start("daemon", &socket);
    program.expect("out: at work");
    let begun = program.pid();
    drop(tool_when(&socket, |tool| tool.pid() != begun));
    program.end_input();
    let until = Instant::now() + Duration::from_secs(60);
    // It ends with its input, and takes its socket along.
    while socket.exists() {
        assert!(Instant::now() < until, "the socket stays");
        sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_program_that_becomes_another_is_heard_of_by_its_closed_connection_and_listens_again() {
    let folder = FIXTURE.folder("exec");
    let socket = folder.0.join("control");
    let mut program = start("exec", &socket);
    let mut tool = Tool::new(&socket);
    assert!(matches!(tool.ask(&Request::List), Reply::Functions(_)));
    program.say("become");
    // The socket itself is not inherited.
    assert!(matches!(message::read_frame(&mut tool.stream), Ok(None) | Err(_)));
    let mut again = tool_when(&socket, |_| true);
    assert_eq!(again.pid(), program.pid());
    assert!(matches!(again.ask(&Request::List), Reply::Functions(_)));
    drop(again);
    assert!(program.finish().0.success());
    assert!(!socket.exists());
}

/// A program may want to be ended by a closed pipe. A tool that was killed is none.
#[test]
fn a_tool_that_does_not_wait_for_its_answer_ends_no_program() {
    let folder = FIXTURE.folder("pipes");
    let socket = folder.0.join("control");
    let mut program = start("pipes", &socket);
    for _ in 0..50 {
        let mut tool = Tool::new(&socket);
        // More than one, so that some of the answers come when no client is there.
        for _ in 0..20 {
            message::write_frame(&mut tool.stream, &Request::List.to_bytes()).unwrap();
        }
        drop(tool);
        // And one that does not even wait for hello.
        drop(UnixStream::connect(&socket).unwrap());
    }
    assert_eq!(who_listens(&socket), program.pid());
    program.say("alive");
    program.expect("out: stdin: alive");
    assert!(program.finish().0.success());
}

/// Reports whether a process is there and has not ended.
fn is_there(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
