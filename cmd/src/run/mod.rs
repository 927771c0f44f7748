//! `hot run` and `hot exec`: one save from beginning to end.
//!
//! Everything that happens comes as an `Input` over one channel; [`run`] takes them one by one.
//! A save is followed through `Session::save`: which files changed and what they ask for, rustc
//! for the crates concerned, the verdict over their objects, the patch into the program. What
//! cannot go that way ends in a build by cargo and a restart.

mod change;
mod clock;
mod command;
mod dry_run;
mod orphans;
mod program;
mod session;
mod world;

use crate::build::cargo::Selection;
use crate::build::{Built, Replayed, Usage};
use crate::diff::{Prepared, Verdict};
use crate::keys::{self, Key};
use crate::process::code;
use crate::refusal::{Detail, Refusal};
use crate::show::{Effect, Event, Next};
use crate::watch::Touched;
use anyhow::{Result, bail};
use change::Asks;
use clock::Clock;
use program::Loaded;
use rustix::process::Signal;
use session::Session;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What to build and run.
    pub selection: Selection,
    /// More folders to watch.
    pub watch: Vec<PathBuf>,
    /// Where events are appended.
    pub events: Option<PathBuf>,
    /// Whether the program may be restarted.
    pub restart: bool,
    /// Whether saves are judged and nothing is loaded.
    pub dry_run: bool,
    /// Whether keys are read, if there is a terminal.
    pub keys: bool,
    /// Whether to wait for a fix when the first build fails.
    pub wait: bool,
    /// Whether to tell more.
    pub verbose: bool,
    /// What not to watch.
    pub ignore: Vec<String>,
    /// How often to look at the files, where the system gives no notices.
    pub poll: Option<Duration>,
    /// The program's arguments.
    pub args: Vec<OsString>,
    /// The command that builds and starts the program; when it is empty, cargo and hot do.
    pub command: Vec<OsString>,
}

/// Something that happened. The number tells which start of the program it belongs to.
#[derive(Debug)]
enum Input {
    /// Files were touched.
    Files(Touched),
    /// A key was pressed.
    Key(Key),
    /// The tool shall end. If the terminal said so, the program has heard it as well.
    Stop { by_terminal: bool },
    /// What runs has been read, as far as it could be.
    WorldRead(u32),
    /// The program's reloader listens.
    Connected(u32),
    /// The program has ended.
    Exited(u32),
    /// The program that a command has started, this process, has ended.
    Gone(u32, u32),
    /// This process has hot functions, and has had time enough to say so.
    Deaf(u32, u32),
    /// The program has had time enough to come to its reloader.
    Overdue(u32),
}

/// Builds and runs the program until it ends, or the user ends it. The exit status of the tool.
///
/// # Errors
/// [`Usage`] for what the user has to say otherwise; anything else that leaves nothing to run.
pub fn run(options: Options) -> Result<u8> {
    let mut session = Session::new(options)?;
    if !session.begin()? {
        return Ok(session.end_without_program());
    }
    loop {
        let mut end = None;
        match session.next() {
            Input::Files(touched) => session.save(&touched),
            Input::Key(Key::Restart) => session.restart_by_key(),
            Input::Key(Key::Clear) => session.show.terminal.clear(),
            Input::Key(Key::Verbose) => session.toggle_verbose(),
            Input::Key(Key::DryRun) => session.toggle_dry_run(),
            Input::Key(Key::Help) => session.show.terminal.note(keys::HELP),
            Input::Key(Key::Off) => {
                session.show.terminal.note("keys are off: the program reads the terminal")
            }
            Input::Key(Key::Quit) => return session.stop(false),
            Input::Stop { by_terminal } => return session.stop(by_terminal),
            Input::WorldRead(n) if n == session.start => session.announce(),
            Input::Connected(n) if n == session.start => session.connected(),
            Input::Overdue(n) if n == session.start => session.warn_if_deaf(),
            Input::Deaf(n, pid) if n == session.start => session.deaf(pid),
            Input::Exited(n) if n == session.start => end = session.ended()?,
            Input::Gone(n, pid) if n == session.start => end = session.gone(pid)?,
            // Of a program that was replaced since.
            Input::WorldRead(_)
            | Input::Connected(_)
            | Input::Overdue(_)
            | Input::Deaf(..)
            | Input::Exited(_)
            | Input::Gone(..) => {}
        }
        if let Some(status) = end {
            return Ok(status);
        }
    }
}

impl Session {
    /// The first build and start. Whether there is a program.
    ///
    /// # Errors
    /// [`Usage`] for a build in which no edit can go live.
    fn begin(&mut self) -> Result<bool> {
        self.listen()?;
        if self.is_command() {
            self.launch(command::Awaited::First)?;
            self.begin_keys();
            return Ok(true);
        }
        loop {
            match self.build()? {
                _ if self.interrupt.requested() => return Ok(false),
                Built::Program(build) => match &build.obstacle {
                    Some(why) if self.options.wait => self.show.terminal.error(why),
                    Some(why) => return Err(Usage(why.clone()).into()),
                    None => {
                        self.start(build)?;
                        self.begin_keys();
                        return Ok(true);
                    }
                },
                Built::Refused(why) if self.options.wait => self.show.terminal.error(&why),
                Built::Refused(why) => return Err(Usage(why).into()),
                Built::Failed(rendered) => self.show.tell(&Event::CompileError { rendered }),
            }
            if !self.options.wait || !self.wait_for_fix() {
                return Ok(false);
            }
        }
    }

    /// One save, from the notice to its one answer.
    fn save(&mut self, touched: &Touched) {
        if self.hold(touched) {
            return;
        }
        let mut clock = Clock::new(touched.at);
        let Some(change) = self.look(touched) else { return };
        clock.detected();
        // The objects on disk are about to change: what runs must be read before.
        let ready = self.ready();
        self.show.tell(&Event::Change { files: self.names(&change.files) });
        self.files = change.files;
        match change.asks {
            Asks::Cargo(why) => self.rebuild(&why),
            Asks::Rustc(units) => {
                if let Err(obstacle) = ready {
                    self.rebuild_refused(obstacle.kind, &obstacle.why);
                } else if let Err(error) = self.reload(&units, &mut clock) {
                    self.refuse(Refusal::Internal, vec![Detail::sentence(format!("{error:#}"))]);
                }
            }
        }
    }

    /// Rustc, verdict, patch: what a save of sources goes through.
    fn reload(&mut self, units: &BTreeSet<usize>, clock: &mut Clock) -> Result<()> {
        let rebuilt = match self.replay(units)? {
            Replayed::Objects(objects) => objects,
            Replayed::Failed(compiled) => {
                self.show.tell(&Event::CompileError { rendered: compiled.plain_errors() });
                return Ok(());
            }
            Replayed::Interrupted => return Ok(()),
        };
        clock.compiled();
        self.judge(rebuilt, clock)
    }

    /// The verdict over objects that differ from what runs, and what follows from it.
    fn judge(&mut self, rebuilt: Vec<crate::diff::CrateObjects>, clock: &mut Clock) -> Result<()> {
        match self.verdict(rebuilt)? {
            Verdict::Patch(prepared) => self.load(&prepared, clock)?,
            Verdict::NoEffect { changed, why } => {
                self.show.tell(&Event::NoEffect { changed, why, dry_run: None });
            }
            Verdict::Refused { why, details } => {
                self.refuse(why, details);
            }
        }
        Ok(())
    }

    /// The patch into the program.
    fn load(&mut self, prepared: &Prepared, clock: &mut Clock) -> Result<()> {
        let bytes = prepared.patch.to_bytes();
        clock.compared();
        let Prepared { functions, added, left, new_statics, .. } = prepared;
        let effect = Effect {
            functions: functions.clone(),
            added: added.clone(),
            left: left.clone(),
            new_statics: *new_statics,
            bytes: bytes.len(),
        };
        if self.dry_run {
            return self.hold_back(prepared, effect);
        }
        match self.send(&bytes)? {
            Loaded::Live(patch, functions) => {
                clock.loaded();
                self.world()?.committed(prepared.patch.id);
                // What was built before the program listened went along.
                self.waiting.clear();
                let effect = Effect { functions, ..effect };
                self.show.tell(&Event::Applied { patch, effect, ms: clock.milliseconds() });
                self.tell_copies();
            }
            Loaded::NotConnected => {
                self.world()?.rejected(prepared.patch.id);
                self.waiting.append(&mut self.files);
                self.show.tell(&Event::Refused {
                    why: Refusal::NotConnected,
                    details: vec![Detail::sentence(format!(
                        "the change is built but not loaded: the program has not called \
                         `hot::reloader_loop()` or `hot::spawn_reloader()` yet{}; it is loaded as \
                         soon as the program does",
                        self.others()
                    ))],
                    next: Next::Keep,
                    dry_run: false,
                });
            }
            Loaded::Not(why) => {
                self.world()?.rejected(prepared.patch.id);
                self.refuse(Refusal::Program, vec![Detail::sentence(why)]);
            }
        }
        Ok(())
    }

    /// It cannot go live: says so, and restarts unless that is not wanted.
    fn refuse(&mut self, why: Refusal, details: Vec<Detail>) {
        let dying = self.is_dead_soon();
        let restart = self.options.restart && !dying;
        let next = if restart && !self.dry_run { Next::Restart } else { Next::Keep };
        let reason = match details.first() {
            Some(first) if first.was.is_some() => {
                format!("{} changed ({})", first.item, why.word())
            }
            _ => format!("the change could not go live ({})", why.word()),
        };
        let dry_run = restart && self.dry_run;
        self.show.tell(&Event::Refused { why, details, next, dry_run });
        if dry_run {
            self.waiting.append(&mut self.files);
        }
        if next == Next::Restart {
            self.restart(&reason, None);
        }
    }

    /// A change that only cargo can act on: builds with cargo and restarts.
    fn rebuild(&mut self, why: &str) {
        match self.options.restart {
            true if self.dry_run => self.hold_restart(Refusal::Restart, why),
            true => self.restart(why, None),
            false => self.tell_refused(Refusal::Restart, why.to_owned(), Next::Keep),
        }
    }

    fn restart_by_key(&mut self) {
        let why = "asked for by key";
        match self.options.restart {
            true => self.restart(why, None),
            false => self.tell_refused(Refusal::Restart, why.to_owned(), Next::Keep),
        }
    }

    /// No edit of this build can go live, for this reason, but it may fail to compile. So cargo
    /// builds first; the refusal comes when the restart does.
    fn rebuild_refused(&mut self, kind: Refusal, why: &str) {
        match self.options.restart {
            true if self.dry_run => self.hold_restart(kind, why),
            true => self.restart(why, Some(kind)),
            false => self.tell_refused(kind, why.to_owned(), Next::Keep),
        }
    }

    fn tell_refused(&mut self, kind: Refusal, why: String, next: Next) {
        let details = vec![Detail::sentence(why)];
        self.show.tell(&Event::Refused { why: kind, details, next, dry_run: false });
    }

    /// Builds with cargo, and only then stops the old program and starts the new one. With
    /// `refused`, the change that leads to this is refused in a word once it is known to compile.
    fn restart(&mut self, why: &str, refused: Option<Refusal>) {
        if self.is_command() {
            return self.run_again(why, refused);
        }
        let result = self.build().and_then(|built| match built {
            _ if self.interrupt.requested() => Ok(()),
            Built::Failed(rendered) | Built::Refused(rendered) => {
                self.needs_cargo = Some(why.to_owned());
                self.show.tell(&Event::CompileError { rendered });
                Ok(())
            }
            Built::Program(build) => {
                if let Some(kind) = refused {
                    self.tell_refused(kind, why.to_owned(), Next::Restart);
                }
                self.stop_program(Some(Signal::TERM))?;
                self.start(build)?;
                self.tell_restarted(self.pid(), why.to_owned());
                Ok(())
            }
        });
        if let Err(error) = result {
            self.needs_cargo = Some(why.to_owned());
            let rendered = format!("error: failed to restart the program: {error:#}\n");
            self.show.terminal.error(&format!("failed to restart the program: {error:#}"));
            self.show.tell(&Event::CompileError { rendered });
        }
    }

    /// The user ends the tool: the program is asked to end, made to if it does not.
    fn stop(&mut self, by_terminal: bool) -> Result<u8> {
        self.show.terminal.running = false;
        let signal = (!by_terminal).then_some(Signal::INT);
        if let Some(status) = self.stop_program(signal)? {
            self.show.tell(&Event::Exited { status: code(status) });
        }
        Ok(session::STOPPED)
    }

    /// The program has ended by itself, or by the same Ctrl-C that we are about to hear of. The
    /// status of the tool, if it ends too.
    fn ended(&mut self) -> Result<Option<u8>> {
        if self.is_command() {
            return self.command_ended();
        }
        self.announce_before_end();
        let link = self.program.as_ref().map(|program| Arc::clone(&program.link));
        let (Some(status), Some(link)) = (self.stop_program(None)?, link) else {
            bail!("the program was waited for twice");
        };
        if !self.stop_was_asked() {
            self.tell_left_behind(link.socket());
            return Ok(self.end_or_wait(code(status)));
        }
        self.show.terminal.running = false;
        self.show.tell(&Event::Exited { status: code(status) });
        Ok(Some(session::STOPPED))
    }

    /// The program listens.
    fn connected(&mut self) {
        if self.is_command() {
            self.arrived();
        }
        self.catch_up();
    }
}

/// A folder that is to be watched must be there.
fn check_folders(folders: &[PathBuf]) -> Result<()> {
    match folders.iter().find(|folder| !folder.is_dir()) {
        Some(missing) => {
            Err(Usage(format!("--watch {}: there is no such folder", missing.display())).into())
        }
        None => Ok(()),
    }
}
