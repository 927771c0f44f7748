//! What `hot run` holds, and the steps that the page in the parent module is made of.

use super::change::speaks_of;
use super::command::Commanded;
use super::world::{Reading, said};
use super::{Input, Options, check_folders};
use crate::build::cargo::Said;
use crate::build::rebuild::diagnostics::{Diagnostic, Weight};
use crate::build::{Build, Builder, Built, Replayed, Usage};
use crate::diff::{CrateObjects, DiffSession, Verdict};
use crate::interrupt::Interrupt;
use crate::keys::{Key, Keys};
use crate::process::{Program, socket};
use crate::refusal::Refusal;
use crate::screen;
use crate::show::{Event, Events, Heard, Progress, Show, Terminal};
use crate::watch::{Rules, Snapshot, Touched, Watcher};
use anyhow::{Context, Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::SystemTime;

/// Status of the tool after Ctrl-C.
pub(super) const STOPPED: u8 = 130;
/// Status of the tool when the first build fails.
const NOTHING: u8 = 101;

/// All that the tool knows.
pub(super) struct Session {
    pub(super) options: Options,
    pub(super) show: Show,
    pub(super) builder: Builder,
    pub(super) interrupt: Arc<Interrupt>,
    pub(super) inputs: Receiver<Input>,
    pub(super) sender: Sender<Input>,
    pub(super) watcher: Watcher,
    pub(super) snapshot: Snapshot,
    /// When the last build by cargo was begun.
    pub(super) built: SystemTime,
    /// Content of files in the folders of `--watch`; `None` for a file that is gone.
    pub(super) extra: BTreeMap<PathBuf, Option<Vec<u8>>>,
    pub(super) sockets: PathBuf,
    pub(super) keys: Option<Keys>,
    /// The build that runs, and compiles.
    pub(super) current: Option<Box<Build>>,
    pub(super) world: Reading,
    pub(super) program: Option<Program>,
    /// The command that builds and starts the program, when that is not cargo and hot.
    pub(super) command: Option<Commanded>,
    pub(super) rules: Rules,
    /// How often the program was started.
    pub(super) start: u32,
    pub(super) announced: bool,
    /// What was told of the settings of the last build.
    pub(super) remarks: Vec<String>,
    /// Whether it was told that the program has started itself.
    pub(super) copies_told: bool,
    /// The crates of which has been told that less is checked.
    pub(super) undescribed: Vec<String>,
    /// Whether the program has ended: nothing can go live in it any more.
    pub(super) ended: bool,
    /// Keys of crates that have to be compiled because an earlier pass failed.
    pub(super) stale: BTreeSet<String>,
    /// Why the next save needs cargo: its last build failed.
    pub(super) needs_cargo: Option<String>,
    /// Text of the last errors, while they stand.
    pub(super) errors: Option<String>,
    /// The files of the save that is being answered.
    pub(super) files: BTreeSet<PathBuf>,
    /// Files of saves that are built, and wait for the program to listen or the dry run to end.
    pub(super) waiting: BTreeSet<PathBuf>,
    /// Whether saves are judged only.
    pub(super) dry_run: bool,
    /// Why a dry run would have restarted the program.
    pub(super) held_restart: Option<String>,
}

/// Why no edit of the current build can go live.
#[derive(Debug)]
pub(super) struct Obstacle {
    /// Its kind.
    pub kind: Refusal,
    /// In a sentence.
    pub why: String,
}

/// Whether a person sees what is told and may press keys.
fn at_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// What tells a crate from the others of the program, a library from a program of its name too.
fn crate_of(name: &str, program: bool) -> String {
    format!("{}{}", name.replace('-', "_"), if program { "!" } else { "" })
}

impl Session {
    pub(super) fn new(mut options: Options) -> Result<Session> {
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
        let mut builder = match by_command {
            true => {
                let cwd = std::env::current_dir().context("the current directory is gone")?;
                Builder::of_command(cwd, socket::log(&sockets), own, Arc::clone(&interrupt))?
            }
            false => Builder::new(options.selection.clone(), own, Arc::clone(&interrupt))?,
        };
        builder.claim()?;
        let rules = Rules::new(builder.root(), &options.ignore);
        let rules = rules.map_err(|error| Usage(format!("{error:#}")))?;
        let told_to = options.events.as_deref().and_then(|file| std::fs::canonicalize(file).ok());
        let rules = rules.without(told_to);
        let dry_run = options.dry_run;
        let (sender, inputs) = channel();
        let files = sender.clone();
        let watcher = Watcher::new(rules.clone(), options.poll, move |touched| {
            // If nobody takes inputs any more, the tool is about to end.
            let _ = files.send(Input::Files(touched));
        })?;
        if let Some(folder) = builder.target_dir() {
            watcher.exclude(folder);
        }
        Ok(Session {
            options,
            show: Show { terminal, events, heard: Heard::default() },
            builder,
            interrupt,
            inputs,
            sender,
            watcher,
            snapshot: Snapshot::default(),
            built: SystemTime::UNIX_EPOCH,
            extra: BTreeMap::new(),
            sockets,
            keys: None,
            current: None,
            world: Reading::Nothing,
            program: None,
            command: by_command.then(Commanded::default),
            rules,
            start: 0,
            announced: false,
            remarks: Vec::new(),
            copies_told: false,
            undescribed: Vec::new(),
            ended: false,
            stale: BTreeSet::new(),
            needs_cargo: None,
            errors: None,
            files: BTreeSet::new(),
            waiting: BTreeSet::new(),
            dry_run,
            held_restart: None,
        })
    }

    /// Begins to hear signals and to watch the folders that are known before the first build.
    pub(super) fn listen(&mut self) -> Result<()> {
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
                    let _ = sender.send(Input::Stop { by_terminal });
                }
            })
            .context("failed to start a thread")?;
        for folder in self.builder.packages().iter().chain(&self.options.watch) {
            self.watcher.add_tree(folder);
        }
        for folder in self.options.watch.clone() {
            let mut files = self.rules.files(&folder);
            files.retain(|file| self.is_extra(file));
            self.extra.extend(files.into_iter().map(|file| {
                let content = std::fs::read(&file).ok();
                (file, content)
            }));
        }
        for (manifest, _) in self.builder.manifests() {
            self.watcher.add_named(&manifest);
        }
        self.tell_trouble();
        self.tell_orphans();
        Ok(())
    }

    /// Says why saves in some folder will not be seen.
    fn tell_trouble(&mut self) {
        if let Some(trouble) = self.watcher.trouble() {
            self.show.terminal.warn(&trouble);
        }
    }

    /// Sends an input that belongs to this start. If nobody takes inputs any more, the tool is
    /// about to end.
    pub(super) fn teller(&self, input: fn(u32) -> Input) -> impl FnOnce() + Send + use<> {
        let (sender, n) = (self.sender.clone(), self.start);
        move || drop(sender.send(input(n)))
    }

    pub(super) fn next(&mut self) -> Input {
        match self.inputs.recv() {
            Ok(input) => input,
            Err(_) => unreachable!("the session itself holds a sender"),
        }
    }

    /// Builds with cargo.
    pub(super) fn build(&mut self) -> Result<Built> {
        // Before it is told: what is saved on that word counts as written meanwhile.
        let begun = SystemTime::now();
        self.show.tell(&Event::Building);
        let progress = (self.start == 0).then(Progress::begin);
        let show = &mut self.show;
        let mut print = |said: Said<'_>| match said {
            Said::Built(_) => {}
            Said::Note(text) => show.terminal.note(text),
            Said::Warning(target, text) => {
                let of = crate_of(&target.name, target.is_bin() || target.is_example());
                show.warning(&of, text);
            }
            Said::Error(text) => show.terminal.compiler(text),
        };
        let built = self.builder.build(&mut |said| match (&progress, said) {
            (Some(progress), Said::Built(name)) => progress.built(name),
            (Some(progress), said) => progress.aside(|| print(said)),
            (None, said) => print(said),
        });
        drop(progress);
        let built = built?;
        self.show.heard.built(matches!(built, Built::Program(_)));
        self.errors = match &built {
            Built::Failed(rendered) | Built::Refused(rendered) => Some(rendered.clone()),
            Built::Program(build) => {
                self.forget_what_was_before();
                self.snapshot = Snapshot::default();
                self.built = begun;
                self.follow(build, begun);
                // Cargo itself may have written it.
                let lock = BTreeSet::from([self.builder.root().join("Cargo.lock")]);
                self.snapshot.look();
                self.snapshot.built(&lock);
                None
            }
        };
        Ok(built)
    }

    /// What earlier saves have left undone is part of a new build.
    pub(super) fn forget_what_was_before(&mut self) {
        self.needs_cargo = None;
        self.errors = None;
        self.stale.clear();
        self.waiting.clear();
        self.held_restart = None;
    }

    /// Watches what a build was made from. Files written since `begun` count as changed.
    pub(super) fn follow(&mut self, build: &Build, begun: SystemTime) {
        self.watcher.exclude(build.graph.build_dir());
        let files = build.graph.files();
        for package in &build.graph.packages {
            self.watcher.add_tree(package);
        }
        for folder in build.graph.cargo_folders.keys() {
            self.watcher.add_tree(folder);
        }
        for file in build.graph.sources() {
            self.watcher.add_file(file);
        }
        for file in build.graph.cargo_files.keys() {
            self.watcher.add_named(file);
        }
        self.snapshot.follow(files, begun);
        self.tell_trouble();
    }

    pub(super) fn begin_keys(&mut self) {
        if !self.options.keys {
            return;
        }
        let (sender, interrupt) = (self.sender.clone(), Arc::clone(&self.interrupt));
        let keys = Keys::start(move |key| {
            if key == Key::Quit {
                interrupt.request();
            }
            // If nobody takes inputs any more, the tool is about to end.
            let _ = sender.send(Input::Key(key));
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

    pub(super) fn toggle_verbose(&mut self) {
        let terminal = &mut self.show.terminal;
        terminal.verbose = !terminal.verbose;
        terminal.note(if terminal.verbose { "telling more" } else { "telling less" });
    }

    /// Whether edits can go live at all, after waiting until what runs is read.
    pub(super) fn ready(&mut self) -> Result<(), Obstacle> {
        if let Some(why) = self.current.as_ref().and_then(|build| build.obstacle.clone()) {
            return Err(Obstacle { kind: Refusal::Profile, why });
        }
        let known = self.world.get().map(|_| ());
        self.announce();
        known.map_err(|error| Obstacle { kind: Refusal::Internal, why: format!("{error:#}") })
    }

    pub(super) fn world(&mut self) -> Result<&mut DiffSession> {
        self.world.get()
    }

    /// The folders of the packages that are watched.
    pub(super) fn packages(&self) -> BTreeSet<PathBuf> {
        let mut packages = self.builder.packages();
        packages.extend(self.current.iter().flat_map(|b| b.graph.packages.iter().cloned()));
        packages
    }

    /// Compiles these units and all that use them, and follows the files they are made from now.
    pub(super) fn replay(&mut self, changed: &BTreeSet<usize>) -> Result<Replayed> {
        let Some(mut build) = self.current.take() else { bail!("there is no program") };
        let units = build.affected(changed);
        self.stale = units.iter().map(|&i| build.graph.units[i].key.clone()).collect();
        let begun = SystemTime::now();
        let show = &mut self.show;
        let replayed = self.builder.replay(&mut build, &units, &mut |unit, compiled| {
            let of = crate_of(&unit.name, unit.crate_args.is_binary());
            for Diagnostic { text, weight } in &compiled.diagnostics {
                match weight {
                    Weight::Warning => show.warning(&of, text),
                    Weight::Error | Weight::Note => show.terminal.compiler(text),
                }
            }
            show.heard.compiled(&of, compiled.success);
        });
        if let Ok(Replayed::Objects(_)) = &replayed {
            self.stale.clear();
        }
        self.errors = match &replayed {
            Ok(Replayed::Failed(compiled)) => Some(compiled.plain_errors()),
            _ => None,
        };
        self.follow(&build, begun);
        self.current = Some(build);
        replayed
    }

    /// Asks the differ. It remembers what was not loaded before.
    pub(super) fn verdict(&mut self, rebuilt: Vec<CrateObjects>) -> Result<Verdict> {
        let keys: Vec<String> = rebuilt.iter().map(|objects| objects.key.clone()).collect();
        let world = self.world.get()?;
        let judge = std::panic::AssertUnwindSafe(|| world.judge(rebuilt));
        let why = match std::panic::catch_unwind(judge) {
            Ok(Ok(verdict)) => return Ok(verdict),
            Ok(Err(error)) => super::world::chain(&error),
            Err(panic) => said(&*panic),
        };
        // Its baseline is as it was before, so they have to be shown to it again.
        self.stale.extend(keys);
        bail!(why)
    }

    /// Waits until a file changes. Whether one did, rather than the user ending the tool.
    pub(super) fn wait_for_fix(&mut self) -> bool {
        self.show.terminal.note("waiting for a fix");
        loop {
            match self.next() {
                Input::Files(Touched { paths, .. }) => {
                    let changed: BTreeSet<PathBuf> =
                        paths.into_iter().filter(|path| self.matters_unbuilt(path)).collect();
                    if !changed.is_empty() {
                        let files = self.names(&changed);
                        self.show.tell(&Event::Change { files });
                        return true;
                    }
                }
                Input::Stop { .. } | Input::Key(Key::Quit) => return false,
                _ => {}
            }
        }
    }

    /// Whether a file may matter, as long as no build has told which ones do.
    pub(super) fn matters_unbuilt(&self, path: &Path) -> bool {
        let kind = path.extension().and_then(|e| e.to_str());
        let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        matches!(kind, Some("rs" | "toml"))
            || self.errors.as_ref().is_some_and(|errors| speaks_of(errors, named))
    }

    /// The program has ended by itself, with this status: that of the tool, unless it shall wait for
    /// a save that starts the program again. It does when the program crashed or failed and
    /// somebody is there to mend it.
    pub(super) fn end_or_wait(&mut self, status: u8) -> Option<u8> {
        self.show.terminal.running = true;
        self.show.tell(&Event::Exited { status });
        let somebody = self.options.wait || self.options.keys && at_terminal();
        if status == 0 || !somebody || !self.options.restart {
            return Some(status);
        }
        self.await_a_save(&format!("the program {}", crate::show::terminal::ended(status)));
        None
    }

    /// There is no program until a save starts it.
    pub(super) fn await_a_save(&mut self, why: &str) {
        self.show.terminal.running = false;
        self.show.terminal.note("waiting for a save to start it again");
        self.world = Reading::Nothing;
        self.ended = false;
        self.announced = true;
        self.needs_cargo = Some(why.to_owned());
        self.errors.get_or_insert_default();
        if self.keys.as_ref().is_some_and(|keys| !keys.are_read()) {
            // The program had the terminal for itself, or left it in a mode of its own. They put it
            // back, and those that begin find it as it was.
            self.keys = None;
            self.begin_keys();
        }
    }

    /// Status of the tool when there never was a program.
    pub(super) fn end_without_program(&self) -> u8 {
        if self.interrupt.requested() { STOPPED } else { NOTHING }
    }
}
