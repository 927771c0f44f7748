//! The libraries that are linked with the user's crates.

use super::unit_graph::Graph;
use crate::build::cargo::{Outcome, is_user};
use crate::build::rustc::RustcInvocation;
use crate::diff::Archives;
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Returns what is linked into the executable and not the user's own: archives of other languages,
/// rlibs, then those of the sysroot. Of the first kind are those that build scripts name, where
/// rustc hands them to the linker as they are; what it has put into an rlib is there a second time,
/// to no harm.
///
/// # Errors
/// When the sysroot's folder cannot be read.
pub fn archives(graph: &Graph, outcome: &Outcome, folder: &Path) -> Result<Archives> {
    let own: BTreeSet<PathBuf> = graph.units.iter().map(|unit| unit.crate_args.rlib()).collect();
    let is_rlib = |path: &Path| path.extension().is_some_and(|e| e == "rlib");
    let natives: Vec<PathBuf> =
        graph.units.iter().flat_map(|unit| unit.crate_args.native_archives()).collect();
    let rlibs: Vec<PathBuf> = outcome
        .artifacts
        .iter()
        .filter(|a| !is_user(&a.package))
        .flat_map(|a| a.files.iter().cloned())
        .filter(|path| is_rlib(path) && !own.contains(path))
        .chain(graph.runtime.iter().cloned())
        .filter(|path| graph.linkage.holds(path))
        .collect();
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("failed to read rustc's libraries in {}", folder.display()))?;
    let mut sysroot: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| is_rlib(path) && graph.linkage.holds(path))
        .collect();
    sysroot.sort();
    let shared = graph.linkage.shared.clone();
    Ok(Archives { paths: [natives, rlibs, sysroot].concat(), shared })
}

/// The compiler of a record, without arguments.
pub fn rustc(record: &RustcInvocation) -> Command {
    let mut rustc = Command::new(&record.program);
    if let Some(compiler) = record.args.first().filter(|first| !first.starts_with('-')) {
        // The program is a wrapper, and this the compiler.
        rustc.arg(compiler);
    }
    rustc.current_dir(&record.cwd);
    rustc
}

/// The folder of rustc's libraries for the target of a record.
///
/// # Errors
/// When rustc cannot say where it is.
pub fn sysroot(record: &RustcInvocation, target: Option<&str>) -> Result<PathBuf> {
    let mut question = rustc(record);
    question.args(["--print", "target-libdir"]);
    if let Some(target) = target {
        question.args(["--target", target]);
    }
    let output = question.output().context("failed to ask rustc for its libraries")?;
    Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()))
}

/// The target whose libraries are in this folder: `…/lib/rustlib/<target>/lib`.
pub fn target(sysroot: &Path) -> Option<&str> {
    sysroot.parent()?.file_name()?.to_str()
}
