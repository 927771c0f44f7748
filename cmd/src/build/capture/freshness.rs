//! The artifacts whose command line is known, and what to do about the others.
//!
//! Cargo compiles only what is not fresh, so a build may leave hot without the command of a crate:
//! it was compiled before, without hot. And a record may be out of date: another build, perhaps
//! with another command, came between. When an artifact was made is told by its dep-info file; the
//! record of the command gets the same time, so that a later start can compare the two.

use super::store::Captures;
use crate::build::cargo::{self, Artifact, Outcome, Selection, is_user};
use crate::build::path::{modified, same_file, twins};
use crate::build::rustc::{RustcInvocation, key_of_artifact};
use anyhow::{Context, Result};
use cargo_metadata::TargetKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Marks the records of what was just compiled as belonging to the artifacts that it made.
pub fn settle_all(captures: &Captures, outcome: &Outcome) {
    for artifact in outcome.artifacts.iter().filter(|a| is_user(&a.package)) {
        if !artifact.is_fresh
            && let Some(key) = key(captures, artifact)
        {
            settle(captures, &key);
        }
    }
}

/// The user's artifacts of which it is not known how cargo made them.
pub fn unknown<'a>(
    captures: &Captures,
    outcome: &'a Outcome,
    program: &Artifact,
) -> Vec<&'a Artifact> {
    let wanted = |a: &&Artifact| {
        let kinds = &a.kinds;
        a.source == program.source
            || kinds.iter().any(|kind| {
                matches!(
                    kind,
                    TargetKind::Lib | TargetKind::RLib | TargetKind::DyLib | TargetKind::ProcMacro
                )
            })
            // A build script's command may stay unknown, but is not taken for another one's.
            || kinds.contains(&TargetKind::CustomBuild)
                && key(captures, a).is_some_and(|key| !is_of_tree(captures, &key, a))
    };
    let known = |a: &Artifact| {
        key(captures, a)
            .is_some_and(|key| is_settled(captures, &key) && is_of_tree(captures, &key, a))
    };
    let user = outcome.artifacts.iter().filter(|a| is_user(&a.package));
    user.filter(wanted).filter(|a| !known(a)).collect()
}

/// The key of an artifact. Cargo may announce it by a name without the hash, but then it is
/// the same file as one that has it.
pub fn key(captures: &Captures, artifact: &Artifact) -> Option<String> {
    let files = || artifact.files.iter().map(PathBuf::as_path);
    if let Some(key) = files().filter_map(hashed_key).next() {
        return Some(key);
    }
    let crate_name = artifact.name.replace('-', "_");
    captures.keys(&crate_name).into_iter().find(|key| {
        let crate_args = captures.get(key).as_ref().and_then(RustcInvocation::crate_args);
        crate_args.is_some_and(|crate_args| {
            let outputs = crate_args.outputs();
            files().any(|file| outputs.iter().any(|output| same_file(output, file)))
        })
    })
}

/// Has cargo make these artifacts again: it does so when an output is missing.
pub fn make_stale(artifacts: &[&Artifact], selection: &Selection) -> Result<()> {
    let mut packages = Vec::new();
    for artifact in artifacts {
        let files = artifact.files.iter().map(PathBuf::as_path);
        let outputs: Vec<PathBuf> = files
            .flat_map(|file| match hashed_key(file) {
                Some(_) => vec![file.to_owned()],
                None if file.parent().is_some_and(|folder| folder.ends_with("deps")) => {
                    vec![file.to_owned()]
                }
                None => twins(file),
            })
            .collect();
        if outputs.is_empty() {
            packages.push(artifact.package.repr.clone());
        }
        for output in outputs {
            match std::fs::remove_file(&output) {
                // Two artifacts of one crate may have had the same twin.
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("failed to remove {}", output.display()));
                }
                _ => {}
            }
        }
    }
    if packages.is_empty() { Ok(()) } else { cargo::clean(selection, &packages) }
}

/// Marks the record of a crate that was just compiled as that of the artifact which it made.
pub fn settle(captures: &Captures, key: &str) {
    if let Some(time) = made(captures, key) {
        // If this fails the crate is compiled once more at the next start.
        let _ = captures.set_time(key, time);
    }
}

/// Reports whether the record of a crate is that of the artifact which is there.
pub fn is_settled(captures: &Captures, key: &str) -> bool {
    captures.time(key).is_some() && captures.time(key) == made(captures, key)
}

/// Reports whether a record is of the working tree that the artifact is of. Two trees of one
/// project that are built in one folder have the same keys.
fn is_of_tree(captures: &Captures, key: &str, artifact: &Artifact) -> bool {
    let record = captures.get(key);
    record.is_some_and(|record| record.manifest_dir() == Some(&artifact.folder))
}

/// Returns when the artifact of a crate was made.
pub fn made(captures: &Captures, key: &str) -> Option<SystemTime> {
    let crate_args = captures.get(key)?.crate_args()?;
    modified(&crate_args.dep_info())
}

/// The key in the name of an artifact, if it has a hash.
fn hashed_key(path: &Path) -> Option<String> {
    // The names of crates have no hyphens; the names of examples and programs may.
    key_of_artifact(path).filter(|key| key.contains('-') && path.extension().is_some())
}
