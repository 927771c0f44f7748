//! All figures of the project, by one command:
//!
//! ```text
//! cargo run --release --manifest-path benches/figures/Cargo.toml [-- --parts call,edit] [--long]
//! ```
//!
//! Each number is a ratio to a baseline that is measured in the same run, by turns with it, or stands
//! beside such a ratio. What is measured are programs of their own, laid out in a work folder and
//! built there; the tool is the one of this repository, built as people install it. The table goes
//! to stdout and to a file. Goals stand beside the values; nothing fails for being slow.

mod build;
mod call;
mod captured;
mod competitors;
mod edit;
mod latency;
mod machine;
mod many;
mod project;
mod proxy;
mod server;
mod spread;
mod synthetic;
mod table;
mod tool;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use table::{Row, Table};

/// Where the table begins in README.md.
const BEGIN: &str = "<!-- figures -->\n";
/// Where it ends.
const END: &str = "\n<!-- end of figures -->";

/// Measure what hot costs and how quick it is.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    sub: Option<Sub>,
    /// Only these parts
    #[arg(long, value_delimiter = ',', value_enum, default_values_t = Part::ALL)]
    parts: Vec<Part>,
    /// Take so many samples of each figure, instead of as many as suit it
    #[arg(long)]
    samples: Option<usize>,
    /// About how many minutes a usual run may take: what takes long is given the more samples
    #[arg(long, default_value_t = 12)]
    minutes: u64,
    /// Only what has this in its name, where a part measures one thing of several sizes or profiles
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Also the long ones: 200 000 lines, 100 000 functions, more in release; and all samples of
    /// the usual ones
    #[arg(long)]
    long: bool,
    /// Where the measured programs are laid out and built
    #[arg(long, value_name = "DIR")]
    work: Option<PathBuf>,
    /// The file that the table is written to, besides stdout [default: benches/FIGURES.md, of all parts]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Put the table into README.md too
    #[arg(long)]
    readme: bool,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Stand between the tool and a program, and write its patches to a file
    #[command(hide = true)]
    Proxy {
        file: PathBuf,
        #[arg(last = true)]
        program: Vec<OsString>,
    },
}

/// A part of the figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The cost of a call
    Call,
    /// Edit to live
    Edit,
    /// The same with other tools, where they are installed
    Competitors,
    /// The first build
    Build,
    /// Thousands of hot functions
    Many,
    /// The latency of calls during loads
    Latency,
}

impl Part {
    /// In the order in which they are measured: what takes longest comes last.
    const ALL: [Part; 6] =
        [Part::Call, Part::Latency, Part::Competitors, Part::Build, Part::Edit, Part::Many];
}

/// The options of all parts.
#[derive(Clone, Debug)]
struct Options {
    hot: PathBuf,
    work: PathBuf,
    samples: Option<usize>,
    /// After this time a usual run begins nothing more that takes minutes.
    late: Duration,
    only: String,
    long: bool,
    begun: Instant,
}

impl Options {
    /// Reports whether to leave out something that takes minutes: it was not asked for, or time is
    /// short, which the table says then.
    fn leave_out(&self, what: &str, table: &mut Table) -> bool {
        if !what.contains(&self.only) {
            return true;
        }
        let late = self.hurry() && self.begun.elapsed() > self.late;
        if late {
            let why = "left out, as the others took long; with `--long` it is measured";
            table.push(Row::text(what, why));
        }
        late
    }

    /// Reports whether fewer samples will do where one takes long.
    fn hurry(&self) -> bool {
        !self.long && self.samples.is_none()
    }
}

fn main() -> ExitCode {
    match Cli::parse() {
        Cli { sub: Some(Sub::Proxy { file, program }), .. } => {
            exit_code(proxy::run(&file, &program))
        }
        cli => exit_code(figures(cli)),
    }
}

fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("figures: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn figures(cli: Cli) -> Result<()> {
    let whole = Part::ALL.iter().all(|part| cli.parts.contains(part));
    let usual = || whole.then(|| project::repository().join("benches/FIGURES.md"));
    let output = cli.output.or_else(usual);
    let work = cli.work.unwrap_or_else(|| std::env::temp_dir().join("hot-figures"));
    std::fs::create_dir_all(&work).context("failed to make the work folder")?;
    let machine = machine::describe()?;
    eprintln!("… the tool");
    let options = Options {
        hot: tool::build()?,
        work: work.canonicalize()?,
        samples: cli.samples,
        late: Duration::from_secs(cli.minutes * 60),
        only: cli.only,
        long: cli.long,
        begun: Instant::now(),
    };
    let (mut table, mut failed) = (Table::default(), Vec::new());
    for part in cli.parts {
        let measure = match part {
            Part::Call => call::measure,
            Part::Edit => edit::measure,
            Part::Competitors => competitors::measure,
            Part::Build => build::measure,
            Part::Many => many::measure,
            Part::Latency => latency::measure,
        };
        let name = part.to_possible_value().context("each part has a name")?.get_name().to_owned();
        if let Err(error) = measure(&options, &mut table) {
            // In the table by its first line; the others can still be measured.
            let text = format!("{error:#}");
            eprintln!("figures: {name}: {text}");
            table.push(Row::text(name.clone(), format!("failed: {}", first_line(&text))));
            failed.push(name);
        }
    }
    let text = format!("{machine}\n\n{}", table.markdown());
    print!("# Figures\n\n{text}");
    if let Some(output) = output {
        std::fs::write(&output, format!("# Figures\n\n{text}"))
            .with_context(|| format!("failed to write {}", output.display()))?;
    }
    if cli.readme {
        let path = project::repository().join("README.md");
        let readme = std::fs::read_to_string(&path).context("failed to read README.md")?;
        std::fs::write(&path, between_marks(&readme, &text)?)
            .context("failed to write README.md")?;
    }
    if !failed.is_empty() {
        anyhow::bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// A text with something else between its two marks.
fn between_marks(text: &str, new: &str) -> Result<String> {
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| format!("there is no {BEGIN} … {END}"))?;
    Ok(format!("{before}{BEGIN}\n{new}{END}{after}"))
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_replaced_and_nothing_else() {
        let text = format!("a\n{BEGIN}old{END}\nb");
        let new = between_marks(&text, "new").expect("marks");
        assert_eq!(new, format!("a\n{BEGIN}\nnew{END}\nb"));
        assert_eq!(between_marks(&new, "new").expect("marks"), new);
        between_marks("no marks", "new").expect_err("no marks");
        let readme = std::fs::read_to_string(project::repository().join("README.md"));
        between_marks(&readme.expect("a README"), "").expect("it has the marks");
    }
}
