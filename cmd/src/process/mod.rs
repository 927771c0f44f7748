//! The running program: start, talk, stop.
//!
//! [`Program`] is the child process; [`link`] is the connection to the reloader inside it, over
//! the socket whose place [`socket`] chooses.

pub mod link;
pub mod socket;

use anyhow::{Context, Result};
use link::Link;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long the program may take to end after it was asked to.
pub const GRACE: Duration = Duration::from_secs(3);

/// What to start.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The executable.
    pub executable: PathBuf,
    /// Its arguments.
    pub args: Vec<std::ffi::OsString>,
    /// Environment besides ours.
    pub env: Vec<(String, String)>,
    /// Where its reloader shall listen.
    pub socket: PathBuf,
}

/// A program that was started and has not been waited for.
#[derive(Debug)]
pub struct Program {
    child: Child,
    pid: Pid,
    /// The connection to its reloader.
    pub link: Arc<Link>,
}

impl Program {
    /// Starts the program. It has our standard input, output and error. `opened` is called when
    /// its reloader listens, `ended` when it has ended, each on a thread of its own.
    ///
    /// Call this on the thread that lives as long as the tool: the kernel ends the program when
    /// that thread ends.
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
        // SAFETY: between fork and exec only functions that are safe after a signal may be called;
        // this is one system call, and it allocates nothing.
        unsafe {
            command.pre_exec(|| {
                // If the tool is killed, the program must not live on unseen.
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                Ok(())
            });
        }
        let child = command
            .spawn()
            .with_context(|| format!("failed to start {}", launch.executable.display()))?;
        let pid = Pid::from_child(&child);
        let link = Link::connect(launch.socket.clone(), opened)?;
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
        Ok(Program { child, pid, link })
    }

    /// Its process ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its status, if it has ended.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn ended(&mut self) -> std::io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Whether it has ended. It is not waited for.
    pub fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        matches!(waitid(WaitId::Pid(self.pid), options), Ok(Some(_)))
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        // It was not reaped, so the ID is still its own; if it has ended the signal does nothing.
        let _ = kill_process(self.pid, signal);
    }

    /// Asks it to end with this signal (or with none, if it was asked already), makes it end after
    /// [`GRACE`] or when `hurry` says so, and removes its socket.
    ///
    /// # Errors
    /// Those of waiting.
    pub fn stop(mut self, signal: Option<Signal>, hurry: impl Fn() -> bool) -> Result<ExitStatus> {
        self.link.close();
        if let Some(signal) = signal {
            self.signal(signal);
        }
        let deadline = Instant::now() + GRACE;
        let status = loop {
            if let Some(status) = self.ended().context("failed to wait for the program")? {
                break status;
            }
            if Instant::now() >= deadline || hurry() {
                self.signal(Signal::KILL);
                break self.child.wait().context("failed to wait for the program")?;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        self.link.sweep();
        Ok(status)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.link.close();
        if let Ok(None) = self.child.try_wait() {
            self.signal(Signal::KILL);
            // It was killed: this returns at once.
            let _ = self.child.wait();
        }
        self.link.sweep();
    }
}

/// The status as a shell tells it: the code, or 128 and the signal that ended the program.
pub fn code(status: ExitStatus) -> u8 {
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    (code & 0xff) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    fn launch(dir: &std::path::Path, script: &str) -> Launch {
        Launch {
            executable: "/bin/sh".into(),
            args: vec!["-c".into(), script.into()],
            env: Vec::new(),
            socket: dir.join("p.sock"),
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
        assert_eq!(program.ended().unwrap().map(code), Some(7));
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
        assert_eq!(code(status), 128 + 9);
    }
}
