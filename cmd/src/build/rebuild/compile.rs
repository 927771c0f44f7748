//! Compiles crates again by their own commands, without cargo.
//!
//! A command is replayed byte for byte, in its directory and environment: whatever differs could
//! throw away the incremental session. Only the link is left out (`-C linker` names a program
//! that does nothing), since the running executable stays as it is; the objects are taken from
//! the session instead. (And [`super::rmeta_stub`] may take the place of rlibs.) Debug information
//! that rustc would pack for the executable stays in the files of its units.
//!
//! Cargo does not know of this. Its lock is held meanwhile, and it is made to take the crates for
//! stale, whatever the times of the files say ([`super::fingerprint`]): a later build by cargo is
//! never wrong, at worst it compiles once more.

use super::diagnostics::{self, Compiled, Diagnostic, Weight};
use crate::build::graph::Unit;
use crate::interrupt::Group;
use anyhow::{Context, Result};
use jobserver::Client;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Variables that belong to one run of cargo, or to hot.
const DROPPED: [&str; 3] = ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];

/// A stand-in for the linker.
#[derive(Clone, Copy, Debug)]
pub enum LinkerStandIn<'a> {
    /// A program that does nothing and succeeds.
    Idle(&'a Path),
    /// Hot itself, which copies the objects into the folder ([`super::object_cache`]).
    Keeps {
        /// The executable of hot.
        own: &'a Path,
        /// The folder.
        folder: &'a Path,
    },
}

/// Compiles one unit again, as one of a group, by its command with these arguments. `tokens` are
/// what the compilers that run at the same time share their threads by, where they do; `metadata`
/// is called when the crate's metadata is there.
///
/// # Errors
/// When rustc cannot be started. That it refuses the source is a [`Compiled`] without success.
pub fn compile(
    unit: &Unit,
    args: &[String],
    linker: LinkerStandIn<'_>,
    group: &Group<'_>,
    tokens: Option<&Client>,
    metadata: &mut (dyn FnMut() + Send),
) -> Result<Compiled> {
    let record = &unit.record;
    let mut command = Command::new(&record.program);
    command.args(args);
    let (program, folder) = match linker {
        LinkerStandIn::Idle(program) => (program, None),
        LinkerStandIn::Keeps { own, folder } => (own, Some(folder)),
    };
    if !unit.crate_args.is_rlib() {
        command.arg("-C").arg(format!("linker={}", program.display()));
        if unit.crate_args.packs() {
            // What it would pack are the units of an executable that is not made.
            command.args(["-C", "split-debuginfo=unpacked"]);
        }
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
        .envs(folder.map(|folder| (super::object_cache::DIR, folder)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if let Some(tokens) = tokens {
        tokens.configure(&mut command);
    }
    let mut child =
        command.spawn().with_context(|| format!("failed to start {}", record.program))?;
    let Some(stderr) = child.stderr.take() else { unreachable!("it was asked for as a pipe") };
    let (compiled, status) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| diagnostics::read(BufReader::new(stderr), metadata));
        let status = group.wait(&mut child);
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
