//! The program's process: started, waited for, stopped.

use crate::build::Build;
use crate::process::{Kind, Launch, Program, exit_code, is_alive, process_tree, socket};
use crate::run::baseline::Baseline;
use crate::run::input::Input;
use crate::run::session::{Session, Start};
use crate::screen;
use crate::show::Event;
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a save waits for a program that does not listen yet.
pub const CONNECT: Duration = Duration::from_secs(5);

impl Session {
    /// Counts one more start.
    pub fn count_start(&mut self) {
        self.start = Start { number: self.start.number + 1, ..Start::default() };
    }

    /// Starts the program, and reads in the background what runs.
    pub fn start(&mut self, build: Box<Build>) -> Result<()> {
        self.count_start();
        let executable = build.executable.clone();
        let program = Some(executable.clone());
        let (executable, args, kind) = match build.runner.split_first() {
            None => (executable, Vec::new(), Kind::Program),
            Some((runner, args)) => {
                let args = args.iter().cloned().chain([executable.into_os_string()]).collect();
                (runner.into(), args, Kind::Command { group: false })
            }
        };
        let launch = Launch {
            executable,
            args: [args, self.options.args.clone()].concat(),
            env: build.env.clone(),
            program,
            socket: socket::path(&self.sockets, self.start.number)?,
            kind,
        };
        let (opened, ended) = (self.sends(Input::Connected), self.sends(Input::Exited));
        let program = Program::start(&launch, opened, ended)?;
        if let Some(keys) = &self.keys {
            keys.share_with(program.pid());
        }
        self.baseline = self.read_baseline(&build);
        let overdue = self.sends(Input::Overdue);
        std::thread::Builder::new()
            .name("overdue".into())
            .spawn(move || {
                std::thread::sleep(CONNECT);
                overdue();
            })
            .context("failed to start a thread")?;
        self.program = Some(program);
        self.build = Some(build);
        self.show.terminal.running = true;
        Ok(())
    }

    /// Begins to read what runs, unless no edit can go live in it.
    pub fn read_baseline(&self, build: &Build) -> Baseline {
        let done = self.sends(Input::BaselineRead);
        match &build.obstacle {
            Some(why) => {
                done();
                Baseline::Failed(why.clone())
            }
            None => Baseline::read(build, done),
        }
    }

    /// Waits for the program, which has ended by itself, or by the same Ctrl-C that the tool is
    /// about to receive.
    pub fn reap(&mut self) -> Result<Option<Input>> {
        self.announce_before_end();
        let pid = self.pid();
        let link = self.program.as_ref().map(|program| Arc::clone(&program.link));
        let (Some(status), Some(link)) = (self.stop_program(None)?, link) else {
            bail!("the program was waited for twice");
        };
        let status = exit_code(status);
        if !self.stop_was_asked() {
            self.report_left_behind(link.socket());
            return Ok(Some(Input::Ended { status, pid }));
        }
        self.show.terminal.running = false;
        self.show.report(&Event::Exited { status });
        Ok(Some(Input::Stopped))
    }

    /// Prepares for a save that starts the program again: there is none.
    pub fn await_save(&mut self) {
        self.show.terminal.running = false;
        self.show.terminal.note("waiting for a save to start it again");
        self.baseline = Baseline::Absent;
        self.detector.expect_news();
        if self.keys.as_ref().is_some_and(|keys| !keys.are_read()) {
            // The program had the terminal for itself, or left it in a mode of its own. They put it
            // back, and those that begin find it as it was.
            self.keys = None;
            self.read_keys();
        }
    }

    /// Ends the program, if there is one. Returns its status.
    pub fn stop_program(&mut self, signal: Option<Signal>) -> Result<Option<ExitStatus>> {
        let Some(program) = self.program.take() else { return Ok(None) };
        self.builder.learn();
        // A Ctrl-C meanwhile, or a second one, means: at once.
        let before = self.interrupt.requests();
        let stopped = program.stop(signal, || self.interrupt.requests() > before).map(Some);
        screen::end();
        stopped
    }

    /// Names the processes that go on after the program, which was the first of them, has ended.
    fn report_left_behind(&self, socket: &Path) {
        let Some(build) = &self.build else { return };
        let left = process_tree::left_behind(socket, &build.executable);
        if left.is_empty() {
            return;
        }
        let name = build.executable.file_name().unwrap_or_default().display();
        let pids = left.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        self.show.terminal.warn(&format!(
            "{name} has ended, but a copy that it has made of itself goes on (pid {pids}); saves do \
             not go live in it; start a program that makes itself a daemon in the foreground"
        ));
    }

    /// Reports whether the program is about to be found dead: a crash shows in a lost connection
    /// first.
    pub fn is_dying(&mut self) -> bool {
        let Some(program) = &mut self.program else { return false };
        let broken = program.link.wait(Duration::ZERO, || false).is_err();
        let deadline = Instant::now() + Duration::from_millis(200);
        while broken && Instant::now() < deadline {
            if program.has_ended() || program.is_found().is_some_and(|pid| !is_alive(pid)) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Reports whether the end was asked for, now or within a moment: Ctrl-C reaches the program
    /// and the tool at once, and the program may be the faster.
    pub fn stop_was_asked(&self) -> bool {
        std::thread::sleep(Duration::from_millis(20));
        self.interrupt.requested()
    }
}
