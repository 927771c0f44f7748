//! The same edits of the same program with other tools: hot-lib-reloader, which reloads a
//! library, and `dx serve --hot-patch` (subsecond), where it is installed.
//!
//! The program counts its calls in a static and in a thread-local; whether the counts go on after
//! an edit shows what the tool does to the program's state.

use crate::Options;
use crate::project::{Hot, Profile, Project, command, run};
use crate::server::{Server, ask, free_port, wait_for};
use crate::table::{Row, Table, Unit};
use crate::tool::Tool;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const MAIN: &str = include_str!("programs/competitor.rs.txt");
const LOGIC: &str = include_str!("programs/logic.rs.txt");
const LOGIC_FILE: &str = "logic/src/lib.rs";

/// A tool that brings edits to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Hot,
    Reloader,
    Dx,
}

/// All of the part.
pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    eprintln!("… competitors");
    let edits = options.samples.unwrap_or(10);
    let mut hot = Competitor::start(options, Kind::Hot)?;
    for kind in [Kind::Reloader, Kind::Dx] {
        let name = kind.name();
        let mut competitor = match Competitor::start(options, kind) {
            Ok(competitor) => competitor,
            Err(error) => {
                let why = format!("not measured: {error:#}");
                table.push(Row::text(name, crate::first_line(&why)));
                continue;
            }
        };
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut kept, mut failed) = (State::default(), None);
        for _ in 0..edits {
            ours.push(hot.save(&mut State::default())?);
            match competitor.save(&mut kept) {
                Ok(time) => theirs.push(time),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        let state = |what: &str, kept: usize| {
            let all = theirs.len();
            match kept {
                0 => format!("{what} reset at each edit"),
                kept if kept == all => format!("{what} kept"),
                kept => format!("{what} kept at {kept} of {all} edits"),
            }
        };
        let states = format!(
            "{}, {}; hot: both kept",
            state("statics", kept.statics),
            state("thread-locals", kept.locals)
        );
        match failed {
            Some(why) if theirs.is_empty() => {
                let why = format!("not measured: {why:#}");
                table.push(Row::text(name, crate::first_line(&why)));
            }
            failed => {
                let what = format!("one program, edit to live: hot : {name}");
                let row = Row::ratio(what, &ours, &theirs, Unit::Milliseconds, None);
                let row = row.beside(&states);
                table.push(match failed {
                    Some(_) => row.beside(&format!("it failed at edit {}", theirs.len() + 1)),
                    None => row,
                });
            }
        }
    }
    // Looked at for hot as for the others.
    let mut kept = State::default();
    hot.save(&mut kept)?;
    if (kept.statics, kept.locals) != (1, 1) {
        bail!("hot did not keep the program's state");
    }
    Ok(())
}

/// At how many edits state was kept.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    statics: usize,
    locals: usize,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Hot => "hot",
            Kind::Reloader => "hot-lib-reloader 0.8",
            Kind::Dx => "`dx serve --hot-patch` 0.7",
        }
    }

    fn files(self, name: &str, port: u16, target: &Path) -> Vec<(String, String)> {
        let library = format!("{:?}", target.join(Profile::Dev.folder()));
        let (dependency, attribute, head, start, call) = match self {
            Kind::Hot => (
                Hot::On.dependency(),
                "#[hot::hot]",
                String::new(),
                "hot::spawn_reloader();",
                "logic::answer()",
            ),
            Kind::Reloader => (
                "hot-lib-reloader = \"0.8\"\n".to_owned(),
                "#[unsafe(no_mangle)]",
                format!(
                    "#[hot_lib_reloader::hot_module(dylib = \"logic\", lib_dir = {library}, \
                     file_watch_debounce = 20)]\n\
                     mod logic_lib {{\n    #[hot_functions]\n    extern \"Rust\" {{\n        \
                     pub fn answer() -> String;\n    }}\n}}\n"
                ),
                "",
                "logic_lib::answer()",
            ),
            Kind::Dx => (
                "dioxus-devtools = \"0.7\"\n".to_owned(),
                "",
                String::new(),
                "dioxus_devtools::connect_subsecond();",
                "dioxus_devtools::subsecond::call(|| logic::answer())",
            ),
        };
        let logic_dependency = if self == Kind::Hot { dependency.clone() } else { String::new() };
        let package = |name: &str, more: &str| {
            format!("[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{more}")
        };
        let kinds = match self {
            Kind::Reloader => "[lib]\ncrate-type = [\"rlib\", \"dylib\"]\n\n",
            _ => "",
        };
        let main = MAIN
            .replace("@HEAD@", &head)
            .replace("@START@", start)
            .replace("@PORT@", &port.to_string())
            .replace("@CALL@", call);
        vec![
            (
                "Cargo.toml".to_owned(),
                "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"logic\"]\n".to_owned(),
            ),
            (
                "app/Cargo.toml".to_owned(),
                package(
                    name,
                    &format!("[dependencies]\nlogic = {{ path = \"../logic\" }}\n{dependency}"),
                ),
            ),
            ("app/src/main.rs".to_owned(), main),
            (
                "logic/Cargo.toml".to_owned(),
                package("logic", &format!("{kinds}[dependencies]\n{logic_dependency}")),
            ),
            (LOGIC_FILE.to_owned(), LOGIC.replace("@ATTRIBUTE@", attribute)),
        ]
    }
}

/// A program, and what brings the edits to it.
struct Competitor {
    kind: Kind,
    project: Project,
    port: u16,
    edits: usize,
    runs: Runs,
}

/// The processes that have to be ended.
enum Runs {
    Tool(Tool),
    Server(#[allow(dead_code)] Server),
    Dx(Child),
}

impl Competitor {
    fn start(options: &Options, kind: Kind) -> Result<Competitor> {
        let port = free_port()?;
        let short = ["hot", "reloader", "dx"][kind as usize];
        let root = options.work.join("competitors").join(short);
        // Of its own: a library has the same name in all.
        let target = options.work.join(format!("target-competitors-{short}"));
        let name = format!("competitor_{short}");
        let project = Project::lay(&root, &target, &name, &kind.files(&name, port, &target))?;
        let runs = match kind {
            Kind::Hot => {
                let mut tool = Tool::run(&options.hot, &project, Profile::Dev, &[])?;
                tool.wait("running")?;
                Runs::Tool(tool)
            }
            Kind::Reloader => {
                run(project.cargo("build", Profile::Dev).args(["-p", "logic"]))?;
                Runs::Server(Server::start(&project.executable(Profile::Dev), port)?)
            }
            Kind::Dx => Runs::Dx(serve(&project)?),
        };
        let competitor = Competitor { kind, project, port, edits: 0, runs };
        wait_for(port, |_| true)?;
        if kind == Kind::Dx {
            // It leaves out edits that come before the program has called it, and says nothing
            // when that is done.
            std::thread::sleep(Duration::from_secs(3));
        }
        Ok(competitor)
    }

    /// Saves an edit; milliseconds until the first new answer.
    fn save(&mut self, kept: &mut State) -> Result<f64> {
        let before = counts(&ask(self.port).context("the program does not answer")?)?;
        let (old, new) = (format!("edit {} ", self.edits), format!("edit {} ", self.edits + 1));
        self.edits += 1;
        let begun = Instant::now();
        self.project.edit(LOGIC_FILE, &old, &new)?;
        match &mut self.runs {
            Runs::Tool(tool) => {
                tool.wait("applied")?;
            }
            // Its users have cargo-watch for this.
            Runs::Server(_) => {
                let mut cargo = command("cargo");
                cargo.args(["build", "-p", "logic", "--manifest-path"]);
                cargo.arg(self.project.root.join("Cargo.toml"));
                run(cargo.arg("--target-dir").arg(&self.project.target))?;
            }
            Runs::Dx(_) => {}
        }
        let answer = wait_for(self.port, |answer| answer.starts_with(&new))
            .with_context(|| format!("{} has not brought the edit", self.kind.name()))?;
        let time = begun.elapsed().as_secs_f64() * 1e3;
        let after = counts(&answer)?;
        kept.statics += usize::from(after.0 > before.0);
        kept.locals += usize::from(after.1 > before.1);
        Ok(time)
    }
}

/// Returns the counts of an answer.
fn counts(answer: &str) -> Result<(u64, u64)> {
    let words: Vec<&str> = answer.split(' ').collect();
    let number = |at: usize| -> Result<u64> {
        Ok(words.get(at).with_context(|| format!("a strange answer: {answer:?}"))?.parse()?)
    };
    Ok((number(3)?, number(5)?))
}

/// `dx serve`.
fn serve(project: &Project) -> Result<Child> {
    let version = command("dx").arg("--version").output();
    version.context("dx is not installed (cargo install dioxus-cli --version ~0.7)")?;
    let said = std::fs::File::create(project.root.with_extension("said"))?;
    let mut dx: Command = command("dx");
    dx.args(["serve", "--hot-patch", "--interactive", "false", "--open", "false", "-p"]);
    dx.arg(&project.name).env("CARGO_TARGET_DIR", &project.target).current_dir(&project.root);
    dx.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
    // A group of its own: it starts the program, which has to end with it.
    std::os::unix::process::CommandExt::process_group(&mut dx, 0);
    dx.spawn().context("failed to start dx")
}

impl Drop for Runs {
    fn drop(&mut self) {
        if let Runs::Dx(child) = self {
            let group = rustix::process::Pid::from_child(child);
            // If it has ended already there is nothing to ask.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            let _ = child.wait();
        }
    }
}
