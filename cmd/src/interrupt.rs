//! The wish to stop, and the compiler that must not outlive it.
//!
//! A build may take minutes, and the main loop waits for it. So that Ctrl-C works meanwhile, the
//! child that is waited for stands in an [`Interrupt`]; whoever asks for the end, on whatever
//! thread, ends the child as well, and the wait returns.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Shared by the main loop and the threads that listen for signals and keys.
#[derive(Debug, Default)]
pub struct Interrupt {
    requests: AtomicUsize,
    child: Mutex<Option<Pid>>,
}

impl Interrupt {
    /// Asks for the end: what is being waited for is ended, what would be waited for is not begun.
    pub fn request(&self) {
        let child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        // Relaxed: the count stands for itself. Against `wait`, the lock around it orders the two:
        // either `wait` sees the count, or its child is in place here.
        self.requests.fetch_add(1, Ordering::Relaxed);
        if let Some(pid) = *child {
            end_family(pid);
        }
    }

    /// Whether the end was asked for.
    pub fn requested(&self) -> bool {
        self.requests() > 0
    }

    /// How often the end was asked for: who asks again is in a hurry.
    pub fn requests(&self) -> usize {
        // Relaxed: nothing is read on the strength of it.
        self.requests.load(Ordering::Relaxed)
    }

    /// Waits for the child, which is ended early if the end is asked for.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        {
            let mut current = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            *current = Some(pid);
            if self.requested() {
                end_family(pid);
            }
        }
        // The child is not reaped before its ID is taken out, so that nobody can signal a stranger
        // who was given the same ID.
        let ended = loop {
            match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                Err(rustix::io::Errno::INTR) => {}
                other => break other,
            }
        };
        *self.child.lock().unwrap_or_else(PoisonError::into_inner) = None;
        ended?;
        child.wait()
    }
}

/// Ends a process and its descendants: cargo does not end the compilers it has started.
fn end_family(pid: Pid) {
    for member in family(pid.as_raw_nonzero().get()).into_iter().filter_map(Pid::from_raw) {
        // It may have ended by itself: that is what is wanted.
        let _ = kill_process(member, Signal::TERM);
    }
}

/// A process and its descendants.
pub fn family(pid: i32) -> Vec<i32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(&member) = family.get(next) {
        family.extend(children(member));
        next += 1;
    }
    family
}

/// The children of a process, as the kernel lists them.
fn children(pid: i32) -> Vec<i32> {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|n| n.parse().ok()).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    #[test]
    fn a_request_ends_the_child_and_what_it_started() {
        let interrupt = Arc::new(Interrupt::default());
        let mut child = Command::new("sh").args(["-c", "sleep 30 & wait"]).spawn().unwrap();
        let pid = child.id() as i32;
        let other = Arc::clone(&interrupt);
        let begin = Instant::now();
        let grandchild = std::thread::spawn(move || {
            let grandchild = loop {
                if let Some(&pid) = children(pid).first() {
                    break pid;
                }
                std::thread::sleep(Duration::from_millis(2));
            };
            other.request();
            grandchild
        });
        let status = interrupt.wait(&mut child).unwrap();
        assert!(!status.success() && begin.elapsed() < Duration::from_secs(20));
        let grandchild = grandchild.join().unwrap();
        let ended = || match std::fs::read_to_string(format!("/proc/{grandchild}/stat")) {
            Ok(stat) => stat.contains(") Z "),
            Err(_) => true,
        };
        while !ended() {
            assert!(begin.elapsed() < Duration::from_secs(20), "the grandchild lives on");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[test]
    fn after_a_request_nothing_is_waited_for() {
        let interrupt = Interrupt::default();
        interrupt.request();
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        assert!(!interrupt.wait(&mut child).unwrap().success());
    }
}
