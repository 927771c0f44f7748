//! Compiles several crates, each as soon as what it reads is there.
//!
//! rustc says when it has written a crate's metadata, which is before it makes the code. A library
//! that uses the crate needs no more, and is begun then, as cargo does it. The executable's
//! compiler would read the whole rlib; it is given stand-ins ([`super::rmeta_stub`]) and begun as
//! early.
//!
//! Should that not be to its liking, it is compiled once more when the rlibs are there: what it
//! says then is what counts, so that a stand-in can cost time but no answer. If a crate does not
//! compile, none is begun any more. Those whose metadata are not there yet are ended; the others,
//! which are likely to be right, may finish, since the next save would have to begin them again.
//!
//! As many crates are compiled at once as cargo is told by flag or environment, or as there are
//! processors. Each has a thread of its own; those beyond are shared out by a job server, as make
//! has one. A crate that is compiled alone and incrementally does without, unless it may not have
//! all processors: to ask for a token for each codegen unit, most of which are only copied, takes a
//! tenth of a small save.

use super::compile::{self, LinkerStandIn};
use super::diagnostics::Compiled;
use super::rmeta_stub::StubFolder;
use crate::build::cargo::default_jobs;
use crate::build::graph::Unit;
use crate::interrupt::{Group, Interrupt};
use anyhow::{Context, Result, anyhow};
use jobserver::Client;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{Sender, channel};

/// A crate to compile.
#[derive(Debug)]
pub struct Task<'a> {
    /// The crate.
    pub unit: &'a Unit,
    /// The program that stands in for the linker.
    pub linker: LinkerStandIn<'a>,
    /// All tasks whose crates it uses, directly or not, as indices; all are before it.
    pub after: Vec<usize>,
}

/// The end of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// All compiled.
    Well,
    /// One did not; those that use it were not tried.
    Failed(Compiled),
    /// The end was asked for.
    Interrupted,
}

/// The state of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Waits,
    /// It is at work.
    Begun,
    /// It is at work, and its metadata are there.
    Readable,
    Done,
}

/// A notice from a compiler at work.
enum Notice {
    Metadata(usize),
    Ended(usize, Result<Compiled>),
}

struct Pipeline<'a> {
    tasks: &'a [Task<'a>],
    folder: &'a StubFolder,
    states: Vec<State>,
    /// True if the executable may be begun before the code of what it uses is there.
    early: bool,
    /// True if it was.
    was_early: bool,
}

/// Compiles all of them, `width` at once at most; stand-ins are put into the folder. `told` is
/// given what rustc says of each as soon as that is known; an error of its own ends it all.
///
/// # Errors
/// When rustc cannot be run.
pub fn run(
    tasks: &[Task<'_>],
    folder: &StubFolder,
    width: usize,
    interrupt: &Interrupt,
    told: &mut dyn FnMut(usize, &Compiled) -> Result<()>,
) -> Result<Ended> {
    let tokens = match tasks {
        [alone] if width >= default_jobs() && alone.unit.crate_args.incremental.is_some() => None,
        _ => Some(Client::new(width.saturating_sub(1)).context("failed to make a job server")?),
    };
    let groups: Vec<Group<'_>> = tasks.iter().map(|_| interrupt.group()).collect();
    let (sender, notices) = channel();
    let mut pipeline = Pipeline::new(tasks, folder);
    let mut ended = Ok(Ended::Well);
    std::thread::scope(|scope| {
        let mut running = 0;
        loop {
            while matches!(ended, Ok(Ended::Well))
                && !interrupt.requested()
                && running < width
                && let Some((next, args)) = pipeline.begin()
            {
                let (task, group, tokens) = (&tasks[next], &groups[next], tokens.as_ref());
                let sender = sender.clone();
                let work = move || compile(next, task, &args, group, tokens, &sender);
                match std::thread::Builder::new().spawn_scoped(scope, work) {
                    Ok(_) => running += 1,
                    Err(error) => ended = Err(error).context("failed to start a thread"),
                }
            }
            if running == 0 {
                break;
            }
            let Ok(notice) = notices.recv() else { unreachable!("a sender is here") };
            let (index, compiled) = match notice {
                Notice::Metadata(index) => {
                    pipeline.states[index] = State::Readable;
                    continue;
                }
                Notice::Ended(index, compiled) => (index, compiled),
            };
            running -= 1;
            // After a failure no more is told.
            if interrupt.requested() || !matches!(ended, Ok(Ended::Well)) {
                continue;
            }
            ended = match compiled {
                Ok(compiled) if pipeline.compiles_again(index, &compiled) => Ok(Ended::Well),
                Ok(compiled) => told(index, &compiled)
                    .map(|()| if compiled.success { Ended::Well } else { Ended::Failed(compiled) }),
                Err(error) => Err(error),
            };
            if !matches!(ended, Ok(Ended::Well)) {
                let unread = groups.iter().zip(&pipeline.states);
                unread.filter(|(_, state)| **state < State::Readable).for_each(|(g, _)| g.end());
            }
        }
    });
    if interrupt.requested() { Ok(Ended::Interrupted) } else { ended }
}

fn compile(
    index: usize,
    task: &Task<'_>,
    args: &[String],
    group: &Group<'_>,
    tokens: Option<&Client>,
    sender: &Sender<Notice>,
) {
    // The receiver takes until the last has ended.
    let tell = |notice| drop(sender.send(notice));
    // It waits for the end of each, whatever comes between.
    let compiled = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let mut metadata = || tell(Notice::Metadata(index));
        compile::compile(task.unit, args, task.linker, group, tokens, &mut metadata)
    }));
    let failed = || anyhow!("a thread that compiled {} failed", task.unit.name);
    tell(Notice::Ended(index, compiled.unwrap_or_else(|_| Err(failed()))));
}

impl<'a> Pipeline<'a> {
    fn new(tasks: &'a [Task<'a>], folder: &'a StubFolder) -> Pipeline<'a> {
        Pipeline {
            tasks,
            folder,
            states: vec![State::Waits; tasks.len()],
            // Nothing is to be gained where the executable is compiled alone. Where there is no
            // room for stand-ins, it waits.
            early: tasks.len() > 1 && folder.clear().is_ok(),
            was_early: false,
        }
    }

    /// The next task that can be begun, if there is one, and the arguments of its command.
    fn begin(&mut self) -> Option<(usize, Vec<String>)> {
        let ready = |&index: &usize| self.states[index] == State::Waits && self.is_ready(index);
        let next = (0..self.tasks.len()).find(ready)?;
        let unit = self.tasks[next].unit;
        let mut args = unit.record.args.clone();
        if unit.crate_args.is_binary() {
            let after = self.tasks[next].after.iter();
            let missing: Vec<&Unit> = after
                .filter(|&&i| self.states[i] < State::Done)
                .map(|&i| self.tasks[i].unit)
                .collect();
            self.was_early = !missing.is_empty();
            if missing.iter().any(|used| self.folder.put(&used.crate_args.rlib()).is_err()) {
                self.early = false;
                return None;
            }
            if self.was_early {
                args = self.folder.instead(&unit.record);
            }
        }
        self.states[next] = State::Begun;
        Some((next, args))
    }

    fn is_ready(&self, index: usize) -> bool {
        let task = &self.tasks[index];
        let crate_args = &task.unit.crate_args;
        let reads_rlibs = if crate_args.is_binary() {
            !self.early
        } else {
            // Cargo gives a library the metadata alone, unless it is to be linked.
            let rlib = |&i: &usize| self.tasks[i].unit.crate_args.rlib();
            task.after.iter().any(|i| crate_args.externs.contains(&rlib(i)))
        };
        let wanted = if reads_rlibs { State::Done } else { State::Readable };
        task.after.iter().all(|&used| self.states[used] >= wanted)
    }

    /// Notes the end of a task. Whether it has to be compiled once more.
    fn compiles_again(&mut self, index: usize, compiled: &Compiled) -> bool {
        let is_early = self.tasks[index].unit.crate_args.is_binary() && self.was_early;
        if is_early && !compiled.success {
            self.early = false;
            self.states[index] = State::Waits;
            return true;
        }
        self.states[index] = State::Done;
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::rustc::{CrateArgs, RustcInvocation};
    use std::path::Path;
    use std::time::{Duration, Instant};

    /// The part that all scripts that play rustc share. A step that is waited for in vain fails.
    const PRELUDE: &str = r#"
        note() { echo "$1" >> log; }
        metadata() { echo M > lib$1-1.rmeta; echo '{"artifact":"x","emit":"metadata"}' >&2; }
        await() {
            for i in $(seq 1000); do grep -q "^$1$" log && return; sleep 0.02; done
            echo "waited in vain for $1" >&2; exit 1
        }
        is_stand_in() { [ -e stand-ins/lib$1-1.rlib ] && [ ! -e lib$1-1.rlib ]; }
    "#;

    fn unit(dir: &Path, name: &str, script: &str) -> Unit {
        let crate_args = CrateArgs {
            crate_name: name.to_owned(),
            crate_types: vec![if name == "main" { "bin" } else { "lib" }.to_owned()],
            out_dir: dir.to_owned(),
            key: format!("{name}-1"),
            ..CrateArgs::default()
        };
        let record = RustcInvocation {
            program: "/bin/sh".to_owned(),
            args: vec!["-c".to_owned(), format!("{PRELUDE}\n{script}")],
            cwd: dir.to_owned(),
            env: std::env::vars().collect(),
        };
        let key = crate_args.key.clone();
        Unit { key, name: name.to_owned(), record, crate_args, uses: vec![], sources: vec![] }
    }

    struct Run {
        ended: Ended,
        /// The crates of which was told, in order.
        told: Vec<String>,
        /// The notes of the scripts.
        log: Vec<String>,
    }

    /// Compiles units of this folder. Each uses all before it.
    fn run_units(dir: &Path, units: &[&Unit], width: usize, interrupt: &Interrupt) -> Run {
        std::fs::write(dir.join("log"), "").unwrap();
        let linker = LinkerStandIn::Idle(Path::new("/bin/true"));
        let tasks: Vec<Task<'_>> = (0..units.len())
            .map(|at| Task { unit: units[at], linker, after: (0..at).collect() })
            .collect();
        let mut told = Vec::new();
        let folder = StubFolder::at(dir.join("stand-ins"));
        let ended = run(&tasks, &folder, width, interrupt, &mut |at, _| {
            told.push(units[at].name.clone());
            Ok(())
        });
        let log = std::fs::read_to_string(dir.join("log")).unwrap();
        Run { ended: ended.unwrap(), told, log: log.lines().map(str::to_owned).collect() }
    }

    /// The same with units that do as these scripts say.
    fn run_all(width: usize, interrupt: &Interrupt, scripts: &[(&str, &str)]) -> Run {
        let dir = tempfile::tempdir().unwrap();
        let units: Vec<Unit> =
            scripts.iter().map(|(name, script)| unit(dir.path(), name, script)).collect();
        run_units(dir.path(), &Vec::from_iter(&units), width, interrupt)
    }

    #[test]
    fn each_is_begun_when_the_metadata_of_what_it_uses_are_there() {
        let done = run_all(
            3,
            &Interrupt::default(),
            &[
                ("a", "note a; metadata a; await main; echo code > real; mv real liba-1.rlib"),
                ("b", "note b; [ ! -e liba-1.rlib ] || note early; metadata b; await main"),
                ("main", "note main; is_stand_in a && is_stand_in b && note stands"),
            ],
        );
        assert_eq!(done.ended, Ended::Well);
        assert_eq!(done.log, ["a", "b", "main", "stands"]);
        assert_eq!(done.told.len(), 3);
    }

    #[test]
    fn no_more_than_the_width_run_at_once() {
        let script = |name| {
            format!(
                "[ ! -e busy ] || exit 1; touch busy; metadata {name}; note {name}; sleep 0.05; rm busy"
            )
        };
        let (a, b, main) = (script("a"), script("b"), script("main"));
        let done = run_all(1, &Interrupt::default(), &[("a", &a), ("b", &b), ("main", &main)]);
        assert_eq!(done.ended, Ended::Well);
        assert_eq!(
            (done.told, done.log),
            (
                vec!["a".into(), "b".into(), "main".into()],
                vec!["a".into(), "b".into(), "main".into()]
            )
        );
    }

    #[test]
    fn one_alone_shares_its_threads_with_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let script = "[ -n \"$CARGO_MAKEFLAGS\" ] && note shared || note free";
        let (mut one, mut two) = (unit(dir.path(), "a", script), unit(dir.path(), "b", script));
        let incremental =
            |unit: &mut Unit| unit.crate_args.incremental = Some(dir.path().to_owned());
        let log = |units: &[&Unit], width: usize| {
            run_units(dir.path(), units, width, &Interrupt::default()).log.join(" ")
        };
        assert_eq!(log(&[&one], default_jobs()), "shared", "all of it is compiled each time");
        incremental(&mut one);
        incremental(&mut two);
        assert_eq!(log(&[&one], default_jobs()), "free");
        assert_eq!(log(&[&one, &two], default_jobs()), "shared shared");
        if default_jobs() > 1 {
            assert_eq!(log(&[&one], default_jobs() - 1), "shared", "fewer are allowed");
        }
    }

    #[test]
    fn what_an_executable_says_of_a_stand_in_does_not_count() {
        let done = run_all(
            2,
            &Interrupt::default(),
            &[
                ("a", "metadata a; await refused; echo code > real; mv real liba-1.rlib; note a"),
                ("main", "is_stand_in a && { note refused; exit 1; }; note main"),
            ],
        );
        assert_eq!(done.ended, Ended::Well);
        assert_eq!(done.log, ["refused", "a", "main"]);
        assert_eq!(done.told, ["a", "main"]);
    }

    #[test]
    fn an_executable_that_does_not_compile_is_told_of_once() {
        let done = run_all(
            2,
            &Interrupt::default(),
            &[
                ("a", "metadata a; await main; note a"),
                ("main", "note main; echo '{\"level\":\"error\",\"rendered\":\"E\"}' >&2; exit 1"),
            ],
        );
        assert!(matches!(&done.ended, Ended::Failed(compiled) if compiled.plain_errors() == "E"));
        assert_eq!(
            (done.told.join(" "), done.log.join(" ")),
            ("a main".into(), "main a main".into())
        );
    }

    #[test]
    fn when_one_fails_those_at_work_are_ended() {
        let begun = Instant::now();
        let done = run_all(
            2,
            &Interrupt::default(),
            &[("a", "metadata a; await main; exit 1"), ("main", "note main; exec sleep 60")],
        );
        assert!(matches!(done.ended, Ended::Failed(_)));
        assert_eq!(done.told, ["a"]);
        assert!(begun.elapsed() < Duration::from_secs(40));
    }

    #[test]
    fn when_one_fails_the_code_of_others_is_finished() {
        let done = run_all(
            2,
            &Interrupt::default(),
            &[
                ("a", "metadata a; await b; sleep 0.3; note finished"),
                ("b", "note b; exit 1"),
                ("main", "note main"),
            ],
        );
        assert!(matches!(done.ended, Ended::Failed(_)));
        assert_eq!((done.told.join(" "), done.log.join(" ")), ("b".into(), "b finished".into()));
    }

    #[test]
    fn a_crate_that_is_given_an_rlib_waits_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let a = unit(dir.path(), "a", "metadata a; sleep 0.2; note a");
        let mut b = unit(dir.path(), "b", "note b");
        b.crate_args.externs = vec![a.crate_args.rlib()];
        let done = run_units(dir.path(), &[&a, &b], 2, &Interrupt::default());
        assert_eq!((done.ended, done.log.join(" ")), (Ended::Well, "a b".to_owned()));
    }

    #[test]
    fn the_end_can_be_asked_for() {
        let (interrupt, begun) = (Interrupt::default(), Instant::now());
        let done = std::thread::scope(|scope| {
            let run = scope.spawn(|| {
                let scripts = [("a", "metadata a; exec sleep 60"), ("main", "exec sleep 60")];
                run_all(2, &interrupt, &scripts)
            });
            std::thread::sleep(Duration::from_millis(100));
            interrupt.request();
            run.join().unwrap()
        });
        assert_eq!((done.ended, done.told), (Ended::Interrupted, vec![]));
        assert!(begun.elapsed() < Duration::from_secs(40));
    }
}
