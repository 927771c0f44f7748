//! All processes that a command has started.
//!
//! They are found in the kernel's list, by their parents and by their process group: a child whose
//! parent has ended has no parent here, but is still in the group. Each is held by a
//! descriptor (pidfd), so that a signal never reaches a stranger who was given the same ID.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// Processes at one moment, some of which may have ended since.
#[derive(Debug, Default)]
pub struct ProcessTree {
    members: Vec<(i32, OwnedFd)>,
}

impl ProcessTree {
    /// The descendants of `roots`, the processes of the group, the roots themselves.
    pub fn of(roots: &[i32], group: Option<i32>) -> ProcessTree {
        let mut tree = ProcessTree::default();
        tree.grow(roots, group);
        tree
    }

    /// Adds those that have come since.
    pub fn grow(&mut self, roots: &[i32], group: Option<i32>) {
        let all = processes();
        let mut ids: Vec<i32> = roots.to_vec();
        ids.extend(self.members.iter().filter(|(_, fd)| !has_ended(fd)).map(|(id, _)| *id));
        ids.extend(all.iter().filter(|p| group == Some(p.group)).map(|p| p.id));
        let mut next = 0;
        while let Some(&id) = ids.get(next) {
            let children = all.iter().filter(|p| p.parent == id && !ids.contains(&p.id));
            let children: Vec<i32> = children.map(|p| p.id).collect();
            ids.extend(children);
            next += 1;
        }
        for id in ids {
            if !self.members.iter().any(|(member, _)| *member == id)
                && let Some(pid) = Pid::from_raw(id)
                && let Ok(fd) = pidfd_open(pid, PidfdFlags::empty())
            {
                self.members.push((id, fd));
            }
        }
    }

    /// Sends a signal to all of them.
    pub fn signal(&self, signal: Signal) {
        for (_, fd) in &self.members {
            // One that has ended does not mind.
            let _ = pidfd_send_signal(fd, signal);
        }
    }

    /// Reports whether none is left. One that has ended and was not waited for is none.
    pub fn has_ended(&self) -> bool {
        self.members.iter().all(|(_, fd)| has_ended(fd))
    }

    /// Their process IDs, those that have ended left out.
    pub fn ids(&self) -> Vec<i32> {
        self.members.iter().filter(|(_, fd)| !has_ended(fd)).map(|(id, _)| *id).collect()
    }
}

/// The processes that run this executable and have inherited the name of this socket: after the
/// program's own end, those that it has made by fork.
pub fn left_behind(socket: &Path, executable: &Path) -> Vec<u32> {
    let entry = [b"HOT_SOCKET=", socket.as_os_str().as_encoded_bytes()].concat();
    let is_left = |id: &u32| {
        let folder = PathBuf::from(format!("/proc/{id}"));
        let environment = || std::fs::read(folder.join("environ")).unwrap_or_default();
        std::fs::read_link(folder.join("exe")).is_ok_and(|exe| exe == executable)
            && environment().split(|&byte| byte == 0).any(|variable| variable == entry)
    };
    processes().iter().filter_map(|p| u32::try_from(p.id).ok()).filter(is_left).collect()
}

/// Waits until a process ends, whoever its parent is. If it cannot be watched, at once.
pub fn wait(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(Ok(fd)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else { return };
    while matches!(
        poll(&mut [PollFd::new(&fd, PollFlags::IN)], None),
        Ok(0) | Err(rustix::io::Errno::INTR)
    ) {}
}

/// Reports whether a process is there and has not ended. One that has ended stays in the kernel's
/// table until its parent asks for its status, which the first process of a container may never do.
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

fn has_ended(fd: &OwnedFd) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    matches!(poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&now)), Ok(1..))
}

struct Process {
    id: i32,
    parent: i32,
    group: i32,
}

/// Returns the parent of a process that is there; 0 when it is not to be seen from here.
pub fn parent(id: i32) -> Option<i32> {
    Some(parse(id, &std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?)?.parent)
}

/// Returns the processes below this one that run the same executable.
pub fn copies_of(pid: u32) -> Vec<u32> {
    let runs = |id: i32| std::fs::read_link(format!("/proc/{id}/exe")).ok();
    let Ok(pid) = i32::try_from(pid) else { return Vec::new() };
    let executable = runs(pid);
    let below = ProcessTree::of(&[pid], None).ids().into_iter();
    let copies = below.filter(|&id| id != pid && executable.is_some() && runs(id) == executable);
    copies.filter_map(|id| u32::try_from(id).ok()).collect()
}

/// All processes that there are.
fn processes() -> Vec<Process> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let read = |entry: std::fs::DirEntry| {
        let id = entry.file_name().to_str()?.parse().ok()?;
        parse(id, &std::fs::read_to_string(entry.path().join("stat")).ok()?)
    };
    entries.flatten().filter_map(read).collect()
}

/// `4711 (name) S 4710 4711 …`: state, parent, group. The name may hold anything.
fn parse(id: i32, stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ').skip(1);
    Some(Process { id, parent: words.next()?.parse().ok()?, group: words.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::{Duration, Instant};

    #[test]
    fn a_name_with_brackets_is_no_trouble() {
        let process = parse(7, "7 (a) S (b) R 3 5 5 0").unwrap();
        assert_eq!((process.parent, process.group), (3, 5));
    }

    #[test]
    fn an_orphan_of_the_group_is_found_and_ended() {
        use std::os::unix::process::CommandExt;
        let script = "sh -c 'sleep 30 & echo $!' & wait; sleep 30";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdout(std::process::Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(
            &mut std::io::BufReader::new(child.stdout.take().unwrap()),
            &mut line,
        )
        .unwrap();
        let orphan: i32 = line.trim().parse().unwrap();
        let id = child.id() as i32;
        let begin = Instant::now();
        let mut tree = ProcessTree::of(&[id], Some(id));
        assert!(tree.ids().contains(&orphan) && tree.ids().contains(&id));
        while !tree.has_ended() {
            assert!(begin.elapsed() < Duration::from_secs(20), "{:?} live on", tree.ids());
            tree.grow(&[id], Some(id));
            tree.signal(Signal::TERM);
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait().unwrap();
    }
}
