//! Runs cargo on one crate, and reads its errors or what it has made.

use crate::sources::Source;
use anyhow::{Context, Result, ensure};
use hot_patch::abi;
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An error of the compiler, where it is in the crate's sources.
pub struct CompileError {
    pub file: PathBuf,
    pub line: usize,
    /// Its code and first line, without names.
    pub reason: String,
    pub rendered: String,
}

/// The outcome.
pub struct Outcome {
    pub errors: Vec<CompileError>,
    /// The library, when it was built.
    pub library: Option<PathBuf>,
}

/// Checks or builds the library of a crate; no errors where it compiles.
pub fn run(krate: &Source, build: bool) -> Result<Outcome> {
    let workspace = krate.folder.parent().context("a crate stands in the workspace")?;
    let output = Command::new("cargo")
        .arg(if build { "build" } else { "check" })
        .args(["--lib", "--message-format=json", "--no-default-features"])
        .args(["--features", &krate.features.join(",")])
        .current_dir(&krate.folder)
        .env("CARGO_TARGET_DIR", workspace.join("target"))
        .output()?;
    let manifest = krate.folder.join("Cargo.toml");
    let (mut errors, mut library) = (Vec::new(), None);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        if event["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest) {
            let files = event["filenames"].as_array().into_iter().flatten();
            let rlib = files.filter_map(Value::as_str).find(|file| file.ends_with(".rlib"));
            library = rlib.map(PathBuf::from).or(library);
        }
        let message = &event["message"];
        if message["level"] == "error" {
            errors.extend(read(message, workspace));
        }
    }
    ensure!(
        output.status.success() || !errors.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Outcome { errors, library })
}

/// How many functions of a library are hot: the entries in its objects. Those that were compiled under a
/// condition that does not hold are not among them.
pub fn count_entries(library: &Path) -> Result<usize> {
    let bytes = std::fs::read(library)?;
    let archive = ArchiveFile::parse(&*bytes)?;
    let mut size = 0;
    for member in archive.members() {
        let Ok(object) = object::File::parse(member?.data(&*bytes)?) else { continue };
        let entries = object.sections().filter(|section| section.name() == Ok("hot_entries"));
        size += entries.map(|section| section.size()).sum::<u64>();
    }
    Ok(usize::try_from(size)? / abi::ENTRY_SIZE)
}

/// A message without what stands between its back quotes, so that equal reasons are one.
fn without_names(message: &str) -> String {
    message.split('`').step_by(2).collect::<Vec<_>>().join("`…`")
}

/// One error for each place that the compiler calls primary.
fn read(message: &Value, workspace: &Path) -> Vec<CompileError> {
    let rendered = message["rendered"].as_str().unwrap_or_default().to_owned();
    let first = message["message"].as_str().unwrap_or_default().lines().next().unwrap_or_default();
    let reason = match message["code"]["code"].as_str() {
        Some(code) => format!("{code} {}", without_names(first)),
        None => without_names(first),
    };
    let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    let primary = spans.iter().filter(|span| span["is_primary"] == true);
    let places = primary.filter_map(|span| {
        let mut span = span;
        loop {
            // Of another crate: where its macro was called.
            let file = workspace.join(span["file_name"].as_str()?);
            if file.starts_with(workspace) {
                let line = span["line_start"].as_u64()?.try_into().ok()?;
                return Some((file, line));
            }
            span = &span["expansion"]["span"];
        }
    });
    places
        .map(|(file, line)| CompileError {
            file,
            line,
            reason: reason.clone(),
            rendered: rendered.clone(),
        })
        .collect()
}
