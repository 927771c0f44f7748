//! What surrounds the user's crates: the libraries that are linked with them, and the environment
//! that the program is run in.

use super::cargo::Outcome;
use super::command::Record;
use super::graph::{self, Graph};
use crate::diff::Archives;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is linked and not the user's own: archives of other languages, rlibs, then those of the
/// sysroot. Of the first kind are those that build scripts name, where rustc hands them to the linker
/// as they are; what it has put into an rlib is there a second time, to no harm.
///
/// # Errors
/// When rustc cannot say where they are.
pub fn archives(
    graph: &Graph,
    outcome: &Outcome,
    record: &Record,
    target: Option<&str>,
) -> Result<Archives> {
    let own: BTreeSet<PathBuf> = graph.units.iter().map(|unit| unit.facts.rlib()).collect();
    let is_rlib = |path: &Path| path.extension().is_some_and(|e| e == "rlib");
    let natives: Vec<PathBuf> =
        graph.units.iter().flat_map(|unit| unit.facts.native_archives()).collect();
    let rlibs: Vec<PathBuf> = outcome
        .artifacts
        .iter()
        .filter(|a| !graph::is_user(&a.package_id))
        .flat_map(|a| &a.filenames)
        .map(|f| f.as_std_path().to_owned())
        .filter(|path| is_rlib(path) && !own.contains(path))
        .chain(graph.runtime.iter().cloned())
        .collect();
    let mut question = Command::new(&record.program);
    if let Some(rustc) = record.args.first().filter(|first| !first.starts_with('-')) {
        // The program is a wrapper, and this the compiler.
        question.arg(rustc);
    }
    question.args(["--print", "target-libdir"]).current_dir(&record.cwd);
    if let Some(target) = target {
        question.args(["--target", target]);
    }
    let output = question.output().context("failed to ask rustc for its libraries")?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("failed to read rustc's libraries in {}", folder.display()))?;
    let mut sysroot: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| is_rlib(path)).collect();
    sysroot.sort();
    Ok(Archives { paths: [natives, rlibs, sysroot].concat() })
}

/// What `cargo run` adds to the environment of the program: what it gave rustc, without what
/// concerns the compilation alone, and the folders of native libraries.
pub fn program_env(record: &Record, outcome: &Outcome, target_dir: &Path) -> Vec<(String, String)> {
    const NOT_AT_RUN: [&str; 12] = [
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        "CARGO_MAKEFLAGS",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TERM_COLOR",
        "MAKEFLAGS",
        "MFLAGS",
        "OUT_DIR",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
    ];
    let linked = outcome
        .scripts
        .iter()
        .flat_map(|script| &script.linked_paths)
        .map(|path| path.as_str())
        .map(|path| path.split_once('=').map_or(path, |(_kind, path)| path).to_owned())
        .filter(|path| Path::new(path).starts_with(target_dir));
    let mut env: Vec<(String, String)> = record
        .added
        .iter()
        .filter(|name| !NOT_AT_RUN.contains(&name.as_str()) && !name.starts_with("HOT_"))
        .filter_map(|name| Some((name.clone(), record.env.get(name)?.clone())))
        .collect();
    let linked: Vec<String> = linked.collect();
    if !linked.is_empty() {
        let libraries = env.iter_mut().find(|(name, _)| name == "LD_LIBRARY_PATH");
        match libraries {
            Some((_, paths)) => *paths = format!("{}:{paths}", linked.join(":")),
            None => env.push(("LD_LIBRARY_PATH".to_owned(), linked.join(":"))),
        }
    }
    env
}
