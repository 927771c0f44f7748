//! Cargo's lock on a build folder, and the commands of cargo that a replay need not wait for.
//!
//! Cargo holds the lock for as long as it works in the folder, and so does a replay: two compilers
//! never write one artifact. But `cargo check`, which editors run at each save, makes metadata
//! under names of its own, and of what is built in full only procedural macros, build scripts and
//! what these stand on, which no replay compiles ([`crate::build::graph::Role::Cargo`]). So a
//! replay that finds the lock held by such a command alone goes ahead. It stands in line meanwhile,
//! so that whoever comes after the check waits for the replay as well.
//!
//! Who holds a lock, and who waits for it, is read from the kernel's table. Where it does not tell
//! (another PID namespace, another machine's file system), the lock is waited for.

use crate::build::capture::store_lock;
use crate::interrupt::Interrupt;
use anyhow::{Context, Result};
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time for which the lock is waited for without a word.
const PATIENCE: Duration = Duration::from_secs(1);

/// The right to write into a build folder, as long as this lives.
#[derive(Debug)]
pub struct BuildLock {
    state: Arc<Mutex<State>>,
}

/// The state of a lock.
#[derive(Debug)]
enum State {
    /// A command of cargo that does not matter has it; it comes to us next.
    Awaited,
    Held {
        _file: File,
    },
    /// It is needed no more.
    Done,
}

impl BuildLock {
    /// Takes the lock, waiting for a cargo that holds it and may write what we write. `None` when
    /// interrupted meanwhile. `waiting` is given a sentence about the holder, once, if that takes
    /// longer than a moment.
    ///
    /// # Errors
    /// When the lock's file cannot be opened.
    pub fn take(
        build_dir: &Path,
        interrupt: &Interrupt,
        waiting: &mut dyn FnMut(&str),
    ) -> Result<Option<BuildLock>> {
        BuildLock::take_beside(build_dir, interrupt, is_check, waiting)
    }

    fn take_beside(
        build_dir: &Path,
        interrupt: &Interrupt,
        harmless: fn(u32) -> bool,
        waiting: &mut dyn FnMut(&str),
    ) -> Result<Option<BuildLock>> {
        let path = build_dir.join(".cargo-lock");
        let told = || format!("failed to lock {}", path.display());
        let file = store_lock::open(&path).with_context(told)?;
        let begun = Instant::now();
        let mut silent = true;
        while !interrupt.requested() {
            match file.try_lock() {
                Ok(()) => {
                    return Ok(Some(BuildLock {
                        state: Arc::new(Mutex::new(State::Held { _file: file })),
                    }));
                }
                Err(TryLockError::WouldBlock) => {
                    let others = others(&file);
                    if !others.is_empty() && others.into_iter().all(harmless) {
                        return Ok(Some(BuildLock::next_in_line(file)?));
                    }
                    if silent && begun.elapsed() >= PATIENCE {
                        silent = false;
                        waiting(&sentence(holder(&file), build_dir));
                    }
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(told),
            }
        }
        Ok(None)
    }

    /// Has a thread wait for the lock, which is given back at once if it is needed no more.
    fn next_in_line(file: File) -> Result<BuildLock> {
        let state = Arc::new(Mutex::new(State::Awaited));
        let shared = Arc::clone(&state);
        let wait = move || {
            // Without the lock there is nothing to keep.
            let locked = file.lock();
            let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if locked.is_ok() && matches!(*state, State::Awaited) {
                *state = State::Held { _file: file };
            }
        };
        std::thread::Builder::new()
            .name("lock".into())
            .spawn(wait)
            .context("failed to start a thread")?;
        Ok(BuildLock { state })
    }
}

impl Drop for BuildLock {
    fn drop(&mut self) {
        // A file that is closed gives its lock back.
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::Done;
    }
}

/// The processes that hold the lock of a file, and those that wait for it, except this one. Empty
/// when the kernel does not tell of all.
fn others(file: &File) -> Vec<u32> {
    let (Ok(meta), Ok(table)) = (file.metadata(), std::fs::read_to_string("/proc/locks")) else {
        return Vec::new();
    };
    let of_file: Vec<Option<u32>> =
        table.lines().filter_map(|line| owner(line, meta.ino())).collect();
    let all: Option<Vec<u32>> = of_file.into_iter().collect();
    let own = std::process::id();
    all.unwrap_or_default().into_iter().filter(|&pid| pid != own).collect()
}

/// Returns the process that holds the lock of a file, if it can be seen.
fn holder(file: &File) -> Option<u32> {
    let inode = file.metadata().ok()?.ino();
    let table = std::fs::read_to_string("/proc/locks").ok()?;
    let holds = |line: &&str| !line.contains("->");
    table.lines().filter(holds).find_map(|line| owner(line, inode).flatten())
}

/// The sentence about a lock that another process holds.
fn sentence(holder: Option<u32>, build_dir: &Path) -> String {
    let name = |pid: u32| {
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("{} (pid {pid})", name.trim_end())
    };
    let holder = holder.map_or("another process".to_owned(), name);
    format!("waiting for {holder}, which builds in {}", build_dir.display())
}

/// The process of a line of `/proc/locks`, `N: [->] FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE …`,
/// if it is about this file; `None` in it when the process cannot be seen from here. The device is
/// not compared, for some file systems give another than they tell of a file: one file too many is
/// one reason more to wait.
fn owner(line: &str, inode: u64) -> Option<Option<u32>> {
    let mut words = line.split_whitespace().skip(1).filter(|&word| word != "->").skip(3);
    let (pid, file) = (words.next()?, words.next()?);
    let is_it = file.rsplit(':').next()?.parse() == Ok(inode);
    is_it.then(|| pid.parse().ok().filter(|&pid| pid > 0))
}

/// Reports whether a process is a `cargo check`. (`cargo clippy` runs one.)
fn is_check(pid: u32) -> bool {
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words: Vec<_> = line.split(|&byte| byte == 0).map(String::from_utf8_lossy).collect();
    checks(&words.iter().map(|word| &**word).collect::<Vec<_>>())
}

/// Reports whether the words are those of a `cargo check`. What is not certain is none.
fn checks(words: &[&str]) -> bool {
    let Some((program, words)) = words.split_first() else { return false };
    let is_cargo = Path::new(program).file_stem().is_some_and(|name| name == "cargo");
    let mut words = words.iter().filter(|word| !word.starts_with('+'));
    is_cargo && words.next().is_some_and(|&word| matches!(word, "check" | "c"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn the_lock_is_waited_for_but_not_beyond_an_interrupt() {
        let dir = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::default();
        let held = BuildLock::take(dir.path(), &interrupt, &mut |_| ()).unwrap().unwrap();
        std::thread::scope(|scope| {
            let waiting = scope
                .spawn(|| BuildLock::take(dir.path(), &interrupt, &mut |_| ()).unwrap().is_some());
            std::thread::sleep(Duration::from_millis(30));
            assert!(!waiting.is_finished());
            drop(held);
            assert!(waiting.join().unwrap());
        });
        let _held = BuildLock::take(dir.path(), &interrupt, &mut |_| ()).unwrap().unwrap();
        interrupt.request();
        assert!(BuildLock::take(dir.path(), &interrupt, &mut |_| ()).unwrap().is_none());
    }

    /// A process that holds the lock of this folder until it is killed.
    fn holder(dir: &Path) -> std::process::Child {
        let path = dir.join(".cargo-lock");
        let mut child = Command::new("flock").arg(&path).args(["sleep", "600"]).spawn().unwrap();
        let file = store_lock::open(&path).unwrap();
        while file.try_lock().is_ok() {
            assert!(child.try_wait().unwrap().is_none(), "it does not lock");
            file.unlock().unwrap();
            std::thread::sleep(Duration::from_millis(2));
        }
        child
    }

    /// Ends a holder.
    fn end(held: &mut std::process::Child) {
        // `flock` waits for `sleep`, which has the file open too.
        let pid = i32::try_from(held.id()).unwrap();
        for member in crate::interrupt::process_tree(pid) {
            let member = rustix::process::Pid::from_raw(member).unwrap();
            rustix::process::kill_process(member, rustix::process::Signal::KILL).unwrap();
        }
        held.wait().unwrap();
    }

    #[test]
    fn a_holder_that_does_not_matter_is_not_waited_for_and_who_comes_later_waits() {
        let dir = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::default();
        let mut held = holder(dir.path());
        let lock =
            BuildLock::take_beside(dir.path(), &interrupt, |_| true, &mut |_| ()).unwrap().unwrap();
        assert!(matches!(*lock.state.lock().unwrap(), State::Awaited));
        end(&mut held);
        while matches!(*lock.state.lock().unwrap(), State::Awaited) {
            std::thread::sleep(Duration::from_millis(2));
        }
        let file = store_lock::open(&dir.path().join(".cargo-lock")).unwrap();
        assert!(matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        // With this process in the way no one else is named, and it is waited for.
        assert!(others(&file).is_empty());
        drop(lock);
        file.try_lock().unwrap();
    }

    #[test]
    fn who_is_waited_for_is_said_once() {
        let dir = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::default();
        let mut held = holder(dir.path());
        let pid = held.id();
        let mut said = Vec::new();
        std::thread::scope(|scope| {
            let (said, interrupt) = (&mut said, &interrupt);
            let waiting = scope.spawn(move || {
                let mut hear = |text: &str| said.push(text.to_owned());
                BuildLock::take(dir.path(), interrupt, &mut hear).unwrap().is_none()
            });
            std::thread::sleep(PATIENCE + Duration::from_millis(300));
            interrupt.request();
            assert!(waiting.join().unwrap());
        });
        let [text] = &said[..] else { panic!("{said:?}") };
        assert!(text.starts_with(&format!("waiting for flock (pid {pid}), which ")), "{text}");
        end(&mut held);
    }

    #[test]
    fn the_kernels_table_is_read_as_it_is_written() {
        let line = "3: FLOCK  ADVISORY  WRITE 29383 fe:00:6201482 0 EOF";
        assert_eq!(owner(line, 6201482), Some(Some(29383)));
        assert_eq!(owner(line, 620148), None);
        let waits = "3: -> FLOCK  ADVISORY  WRITE 17 fe:00:6201482 0 EOF";
        assert_eq!(owner(waits, 6201482), Some(Some(17)));
        let unseen = "3: FLOCK  ADVISORY  WRITE 0 fe:00:6201482 0 EOF";
        assert_eq!(owner(unseen, 6201482), Some(None));
    }

    #[test]
    fn only_a_check_is_a_check() {
        assert!(checks(&["/home/me/.cargo/bin/cargo", "check", "--workspace", ""]));
        assert!(checks(&["cargo", "+nightly", "c"]));
        for other in [
            &["cargo", "build", "check"][..],
            &["cargo", "--config", "check", "build"],
            &["cargo", "test"],
            &["cargo-clippy", "check"],
            &["checkers", "check"],
            &["cargo"],
            &[],
        ] {
            assert!(!checks(other), "{other:?}");
        }
    }
}
