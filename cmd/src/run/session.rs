//! The session: its state, and all that its actions work on.

use super::baseline::Baseline;
use super::detect::Detector;
use super::input::{Input, Sent};
use super::options::Options;
use super::state::{Policy, State};
use crate::build::{Build, Builder, Usage};
use crate::interrupt::Interrupt;
use crate::keys::{Key, Keys};
use crate::process::{Program, socket};
use crate::screen;
use crate::show::{Events, Show, Terminal, WarningDedup};
use crate::watch::{Rules, Touched, Watcher};
use anyhow::{Context, Result};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Instant, SystemTime};

/// A run of the tool: its state, and what its actions work on.
pub struct Session {
    pub options: Options,
    pub policy: Policy,
    pub state: State,
    pub show: Show,
    pub builder: Builder,
    pub interrupt: Arc<Interrupt>,
    pub inputs: Receiver<Sent>,
    pub sender: Sender<Sent>,
    pub detector: Detector,
    /// The folder of the control sockets.
    pub sockets: PathBuf,
    pub keys: Option<Keys>,
    /// The build that runs, and compiles.
    pub build: Option<Box<Build>>,
    pub baseline: Baseline,
    pub program: Option<Program>,
    /// The command that builds and starts the program, when that is not cargo and hot.
    pub exec: Option<ExecState>,
    pub start: Start,
    pub reported: Reported,
    /// The files of the save that is being answered.
    pub files: BTreeSet<PathBuf>,
    /// Files of saves that are built, and wait for the program to listen or the dry run to end.
    pub waiting: BTreeSet<PathBuf>,
}

/// A start of the program, or of the command.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// How many there were, this one included.
    pub number: u32,
    /// True once it was announced that edits can go live, or why not.
    pub announced: bool,
    /// True once it was reported that the program has started itself.
    pub copies_reported: bool,
}

/// Facts that were reported of the last build, and are not repeated for the next.
#[derive(Debug, Default)]
pub struct Reported {
    /// Consequences of its settings.
    pub remarks: Vec<String>,
    /// Its crates without debug information, of which less is checked.
    pub without_debuginfo: Vec<String>,
}

/// A command that builds and starts the program.
#[derive(Debug)]
pub struct ExecState {
    /// Saves while the program is awaited.
    pub held: Option<Touched>,
    /// The crates that the command was run once more for, to see them compiled.
    pub run_again_for: BTreeSet<String>,
    /// True once `running` was reported.
    pub reported: bool,
    /// True if the command has ended and its program goes on.
    pub over: bool,
    /// When it was last run, by the clock that files go by.
    pub begun: SystemTime,
    /// When it was last started.
    pub launched: Instant,
}

impl Default for ExecState {
    fn default() -> ExecState {
        ExecState {
            held: None,
            run_again_for: BTreeSet::new(),
            reported: false,
            over: false,
            begun: SystemTime::now(),
            launched: Instant::now(),
        }
    }
}

impl Session {
    /// Prepares a session: nothing is built or started yet.
    ///
    /// # Errors
    /// [`Usage`] for options that cannot be followed; otherwise what the system refuses.
    pub fn new(mut options: Options) -> Result<Session> {
        check_folders(&options.watch)?;
        for folder in &mut options.watch {
            *folder = std::fs::canonicalize(&folder)
                .with_context(|| format!("failed to find {}", folder.display()))?;
        }
        let events = options.events.as_deref().map(Events::append).transpose();
        let events = events.map_err(|error| Usage(format!("{error:#}")))?.unwrap_or_default();
        let terminal = Terminal { verbose: options.verbose, running: false };
        let interrupt = Arc::new(Interrupt::default());
        let own = std::env::current_exe().context("failed to find the executable of hot itself")?;
        screen::begin();
        let sockets = socket::folder();
        socket::prepare(&sockets)?;
        let by_command = !options.command.is_empty();
        let mut builder = if by_command {
            let cwd = std::env::current_dir().context("the current directory is gone")?;
            Builder::of_command(cwd, socket::log(&sockets), own, Arc::clone(&interrupt))?
        } else {
            Builder::new(options.selection.clone(), own, Arc::clone(&interrupt))?
        };
        builder.claim()?;
        let rules = Rules::new(builder.root(), &options.ignore);
        let rules = rules.map_err(|error| Usage(format!("{error:#}")))?;
        let event_file = options.events.as_deref().and_then(|f| std::fs::canonicalize(f).ok());
        let rules = rules.without(event_file);
        let (sender, inputs) = channel();
        let files = sender.clone();
        let watcher = Watcher::new(rules.clone(), options.poll, move |touched| {
            // If nobody takes inputs any more, the tool is about to end.
            let _ = files.send(Sent { start: None, input: Input::Files(touched) });
        })?;
        let folders = options.watch.clone();
        let detector = Detector::new(watcher, rules, folders, &builder, by_command);
        let policy = Policy {
            by_command,
            restart: options.restart,
            wait: options.wait,
            attended: options.wait || options.keys && at_terminal(),
        };
        Ok(Session {
            policy,
            state: State::new(options.dry_run),
            options,
            show: Show { terminal, events, warnings: WarningDedup::default() },
            builder,
            interrupt,
            inputs,
            sender,
            detector,
            sockets,
            keys: None,
            build: None,
            baseline: Baseline::Absent,
            program: None,
            exec: by_command.then(ExecState::default),
            start: Start::default(),
            reported: Reported::default(),
            files: BTreeSet::new(),
            waiting: BTreeSet::new(),
        })
    }

    /// Begins to take signals and to watch the folders that are known before the first build.
    ///
    /// # Errors
    /// When signals cannot be caught, or no thread be started.
    pub fn listen(&mut self) -> Result<()> {
        let mut signals = SignalsInfo::<WithOrigin>::new([SIGINT, SIGTERM, SIGHUP])
            .context("failed to catch signals")?;
        let (interrupt, sender) = (Arc::clone(&self.interrupt), self.sender.clone());
        std::thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                for origin in &mut signals {
                    let by_terminal = origin.signal == SIGINT && origin.cause == Cause::Kernel;
                    interrupt.request();
                    // If nobody takes inputs any more, the tool is about to end.
                    let _ = sender.send(Sent { start: None, input: Input::Stop { by_terminal } });
                }
            })
            .context("failed to start a thread")?;
        self.detector.begin(&self.builder);
        self.warn_of_unseen_folders();
        Ok(())
    }

    /// Warns of saves in some folder that are not seen.
    pub fn warn_of_unseen_folders(&mut self) {
        if let Some(trouble) = self.detector.trouble() {
            self.show.terminal.warn(&trouble);
        }
    }

    /// Returns a closure that sends an input of this start. If nobody takes inputs any more, the
    /// tool is about to end.
    pub fn sends(&self, input: Input) -> impl FnOnce() + Send + use<> {
        let (sender, start) = (self.sender.clone(), Some(self.start.number));
        move || drop(sender.send(Sent { start, input }))
    }

    /// Waits for the next input. Those of a program that was replaced since are passed over.
    pub fn next(&mut self) -> Input {
        loop {
            match self.inputs.recv() {
                Ok(Sent { start: Some(start), .. }) if start != self.start.number => {}
                Ok(Sent { input, .. }) => return input,
                Err(_) => unreachable!("the session itself holds a sender"),
            }
        }
    }

    /// Begins to read keys, if there is a terminal.
    pub fn read_keys(&mut self) {
        if !self.options.keys {
            return;
        }
        let (sender, interrupt) = (self.sender.clone(), Arc::clone(&self.interrupt));
        let keys = Keys::start(move |key| {
            if key == Key::Quit {
                interrupt.request();
            }
            // If nobody takes inputs any more, the tool is about to end.
            let _ = sender.send(Sent { start: None, input: Input::Key(key) });
        });
        match keys {
            Ok(Some(keys)) => {
                keys.share_with(self.pid());
                self.keys = Some(keys);
                self.show.terminal.note(crate::keys::HELP);
            }
            Ok(None) => {}
            Err(error) => self.show.terminal.warn(&format!("keys are off: {error:#}")),
        }
    }

    /// Reports more from now on, or less.
    pub fn toggle_verbose(&mut self) {
        let terminal = &mut self.show.terminal;
        terminal.verbose = !terminal.verbose;
        terminal.note(if terminal.verbose { "telling more" } else { "telling less" });
    }

    /// Returns the process ID of the program, or of the command; 0 when there is none.
    pub fn pid(&self) -> u32 {
        self.program.as_ref().map_or(0, Program::pid)
    }

    /// Returns the program's executable.
    pub fn executable(&self, pid: u32) -> PathBuf {
        let built = self.build.as_ref().map(|build| build.executable.clone());
        built.unwrap_or_else(|| format!("/proc/{pid}/exe").into())
    }

    /// Forgets what earlier saves have left undone: it is part of a new build.
    pub fn settle(&mut self) {
        self.detector.settle();
        self.waiting.clear();
    }

    /// Returns the command, in a session that has one.
    pub fn exec(&mut self) -> &mut ExecState {
        self.exec.get_or_insert_default()
    }
}

/// Reports whether a person sees what is reported and may press keys.
fn at_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Checks that the folders that are to be watched are there.
fn check_folders(folders: &[PathBuf]) -> Result<()> {
    let missing: Option<&Path> =
        folders.iter().map(PathBuf::as_path).find(|folder| !folder.is_dir());
    match missing {
        Some(missing) => {
            Err(Usage(format!("--watch {}: there is no such folder", missing.display())).into())
        }
        None => Ok(()),
    }
}
