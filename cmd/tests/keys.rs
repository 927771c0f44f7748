//! Keys, with a terminal made for the test.

use hot_cli::process::is_alive;
use rustix::process::{Pid, test_kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::ops::Range;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// `hot run` of a program in a terminal.
struct Terminal {
    tool: Child,
    keyboard: File,
    /// The program's side, which keeps the terminal alive and tells its mode.
    side: File,
    screen: Receiver<Vec<u8>>,
    /// What the screen has shown since it was last looked for something.
    shown: String,
    dir: tempfile::TempDir,
}

impl Terminal {
    fn new(main: &str) -> Terminal {
        Terminal::with(main, &["run"])
    }

    fn with(main: &str, args: &[&str]) -> Terminal {
        let dir = tempfile::tempdir().unwrap();
        let manifest =
            "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
        std::fs::create_dir_all(dir.path().join("src")).unwrap();
        std::fs::create_dir_all(dir.path().join("run")).unwrap();
        std::fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        std::fs::write(dir.path().join("src/main.rs"), main).unwrap();

        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let side = File::options().read(true).write(true).open(name).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hot"));
        command
            .args(args)
            .current_dir(dir.path())
            .env("XDG_RUNTIME_DIR", dir.path().join("run"))
            .env("RUST_BACKTRACE", "0")
            .env("NO_COLOR", "1")
            .stdin(side.try_clone().unwrap())
            .stdout(side.try_clone().unwrap())
            .stderr(side.try_clone().unwrap());
        // SAFETY: between fork and exec these are two system calls; neither allocates.
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(std::io::stdin())?;
                Ok(())
            });
        }
        let tool = command.spawn().unwrap();
        let keyboard = File::from(keyboard);
        let mut output = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                if sender.send(bytes[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal { tool, keyboard, side, screen, shown: String::new(), dir }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen shows this; returns the line with it, which is gone then.
    fn shows(&mut self, text: &str) -> String {
        self.find(text, |shown, at| {
            let end = shown[at..].find('\n')?;
            Some(shown[..at].rfind('\n').map_or(0, |newline| newline + 1)..at + end + 1)
        })
    }

    /// Waits until this was written, up to which all is gone then.
    fn has(&mut self, text: &str) {
        self.find(text, |_, at| Some(0..at + text.len()));
    }

    /// Waits for a text and for the part around it; that is gone then.
    fn find(&mut self, text: &str, part: impl Fn(&str, usize) -> Option<Range<usize>>) -> String {
        let begin = Instant::now();
        loop {
            let found = self.shown.find(text).and_then(|at| part(&self.shown, at));
            if let Some(found) = found {
                return self.shown.drain(found).collect();
            }
            let left = PATIENCE.saturating_sub(begin.elapsed());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{text:?} is not on the screen but {:?}", self.shown),
            }
        }
    }

    fn in_line_mode(&self) -> bool {
        let modes = tcgetattr(&self.side).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    fn end(&mut self) -> i32 {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.tool.try_wait().unwrap() {
                return status.code().unwrap();
            }
            assert!(begin.elapsed() < PATIENCE, "the tool does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // After a failed check. Programs here end when their terminal does.
        let _ = self.tool.kill();
        let _ = self.tool.wait();
    }
}

const WAITS: &str = "fn main() { println!(\"pid {} up\", std::process::id()); \
                     loop { std::thread::park(); } }";

fn pid(line: &str) -> Pid {
    let number = line.rsplit("pid ").next().unwrap().split(' ').next().unwrap();
    Pid::from_raw(number.parse().unwrap()).unwrap()
}

#[test]
fn keys_do_what_they_say_and_leave_the_terminal_as_it_was() {
    let mut terminal = Terminal::new(WAITS);
    let first = pid(&terminal.shows(" up"));
    terminal.shows("keys: r restart");
    assert!(!terminal.in_line_mode());
    terminal.press("h");
    terminal.shows("keys: r restart");
    terminal.press("v");
    terminal.shows("telling more");
    terminal.press("x");
    terminal.press("r");
    let second = pid(&terminal.shows(" up"));
    assert!(first != second && test_kill_process(first).is_err());
    terminal.shows("restarted");
    terminal.press("c");
    terminal.press("h");
    let screen = terminal.shows("keys: r restart");
    assert!(screen.contains("\x1b[2J"), "{screen:?}");
    terminal.press("q");
    assert_eq!(terminal.end(), 130);
    assert!(terminal.in_line_mode());
    assert!(test_kill_process(second).is_err());
}

#[test]
fn a_dry_run_holds_a_restart_back_until_it_ends() {
    let mut terminal = Terminal::new(WAITS);
    let first = pid(&terminal.shows(" up"));
    terminal.shows("keys: r restart");
    terminal.press("d");
    terminal.shows("dry run: saves are judged");
    let manifest = terminal.dir.path().join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("0.1.0", "0.2.0");
    std::fs::write(&manifest, text).unwrap();
    terminal.shows("dry run: the program is not restarted");
    assert!(test_kill_process(first).is_ok());
    terminal.press("d");
    let second = pid(&terminal.shows(" up"));
    assert!(first != second && test_kill_process(first).is_err());
    terminal.shows("restarted");
    terminal.press("q");
    assert_eq!(terminal.end(), 130);
}

#[test]
fn control_c_reaches_the_program_once() {
    let mut terminal = Terminal::new(
        "use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
         static COUNT: AtomicU32 = AtomicU32::new(0);
         extern \"C\" fn count(_: i32) { COUNT.fetch_add(1, SeqCst); }
         unsafe extern \"C\" { fn signal(number: i32, handler: extern \"C\" fn(i32)) -> usize; }
         fn main() {
             unsafe { signal(2, count) };
             println!(\"pid {} up\", std::process::id());
             let pause = || std::thread::sleep(std::time::Duration::from_millis(300));
             while COUNT.load(SeqCst) == 0 { pause(); }
             pause();
             println!(\"interrupted {} times\", COUNT.load(SeqCst));
         }",
    );
    let program = pid(&terminal.shows(" up"));
    terminal.shows("keys: r restart");
    terminal.press("\x03");
    assert!(terminal.shows("interrupted").contains("interrupted 1 times"));
    assert_eq!(terminal.end(), 130);
    assert!(terminal.in_line_mode());
    assert!(test_kill_process(program).is_err());
}

#[test]
fn a_program_that_reads_the_terminal_has_it_for_itself() {
    let mut terminal = Terminal::new(
        "fn main() { println!(\"name?\"); let mut line = String::new(); \
         std::io::stdin().read_line(&mut line).unwrap(); println!(\"hello {}!\", line.trim()); }",
    );
    terminal.shows("name?");
    terminal.shows("keys are off");
    assert!(terminal.in_line_mode());
    terminal.press("quirr\n");
    terminal.shows("hello quirr!");
    assert_eq!(terminal.end(), 0);
    assert!(terminal.in_line_mode());
}

/// Puts the terminal into raw mode and waits for keys as programs do that draw on all of it: `x` puts
/// it back and ends, `k` dies of it.
const DRAWS: &str = "
    use std::{io::{Read, Write}, process::Command};
    #[repr(C)] struct Wait { fd: i32, events: i16, found: i16 }
    unsafe extern \"C\" { fn poll(of: *mut Wait, count: u64, until: i32) -> i32; }
    fn main() {
        let stty = |to: &[&str]| { Command::new(\"stty\").args(to).status().unwrap(); };
        let before = Command::new(\"stty\").arg(\"-g\").stdin(std::process::Stdio::inherit()).output().unwrap().stdout;
        stty(&[\"raw\", \"-echo\"]);
        print!(\"\\x1b[?1049hdrawn\\r\\n\");
        loop {
            std::io::stdout().flush().unwrap();
            unsafe { poll(&mut Wait { fd: 0, events: 1, found: 0 }, 1, -1) };
            let mut key = [0];
            std::io::stdin().read_exact(&mut key).unwrap();
            print!(\"key {}\\r\\n\", key[0] as char);
            match key[0] {
                b'x' => break,
                b'k' => std::process::abort(),
                _ => {}
            }
        }
        print!(\"\\x1b[?1049l\");
        stty(&[std::str::from_utf8(&before).unwrap().trim()]);
    }";

#[test]
fn a_program_that_draws_on_the_screen_has_it_for_itself() {
    for last in ["x", "k"] {
        let mut terminal = Terminal::with(DRAWS, &["run", "--no-restart"]);
        terminal.shows("drawn");
        // One of the tool's keys.
        terminal.press("h");
        terminal.shows("key h");
        let main = terminal.dir.path().join("src/main.rs");
        std::fs::write(main, DRAWS.replace("loop {", "loop { let n: u32 = 1.5;")).unwrap();
        // The title, and not a line.
        terminal.has("\x1b]2;hot: ✗ does not build");
        terminal.press("y");
        terminal.shows("key y");
        assert!(!terminal.shown.contains("mismatched types"), "{}", terminal.shown);
        terminal.press(last);
        terminal.shows(&format!("key {last}"));
        terminal.has("\x1b[?1049l");
        terminal.shows("mismatched types");
        assert_eq!(terminal.end(), if last == "x" { 0 } else { 134 });
        assert!(terminal.in_line_mode());
    }
}

#[test]
fn keys_are_back_when_the_program_that_had_the_terminal_has_crashed() {
    let mut terminal = Terminal::new(DRAWS);
    terminal.shows("drawn");
    terminal.press("h");
    terminal.shows("key h");
    terminal.press("k");
    // What was held back comes before.
    terminal.has("waiting for a save to start it again");
    terminal.shows("keys: r restart");
    terminal.press("v");
    terminal.shows("telling more");
    terminal.press("q");
    assert_eq!(terminal.end(), 130);
    assert!(terminal.in_line_mode());
}

#[test]
fn at_a_terminal_a_crash_waits_for_a_save() {
    let mut terminal = Terminal::new("fn main() { println!(\"down\"); std::process::abort(); }");
    terminal.shows("was killed by SIGABRT");
    terminal.shows("waiting for a save to start it again");
    assert!(terminal.tool.try_wait().unwrap().is_none());
    std::fs::write(terminal.dir.path().join("src/main.rs"), WAITS).unwrap();
    let program = pid(&terminal.shows(" up"));
    terminal.shows("restarted");
    terminal.press("q");
    assert_eq!(terminal.end(), 130);
    assert!(test_kill_process(program).is_err());
}

const SHELL: [&str; 6] = ["exec", "--watch", ".", "--", "sh", "-c"];

#[test]
fn a_command_at_a_terminal_has_keys_and_control_c() {
    let shell = [&SHELL[..], &["cargo build -q && ./target/debug/app"]].concat();
    for key in ["q", "\x03"] {
        let mut terminal = Terminal::with(WAITS, &shell);
        terminal.shows("keys: r restart");
        let first = pid(&terminal.shows(" up"));
        terminal.press("r");
        let second = pid(&terminal.shows(" up"));
        assert_ne!(first, second);
        terminal.press(key);
        assert_eq!(terminal.end(), 130);
        for program in [first, second] {
            // Its parent, the shell, may have ended before it.
            let begin = Instant::now();
            while is_alive(program.as_raw_nonzero().get().unsigned_abs()) {
                assert!(begin.elapsed() < PATIENCE, "the program lives on");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        assert!(terminal.in_line_mode());
    }
}

#[test]
fn a_command_whose_program_reads_the_terminal_has_it_for_itself() {
    let main = "fn main() { println!(\"name?\"); let mut line = String::new(); \
         std::io::stdin().read_line(&mut line).unwrap(); println!(\"hello {}!\", line.trim()); }";
    let shell = [&SHELL[..], &["cargo build -q && ./target/debug/app"]].concat();
    let mut terminal = Terminal::with(main, &shell);
    terminal.shows("name?");
    terminal.shows("keys are off");
    terminal.press("quirr\n");
    terminal.shows("hello quirr!");
    assert_eq!(terminal.end(), 0);
}
