//! Single keys from the terminal, as long as the program does not want them.
//!
//! Program and tool share one terminal. The tool takes it out of line mode (cbreak: no echo, no
//! waiting for Enter) and reads keys, but only while no thread of the program, or of what it has
//! started, waits in a read of its standard input; the kernel shows it, in
//! `/proc/<pid>/task/*/syscall`. Once the program does, the terminal is put back as it was and is
//! the program's alone. A program that draws on the screen sets a mode of its own and waits in
//! other ways: where the mode is not the tool's any more, the terminal is the program's as well, in
//! the mode that it has set. When the program is gone and a save is waited for, keys are read
//! again.

use crate::{interrupt, screen};
use anyhow::{Context, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{IsTerminal, Stdin, stdin};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The wish behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `r`
    Restart,
    /// `c`
    Clear,
    /// `v`
    Verbose,
    /// `d`
    DryRun,
    /// `h` or `?`
    Help,
    /// `q`
    Quit,
    /// No key: there will be no more from these, since the program reads the terminal.
    Off,
}

/// The list of keys, for a person.
pub const HELP: &str = "keys: r restart, c clear, v verbose, d dry run, h help, q quit";

/// Reads keys until it is dropped; then the terminal is as it was.
#[derive(Debug)]
pub struct Keys {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The terminal's own mode, while it is not in it.
    own: Mutex<Option<Termios>>,
    /// The program, or 0 while there is none.
    program: AtomicU32,
    over: AtomicBool,
}

impl Keys {
    /// Begins to read, if standard input is a terminal and this process may change its mode.
    ///
    /// # Errors
    /// When the mode cannot be changed.
    pub fn start(pressed: impl Fn(Key) + Send + 'static) -> Result<Option<Keys>> {
        let input = stdin();
        let in_front = rustix::termios::tcgetpgrp(&input)
            .is_ok_and(|group| group == rustix::process::getpgrp());
        if !input.is_terminal() || !in_front {
            return Ok(None);
        }
        let own = tcgetattr(&input).context("failed to ask for the terminal's mode")?;
        if !own.local_modes.contains(LocalModes::ICANON) {
            // The program was faster.
            return Ok(None);
        }
        let mut mode = own.clone();
        mode.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        screen::keys_read_in(&mode);
        tcsetattr(&input, OptionalActions::Now, &mode)
            .context("failed to change the terminal's mode")?;
        let shared = Arc::new(Shared {
            own: Mutex::new(Some(own)),
            program: AtomicU32::new(0),
            over: AtomicBool::new(false),
        });
        let keys = Keys { shared: Arc::clone(&shared) };
        std::thread::Builder::new()
            .name("keys".into())
            .spawn(move || read_keys(&shared, &input, pressed))
            .context("failed to start a thread")?;
        Ok(Some(keys))
    }

    /// Reports whether the terminal is in a mode in which keys come one by one.
    pub fn are_read(&self) -> bool {
        tcgetattr(stdin()).is_ok_and(|mode| !mode.local_modes.contains(LocalModes::ICANON))
    }

    /// The program that now shares the terminal.
    pub fn share_with(&self, pid: u32) {
        // Relaxed: the number stands for itself.
        self.shared.program.store(pid, Ordering::Relaxed);
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // Relaxed: the reading thread may see it a turn later; the lock in `give_back` is what
        // keeps the mode right.
        self.shared.over.store(true, Ordering::Relaxed);
        self.shared.give_back();
    }
}

impl Shared {
    /// Puts the terminal back as it was, once.
    fn give_back(&self) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mode) = own.take() {
            // If the terminal is gone, so is its mode.
            let _ = tcsetattr(stdin(), OptionalActions::Now, &mode);
        }
    }
}

fn read_keys(shared: &Shared, input: &Stdin, pressed: impl Fn(Key)) {
    let turn = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    // Relaxed: see `drop` and `share_with`.
    while !shared.over.load(Ordering::Relaxed) {
        let mut fds = [PollFd::new(input, PollFlags::IN)];
        let ready = matches!(poll(&mut fds, Some(&turn)), Ok(1..));
        let program = shared.program.load(Ordering::Relaxed);
        if screen::is_taken() {
            // It is put back as it was when the tool ends.
            pressed(Key::Off);
            return;
        }
        if program != 0 && somebody_reads_input(program) {
            shared.give_back();
            pressed(Key::Off);
            return;
        }
        if !ready {
            continue;
        }
        let mut bytes = [0; 64];
        match rustix::io::read(input, &mut bytes) {
            Ok(0) | Err(rustix::io::Errno::IO) => return,
            Ok(n) => bytes[..n].iter().filter_map(|&byte| key(byte)).for_each(&pressed),
            Err(_) => {}
        }
    }
}

fn key(byte: u8) -> Option<Key> {
    Some(match byte.to_ascii_lowercase() {
        b'r' => Key::Restart,
        b'c' => Key::Clear,
        b'v' => Key::Verbose,
        b'd' => Key::DryRun,
        b'h' | b'?' => Key::Help,
        b'q' => Key::Quit,
        _ => return None,
    })
}

/// Reports whether the program, or what it has started, waits in a read of standard input.
fn somebody_reads_input(program: u32) -> bool {
    let tree = i32::try_from(program).map(interrupt::process_tree).unwrap_or_default();
    tree.iter().any(|id| reads_input(Path::new(&format!("/proc/{id}"))))
}

/// Reports whether a thread of the process waits in a read of standard input, or cannot be looked
/// at.
fn reads_input(process: &Path) -> bool {
    let same =
        std::fs::read_link(process.join("fd/0")).ok() == std::fs::read_link("/proc/self/fd/0").ok();
    let Ok(tasks) = std::fs::read_dir(process.join("task")) else { return false };
    same && tasks.flatten().any(|task| {
        match std::fs::read_to_string(task.path().join("syscall")) {
            Ok(line) => is_read_of_input(&line),
            // Not permitted to look: the program's input is the program's. A thread that has just
            // ended reads nothing.
            Err(error) => error.kind() == std::io::ErrorKind::PermissionDenied,
        }
    })
}

/// A line of `/proc/<pid>/syscall`: the number of the call, and its arguments.
fn is_read_of_input(line: &str) -> bool {
    // read and readv
    const READS: [&str; 2] = if cfg!(target_arch = "x86_64") { ["0", "19"] } else { ["63", "65"] };
    let mut words = line.split_whitespace();
    let call = words.next();
    call.is_some_and(|call| READS.contains(&call)) && words.next() == Some("0x0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn a_read_of_standard_input_is_recognised() {
        assert!(is_read_of_input("0 0x0 0x7f2d9c000b90 0x400 0x0 0x0 0x0 0x7ffd 0x7f2d\n"));
        assert!(!is_read_of_input("0 0x3 0x7f2d9c000b90 0x400 0x0 0x0 0x0 0x7ffd 0x7f2d\n"));
        assert!(!is_read_of_input("202 0x0 0x80 0x0 0x0 0x0 0x0 0x7ffd 0x7f2d\n"));
        assert!(!is_read_of_input("running\n"));
    }

    #[test]
    fn keys_have_no_case() {
        assert_eq!(key(b'R'), Some(Key::Restart));
        assert_eq!(key(b'?'), Some(Key::Help));
        assert_eq!(key(b'x'), None);
    }
}
