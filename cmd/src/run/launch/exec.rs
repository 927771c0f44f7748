//! `hot exec`: a command of the user's own builds and starts the program.
//!
//! Hot learns on the way how the program is built: each rustc that the command causes to run is
//! recorded by hot as its wrapper, and the program says hello on the socket that it has inherited
//! the name of. Its executable then tells which records are its own, and from there on a save goes
//! the way of any other. Only a restart is different: nobody can build without starting, so the
//! command is ended, with all that it has started, and run again. Until its program says hello,
//! saves wait.
//!
//! A program that hot cannot know (it has no reloader, or sets the compiler's wrapper itself) is
//! run again at each save of a source in the folders of `--watch`.

use super::program::CONNECT;
use crate::build::build_id::build_id_of;
use crate::build::{Adopted, Build};
use crate::process::process_tree::{self, ProcessTree};
use crate::process::{Kind, Launch, Program, exit_code, is_alive, socket};
use crate::refusal::Refusal;
use crate::run::baseline::Baseline;
use crate::run::input::{Input, Sent};
use crate::run::session::Session;
use crate::run::state::{Phase, Startup};
use crate::screen;
use crate::show::Event;
use crate::watch::Touched;
use anyhow::{Context, Result};
use hot_patch::abi::ENTRIES;
use object::{Object, ObjectSection};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How often processes are searched for a program that does not say hello.
const LOOK: Duration = Duration::from_millis(500);

impl Session {
    /// Runs the command for the first time.
    pub fn launch_first(&mut self) -> Result<Input> {
        self.launch()?;
        Ok(Input::Launched(Startup::First))
    }

    /// Runs the command.
    fn launch(&mut self) -> Result<()> {
        self.count_start();
        let at_terminal = std::io::stdin().is_terminal();
        let Some((first, args)) = self.options.command.split_first() else {
            unreachable!("there is a command in this session")
        };
        self.show.report(&Event::Building);
        let launch = Launch {
            executable: PathBuf::from(first),
            args: args.to_vec(),
            program: None,
            env: self.builder.command_env(),
            socket: socket::path(&self.sockets, self.start.number)?,
            kind: Kind::Command { group: !at_terminal },
        };
        let begun = SystemTime::now();
        self.exec().begun = begun;
        let (opened, ended) = (self.sends(Input::Connected), self.sends(Input::Exited));
        let program = Program::start(&launch, opened, ended)?;
        if let Some(keys) = &self.keys {
            keys.share_with(program.pid());
        }
        self.time_hello(&program)?;
        self.program = Some(program);
        self.baseline = Baseline::Absent;
        let exec = self.exec();
        exec.launched = Instant::now();
        exec.over = false;
        Ok(())
    }

    /// Keeps a save for the time when the program is there.
    pub fn hold(&mut self, touched: Touched) -> Option<Input> {
        if self.runs_something_unknown() {
            return Some(Input::NotHeld(touched));
        }
        let held = &mut self.exec().held;
        match held {
            Some(held) => held.paths.extend(touched.paths),
            None => *held = Some(touched),
        }
        None
    }

    /// Reports whether the command is done building, and no program has said hello since.
    fn runs_something_unknown(&self) -> bool {
        let (Some(program), Some(exec)) = (&self.program, &self.exec) else { return true };
        let builds = |id: &i32| {
            let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
            name.starts_with("cargo") || name.starts_with("rustc")
        };
        exec.launched.elapsed() > CONNECT && !program.process_tree().ids().iter().any(builds)
    }

    /// Adopts the process that has said hello, unless it is the program already.
    pub fn greet(&mut self) -> Option<Input> {
        let program = self.program.as_ref()?;
        let hello = program.link.wait(Duration::ZERO, || false).ok()??;
        if program.is_found() == Some(hello.pid) {
            return None;
        }
        Some(self.adopt(hello.pid, &hello.build_id))
    }

    /// Adopts a process with hot functions that has not said hello in time.
    pub fn adopt_unconnected(&mut self, pid: u32) -> Option<Input> {
        if self.program.as_ref().is_none_or(|program| program.is_found().is_some()) {
            return None;
        }
        let id = build_id_of(Path::new(&format!("/proc/{pid}/exe")));
        Some(self.adopt(pid, &id))
    }

    /// Takes the process for the program: finds out how it was built, and reads what runs.
    fn adopt(&mut self, pid: u32, build_id: &[u8]) -> Input {
        let (sender, start) = (self.sender.clone(), Some(self.start.number));
        let watch = move || {
            process_tree::wait(pid);
            // If nobody takes inputs any more, the tool is about to end.
            let _ = sender.send(Sent { start, input: Input::ChildExited(pid) });
        };
        if let Some(program) = &mut self.program {
            program.found(Some(pid));
        }
        if let Some(keys) = &self.keys {
            keys.share_with(pid);
        }
        let adopted = std::thread::Builder::new()
            .name("wait".into())
            .spawn(watch)
            .context("failed to start a thread")
            .and_then(|_| executable(pid))
            .and_then(|path| self.builder.adopt(&path, build_id));
        let unknown = match adopted {
            Ok(Adopted::Build(build)) => {
                self.follow_adopted(&build);
                self.baseline = self.read_baseline(&build);
                self.build = Some(build);
                None
            }
            Ok(Adopted::Unseen(unseen)) => {
                let names: BTreeSet<String> = unseen.iter().map(|u| u.name.clone()).collect();
                let outputs = unseen.into_iter().flat_map(|u| u.outputs).collect();
                let is_new = !names.is_subset(&self.exec().run_again_for);
                let listed = Vec::from_iter(names.iter().cloned()).join(", ");
                self.exec().run_again_for.extend(names);
                if self.options.restart && is_new && self.run_to_see(&listed, outputs) {
                    return Input::Launched(self.startup());
                }
                Some(format!(
                    "hot has not seen how {listed} is compiled; have the command build it with \
                     cargo, after `cargo clean`, and leave the variable RUSTC_WRAPPER as it is"
                ))
            }
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(why) = unknown {
            self.build = None;
            self.baseline = Baseline::Failed(why);
            self.sends(Input::BaselineRead)();
        }
        self.start.announced = false;
        self.start.copies_reported = false;
        self.show.terminal.running = true;
        Input::Adopted { pid, reported: self.exec().reported }
    }

    /// Returns the start that goes on when the command is run once more.
    fn startup(&self) -> Startup {
        match &self.state.phase {
            Phase::Starting(startup) => startup.clone(),
            _ if self.exec.as_ref().is_some_and(|exec| exec.reported) => {
                let why = "the command has started it again".to_owned();
                Startup::Restart { why, refused: None }
            }
            _ => Startup::First,
        }
    }

    /// Has the command build what was fresh. Reports whether it does.
    fn run_to_see(&mut self, names: &str, outputs: Vec<PathBuf>) -> bool {
        self.show.terminal.note(&format!(
            "running the command once more, to learn how {names} is compiled: it was built before"
        ));
        for output in outputs {
            // If it stays, cargo has nothing to do, and the reason is reported next time.
            let _ = std::fs::remove_file(output);
        }
        self.stop_program(Some(Signal::TERM)).and_then(|_| self.launch()).is_ok()
    }

    /// Watches what the program was made from.
    fn follow_adopted(&mut self, build: &Build) {
        let begun = self.builder.begun(build).min(self.exec().begun);
        // Cargo itself may have written it.
        let files = build.graph.cargo_files.keys();
        let locks = files.filter(|file| file.ends_with("Cargo.lock")).cloned().collect();
        self.detector.follow_new(build, &self.builder, begun, &locks);
        self.warn_of_unseen_folders();
    }

    /// Ends the command and all that it has started, and runs it again.
    pub fn run_again(&mut self, why: &str, refused: Option<Refusal>) -> Input {
        let startup = if self.exec().reported {
            Startup::Restart { why: why.to_owned(), refused }
        } else {
            Startup::First
        };
        let stopped = self.stop_program(Some(Signal::TERM));
        match stopped.and_then(|_| self.launch()) {
            Ok(()) => Input::Launched(startup),
            Err(error) => self.restart_failed(why, "run the command again", error),
        }
    }

    /// Notices that the program has ended; the command may go on, and start another.
    pub fn lose(&mut self, pid: u32) -> Result<Option<Input>> {
        let opened = self.sends(Input::Connected);
        let Some(program) = self.program.as_mut().filter(|p| p.is_found() == Some(pid)) else {
            return Ok(None);
        };
        if program.has_ended() {
            return self.reap_command();
        }
        program.found(None);
        program.listen_again(opened)?;
        self.show.terminal.running = false;
        self.show.terminal.detail(&format!("the program (pid {pid}) has ended"));
        self.announce_before_end();
        self.baseline = Baseline::Absent;
        Ok(Some(Input::Lost))
    }

    /// Waits for the command, which has ended, unless its program goes on.
    pub fn reap_command(&mut self) -> Result<Option<Input>> {
        if self.stop_was_asked() {
            // A Ctrl-C that has reached the command first: the rest of it follows.
            return Ok(Some(Input::Stop { by_terminal: true }));
        }
        let Some(program) = &self.program else { return Ok(None) };
        if let Some(pid) = program.is_found().filter(|pid| is_alive(*pid)) {
            if !std::mem::replace(&mut self.exec().over, true) {
                let note = format!("the command has ended; its program (pid {pid}) runs on");
                self.show.terminal.note(&note);
            }
            return Ok(None);
        }
        self.announce_before_end();
        let Some(program) = self.program.take() else { return Ok(None) };
        let pid = program.pid();
        let status = exit_code(program.reap()?);
        screen::end();
        self.builder.learn();
        Ok(Some(Input::Ended { status, pid }))
    }

    /// Reports that the command has failed before there was a program.
    pub fn report_command_failed(&mut self, status: u8) {
        let rendered =
            format!("error: the command ended with status {status}, without a program\n");
        self.show.terminal.running = false;
        self.show.report(&Event::CompileError { rendered });
    }

    /// Searches, on a thread of its own, for a program with hot functions that does not say hello.
    fn time_hello(&self, program: &Program) -> Result<()> {
        let (sender, start) = (self.sender.clone(), Some(self.start.number));
        let link = program.link.clone();
        let command = i32::try_from(program.pid()).unwrap_or_default();
        let look = move || {
            let mut seen: Option<(u32, Instant)> = None;
            // Until somebody says hello, or the command has ended.
            while let Ok(None) = link.wait(LOOK, || false) {
                let found = hot_program(command);
                match (found, seen) {
                    (Some(pid), Some((before, since))) if pid == before => {
                        if since.elapsed() >= CONNECT {
                            // If nobody takes inputs any more, the tool is about to end.
                            let _ = sender.send(Sent { start, input: Input::HelloTimeout(pid) });
                            return;
                        }
                    }
                    (found, _) => seen = found.map(|pid| (pid, Instant::now())),
                }
            }
        };
        std::thread::Builder::new()
            .name("look".into())
            .spawn(look)
            .context("failed to start a thread")?;
        Ok(())
    }
}

/// Returns a process of the command's that has hot functions in it.
fn hot_program(command: i32) -> Option<u32> {
    let tree = ProcessTree::of(&[command], None);
    let is_hot = |id: &i32| {
        let Ok(bytes) = std::fs::read(format!("/proc/{id}/exe")) else { return false };
        let Ok(file) = object::File::parse(&*bytes) else { return false };
        file.section_by_name(ENTRIES).is_some_and(|section| section.size() > 0)
    };
    // The command itself may be it, by exec.
    tree.ids().into_iter().find(is_hot).and_then(|id| u32::try_from(id).ok())
}

/// Returns the executable of a process: of one that was replaced since, its old name.
fn executable(pid: u32) -> Result<PathBuf> {
    let path = std::fs::read_link(format!("/proc/{pid}/exe"))
        .with_context(|| format!("failed to find the executable of process {pid}"))?;
    let text = path.to_string_lossy();
    Ok(text.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
}
