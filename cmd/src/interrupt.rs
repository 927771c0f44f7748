//! The request to stop, and the compilers that must not outlive it.
//!
//! A build may take minutes, and the main loop waits for it. So that Ctrl-C works meanwhile, each
//! child that is waited for stands in an [`Interrupt`]; whoever asks for the end, on whatever
//! thread, ends the children as well, and the waits return. Children of one [`Group`] can be ended
//! without the end of all being asked for.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::io;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by the main loop and the threads that listen for signals and keys.
#[derive(Debug, Default)]
pub struct Interrupt {
    requests: AtomicUsize,
    children: Mutex<Vec<Pid>>,
}

/// Children that are of use together only.
#[derive(Debug)]
pub struct Group<'a> {
    interrupt: &'a Interrupt,
    members: Mutex<Members>,
}

#[derive(Debug, Default)]
struct Members {
    children: Vec<Pid>,
    ended: bool,
}

impl Interrupt {
    /// Asks for the end: what is being waited for is ended, what would be waited for is not begun.
    pub fn request(&self) {
        let children = self.children();
        // Relaxed: the count stands for itself. Against `wait`, the lock around it orders the two:
        // either `wait` sees the count, or its child is in place here.
        self.requests.fetch_add(1, Ordering::Relaxed);
        children.iter().copied().for_each(end_tree);
    }

    /// Reports whether the end was asked for.
    pub fn requested(&self) -> bool {
        self.requests() > 0
    }

    /// Returns how often the end was asked for: who asks again is in a hurry.
    pub fn requests(&self) -> usize {
        // Relaxed: nothing is read on the strength of it.
        self.requests.load(Ordering::Relaxed)
    }

    /// A group without children.
    pub fn group(&self) -> Group<'_> {
        Group { interrupt: self, members: Mutex::default() }
    }

    /// Waits for the child, which is ended early if the end is asked for.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        self.group().wait(child)
    }

    fn children(&self) -> MutexGuard<'_, Vec<Pid>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Group<'_> {
    /// Ends the children of this group: those that are being waited for now, and others as soon as
    /// they would be.
    pub fn end(&self) {
        let mut members = self.members();
        members.ended = true;
        members.children.iter().copied().for_each(end_tree);
    }

    /// Waits for the child, which is ended early if the end of the group or of all is asked for.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn wait(&self, child: &mut Child) -> io::Result<ExitStatus> {
        let pid = Pid::from_child(child);
        {
            let (mut members, mut children) = (self.members(), self.interrupt.children());
            members.children.push(pid);
            children.push(pid);
            if members.ended || self.interrupt.requested() {
                end_tree(pid);
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
        self.members().children.retain(|other| *other != pid);
        self.interrupt.children().retain(|other| *other != pid);
        ended?;
        child.wait()
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends a process and its descendants: cargo does not end the compilers it has started.
fn end_tree(pid: Pid) {
    for member in process_tree(pid.as_raw_nonzero().get()).into_iter().filter_map(Pid::from_raw) {
        // It may have ended by itself: that is what is wanted.
        let _ = kill_process(member, Signal::TERM);
    }
}

/// A process and its descendants.
pub fn process_tree(pid: i32) -> Vec<i32> {
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&member) = tree.get(next) {
        tree.extend(children(member));
        next += 1;
    }
    tree
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
    fn a_group_ends_alone() {
        let interrupt = Interrupt::default();
        let (one, other) = (interrupt.group(), interrupt.group());
        let start = |command: &str| Command::new("sh").args(["-c", command]).spawn().unwrap();
        let (mut long, mut longer) = (start("exec sleep 30"), start("exec sleep 30"));
        let mut stays = start("exec sleep 30");
        let begin = Instant::now();
        std::thread::scope(|scope| {
            let long = scope.spawn(|| one.wait(&mut long).unwrap());
            let stays = scope.spawn(|| other.wait(&mut stays).unwrap());
            while interrupt.children().len() < 2 {
                std::thread::sleep(Duration::from_millis(2));
            }
            one.end();
            assert!(!long.join().unwrap().success());
            assert!(!one.wait(&mut longer).unwrap().success(), "it came after the end");
            assert!(!stays.is_finished() && !interrupt.requested());
            interrupt.request();
            assert_eq!(stays.join().unwrap().code(), None);
        });
        assert!(begin.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn after_a_request_nothing_is_waited_for() {
        let interrupt = Interrupt::default();
        interrupt.request();
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        assert!(!interrupt.wait(&mut child).unwrap().success());
    }
}
