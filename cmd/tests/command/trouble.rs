//! What the machine may do to the tool: a disk that is full, a compiler that says megabytes, no folder for
//! the socket. The programs here have no `#[hot]` function.

use super::fixture::{Fixture, PATIENCE, WAITS, gone, id};
use rustix::process::{Signal, kill_process};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Twenty megabytes of errors: the first are told, the others counted; nothing piles up, and the
/// next save goes through.
#[test]
fn a_flood_of_errors_is_cut_and_the_next_save_goes_through() {
    let fixture = Fixture::new(WAITS);
    // A compiler that says what lies in a file, as long as that is there.
    let flood = fixture.path("flood.json");
    let script = format!(
        "#!/bin/sh\nif [ -e '{0}' ]; then cat '{0}' >&2; exit 1; fi\nexec \"$@\"\n",
        flood.display()
    );
    fixture.write("wrap.sh", &script);
    super::make_executable(&fixture.path("wrap.sh"));
    fixture.write(".cargo/config.toml", "[build]\nrustc-wrapper = \"./wrap.sh\"\n");
    let mut running = fixture.start(&[]);
    let program = running.running()["pid"].clone();
    assert_eq!(running.line(), "one");
    let before = peak(running.child.id());

    let line = |n: usize| {
        let rendered = format!("error: mistake {n}\n{}\n", "x".repeat(1000));
        let error = serde_json::json!({"level": "error", "message": "m", "rendered": rendered});
        format!("{error}\n")
    };
    let all: String = (0..20_000).map(line).collect();
    assert!(all.len() > 20_000_000);
    std::fs::write(&flood, all).unwrap();
    fixture.write("src/main.rs", &WAITS.replace("\"one\"", "\"two\""));
    running.expect("change");
    let rendered = running.expect("compile-error")["rendered"].as_str().unwrap().to_owned();
    assert!(rendered.starts_with("error: mistake 0\n") && rendered.len() < 5 << 20);
    let last = rendered.lines().last().unwrap();
    assert!(
        last.ends_with("more are not shown, after the first 4096 KiB; mend those first"),
        "{last}"
    );
    let grown = peak(running.child.id()) - before;
    assert!(grown < 64 << 10, "{grown} KiB more for 20 MB of errors");
    assert!(!gone(&program));

    std::fs::remove_file(&flood).unwrap();
    fixture.write("src/main.rs", &WAITS.replace("\"one\"", "\"three\""));
    running.expect("change");
    running.expect("no-effect");
    running.signal(Signal::INT);
    let (status, told) = running.end();
    assert_eq!(status.code(), Some(130));
    assert!(told.contains("more are not shown") && told.len() < 6 << 20);
}

/// The most memory that a process has used, in KiB.
fn peak(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn without_a_place_for_the_socket_it_is_said_what_to_do() {
    let fixture = Fixture::new("fn main() {}");
    let run = |runtime: &Path| {
        let mut command = fixture.hot(env!("CARGO_BIN_EXE_hot"), &["run"]);
        let output = command.env("XDG_RUNTIME_DIR", runtime).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    // Nobody can make a folder there, root neither. And one where a file is in the way.
    fixture.write("blocked/hot", "a file");
    for runtime in [Path::new("/proc"), &fixture.path("blocked")] {
        let (status, told) = run(runtime);
        assert_eq!(status, 101, "{told}");
        let path = runtime.join("hot").display().to_string();
        assert!(told.contains(&path) && told.contains("set XDG_RUNTIME_DIR"), "{told}");
    }
    // One that is not there is not used.
    let (status, told) = run(&fixture.path("nowhere"));
    assert_eq!(status, 0, "{told}");
    assert!(!fixture.path("nowhere").exists());
}

#[test]
fn without_a_place_for_its_records_it_is_said_what_to_do() {
    let fixture = Fixture::new("fn main() {}");
    fixture.write("target/hot", "a file");
    let (status, _, told) = fixture.run(&["run"]);
    let path = fixture.path("target/hot").display().to_string();
    assert!(status == 101 && told.contains(&path) && told.contains("--target-dir"), "{told}");
    assert_eq!(fixture.run(&["run", "--target-dir", "other"]).0, 0);
}

/// In a small file system of its own, where that may be mounted.
#[test]
fn a_full_disk_is_told_the_old_code_runs_on_and_the_next_save_goes_through() {
    // A mount that nobody else sees, as root or as one who may make namespaces.
    let apart = |script: &str| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script]);
        command.stdin(Stdio::null());
        command
    };
    let fixture = Fixture::new(WAITS);
    fixture.write("target/.keep", "");
    let mount = format!("mount -t tmpfs -o size=48m tmpfs '{}'", fixture.path("target").display());
    if !apart(&mount).output().is_ok_and(|output| output.status.success()) {
        println!("nothing can be mounted here: a full disk is not tried");
        return;
    }
    let script = format!("{mount} && exec \"$0\" \"$@\"");
    let mut running =
        fixture.start_through(&["unshare", "--map-root-user", "--mount", "sh", "-c", &script]);
    let program = running.running()["pid"].clone();
    assert_eq!(running.line(), "one");
    // As the tool sees it.
    let target = fixture.path("target");
    let target = format!("/proc/{}/root{}", running.child.id(), target.display());
    let filler = Path::new(&target).join("filler");
    for n in 0..2 {
        let full = std::fs::write(&filler, vec![1; 64 << 20]).unwrap_err();
        assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
        fixture.write("src/main.rs", &WAITS.replace("\"one\"", &format!("\"full {n}\"")));
        running.expect("change");
        let rendered = running.expect("compile-error")["rendered"].as_str().unwrap().to_owned();
        assert!(rendered.contains("No space left on device"), "{rendered}");
        assert!(!rendered.contains("{\""), "it is for people: {rendered}");
        assert!(!gone(&program));
        std::fs::remove_file(&filler).unwrap();
        fixture.write("src/main.rs", &WAITS.replace("\"one\"", &format!("\"free {n}\"")));
        running.expect("change");
        running.expect("no-effect");
    }
    running.signal(Signal::INT);
    assert_eq!(running.end().0.code(), Some(130));
}

/// The process that was started is the one that is followed: what it leaves behind is named.
#[test]
fn a_program_that_makes_itself_a_daemon_is_told_to_stay_in_the_foreground() {
    let fixture = Fixture::new(
        "unsafe extern \"C\" { fn fork() -> i32; fn setsid() -> i32; }\n\
         fn main() {\n\
             for _ in 0..2 {\n\
                 if unsafe { fork() } > 0 { std::process::exit(0); }\n\
                 unsafe { setsid() };\n\
             }\n\
             std::fs::write(\"daemon\", std::process::id().to_string()).unwrap();\n\
             while std::path::Path::new(\"daemon\").exists() {\n\
                 std::thread::sleep(std::time::Duration::from_millis(20));\n\
             }\n\
         }",
    );
    let mut running = fixture.start(&[]);
    running.running();
    assert_eq!(running.expect("exited")["status"], 0);
    assert_eq!(running.child.wait().unwrap().code(), Some(0));
    let begin = Instant::now();
    let daemon = loop {
        let pid = std::fs::read_to_string(fixture.path("daemon")).unwrap_or_default();
        if let Ok(pid) = pid.parse::<u32>() {
            break serde_json::json!(pid);
        }
        assert!(begin.elapsed() < PATIENCE, "there is no daemon");
    };
    assert!(!gone(&daemon));
    kill_process(id(&daemon), Signal::KILL).unwrap();
    let (status, told) = running.end();
    assert_eq!(status.code(), Some(0));
    assert!(told.contains("a copy that it has made of itself goes on (pid "), "{told}");
    assert!(told.contains("in the foreground"), "{told}");
}
