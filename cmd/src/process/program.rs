//! The process of the program, or of a command that builds and starts it.

use super::lineage::Lineage;
use super::link::Link;
use super::process_tree::ProcessTree;
use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the program may take to end after it was asked to.
pub const GRACE: Duration = Duration::from_secs(3);

/// The command line of a program, and the way to run it.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub args: Vec<std::ffi::OsString>,
    /// Environment besides ours.
    pub env: Vec<(String, std::ffi::OsString)>,
    /// The executable of the program, where it is known; where a command runs it, by whatever
    /// means.
    pub program: Option<PathBuf>,
    /// Where its reloader shall listen.
    pub socket: PathBuf,
    /// The role of the executable.
    pub kind: Kind,
}

/// The role of an executable that is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The program.
    Program,
    /// A command that builds and starts it.
    Command {
        /// True if it gets a process group of its own. At a terminal that would take the terminal
        /// from it.
        group: bool,
    },
}

/// A program that was started and has not been waited for.
#[derive(Debug)]
pub struct Program {
    child: Child,
    pid: Pid,
    kind: Kind,
    /// The program that a command has started, once it was found.
    found: Option<u32>,
    /// The connection to its reloader.
    pub link: Arc<Link>,
}

impl Program {
    /// Starts the program. It has our standard input, output and error. `opened` is called when
    /// its reloader listens, `ended` when it has ended, each on a thread of its own.
    ///
    /// A tool that is killed leaves the program alone: it goes on, and listens for the next tool.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        launch: &Launch,
        opened: impl FnOnce() + Send + 'static,
        ended: impl FnOnce() + Send + 'static,
    ) -> Result<Program> {
        let mut command = Command::new(&launch.executable);
        command
            .args(&launch.args)
            .envs(launch.env.iter().map(|(name, value)| (name, value)))
            .env("HOT_SOCKET", &launch.socket);
        if launch.kind == (Kind::Command { group: true }) {
            command.process_group(0);
        }
        let child = command
            .spawn()
            .with_context(|| format!("failed to start {}", launch.executable.display()))?;
        let pid = Pid::from_child(&child);
        let lineage = match (launch.kind, &launch.program) {
            (Kind::Command { .. }, Some(program)) => Lineage::through_runner(child.id(), program),
            (_, program) => Lineage::of(child.id(), program.as_deref()),
        };
        let link = Link::connect(launch.socket.clone(), lineage, opened)?;
        let (watched, link_of_dead) = (pid, Arc::clone(&link));
        std::thread::Builder::new()
            .name("wait".into())
            .spawn(move || {
                // NOWAIT leaves the process in place until `Program` reaps it, so its ID stays its
                // own as long as somebody may send it a signal.
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                while matches!(waitid(WaitId::Pid(watched), options), Err(rustix::io::Errno::INTR))
                {
                }
                link_of_dead.close();
                link_of_dead.sweep();
                ended();
            })
            .context("failed to start a thread")?;
        Ok(Program { child, pid, kind: launch.kind, found: None, link })
    }

    /// The program's process ID, or as long as it is not known the command's.
    pub fn pid(&self) -> u32 {
        self.found.unwrap_or(self.child.id())
    }

    /// Records which process the command's program is; none when that has ended.
    pub fn found(&mut self, pid: Option<u32>) {
        self.found = pid;
    }

    /// The program that a command has started, if it was found and is there.
    pub fn is_found(&self) -> Option<u32> {
        self.found
    }

    /// Tries again for somebody who listens at the socket: the program that did has ended.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn listen_again(&mut self, opened: impl FnOnce() + Send + 'static) -> Result<()> {
        self.link = self.link.again(opened)?;
        Ok(())
    }

    /// Everything that was started.
    pub fn process_tree(&self) -> ProcessTree {
        ProcessTree::of(&self.roots(), self.group())
    }

    fn roots(&self) -> Vec<i32> {
        let ids = std::iter::once(self.child.id()).chain(self.found);
        ids.filter_map(|id| i32::try_from(id).ok()).collect()
    }

    fn group(&self) -> Option<i32> {
        let own = self.kind == (Kind::Command { group: true });
        own.then(|| self.pid.as_raw_nonzero().get())
    }

    /// Its status, if it has ended.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Reports whether it has ended. It is not waited for.
    pub fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        matches!(waitid(WaitId::Pid(self.pid), options), Ok(Some(_)))
    }

    /// Sends a signal to the child.
    fn signal(&self, signal: Signal) {
        // It was not reaped, so the ID is still its own; if it has ended the signal does nothing.
        let _ = kill_process(self.pid, signal);
    }

    /// Asks it to end with this signal (or with none, if it was asked already), makes it end after
    /// [`GRACE`] or when `hurry` says so, and removes its socket. A command is ended with
    /// everything that it has started.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn stop(mut self, signal: Option<Signal>, hurry: impl Fn() -> bool) -> Result<ExitStatus> {
        self.link.close();
        let mut tree = match self.kind {
            Kind::Program => ProcessTree::default(),
            Kind::Command { .. } => self.process_tree(),
        };
        if let Some(signal) = signal {
            match self.kind {
                Kind::Program => self.signal(signal),
                Kind::Command { .. } => tree.signal(signal),
            }
        }
        let deadline = Instant::now() + GRACE;
        // The command is reaped last: as long as it is there, so is its group.
        while !(self.has_ended() && tree.has_ended()) {
            if Instant::now() >= deadline || hurry() {
                self.kill(&mut tree);
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait().context("failed to wait for the program")?;
        self.link.sweep();
        Ok(status)
    }

    /// Its status, once it has ended by itself. What a command has left behind is its own affair.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn reap(mut self) -> Result<ExitStatus> {
        self.link.close();
        let status = self.child.wait().context("failed to wait for the program")?;
        self.link.sweep();
        Ok(status)
    }

    /// Ends it and what it has started, at once.
    fn kill(&self, tree: &mut ProcessTree) {
        if let Kind::Command { .. } = self.kind {
            tree.grow(&self.roots(), self.group());
            tree.signal(Signal::KILL);
        }
        self.signal(Signal::KILL);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.link.close();
        if let Ok(None) = self.child.try_wait() {
            self.kill(&mut ProcessTree::default());
            // It was killed: this returns at once.
            let _ = self.child.wait();
        }
        self.link.sweep();
    }
}

/// Returns the status as a shell reports it: the code, or 128 and the signal that ended the
/// program.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    (code & 0xff) as u8
}

#[cfg(test)]
mod tests {
    use super::super::process_tree::is_alive;
    use super::*;
    use std::sync::mpsc::channel;

    fn launch(dir: &std::path::Path, script: &str) -> Launch {
        Launch {
            executable: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: Vec::new(),
            program: None,
            socket: dir.join("p.sock"),
            kind: Kind::Program,
        }
    }

    #[test]
    fn its_end_is_told_with_its_status() {
        let dir = tempfile::tempdir().unwrap();
        let (sender, receiver) = channel();
        let mut program =
            Program::start(&launch(dir.path(), "exit 7"), || (), move || sender.send(()).unwrap())
                .unwrap();
        receiver.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(program.ended().unwrap().map(exit_code), Some(7));
    }

    #[test]
    fn one_that_ignores_the_request_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let marker = dir.path().join("ready");
        let script =
            format!("trap '' TERM; : > {}; while :; do sleep 0.05; done", marker.display());
        let program = Program::start(&launch(dir.path(), &script), || (), || ()).unwrap();
        while !marker.exists() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let status = program.stop(Some(Signal::TERM), || true).unwrap();
        assert_eq!(exit_code(status), 128 + 9);
    }

    #[test]
    fn a_command_is_ended_with_what_it_has_started() {
        for group in [true, false] {
            let dir = tempfile::tempdir().unwrap();
            let marker = dir.path().join("pid");
            let script = format!(
                "sh -c 'echo $$ > {0}.new; mv {0}.new {0}; sleep 30' & wait",
                marker.display()
            );
            let mut launch = launch(dir.path(), &script);
            launch.kind = Kind::Command { group };
            let program = Program::start(&launch, || (), || ()).unwrap();
            while !marker.exists() {
                std::thread::sleep(Duration::from_millis(2));
            }
            let inner = std::fs::read_to_string(&marker).unwrap().trim().parse::<i32>().unwrap();
            assert!(program.process_tree().ids().contains(&inner));
            program.stop(Some(Signal::TERM), || false).unwrap();
            assert!(!is_alive(inner.unsigned_abs()));
        }
    }
}
