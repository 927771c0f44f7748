//! Compiles crates again by their own commands, without cargo.
//!
//! A command is replayed byte for byte, in its directory and environment: whatever differs could
//! throw away the incremental session. Only the link is left out (`-C linker` names a program
//! that does nothing), since the running executable stays as it is; the objects are taken from
//! the session instead.
//!
//! Cargo does not know of this. Its lock is held meanwhile, and its fingerprints of the crates are
//! removed, so that it takes them for stale whatever the times of the files say: a later build
//! by cargo is never wrong, at worst it compiles once more.

use super::cargo::plain;
use super::claim;
use super::flood::{self, Ration};
use super::graph::Unit;
use crate::interrupt::Interrupt;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::fs::{File, TryLockError};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Variables that belong to one run of cargo, or to hot.
const DROPPED: [&str; 3] = ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];

/// What rustc said about one crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// Whether it succeeded.
    pub success: bool,
    /// What it said, in order, without the lines that only count.
    pub diagnostics: Vec<Diagnostic>,
}

/// One thing that rustc says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// As rustc renders it, with colours.
    pub text: String,
    /// How grave it is.
    pub weight: Weight,
}

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It does not compile for this reason.
    Error,
    /// It compiles in spite of this.
    Warning,
    /// More about the errors: where they are explained.
    Note,
}

impl Compiled {
    /// The texts of one weight, in order.
    pub fn of(&self, weight: Weight) -> impl Iterator<Item = &str> {
        self.diagnostics.iter().filter(move |d| d.weight == weight).map(|d| d.text.as_str())
    }

    /// The errors without colours.
    pub fn plain_errors(&self) -> String {
        plain(self.of(Weight::Error).collect::<String>().as_bytes())
    }
}

/// Cargo's lock on a build folder, held as long as this lives.
#[derive(Debug)]
pub struct BuildLock {
    _file: File,
}

impl BuildLock {
    /// Takes the lock, waiting for a cargo that holds it. `None` when interrupted meanwhile.
    ///
    /// # Errors
    /// When the lock's file cannot be opened.
    pub fn take(build_dir: &Path, interrupt: &Interrupt) -> Result<Option<BuildLock>> {
        let path = build_dir.join(".cargo-lock");
        let told = || format!("failed to lock {}", path.display());
        let file = claim::open(&path).with_context(told)?;
        while !interrupt.requested() {
            match file.try_lock() {
                Ok(()) => return Ok(Some(BuildLock { _file: file })),
                Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
                Err(TryLockError::Error(error)) => return Err(error).with_context(told),
            }
        }
        Ok(None)
    }
}

/// What stands in for the linker.
#[derive(Clone, Copy, Debug)]
pub enum Linker<'a> {
    /// A program that does nothing and succeeds.
    Idle(&'a Path),
    /// Hot itself, which copies the objects into the folder ([`super::kept`]).
    Keeps {
        /// The executable of hot.
        own: &'a Path,
        /// The folder.
        folder: &'a Path,
    },
}

/// Compiles one unit again.
///
/// # Errors
/// When rustc cannot be started. That it refuses the source is a [`Compiled`] without success.
pub fn compile(unit: &Unit, linker: Linker<'_>, interrupt: &Interrupt) -> Result<Compiled> {
    let record = &unit.record;
    let mut command = Command::new(&record.program);
    command.args(&record.args);
    let (program, folder) = match linker {
        Linker::Idle(program) => (program, None),
        Linker::Keeps { own, folder } => (own, Some(folder)),
    };
    if !unit.facts.is_rlib() {
        command.arg("-C").arg(format!("linker={}", program.display()));
    }
    command
        .current_dir(&record.cwd)
        .env_clear()
        .envs(
            record
                .env
                .iter()
                .filter(|(name, _)| !DROPPED.contains(&name.as_str()) && !name.starts_with("HOT_")),
        )
        .envs(folder.map(|folder| (super::kept::DIR, folder)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child =
        command.spawn().with_context(|| format!("failed to start {}", record.program))?;
    let Some(stderr) = child.stderr.take() else { unreachable!("it was asked for as a pipe") };
    let (compiled, status) = std::thread::scope(|scope| {
        let reader = scope.spawn(move || read_diagnostics(BufReader::new(stderr)));
        let status = interrupt.wait(&mut child);
        (reader.join(), status)
    });
    let Ok(mut compiled) = compiled else {
        anyhow::bail!("the thread that read rustc's output failed")
    };
    let status = status.with_context(|| format!("failed to wait for {}", record.program))?;
    compiled.success = status.success();
    if !compiled.success && compiled.of(Weight::Error).next().is_none() {
        let text = format!("error: rustc failed on {} ({status})\n", unit.name);
        compiled.diagnostics.push(Diagnostic { text, weight: Weight::Error });
    }
    Ok(compiled)
}

/// Makes cargo take the unit for stale: without the list of a unit's files it trusts nothing.
pub fn distrust(unit: &Unit) {
    let (Some(package), Some((_, hash))) =
        (unit.record.env.get("CARGO_PKG_NAME"), unit.key.rsplit_once('-'))
    else {
        return;
    };
    let folder = unit.facts.build_dir().join(".fingerprint").join(format!("{package}-{hash}"));
    let Ok(files) = std::fs::read_dir(folder) else { return };
    for file in files.flatten().filter(|f| f.file_name().to_string_lossy().starts_with("dep-")) {
        // What cannot be removed is still older than the source that was just saved.
        let _ = std::fs::remove_file(file.path());
    }
}

#[derive(Deserialize)]
struct Line {
    rendered: Option<String>,
    level: Option<String>,
    #[serde(default)]
    message: String,
}

/// How one of rustc's objects begins.
const OBJECT: &[u8] = br#"{"$message_type""#;

/// Rustc writes one JSON object a line; what is none (a panic of the compiler) is kept as it is.
fn read_diagnostics(from: impl BufRead) -> Compiled {
    let mut compiled = Compiled::default();
    let [mut errors, mut warnings, mut notes] = [(); 3].map(|()| Ration::default());
    for line in flood::lines(from).map_while(Result::ok) {
        let Some(line) = line else {
            errors.leave_out();
            continue;
        };
        // What the compiler's libraries say has no line of its own: `rustc-LLVM ERROR: {"$mess…`.
        let start = line.windows(OBJECT.len()).position(|part| part == OBJECT).unwrap_or(0);
        let (before, line) = line.split_at(start);
        let text = String::from_utf8_lossy(before).trim_end().to_owned() + "\n";
        if !before.is_empty() && errors.admits(&text) {
            compiled.diagnostics.push(Diagnostic { text, weight: Weight::Error });
        }
        let (text, weight) = match serde_json::from_slice::<Line>(line) {
            Ok(Line { message, .. }) if only_counts(&message) => continue,
            Ok(Line { rendered: Some(text), level, .. }) => match level.as_deref() {
                Some(level) if level.starts_with("error") => (text, Weight::Error),
                Some("failure-note") => (text, Weight::Note),
                _ => (text, Weight::Warning),
            },
            Ok(_) => continue,
            Err(_) => (String::from_utf8_lossy(line).into_owned() + "\n", Weight::Error),
        };
        let ration = match weight {
            Weight::Error => &mut errors,
            Weight::Warning => &mut warnings,
            Weight::Note => &mut notes,
        };
        if ration.admits(&text) {
            compiled.diagnostics.push(Diagnostic { text, weight });
        }
    }
    let rests = [(warnings, "warning", Weight::Warning), (errors, "error", Weight::Error)];
    for (ration, what, weight) in rests {
        let rest = ration.rest(what).map(|text| Diagnostic { text, weight });
        compiled.diagnostics.extend(rest);
    }
    compiled
}

/// Whether a message only counts what was said before it. Cargo leaves these out as well.
fn only_counts(message: &str) -> bool {
    message.starts_with("aborting due to ")
        || message.ends_with(" warning emitted")
        || message.ends_with(" warnings emitted")
}

/// A program that does nothing and succeeds, to stand in for the linker.
///
/// # Errors
/// When there is no `true` on the path.
pub fn idle_program() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/bin".into(), "/usr/bin".into()])
        .map(|folder| folder.join("true"))
        .find(|file| file.is_file())
        .context(
            "failed to find the program `true` on PATH; hot needs it to compile without linking",
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_told_apart() {
        let text = concat!(
            r#"{"$message_type":"artifact","artifact":"/t/a.d","emit":"dep-info"}"#,
            "\n",
            r#"{"$message_type":"diagnostic","level":"warning","message":"w","rendered":"W\n"}"#,
            "\n",
            r#"{"$message_type":"diagnostic","level":"error","rendered":"[31mE[0m\n"}"#,
            "\n",
            r#"{"level":"error","message":"aborting due to 1 previous error","rendered":"A\n"}"#,
            "\n",
            r#"{"level":"warning","message":"1 warning emitted","rendered":"C\n"}"#,
            "\n",
            r#"{"level":"failure-note","message":"For more","rendered":"F\n"}"#,
            "\n",
            "thread 'rustc' panicked\n",
            r#"LLVM ERROR: {"$message_type":"diagnostic","level":"error","rendered":"full\n"}"#,
            "\n",
        );
        let compiled = read_diagnostics(text.as_bytes());
        assert_eq!(compiled.of(Weight::Warning).collect::<Vec<_>>(), ["W\n"]);
        assert_eq!(compiled.of(Weight::Note).collect::<Vec<_>>(), ["F\n"]);
        let errors: Vec<&str> = compiled.of(Weight::Error).skip(1).collect();
        assert_eq!(errors, ["thread 'rustc' panicked\n", "LLVM ERROR:\n", "full\n"]);
        assert!(!compiled.plain_errors().contains("aborting"), "{compiled:?}");
    }

    /// Twenty megabytes of warnings, as many of errors: the first of both are there.
    #[test]
    fn of_a_flood_the_first_are_kept_and_the_others_counted() {
        let line = |level: &str, n: usize| {
            let rendered = format!("{level} {n}: {}\n", "x".repeat(2000));
            serde_json::json!({"level": level, "message": "m", "rendered": rendered}).to_string()
        };
        let all = ["warning", "error"].map(|level| (0..10_000).map(move |n| line(level, n)));
        let text = all.into_iter().flatten().collect::<Vec<_>>().join("\n");
        assert!(text.len() > 40_000_000);
        let compiled = read_diagnostics(text.as_bytes());
        for (weight, name) in [(Weight::Warning, "warning"), (Weight::Error, "error")] {
            let said: Vec<&str> = compiled.of(weight).collect();
            let bytes: usize = said.iter().map(|text| text.len()).sum();
            assert!(bytes < flood::KEPT + 200 && bytes > flood::KEPT - 4000, "{bytes}");
            assert!(said[0].starts_with(&format!("{name} 0:")));
            let left_out = 10_000 - (said.len() - 1);
            let rest = format!("{name}: {left_out} more are not shown");
            assert!(said.last().unwrap().starts_with(&rest), "{:?}", said.last());
        }
    }

    #[test]
    fn the_lock_is_waited_for_but_not_beyond_an_interrupt() {
        let dir = tempfile::tempdir().unwrap();
        let interrupt = Interrupt::default();
        let held = BuildLock::take(dir.path(), &interrupt).unwrap().unwrap();
        std::thread::scope(|scope| {
            let waiting =
                scope.spawn(|| BuildLock::take(dir.path(), &interrupt).unwrap().is_some());
            std::thread::sleep(Duration::from_millis(30));
            assert!(!waiting.is_finished());
            drop(held);
            assert!(waiting.join().unwrap());
        });
        let _held = BuildLock::take(dir.path(), &interrupt).unwrap().unwrap();
        interrupt.request();
        assert!(BuildLock::take(dir.path(), &interrupt).unwrap().is_none());
    }
}
