//! Edit to live: from the save to the first new answer.
//!
//! Three copies of a program are edited by turns, in the same line: one runs under the tool, of one
//! only the bare commands of rustc are run (no binary linked), the third is built by cargo and
//! started again. Each is done when a new answer has come, the second when rustc is. That the
//! answer is the new one is looked at each time.

use crate::captured::Captured;
use crate::project::{Hot, Profile, Project, repository};
use crate::server::{self, Server, free_port, wait_for};
use crate::synthetic::Workspace;
use crate::table::{Goal, Row, Table, Unit};
use crate::tool::Tool;
use crate::{Options, spread::Spread};
use anyhow::{Context, Result, bail};
use std::fs;
use std::time::Instant;

/// Edits of one program take no longer than this part of a usual run, ...
const LONGEST: u32 = 16;
/// ... but there are so many.
const FEWEST: usize = 3;

/// The program that is edited.
#[derive(Clone, Copy, Debug)]
enum Subject {
    /// The example of the repository.
    Example,
    /// The generated workspace.
    Generated(usize, Workspace),
}

/// One edit of it.
struct Edit {
    file: String,
    old: String,
    new: String,
    /// The crates that have to be compiled.
    crates: Vec<String>,
    /// A part of the answer after it.
    wanted: String,
}

/// All of the part.
pub fn measure(options: &Options, table: &mut Table) -> Result<()> {
    let workspace = |lines| Subject::Generated(lines, Workspace::of_lines(lines));
    let (dev, release) = (Profile::Dev, Profile::Release);
    let edits = options.samples.unwrap_or(20);
    let mut all = vec![
        (Subject::Example, dev, edits),
        (Subject::Example, release, edits),
        (workspace(2_000), dev, edits.min(10)),
        (workspace(20_000), dev, edits),
        (workspace(20_000), release, edits),
    ];
    if options.long {
        all.push((workspace(200_000), dev, edits.min(10)));
    }
    let mut failed = Ok(());
    for (subject, profile, edits) in all {
        let what = format!("{}, {}", subject.name(), profile.name());
        if options.leave_out(&what, table) {
            continue;
        }
        if let Err(error) = one(options, table, subject, profile, edits) {
            // The others can still be measured.
            eprintln!("figures: {error:#}");
            failed = Err(error.context(what));
        }
    }
    failed
}

fn one(
    options: &Options,
    table: &mut Table,
    subject: Subject,
    profile: Profile,
    edits: usize,
) -> Result<()> {
    let what = format!("{}, {}", subject.name(), profile.name());
    eprintln!("… {what}");
    let folder = options.work.join("edit").join(subject.folder());
    // One target folder: what the three depend on is compiled once.
    let target = options.work.join("target");
    let lay = |copy: &str| {
        let name = format!("{}_{copy}", subject.folder());
        let files = subject.files(&name)?;
        Project::lay(&folder.join(copy), &target, &name, &files)
    };
    let (live, bare, again) = (lay("live")?, lay("bare")?, lay("again")?);
    let ports = [free_port()?, free_port()?];

    let all = subject.edit(0, 0, &bare.name)?.crates;
    let captured = Captured::new(&options.hot, &bare, profile, &all)?;
    again.build(profile)?;
    let mut server = Some(Server::start(&again.executable(profile), ports[1])?);
    let first = wait_for(ports[1], |_| true)?;
    let address = format!("127.0.0.1:{}", ports[0]);
    let mut tool = Tool::run(&options.hot, &live, profile, &["--addr", &address])?;
    tool.wait("running")?;
    let answer = wait_for(ports[0], |_| true)?;
    if answer != first {
        bail!("two copies of one program answer {answer:?} and {first:?}");
    }
    let mut sum = answer.strip_prefix("total ").map_or(Ok(0), str::parse::<u64>)?;

    let (mut lives, mut bares, mut agains, mut bytes) = (vec![], vec![], vec![], vec![]);
    let mut split = [const { Vec::new() }; 4];
    let begun = Instant::now();
    for n in 0..edits {
        if n >= FEWEST && options.hurry() && begun.elapsed() > options.late / LONGEST {
            break;
        }
        let edit = subject.edit(n, sum, &live.name)?;
        // Who comes first changes, so that none always has the disk that another has just filled.
        for turn in 0..3 {
            match (n + turn) % 3 {
                0 => {
                    let begun = Instant::now();
                    live.edit(&edit.file, &edit.old, &edit.new)?;
                    let applied = tool.wait("applied")?;
                    let answer = server::ask(ports[0]).context("the program does not answer")?;
                    lives.push(begun.elapsed().as_secs_f64() * 1e3);
                    if !answer.contains(&edit.wanted) {
                        bail!("{:?} was expected after {applied}, not {answer:?}", edit.wanted);
                    }
                    for (part, name) in split.iter_mut().zip(["detect", "rustc", "diff", "load"]) {
                        part.push(applied["ms"][name].as_f64().context("an event without times")?);
                    }
                    bytes.push(applied["bytes"].as_f64().context("an event without size")?);
                }
                1 => {
                    let crates = subject.edit(n, sum, &bare.name)?.crates;
                    bare.edit(&edit.file, &edit.old, &edit.new)?;
                    bares.push(captured.replay(&crates)?.as_secs_f64() * 1e3);
                }
                _ => {
                    again.edit(&edit.file, &edit.old, &edit.new)?;
                    let begun = Instant::now();
                    drop(server.take());
                    again.build(profile)?;
                    server = Some(Server::start(&again.executable(profile), ports[1])?);
                    wait_for(ports[1], |answer| answer.contains(&edit.wanted))?;
                    agains.push(begun.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
        sum = edit.wanted.strip_prefix("total ").map_or(Ok(0), str::parse::<u64>)?;
    }
    let [detect, rustc, diff, load] = split.map(|part| Spread::of(&part).median);
    let ms = Unit::Milliseconds;
    table.push(
        Row::ratio(format!("{what}: edit to live : bare rustc"), &lives, &bares, ms, Some(Goal(1.15)))
            .beside(&format!(
                "detect {detect:.0}, rustc {rustc:.0}, diff {diff:.0}, load {load:.0}; first save {:.0} ms",
                lives[0]
            )),
    );
    let name = format!("{what}: edit to live : `cargo build` and restart");
    table.push(Row::ratio(name, &lives, &agains, ms, Some(Goal(0.4))));
    let goal = Some(Goal(65536.0));
    table.push(Row::amount(format!("{what}: a one-line patch"), &bytes, Unit::Bytes, goal));
    Ok(())
}

impl Subject {
    fn name(self) -> String {
        match self {
            Subject::Example => "the example".to_owned(),
            Subject::Generated(lines, _) => format!("5 crates, {lines} lines"),
        }
    }

    fn folder(self) -> String {
        match self {
            Subject::Example => "live".to_owned(),
            Subject::Generated(lines, _) => format!("synthetic{lines}"),
        }
    }

    fn files(self, name: &str) -> Result<Vec<(String, String)>> {
        match self {
            Subject::Example => example(name, Hot::On),
            Subject::Generated(_, workspace) => Ok(workspace.files(name)),
        }
    }

    /// The `n`th edit, when the answer was `sum` before; of the program of this name.
    fn edit(self, n: usize, sum: u64, program: &str) -> Result<Edit> {
        Ok(match self {
            Subject::Example => {
                let text = |n: usize| match n {
                    0 => "Counter: {value}".to_owned(),
                    n => format!("Counter {n}: {{value}}"),
                };
                Edit {
                    file: "src/counter.rs".to_owned(),
                    old: text(n),
                    new: text(n + 1),
                    crates: vec![program.to_owned()],
                    wanted: format!("Counter {}: 0", n + 1),
                }
            }
            Subject::Generated(_, workspace) => {
                let (at, file, first) = workspace.place(n);
                // How often this line was edited before.
                let round = (n / (workspace.modules * crate::synthetic::CRATES)) as u64;
                let (old, new) = (first + round * 1000, first + (round + 1) * 1000);
                Edit {
                    file,
                    old: Workspace::line(old),
                    new: Workspace::line(new),
                    crates: Workspace::affected(at, program),
                    wanted: format!("total {}", sum.wrapping_add(new - old)),
                }
            }
        })
    }
}

/// The files of the repository's example, as a package on its own.
pub fn example(name: &str, hot: Hot) -> Result<Vec<(String, String)>> {
    let folder = repository().join("examples/live");
    let read = |file: &str| {
        fs::read_to_string(folder.join(file)).with_context(|| format!("failed to read {file}"))
    };
    let mut manifest = String::new();
    for line in read("Cargo.toml")?.lines() {
        match line {
            "name = \"live\"" => manifest += &format!("name = {name:?}\n"),
            "version.workspace = true" => manifest += "version = \"0.1.0\"\n",
            "edition.workspace = true" => manifest += "edition = \"2024\"\n",
            "hot.workspace = true" => manifest += &hot.dependency(),
            "[lints]" => manifest += "[workspace]\n",
            line if line.ends_with("workspace = true") => {}
            line => manifest += &format!("{line}\n"),
        }
    }
    let mut files = vec![("Cargo.toml".to_owned(), manifest)];
    for file in ["src/main.rs", "src/counter.rs"] {
        files.push((file.to_owned(), read(file)?));
    }
    Ok(files)
}
