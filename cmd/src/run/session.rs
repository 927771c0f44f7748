//! What `hot run` holds, and the steps that the page in the parent module is made of.

use super::world::{Reading, said};
use super::{Input, Options, check_folders};
use crate::build::{Build, Builder, Built, Replayed};
use crate::diff::{CrateObjects, Verdict, World};
use crate::interrupt::Interrupt;
use crate::keys::{Key, Keys};
use crate::process::{Launch, Program, socket};
use crate::show::events::Detail;
use crate::show::terminal::count;
use crate::show::{Event, Events, Milliseconds, Show, Terminal};
use crate::watch::{Snapshot, Touched, Watcher};
use anyhow::{Context, Result, anyhow, bail};
use hot_patch::message::{Reply, Request};
use object::Object;
use rustix::process::Signal;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::Cause;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

/// Status of the tool after Ctrl-C.
pub(super) const STOPPED: u8 = 130;
/// Status of the tool when the first build fails.
const NOTHING: u8 = 101;
/// How long a save waits for a program that does not listen yet.
const CONNECT: Duration = Duration::from_secs(5);

/// All that the tool knows.
pub(super) struct Session {
    pub options: Options,
    pub show: Show,
    pub builder: Builder,
    pub interrupt: Arc<Interrupt>,
    inputs: Receiver<Input>,
    sender: Sender<Input>,
    watcher: Watcher,
    pub snapshot: Snapshot,
    /// Content of files in the folders of `--watch`; `None` for a file that is gone.
    pub extra: BTreeMap<PathBuf, Option<Vec<u8>>>,
    sockets: PathBuf,
    keys: Option<Keys>,
    /// The build that runs, and compiles.
    pub current: Option<Box<Build>>,
    world: Reading,
    program: Option<Program>,
    /// How often the program was started.
    pub start: u32,
    announced: bool,
    /// Keys of crates that have to be compiled because an earlier pass failed.
    pub stale: BTreeSet<String>,
    /// Why the next save needs cargo: its last build failed.
    pub needs_cargo: Option<String>,
    /// Text of the last errors, while they stand.
    pub errors: Option<String>,
    /// The files of the save that is being answered.
    pub files: BTreeSet<PathBuf>,
    /// Files of saves that are built, and wait for the program to listen.
    pub waiting: BTreeSet<PathBuf>,
    /// Patches that went live.
    pub patches: u64,
    /// Warnings that were shown, by crate, so that a save shows only new ones.
    shown: BTreeSet<String>,
}

/// How the program took a patch.
#[derive(Debug)]
pub(super) enum Loaded {
    /// It is live; the functions replaced.
    Live(Vec<String>),
    /// The program does not listen yet.
    NotConnected,
    /// It is not, and this is why.
    Not(String),
}

/// Why no edit of the current build can go live.
#[derive(Debug)]
pub(super) struct Obstacle {
    /// In a word.
    pub kind: &'static str,
    /// In a sentence.
    pub why: String,
}

/// Where the time of one save goes.
#[derive(Debug)]
pub(super) struct Clock {
    seen: Instant,
    last: Instant,
    ms: Milliseconds,
}

impl Clock {
    pub(super) fn new(seen: Instant) -> Clock {
        Clock { seen, last: seen, ms: Milliseconds::default() }
    }
    fn lap(&mut self) -> u64 {
        let now = Instant::now();
        let lap = now.duration_since(self.last);
        self.last = now;
        (lap.as_secs_f64() * 1000.0).round() as u64
    }
    pub(super) fn detected(&mut self) {
        self.ms.detect = self.lap();
    }
    pub(super) fn compiled(&mut self) {
        self.ms.rustc = self.lap();
    }
    pub(super) fn compared(&mut self) {
        self.ms.diff = self.lap();
    }
    pub(super) fn loaded(&mut self) {
        self.ms.load = self.lap();
        self.ms.total = (self.last.duration_since(self.seen).as_secs_f64() * 1000.0).round() as u64;
    }
    pub(super) fn milliseconds(&self) -> Milliseconds {
        self.ms
    }
}

/// A detail that is one sentence.
pub(super) fn reason(sentence: String) -> Detail {
    Detail { item: sentence, was: String::new(), now: String::new() }
}

/// The differ's detail as an event shows it.
pub(super) fn detail(detail: crate::diff::Detail) -> Detail {
    Detail { item: detail.item, was: detail.was, now: detail.now }
}

impl Session {
    pub(super) fn new(mut options: Options) -> Result<Session> {
        check_folders(&options.watch)?;
        for folder in &mut options.watch {
            *folder = std::fs::canonicalize(&folder)
                .with_context(|| format!("failed to find {}", folder.display()))?;
        }
        let events = options.events.as_deref().map(Events::append).transpose()?.unwrap_or_default();
        let terminal = Terminal { verbose: options.verbose, running: false };
        let interrupt = Arc::new(Interrupt::default());
        let own = std::env::current_exe().context("failed to find the executable of hot itself")?;
        let builder = Builder::new(options.selection.clone(), own, Arc::clone(&interrupt))?;
        let (sender, inputs) = channel();
        let files = sender.clone();
        let watcher = Watcher::new(builder.target_dir(), move |touched| {
            // If nobody takes inputs any more, the tool is about to end.
            let _ = files.send(Input::Files(touched));
        })?;
        let sockets = socket::folder();
        socket::prepare(&sockets)?;
        Ok(Session {
            options,
            show: Show { terminal, events },
            builder,
            interrupt,
            inputs,
            sender,
            watcher,
            snapshot: Snapshot::default(),
            extra: BTreeMap::new(),
            sockets,
            keys: None,
            current: None,
            world: Reading::Nothing,
            program: None,
            start: 0,
            announced: false,
            stale: BTreeSet::new(),
            needs_cargo: None,
            errors: None,
            files: BTreeSet::new(),
            waiting: BTreeSet::new(),
            patches: 0,
            shown: BTreeSet::new(),
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
            for file in ignore::Walk::new(&folder).flatten().filter(|e| e.path().is_file()) {
                self.extra.insert(file.path().to_owned(), std::fs::read(file.path()).ok());
            }
        }
        for (manifest, _) in self.builder.manifests() {
            self.watcher.add_file(&manifest);
        }
        Ok(())
    }

    pub(super) fn next(&mut self) -> Input {
        match self.inputs.recv() {
            Ok(input) => input,
            Err(_) => unreachable!("the session itself holds a sender"),
        }
    }

    /// Builds with cargo.
    pub(super) fn build(&mut self) -> Result<Built> {
        self.show.tell(&Event::Building);
        let begun = SystemTime::now();
        let terminal = &self.show.terminal;
        let built = self.builder.build(&mut |text| terminal.note(text))?;
        self.errors = match &built {
            Built::Failed(rendered) => Some(rendered.clone()),
            Built::Program(build) => {
                self.needs_cargo = None;
                self.stale.clear();
                self.waiting.clear();
                self.snapshot = Snapshot::default();
                self.follow(build, begun);
                None
            }
        };
        Ok(built)
    }

    /// Watches what a build was made from. Files written since `begun` count as changed.
    fn follow(&mut self, build: &Build, begun: SystemTime) {
        let files = build.graph.files();
        for package in &build.graph.packages {
            self.watcher.add_tree(package);
        }
        for folder in build.graph.cargo_folders.keys() {
            self.watcher.add_tree(folder);
        }
        for file in &files {
            self.watcher.add_file(file);
        }
        self.snapshot.follow(files, begun);
        // Cargo itself may have written it.
        let lock = BTreeSet::from([self.builder.root().join("Cargo.lock")]);
        self.snapshot.look();
        self.snapshot.built(&lock);
    }

    /// Starts the program, and reads in the background what runs.
    pub(super) fn start(&mut self, build: Box<Build>) -> Result<()> {
        self.start += 1;
        let n = self.start;
        let launch = Launch {
            executable: build.executable.clone(),
            args: self.options.args.clone(),
            env: build.env.clone(),
            socket: socket::path(&self.sockets, n)?,
        };
        // If nobody takes inputs any more, the tool is about to end: so for each of these.
        let tell = |input: fn(u32) -> Input| {
            let sender = self.sender.clone();
            move || drop(sender.send(input(n)))
        };
        let program = Program::start(&launch, tell(Input::Connected), tell(Input::Exited))?;
        if let Some(keys) = &self.keys {
            keys.share_with(program.pid());
        }
        self.world = match &build.obstacle {
            Some(why) => {
                tell(Input::WorldRead)();
                Reading::Failed(why.clone())
            }
            None => Reading::begin(&build, tell(Input::WorldRead)),
        };
        let overdue = tell(Input::Overdue);
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
        self.show.terminal.running = true;
        Ok(())
    }

    pub(super) fn pid(&self) -> u32 {
        self.program.as_ref().map_or(0, Program::pid)
    }

    /// Says that edits can go live, or why not, once for each start.
    pub(super) fn announce(&mut self) {
        if std::mem::replace(&mut self.announced, true) {
            return;
        }
        let known = self.world.get().map(|w| (w.hot_functions(), hex(w.build_id())));
        let pid = self.pid();
        let executable = self.current.as_ref().map(|b| b.executable.clone()).unwrap_or_default();
        let obstacle = self.current.as_ref().and_then(|b| b.obstacle.clone());
        let (hot_functions, build_id) = match known {
            Ok(known) => known,
            Err(error) => {
                let why = obstacle.unwrap_or_else(|| format!("{error:#}"));
                let note = format!("the program runs (pid {pid}), each edit restarts it: {why}");
                self.show.terminal.warn(&note);
                let build_id = hex(&build_id_of(&executable));
                self.show.tell(&Event::Running { pid, hot_functions: 0, build_id });
                return;
            }
        };
        self.show.tell(&Event::Running { pid, hot_functions, build_id });
        let name = executable.file_name().unwrap_or_default().display();
        match hot_functions {
            0 => self.show.terminal.warn(&format!(
                "{name} runs (pid {pid}), but has no #[hot] function: no edit can go live in it; \
                 put #[hot] on a function, an impl block or a module"
            )),
            n => self.show.terminal.note(&format!(
                "{name} runs (pid {pid}) with {}: saved edits go live",
                count(n, "hot function")
            )),
        }
    }

    /// A program that ends at once may do so before it was read; whoever reads the events shall
    /// still hear that it ran.
    pub(super) fn announce_before_end(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(2);
        while !self.announced && !self.world.is_over() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.world.is_over() && !self.interrupt.requested() {
            self.announce();
        }
    }

    /// Says so if the program has not come to its reloader by now.
    pub(super) fn warn_if_deaf(&mut self) {
        let functions = self.world.get().map_or(0, |world| world.hot_functions());
        let Some(program) = &self.program else { return };
        match program.link.wait(Duration::ZERO, || false) {
            Ok(Some(_)) => {}
            Ok(None) if functions > 0 => self.show.terminal.warn(
                "the program has not called `hot::reloader_loop()` or `hot::spawn_reloader()` \
                 yet: edits are built, but cannot be loaded before it does",
            ),
            Ok(None) => {}
            Err(error) => self.show.terminal.warn(&format!("{error:#}")),
        }
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
            return Err(Obstacle { kind: "profile", why });
        }
        let known = self.world.get().map(|_| ());
        self.announce();
        known.map_err(|error| Obstacle { kind: "internal", why: format!("{error:#}") })
    }

    pub(super) fn world(&mut self) -> Result<&mut World> {
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
        let units = build.graph.affected(changed);
        self.stale = units.iter().map(|&i| build.graph.units[i].key.clone()).collect();
        let begun = SystemTime::now();
        let (terminal, shown) = (&self.show.terminal, &mut self.shown);
        let replayed = self.builder.replay(&mut build, &units, &mut |compiled| {
            for text in &compiled.warnings {
                if !compiled.success || shown.insert(text.clone()) || terminal.verbose {
                    terminal.compiler(text);
                }
            }
            compiled.errors.iter().for_each(|text| terminal.compiler(text));
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
        let world = self.world.get()?;
        let judge = std::panic::AssertUnwindSafe(|| world.judge(rebuilt));
        match std::panic::catch_unwind(judge) {
            Ok(Ok(verdict)) => Ok(verdict),
            Ok(Err(error)) => Err(anyhow!(super::world::chain(&error))),
            Err(panic) => Err(anyhow!(said(&*panic))),
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
        Ok(match program.link.ask(&Request::Load(patch.to_vec())) {
            Ok(Reply::Loaded { functions, .. }) => Loaded::Live(functions),
            Ok(Reply::Failed { message }) => Loaded::Not(message),
            Ok(other) => Loaded::Not(format!("the program gave a wrong answer: {other:?}")),
            Err(error) => Loaded::Not(format!("{error:#}")),
        })
    }

    /// The program listens now: what was built before is loaded.
    pub(super) fn catch_up(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        self.files = std::mem::take(&mut self.waiting);
        let mut clock = Clock::new(Instant::now());
        self.show.terminal.note("the program listens now: loading what was built");
        self.show.tell(&Event::Change { files: self.names(&self.files) });
        clock.detected();
        clock.compiled();
        if let Err(error) = self.judge(Vec::new(), &mut clock) {
            self.refuse("internal", vec![reason(format!("{error:#}"))]);
        }
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
    fn matters_unbuilt(&self, path: &Path) -> bool {
        let kind = path.extension().and_then(|e| e.to_str());
        let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        matches!(kind, Some("rs" | "toml"))
            || self.errors.as_ref().is_some_and(|errors| errors.contains(named))
    }

    /// Status of the tool when there never was a program.
    pub(super) fn end_without_program(&self) -> u8 {
        if self.interrupt.requested() { STOPPED } else { NOTHING }
    }

    /// Ends the program, if there is one: its status.
    pub(super) fn stop_program(&mut self, signal: Option<Signal>) -> Result<Option<ExitStatus>> {
        let Some(program) = self.program.take() else { return Ok(None) };
        // A Ctrl-C meanwhile, or a second one, means: at once.
        let before = self.interrupt.requests();
        program.stop(signal, || self.interrupt.requests() > before).map(Some)
    }

    /// Whether the program is about to be found dead: a crash shows in a lost connection first.
    pub(super) fn is_dead_soon(&mut self) -> bool {
        let Some(program) = &mut self.program else { return false };
        let broken = program.link.wait(Duration::ZERO, || false).is_err();
        let deadline = Instant::now() + Duration::from_millis(200);
        while broken && Instant::now() < deadline {
            if program.has_ended() {
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Build ID of an executable; empty when it has none or cannot be read.
fn build_id_of(executable: &Path) -> Vec<u8> {
    let bytes = std::fs::read(executable).unwrap_or_default();
    let id = object::File::parse(&*bytes).ok().and_then(|f| f.build_id().ok()?.map(<[u8]>::to_vec));
    id.unwrap_or_default()
}
