//! `hot exec`: a command of the user's own builds and starts the program.
//!
//! What hot wants to know it learns on the way: each rustc that the command causes to run is
//! recorded by hot as its wrapper, and the program says hello on the socket that it has inherited
//! the name of. Its executable then tells which records are its own, and from there on a save goes
//! the way of any other. Only a restart is different: nobody can build without starting, so the
//! command is ended, with all that it has started, and run again. Until its program says hello,
//! saves wait.
//!
//! A program that hot cannot know (it has no reloader, or sets the compiler's wrapper itself) is
//! run again at each save of a source in the folders of `--watch`.

use super::Input;
use super::program::CONNECT;
use super::session::{STOPPED, Session};
use super::world::Reading;
use crate::build::{Adopted, Build};
use crate::process::family::{self, Family};
use crate::process::{Kind, Launch, Program, code, is_alive, socket};
use crate::refusal::Refusal;
use crate::screen;
use crate::show::{Event, Next};
use crate::watch::Touched;
use anyhow::{Context, Result};
use hot_patch::abi::ENTRIES;
use object::{Object, ObjectSection};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How often it is looked for a program that does not say hello.
const LOOK: Duration = Duration::from_millis(500);

/// The command's side of the session.
#[derive(Debug)]
pub(super) struct Commanded {
    awaited: Awaited,
    /// Saves while the program is awaited.
    held: Option<Touched>,
    /// What the command was run once more for, to see it compiled.
    asked: BTreeSet<String>,
    /// Whether `running` was told.
    pub(super) told: bool,
    /// Whether the command has ended and its program goes on.
    over: bool,
    begun: SystemTime,
    launched: Instant,
}

/// Whether the command's program is awaited, and what is told when it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// It is there.
    No,
    /// The first one.
    First,
    /// The next one, for this reason; in a word if that is a refusal to be told then.
    Restart { why: String, refused: Option<Refusal> },
}

impl Default for Commanded {
    fn default() -> Commanded {
        Commanded {
            awaited: Awaited::First,
            held: None,
            asked: BTreeSet::new(),
            told: false,
            over: false,
            begun: SystemTime::now(),
            launched: Instant::now(),
        }
    }
}

impl Session {
    /// Runs the command.
    pub(super) fn launch(&mut self, awaited: Awaited) -> Result<()> {
        self.start += 1;
        let n = self.start;
        let at_terminal = std::io::stdin().is_terminal();
        let Some((first, args)) = self.options.command.split_first() else {
            unreachable!("there is a command in this session")
        };
        self.show.tell(&Event::Building);
        let launch = Launch {
            executable: PathBuf::from(first),
            args: args.to_vec(),
            program: None,
            env: self.builder.command_env(),
            socket: socket::path(&self.sockets, n)?,
            kind: Kind::Command { group: !at_terminal },
        };
        self.commanded().begun = SystemTime::now();
        let program =
            Program::start(&launch, self.teller(Input::Connected), self.teller(Input::Exited))?;
        if let Some(keys) = &self.keys {
            keys.share_with(program.pid());
        }
        self.look_for_a_deaf_one(&program)?;
        self.program = Some(program);
        self.world = Reading::Nothing;
        self.announced = false;
        let commanded = self.commanded();
        commanded.awaited = awaited;
        commanded.launched = Instant::now();
        commanded.over = false;
        Ok(())
    }

    pub(super) fn is_command(&self) -> bool {
        self.command.is_some()
    }

    fn commanded(&mut self) -> &mut Commanded {
        self.command.get_or_insert_default()
    }

    fn awaited(&self) -> Awaited {
        self.command.as_ref().map_or(Awaited::No, |command| command.awaited.clone())
    }

    /// Keeps a save for the time when the program is there. Whether it is kept.
    pub(super) fn hold(&mut self, touched: &Touched) -> bool {
        if self.program.is_none() || self.awaited() == Awaited::No {
            return false;
        }
        if self.runs_something_unknown() {
            return false;
        }
        let held = self.commanded().held.get_or_insert_with(|| touched.clone());
        held.paths.extend(touched.paths.iter().cloned());
        true
    }

    /// Whether the command is done building, and no program has said hello since.
    fn runs_something_unknown(&self) -> bool {
        let (Some(program), Some(command)) = (&self.program, &self.command) else { return false };
        let builds = |id: &i32| {
            let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
            name.starts_with("cargo") || name.starts_with("rustc")
        };
        command.launched.elapsed() > CONNECT && !program.family().ids().iter().any(builds)
    }

    /// The program has said hello.
    pub(super) fn arrived(&mut self) {
        let Some(program) = &self.program else { return };
        let Ok(Some(hello)) = program.link.wait(Duration::ZERO, || false) else { return };
        if program.is_found() != Some(hello.pid) {
            self.adopt(hello.pid, &hello.build_id);
        }
    }

    /// A program with hot functions runs for a while and has not said hello.
    pub(super) fn deaf(&mut self, pid: u32) {
        let is_known = self.program.as_ref().is_none_or(|program| program.is_found().is_some());
        if is_known || self.awaited() == Awaited::No {
            return;
        }
        let id = crate::build::build_id::build_id_of(Path::new(&format!("/proc/{pid}/exe")));
        self.adopt(pid, &id);
        self.warn_if_deaf();
    }

    /// Takes the process for the program: finds out how it was built, and reads what runs.
    fn adopt(&mut self, pid: u32, build_id: &[u8]) {
        let (sender, n) = (self.sender.clone(), self.start);
        let watch = move || {
            family::wait(pid);
            // If nobody takes inputs any more, the tool is about to end.
            let _ = sender.send(Input::Gone(n, pid));
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
        let why = match adopted {
            Ok(Adopted::Build(build)) => {
                self.follow_adopted(&build);
                self.world = match &build.obstacle {
                    Some(why) => Reading::Failed(why.clone()),
                    None => Reading::begin(&build, self.teller(Input::WorldRead)),
                };
                self.current = Some(build);
                None
            }
            Ok(Adopted::Unseen(unseen)) => {
                let names: BTreeSet<String> = unseen.iter().map(|u| u.name.clone()).collect();
                let outputs = unseen.into_iter().flat_map(|u| u.outputs).collect();
                let is_new = !names.is_subset(&self.commanded().asked);
                let listed = Vec::from_iter(names.iter().cloned()).join(", ");
                self.commanded().asked.extend(names);
                if self.options.restart && is_new && self.see_again(&listed, outputs) {
                    return;
                }
                Some(format!(
                    "hot has not seen how {listed} is compiled; have the command build it with \
                     cargo, after `cargo clean`, and leave the variable RUSTC_WRAPPER as it is"
                ))
            }
            Err(error) => Some(format!("{error:#}")),
        };
        if let Some(why) = why {
            self.current = None;
            self.world = Reading::Failed(why);
        }
        if !matches!(self.world, Reading::Pending(_)) {
            self.teller(Input::WorldRead)();
        }
        self.is_there(pid);
    }

    /// What is told when the program is there, and the saves that have waited for it.
    fn is_there(&mut self, pid: u32) {
        self.announced = false;
        self.copies_told = false;
        self.show.terminal.running = true;
        self.forget_what_was_before();
        let awaited = std::mem::replace(&mut self.commanded().awaited, Awaited::No);
        let told = self.commanded().told;
        match awaited {
            Awaited::Restart { why, refused } => {
                if let Some(kind) = refused {
                    self.tell_refused(kind, why.clone(), Next::Restart);
                }
                self.tell_restarted(pid, why);
            }
            Awaited::No if told => {
                let why = "the command has started it again".to_owned();
                self.tell_restarted(pid, why);
            }
            Awaited::No | Awaited::First => {}
        }
        if let Some(held) = self.commanded().held.take() {
            self.save(&held);
        }
    }

    /// Has the command build what was fresh. Whether it does.
    fn see_again(&mut self, names: &str, outputs: Vec<PathBuf>) -> bool {
        self.show.terminal.note(&format!(
            "running the command once more, to learn how {names} is compiled: it was built before"
        ));
        for output in outputs {
            // If it stays, cargo has nothing to do, and the reason is told next time.
            let _ = std::fs::remove_file(output);
        }
        let awaited = self.awaited();
        let begun = self.stop_program(Some(Signal::TERM)).and_then(|_| self.launch(awaited));
        begun.is_ok()
    }

    /// Watches what the program was made from.
    fn follow_adopted(&mut self, build: &Build) {
        if let Some(folder) = self.builder.target_dir() {
            self.watcher.exclude(folder);
        }
        let begun = self.builder.begun(build).min(self.commanded().begun);
        self.snapshot = crate::watch::Snapshot::default();
        self.built = begun;
        self.follow(build, begun);
        // Cargo itself may have written it.
        let files = build.graph.cargo_files.keys();
        let locks = files.filter(|file| file.ends_with("Cargo.lock")).cloned().collect();
        self.snapshot.look();
        self.snapshot.built(&locks);
    }

    /// Ends the command and all that it has started, and runs it again.
    pub(super) fn run_again(&mut self, why: &str, refused: Option<Refusal>) {
        let awaited = match self.commanded().told {
            true => Awaited::Restart { why: why.to_owned(), refused },
            false => Awaited::First,
        };
        let stopped = self.stop_program(Some(Signal::TERM));
        if let Err(error) = stopped.and_then(|_| self.launch(awaited)) {
            self.needs_cargo = Some(why.to_owned());
            let rendered = format!("error: failed to run the command again: {error:#}\n");
            self.show.terminal.error(&format!("failed to run the command again: {error:#}"));
            self.show.tell(&Event::CompileError { rendered });
        }
    }

    /// The program has ended; the command may go on, and start another.
    pub(super) fn gone(&mut self, pid: u32) -> Result<Option<u8>> {
        let opened = self.teller(Input::Connected);
        let Some(program) = self.program.as_mut().filter(|p| p.is_found() == Some(pid)) else {
            return Ok(None);
        };
        if program.has_ended() {
            return self.command_ended();
        }
        program.found(None);
        program.listen_again(opened)?;
        self.show.terminal.running = false;
        self.show.terminal.detail(&format!("the program (pid {pid}) has ended"));
        self.announce_before_end();
        self.world = Reading::Nothing;
        self.needs_cargo = Some("the program had ended".to_owned());
        Ok(None)
    }

    /// The command has ended: the status of the tool, if it ends too.
    pub(super) fn command_ended(&mut self) -> Result<Option<u8>> {
        if self.stop_was_asked() {
            // A Ctrl-C that has reached the command first: the rest of it follows.
            return self.stop(true).map(|_| Some(STOPPED));
        }
        let Some(program) = &self.program else { return Ok(None) };
        if let Some(pid) = program.is_found().filter(|pid| is_alive(*pid)) {
            if !std::mem::replace(&mut self.commanded().over, true) {
                let note = format!("the command has ended; its program (pid {pid}) runs on");
                self.show.terminal.note(&note);
            }
            return Ok(None);
        }
        self.announce_before_end();
        let Some(program) = self.program.take() else { return Ok(None) };
        let pid = program.pid();
        let status = code(program.reap()?);
        screen::end();
        self.builder.learn();
        let awaited = std::mem::replace(&mut self.commanded().awaited, Awaited::No);
        let failed = status != 0;
        match awaited {
            // Nothing was built, or what was built ended at once.
            Awaited::Restart { .. } if failed => return Ok(self.failed(status)),
            Awaited::First if failed && self.options.wait => return Ok(self.failed(status)),
            Awaited::Restart { why, .. } => self.tell_restarted(pid, why),
            Awaited::First => {
                self.show.terminal.running = true;
                self.show.tell(&Event::Exited { status });
                return Ok(Some(status));
            }
            Awaited::No => {}
        }
        Ok(self.end_or_wait(status))
    }

    /// The command has failed before there was a program: that is an error in the source, or in
    /// the command. The next save runs it again.
    fn failed(&mut self, status: u8) -> Option<u8> {
        let rendered =
            format!("error: the command ended with status {status}, without a program\n");
        self.show.terminal.running = false;
        self.show.tell(&Event::CompileError { rendered });
        self.await_a_save("the command had failed");
        let held = self.commanded().held.take();
        if let Some(held) = held {
            self.save(&held);
        }
        None
    }

    /// Looks, on a thread of its own, for a program with hot functions that does not say hello.
    fn look_for_a_deaf_one(&self, program: &Program) -> Result<()> {
        let (sender, n, link) = (self.sender.clone(), self.start, program.link.clone());
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
                            let _ = sender.send(Input::Deaf(n, pid));
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

/// A process of the command's that has hot functions in it.
fn hot_program(command: i32) -> Option<u32> {
    let family = Family::of(&[command], None);
    let is_hot = |id: &i32| {
        let Ok(bytes) = std::fs::read(format!("/proc/{id}/exe")) else { return false };
        let Ok(file) = object::File::parse(&*bytes) else { return false };
        file.section_by_name(ENTRIES).is_some_and(|section| section.size() > 0)
    };
    // The command itself may be it, by exec.
    family.ids().into_iter().find(is_hot).and_then(|id| u32::try_from(id).ok())
}

/// The executable of a process. One that was replaced since is told by its old name.
fn executable(pid: u32) -> Result<PathBuf> {
    let path = std::fs::read_link(format!("/proc/{pid}/exe"))
        .with_context(|| format!("failed to find the executable of process {pid}"))?;
    let text = path.to_string_lossy();
    Ok(text.strip_suffix(" (deleted)").map_or_else(|| path.clone(), PathBuf::from))
}
