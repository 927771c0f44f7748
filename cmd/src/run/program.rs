//! The program's side of the session: it is started, read, sent patches, stopped.

use super::Input;
use super::clock::Clock;
use super::session::Session;
use super::world::Reading;
use crate::build::Build;
use crate::diff::registered;
use crate::process::{Kind, Launch, Program, family, is_alive, socket};
use crate::refusal::{Detail, Refusal};
use crate::screen;
use crate::show::Event;
use crate::show::terminal::count;
use anyhow::{Context, Result, bail};
use hot_patch::message::{Reply, Request};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// How long a save waits for a program that does not listen yet.
pub(super) const CONNECT: Duration = Duration::from_secs(5);

/// How the program took a patch.
#[derive(Debug)]
pub(super) enum Loaded {
    /// It is live, as which patch of the process; the functions replaced.
    Live(u32, Vec<String>),
    /// The program does not listen yet.
    NotConnected,
    /// It is not, and this is why.
    Not(String),
}

impl Session {
    /// Starts the program, and reads in the background what runs.
    pub(super) fn start(&mut self, build: Box<Build>) -> Result<()> {
        self.start += 1;
        let n = self.start;
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
            socket: socket::path(&self.sockets, n)?,
            kind,
        };
        let program =
            Program::start(&launch, self.teller(Input::Connected), self.teller(Input::Exited))?;
        if let Some(keys) = &self.keys {
            keys.share_with(program.pid());
        }
        self.world = match &build.obstacle {
            Some(why) => {
                self.teller(Input::WorldRead)();
                Reading::Failed(why.clone())
            }
            None => Reading::begin(&build, self.teller(Input::WorldRead)),
        };
        let overdue = self.teller(Input::Overdue);
        std::thread::Builder::new()
            .name("overdue".into())
            .spawn(move || {
                std::thread::sleep(CONNECT);
                overdue();
            })
            .context("failed to start a thread")?;
        self.program = Some(program);
        self.current = Some(build);
        self.announced = false;
        self.copies_told = false;
        self.show.terminal.running = true;
        Ok(())
    }

    pub(super) fn pid(&self) -> u32 {
        self.program.as_ref().map_or(0, Program::pid)
    }

    /// Says that edits can go live, or why not, once for each start. What was said of the first
    /// start and holds for a later one is not said again: `restarted` has told that it runs.
    pub(super) fn announce(&mut self) {
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        let known = self.world.get().and_then(|world| {
            Ok((world.hot_functions(), hex(world.build_id()), world.undescribed()?))
        });
        let (pid, first) = (self.pid(), self.is_first());
        let executable = self.executable(pid);
        let obstacle = self.current.as_ref().and_then(|b| b.obstacle.clone());
        let (hot_functions, build_id, undescribed) = match known {
            Ok(known) => known,
            Err(error) => {
                if first || obstacle.is_none() {
                    let why = obstacle.unwrap_or_else(|| format!("{error:#}"));
                    let note =
                        format!("the program runs (pid {pid}), each edit restarts it: {why}");
                    self.show.terminal.warn(&note);
                }
                self.tell_running(0, hex(&registered(&executable).1), Vec::new());
                return;
            }
        };
        self.tell_running(hot_functions, build_id, undescribed.clone());
        let name = executable.file_name().unwrap_or_default().display();
        match hot_functions {
            _ if self.ended => {}
            0 => self.show.terminal.warn(&format!(
                "{name} runs (pid {pid}), but has no #[hot] function: no edit can go live in it; \
                 put #[hot] on a function, an impl block or a module"
            )),
            n if first => self.show.terminal.note(&format!(
                "{name} runs (pid {pid}) with {}: {}",
                count(n, "hot function"),
                match self.dry_run {
                    true => "dry run, saves are judged and nothing is loaded",
                    false => "saved edits go live",
                }
            )),
            n => self.show.terminal.detail(&count(n, "hot function")),
        }
        self.tell_remarks();
        if hot_functions > 0 && !self.ended && self.undescribed != undescribed {
            if !undescribed.is_empty() {
                self.show.terminal.warn(&checks_less(&undescribed));
            }
            self.undescribed = undescribed;
        }
    }

    /// Says what follows from the settings of the build, when that is something else than before.
    fn tell_remarks(&mut self) {
        let remarks = self.current.as_ref().map(|build| build.remarks.clone()).unwrap_or_default();
        if self.remarks != remarks {
            remarks.iter().for_each(|remark| self.show.terminal.warn(remark));
            self.remarks = remarks;
        }
    }

    /// Whether this is the start that `running` is told of.
    fn is_first(&self) -> bool {
        self.command.as_ref().map_or(self.start == 1, |command| !command.told)
    }

    /// That a later start runs, `restarted` has told.
    fn tell_running(&mut self, hot_functions: usize, build_id: String, undescribed: Vec<String>) {
        if self.is_first() {
            if let Some(command) = &mut self.command {
                command.told = true;
            }
            let pid = self.pid();
            let running = Event::Running { pid, hot_functions, build_id, undescribed };
            self.show.tell(&running);
        }
    }

    /// Says that the program has been started again. What it is made of is still being read, but not
    /// what stands in the executable.
    pub(super) fn tell_restarted(&mut self, pid: u32, why: String) {
        let (hot_functions, build_id) = registered(&self.executable(pid));
        let is_live = self.current.as_ref().is_none_or(|build| build.obstacle.is_none());
        let hot_functions = if is_live { hot_functions } else { 0 };
        self.show.tell(&Event::Restarted { pid, hot_functions, build_id: hex(&build_id), why });
    }

    /// The program's executable.
    fn executable(&self, pid: u32) -> PathBuf {
        let built = self.current.as_ref().map(|build| build.executable.clone());
        built.unwrap_or_else(|| format!("/proc/{pid}/exe").into())
    }

    /// A program that ends at once may do so before it was read; whoever reads the events shall
    /// still hear that it ran.
    pub(super) fn announce_before_end(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        while !self.announced && !self.world.is_over() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.world.is_over() && !self.interrupt.requested() {
            self.ended = true;
            self.announce();
        }
    }

    /// Says so if the program has not come to its reloader by now.
    pub(super) fn warn_if_deaf(&mut self) {
        let functions = self.world.get().map_or(0, |world| world.hot_functions());
        let Some(program) = &self.program else { return };
        match program.link.wait(Duration::ZERO, || false) {
            Ok(Some(_)) => {}
            Ok(None) if functions > 0 => {
                let warning = format!(
                    "the program has not called the reloader yet{}: edits are built, but cannot be \
                     loaded before it does; say `tokio::spawn(hot::reloader_loop())` where main \
                     begins, or without a runtime `hot::spawn_reloader()`",
                    self.others()
                );
                self.show.terminal.warn(&warning);
            }
            Ok(None) => {}
            Err(error) => self.show.terminal.warn(&format!("{error:#}")),
        }
    }

    /// What is said of other processes that have called the reloader instead.
    pub(super) fn others(&self) -> String {
        let others = self.program.as_ref().map(|program| program.link.others());
        match others.unwrap_or_default() {
            others if others.is_empty() => String::new(),
            others => format!(
                " (it is process {}; {} below it did, where no edit goes live)",
                self.pid(),
                pids(&Vec::from_iter(others))
            ),
        }
    }

    /// Says once for each start that processes which the program has made of itself get no edits.
    pub(super) fn tell_copies(&mut self) {
        let copies = match self.copies_told {
            true => Vec::new(),
            false => family::copies_of(self.pid()),
        };
        if !copies.is_empty() {
            self.copies_told = true;
            self.show.terminal.note(&format!(
                "the program has started itself: {} keeps the code that it was built with, and so \
                 does each that follows; edits go live in pid {} alone",
                pids(&copies),
                self.pid()
            ));
        }
    }

    /// Sends a patch to the program, when it listens.
    pub(super) fn send(&mut self, patch: &[u8]) -> Result<Loaded> {
        let expected = self.world.get()?.build_id().to_vec();
        let Some(program) = &self.program else { bail!("there is no program") };
        let hello = match program.link.wait(CONNECT, || self.interrupt.requested()) {
            Ok(Some(hello)) => hello,
            Ok(None) => return Ok(Loaded::NotConnected),
            Err(error) => return Ok(Loaded::Not(format!("{error:#}"))),
        };
        if hello.build_id != expected {
            return Ok(Loaded::Not(format!(
                "the process that listens (pid {}) runs another executable than the one that was \
                 built (build ID {}, not {})",
                hello.pid,
                hex(&hello.build_id),
                hex(&expected)
            )));
        }
        if hello.patches > 0 {
            return Ok(Loaded::Not(format!(
                "the process that listens (pid {}) had patches loaded before this hot came to it, \
                 a copy made by fork perhaps: what runs in it is not known",
                hello.pid
            )));
        }
        Ok(match program.link.ask(&Request::Load(patch.to_vec())) {
            Ok(Reply::Loaded { number, functions, .. }) => Loaded::Live(number, functions),
            Ok(Reply::Failed { message }) => Loaded::Not(message),
            Ok(other) => Loaded::Not(format!("the program gave a wrong answer: {other:?}")),
            Err(error) => Loaded::Not(format!("{error:#}")),
        })
    }

    /// The program listens now: what was built before is loaded.
    pub(super) fn catch_up(&mut self) {
        if self.dry_run || self.waiting.is_empty() {
            return;
        }
        self.show.terminal.note("the program listens now: loading what was built");
        self.load_waiting();
    }

    /// Loads what was built before, as one change.
    pub(super) fn load_waiting(&mut self) {
        self.files = std::mem::take(&mut self.waiting);
        let mut clock = Clock::new(Instant::now());
        self.show.tell(&Event::Change { files: self.names(&self.files) });
        clock.detected();
        clock.compiled();
        if let Err(error) = self.judge(Vec::new(), &mut clock) {
            self.refuse(Refusal::Internal, vec![Detail::sentence(format!("{error:#}"))]);
        }
    }

    /// Ends the program, if there is one: its status.
    pub(super) fn stop_program(&mut self, signal: Option<Signal>) -> Result<Option<ExitStatus>> {
        let Some(program) = self.program.take() else { return Ok(None) };
        self.builder.learn();
        // A Ctrl-C meanwhile, or a second one, means: at once.
        let before = self.interrupt.requests();
        let stopped = program.stop(signal, || self.interrupt.requests() > before).map(Some);
        screen::end();
        stopped
    }

    /// Names the processes that go on after the program, which was the first of them, has ended.
    pub(super) fn tell_left_behind(&self, socket: &Path) {
        let Some(build) = &self.current else { return };
        let left = family::left_behind(socket, &build.executable);
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

    /// Whether the program is about to be found dead: a crash shows in a lost connection first.
    pub(super) fn is_dead_soon(&mut self) -> bool {
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

    /// Whether the end was asked for, now or within a moment: Ctrl-C reaches the program and us at
    /// once, and the program may be the faster.
    pub(super) fn stop_was_asked(&self) -> bool {
        std::thread::sleep(Duration::from_millis(20));
        self.interrupt.requested()
    }
}

/// What is said of crates that describe no types.
fn checks_less(crates: &[String]) -> String {
    let names = crates.join(", ");
    let are = if crates.len() == 1 { "is" } else { "are" };
    format!(
        "{names} {are} compiled without full debug information, so less is checked: of arguments, \
         results and statics only size, alignment and name, and a type that changes inside is not \
         seen; set `debug = true` in the profile (`line-tables-only` is not enough)"
    )
}

/// Process IDs as they are told.
fn pids(pids: &[u32]) -> String {
    format!("pid {}", pids.iter().map(u32::to_string).collect::<Vec<_>>().join(", "))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
