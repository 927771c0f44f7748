//! Which of the processes that come to the control socket is the program.
//!
//! All that the program starts inherits the socket's name: workers, a supervisor's children, the
//! program under another name. A patch that one of them takes is not in the program, and what it
//! acknowledges would be reported as success. So the system is asked who is at the other end (the
//! credentials of the socket), and the process has to be the one that was started.
//!
//! Where a launcher stands between (a command of `hot exec`, a shell, a script), the program is
//! below what was started, and has no ancestor there that runs the same executable: that would be
//! the program, and this its child. A process that has lost its ancestors has made itself a daemon;
//! a command may have done that on purpose, while a program that was started itself is gone then.
//!
//! A runner of cargo's is a launcher that may become the program, start it, or run it itself as an
//! emulator does. So there the executable is a hint: whatever is below a process that runs it was
//! started by the program.
//!
//! A process that becomes another program (exec) keeps its ID, and loses the socket.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The root that the program descends from, and the executable that it runs.
#[derive(Clone, Copy, Debug)]
pub struct Lineage {
    /// The process that was started.
    root: u32,
    /// The executable that the program runs, where that is known.
    executable: Option<File>,
    /// It runs that one and no other.
    exact: bool,
}

/// A file, whatever its name is by now: its device and its number there.
type File = (u64, u64);

impl Lineage {
    /// Below this process. With an executable, no other is the program.
    pub fn of(root: u32, executable: Option<&Path>) -> Lineage {
        let executable = executable.and_then(file);
        Lineage { root, executable, exact: executable.is_some() }
    }

    /// Below this process, which runs the executable by whatever means.
    pub fn through_runner(root: u32, executable: &Path) -> Lineage {
        Lineage { root, executable: file(executable), exact: false }
    }

    /// Reports whether the process is the program.
    pub fn admits(&self, pid: u32) -> bool {
        if pid == self.root {
            return true;
        }
        let runs = file(format!("/proc/{pid}/exe").as_ref());
        if self.exact && runs != self.executable {
            return false;
        }
        let mut at = pid;
        while let Some(parent) = parent(at) {
            let above = file(format!("/proc/{parent}/exe").as_ref());
            if above.is_some() && (above == runs || above == self.executable) {
                return false;
            }
            if parent == self.root {
                return true;
            }
            at = parent;
        }
        !self.exact
    }
}

fn file(path: &Path) -> Option<File> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}

fn parent(pid: u32) -> Option<u32> {
    let parent = super::process_tree::parent(i32::try_from(pid).ok()?)?;
    u32::try_from(parent).ok().filter(|&parent| parent != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::process::{Child, Command, Stdio};

    /// A shell of this program, and the process IDs that its script prints.
    fn shell(program: &Path, script: &str, lines: usize) -> (Child, Vec<u32>) {
        let mut child = Command::new(program)
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let pids = output.lines().take(lines).map(|line| line.unwrap().trim().parse().unwrap());
        let pids = pids.collect();
        (child, pids)
    }

    /// The shell is the program here: it starts itself, and it starts others. Each ends with the
    /// input of the first.
    #[test]
    fn a_child_of_the_program_is_not_the_program() {
        let sh = std::fs::canonicalize("/bin/sh").unwrap();
        let script = format!("{} -c 'echo $$; read x'; true", sh.display());
        let (mut child, pids) = shell(&sh, &script, 1);
        let program = Lineage::of(child.id(), Some(&sh));
        assert!(program.admits(child.id()));
        assert!(!program.admits(pids[0]));
        assert!(!program.admits(std::process::id()), "an ancestor");
        let command = Lineage::of(std::process::id(), None);
        assert!(command.admits(child.id()), "below what was started");
        assert!(!command.admits(pids[0]), "its parent is the program");
        drop(child.stdin.take());
        child.wait().unwrap();
    }

    #[test]
    fn a_launcher_may_stand_between() {
        let dir = tempfile::tempdir().unwrap();
        let (launcher, program) = (dir.path().join("launcher"), dir.path().join("program"));
        std::fs::copy("/bin/sh", &launcher).unwrap();
        std::fs::copy("/bin/sh", &program).unwrap();
        let script = format!("{} -c 'echo $$; read x'; true", program.display());
        let (mut child, pids) = shell(&launcher, &script, 1);
        assert!(Lineage::of(child.id(), Some(&program)).admits(pids[0]));
        assert!(!Lineage::of(child.id(), Some(&launcher)).admits(pids[0]), "another executable");
        assert!(Lineage::of(child.id(), None).admits(pids[0]));
        assert!(Lineage::through_runner(child.id(), &program).admits(pids[0]));
        // The runner has become the program, and this is a helper of its.
        assert!(!Lineage::through_runner(child.id(), &launcher).admits(pids[0]));
        assert!(Lineage::through_runner(child.id(), &launcher).admits(child.id()));
        // An emulator: what it runs is no process of its own.
        let emulated = Path::new("/bin/true");
        assert!(Lineage::through_runner(child.id(), emulated).admits(child.id()));
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
