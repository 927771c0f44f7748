//! Runs cargo, and keeps what it says.
//!
//! Cargo's own lines pass through to the terminal as they come, colours included; diagnostics come
//! as JSON, so that their text can be printed and also be told to whoever reads the events.

use super::messages::{self, Artifact, Outcome, Say, plain};
use super::output_budget;
use super::selection::Selection;
use crate::build::usage::Usage;
use crate::interrupt::Interrupt;
use crate::screen;
use anyhow::{Context, Result};
use cargo_metadata::TargetKind;
use std::ffi::OsString;
use std::io::{BufReader, IsTerminal, Read, Write};
use std::process::{Command, Stdio};

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
        let outcome = scope.spawn(move || messages::read(BufReader::new(stdout), say));
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

/// Removes artifacts of packages, so that the next build makes them again.
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
        .filter(|a| a.executable.is_some() && !a.is_test)
        .filter(|a| a.kinds.contains(&TargetKind::Bin) || a.kinds.contains(&TargetKind::Example))
        .collect();
    if let [program] = programs[..] {
        return Ok(program);
    }
    let default = |a: &&&Artifact| {
        let package = workspace.packages.iter().find(|p| p.id == a.package);
        package.is_some_and(|p| p.default_run.as_ref() == Some(&a.name))
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
    let mut names: Vec<&str> = programs.iter().map(|a| a.name.as_str()).collect();
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
    // A line of progress may stand where this begins: it is wiped, and drawn again below.
    let wipe: &[u8] = if std::io::stderr().is_terminal() { b"\r\x1b[2K" } else { b"" };
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if !screen::hold(&buffer[..n]) {
            // If our own stderr is gone there is no one to tell.
            let _ = std::io::stderr().write_all(&[wipe, &buffer[..n]].concat());
        }
        all.extend_from_slice(&buffer[..n.min(output_budget::KEPT - all.len())]);
    }
    all
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
    fn the_error_is_what_follows_the_progress() {
        assert_eq!(error_part("   Compiling a\nerror: bad\n\nhelp\n"), "error: bad\n\nhelp\n");
        assert_eq!(error_part("strange\n"), "strange\n");
    }
}
