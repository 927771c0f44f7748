//! Runs cargo, and keeps what it says.
//!
//! Cargo's own lines pass through to the terminal as they come, colours included; diagnostics come
//! as JSON, so that their text can be printed and also be told to whoever reads the events.

use super::output_budget::{self, OutputBudget};
use crate::build::usage::Usage;
use crate::interrupt::Interrupt;
use crate::screen;
use anyhow::{Context, Result};
use cargo_metadata::diagnostic::DiagnosticLevel;
use cargo_metadata::{Artifact, BuildScript, Message, Target};
use std::ffi::{OsStr, OsString};
use std::io::{BufReader, IsTerminal, Read, Write};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the user selected: cargo's own flags, sorted by the subcommands that take them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// All flags, as `cargo build` takes them.
    pub build: Vec<String>,
    /// Those that `cargo metadata` takes too.
    pub metadata: Vec<String>,
    /// Those that `cargo clean` takes too, besides the packages.
    pub clean: Vec<String>,
    /// The profile's name: `dev` unless another was chosen.
    pub profile: String,
    /// `--target`.
    pub target: Option<String>,
    /// `--target-dir`, which `cargo metadata` does not take.
    pub target_dir: Option<PathBuf>,
}

impl Selection {
    /// Whether this is a profile for development, where cargo compiles incrementally.
    pub fn is_dev(&self) -> bool {
        matches!(self.profile.as_str(), "dev" | "test")
    }

    /// How many compilers run at once: `--jobs`, where it is a number, or what the environment says,
    /// or one for each processor.
    pub fn jobs(&self) -> usize {
        let flag = self.build.iter().find_map(|flag| flag.strip_prefix("--jobs="));
        let said = flag.map(str::to_owned).or_else(|| std::env::var("CARGO_BUILD_JOBS").ok());
        let jobs = said.and_then(|jobs| jobs.parse().ok()).filter(|jobs| *jobs > 0);
        jobs.unwrap_or_else(default_jobs)
    }

    /// The folder of the profile below the target folder, with the target's when one was chosen.
    pub fn folder(&self) -> PathBuf {
        let profile = match self.profile.as_str() {
            "dev" | "test" => "debug",
            "bench" => "release",
            other => other,
        };
        match &self.target {
            // A target may be given as a JSON file: its stem names the folder.
            Some(target) => {
                Path::new(Path::new(target).file_stem().unwrap_or(OsStr::new(target))).join(profile)
            }
            None => profile.into(),
        }
    }
}

/// How many compilers run at once where nobody has said it.
pub fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// What a build said.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Whether everything was built.
    pub success: bool,
    /// Every artifact, also the fresh ones.
    pub artifacts: Vec<Artifact>,
    /// Every build script that was run, now or earlier.
    pub scripts: Vec<BuildScript>,
    /// Text of the errors, without colours, as far as it is kept; empty after a success.
    pub errors: String,
}

/// The cargo to call: the one that called us, if one did.
fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Asks cargo for the workspace.
///
/// # Errors
/// Cargo's own sentence when there is no usable workspace.
pub fn metadata(selection: &Selection) -> Result<cargo_metadata::Metadata> {
    let mut command = cargo();
    if let Some(dir) = &selection.target_dir {
        command.env("CARGO_TARGET_DIR", dir);
    }
    let output = command
        .args(["metadata", "--no-deps", "--format-version=1"])
        .args(&selection.metadata)
        .stdin(Stdio::null())
        .output()
        .context("failed to start cargo")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.trim_end();
        // Whoever shows it says that it is an error.
        anyhow::bail!("{}", said.strip_prefix("error: ").unwrap_or(said));
    }
    serde_json::from_slice(&output.stdout).context("failed to read what cargo metadata said")
}

/// What a build says while it goes on, besides cargo's own lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// A step that is hot's own.
    Note(&'a str),
    /// This crate is there, compiled now or before.
    Built(&'a str),
    /// A warning of the compiler about this target.
    Warning(&'a Target, &'a str),
    /// An error of the compiler, or more about one.
    Error(&'a str),
}

/// Who hears it. Compiler and cargo are read by threads of their own.
pub type Say<'a> = dyn FnMut(Said<'_>) + Send + 'a;

/// Runs `cargo build` with the selection and with `env` besides our own environment.
///
/// # Errors
/// When cargo cannot be started or its messages cannot be read. A build that fails is no error but
/// an [`Outcome`].
pub fn build(
    selection: &Selection,
    env: &[(&'static str, OsString)],
    interrupt: &Interrupt,
    say: &mut Say<'_>,
) -> Result<Outcome> {
    let mut command = cargo();
    command
        .args(["build", "--message-format=json-diagnostic-rendered-ansi"])
        .args(&selection.build)
        .envs(env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    if colours && std::env::var_os("CARGO_TERM_COLOR").is_none() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    let mut child = command.spawn().context("failed to start cargo")?;
    let (Some(stdout), Some(mut stderr)) = (child.stdout.take(), child.stderr.take()) else {
        unreachable!("both were asked for as pipes");
    };
    let (said, outcome, status) = std::thread::scope(|scope| {
        let said = scope.spawn(move || copy_to_stderr(&mut stderr));
        let outcome = scope.spawn(move || read_messages(BufReader::new(stdout), say));
        let status = interrupt.wait(&mut child);
        (said.join(), outcome.join(), status)
    });
    let (Ok(said), Ok(outcome)) = (said, outcome) else {
        anyhow::bail!("a thread that read cargo's output failed");
    };
    let mut outcome = outcome.context("failed to read cargo's messages")?;
    outcome.success = status.context("failed to wait for cargo")?.success();
    if outcome.success {
        outcome.errors.clear();
    } else if outcome.errors.is_empty() {
        outcome.errors = error_part(&plain(&said));
    }
    Ok(outcome)
}

/// Removes artifacts of packages, so that the next build makes them anew.
///
/// # Errors
/// When cargo cannot be started or refuses.
pub fn clean(selection: &Selection, packages: &[String]) -> Result<()> {
    let mut command = cargo();
    command.arg("clean").arg("--quiet").args(&selection.clean);
    for package in packages {
        command.args(["--package", package]);
    }
    let output = command.stdin(Stdio::null()).output().context("failed to start cargo")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo clean failed: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    Ok(())
}

/// Returns the artifact to run.
///
/// # Errors
/// [`Usage`] when there is none, or no saying which of several.
pub fn program<'a>(
    workspace: &cargo_metadata::Metadata,
    outcome: &'a Outcome,
) -> Result<&'a Artifact> {
    let programs: Vec<&Artifact> = outcome
        .artifacts
        .iter()
        .filter(|a| a.executable.is_some() && !a.profile.test)
        .filter(|a| a.target.is_bin() || a.target.is_example())
        .collect();
    if let [program] = programs[..] {
        return Ok(program);
    }
    let default = |a: &&&Artifact| {
        let package = workspace.packages.iter().find(|p| p.id == a.package_id);
        package.is_some_and(|p| p.default_run.as_ref() == Some(&a.target.name))
    };
    let defaults: Vec<_> = programs.iter().filter(default).collect();
    if let [program] = defaults[..] {
        return Ok(program);
    }
    if programs.is_empty() {
        return Err(Usage(
            "there is no program to run: a bin target must be available for `hot run`".into(),
        )
        .into());
    }
    let mut names: Vec<&str> = programs.iter().map(|a| a.target.name.as_str()).collect();
    names.sort_unstable();
    Err(Usage(format!(
        "`hot run` could not determine which binary to run. Use the `--bin` option to specify \
         a binary, or the `default-run` manifest key.\navailable binaries: {}",
        names.join(", ")
    ))
    .into())
}

/// Passes everything through and returns as much as is kept.
fn copy_to_stderr(from: &mut impl Read) -> Vec<u8> {
    // A line of progress may stand where this begins: it is wiped, and drawn anew below.
    let wipe: &[u8] = if std::io::stderr().is_terminal() { b"\r\x1b[2K" } else { b"" };
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if !screen::hold(&buffer[..n]) {
            // If our own stderr is gone there is nobody to tell.
            let _ = std::io::stderr().write_all(&[wipe, &buffer[..n]].concat());
        }
        all.extend_from_slice(&buffer[..n.min(output_budget::KEPT - all.len())]);
    }
    all
}

fn read_messages(from: impl std::io::BufRead, say: &mut Say<'_>) -> std::io::Result<Outcome> {
    let mut outcome = Outcome::default();
    let (mut errors, mut warnings) = (OutputBudget::default(), OutputBudget::default());
    for line in output_budget::lines(from) {
        let Some(line) = line? else {
            errors.leave_out();
            continue;
        };
        let Some(message) = Message::parse_stream(&*line).next() else { continue };
        match message? {
            Message::CompilerArtifact(artifact) => {
                say(Said::Built(&artifact.target.name));
                outcome.artifacts.push(artifact);
            }
            Message::BuildScriptExecuted(script) => outcome.scripts.push(script),
            Message::CompilerMessage(message) => {
                let Some(rendered) = message.message.rendered else { continue };
                match message.message.level {
                    DiagnosticLevel::Error | DiagnosticLevel::Ice => {
                        if !errors.admits(&rendered) {
                            continue;
                        }
                        say(Said::Error(&rendered));
                        outcome.errors.push_str(&plain(rendered.as_bytes()));
                    }
                    DiagnosticLevel::FailureNote => say(Said::Error(&rendered)),
                    _ if warnings.admits(&rendered) => {
                        say(Said::Warning(&message.target, &rendered));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    if let Some(rest) = warnings.rest("warnings") {
        say(Said::Note(rest.trim_end()));
    }
    if let Some(rest) = errors.rest("error") {
        say(Said::Error(&rest));
        outcome.errors.push_str(&rest);
    }
    Ok(outcome)
}

/// Text without colours.
pub fn plain(text: &[u8]) -> String {
    String::from_utf8_lossy(&anstream::adapter::strip_bytes(text).into_vec()).into_owned()
}

/// From the first line that begins with `error` to the end; everything if there is none.
fn error_part(said: &str) -> String {
    let start = said
        .split_inclusive('\n')
        .scan(0, |at, line| {
            let start = *at;
            *at += line.len();
            Some((start, line))
        })
        .find(|(_, line)| line.starts_with("error"));
    said[start.map_or(0, |(at, _)| at)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_as_cargo_names_them() {
        let selection = |profile: &str, target: Option<&str>| Selection {
            profile: profile.to_owned(),
            target: target.map(str::to_owned),
            ..Selection::default()
        };
        assert_eq!(selection("dev", None).folder(), Path::new("debug"));
        assert_eq!(selection("fast", None).folder(), Path::new("fast"));
        assert_eq!(selection("release", Some("a/my.json")).folder(), Path::new("my/release"));
        let wide = selection("dev", Some("x86_64-unknown-linux-gnu"));
        assert_eq!(wide.folder(), Path::new("x86_64-unknown-linux-gnu/debug"));
    }

    #[test]
    fn the_error_is_what_follows_the_progress() {
        assert_eq!(error_part("   Compiling a\nerror: bad\n\nhelp\n"), "error: bad\n\nhelp\n");
        assert_eq!(error_part("strange\n"), "strange\n");
    }
}
