//! How rustc's command lines are got: hot stands in as cargo's `RUSTC_WRAPPER`.
//!
//! While cargo builds, it runs `hot <rustc> <arguments>` for each crate. Woken with [`DIR`] in its
//! environment, hot writes the command down, one file a crate under its key
//! (`shop-1a2b3c.json`), and becomes the compiler. A crate that is fresh is not compiled, so the
//! files are kept from build to build, beside the artifacts that they made.
//!
//! A command of the user's own may call any cargo in any folder. Then the place is not known
//! before: woken with [`LOG`], hot keeps each record where `hot run` would have kept it, beside the
//! artifact ([`CrateArgs::store`]), and notes it in the log.
//!
//! Beside a record of what is linked lies the command line of the linker (`shop-1a2b3c.link`),
//! which names the libraries.
//!
//! A wrapper that was there before (in the environment, or in cargo's configuration) is kept: hot
//! hands the command on to it, and replays go through it too.

use super::log;
use super::store::Captures;
use super::variables::{CHAIN, DIR, LOG, PROFILE};
use crate::build::cargo::Config;
use crate::build::rustc::{CrateArgs, RustcInvocation};
use crate::build::unsupported;
use anyhow::{Context, Result};
use rustix::process::{Signal, kill_process};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// If this process was started by cargo as a wrapper: records the command and becomes the
/// compiler. Returns only if it was not, or with the status of a failure.
pub fn intercept(args: &[OsString]) -> Option<ExitCode> {
    let keep = Keep::asked()?;
    // Cargo gives the compiler by its path or plain name; a person's first word to hot is a
    // subcommand or a flag, and no compiler is called so.
    let compiler = args.get(1)?.to_str()?;
    if compiler.starts_with('-')
        || matches!(compiler, "run" | "list" | "exec" | "doctor" | "help" | "hot")
    {
        return None;
    }
    let chain = match std::env::var_os(CHAIN) {
        Some(chain) => Some(chain).filter(|chain| !chain.is_empty()),
        None => keep.chain(),
    };
    let command: Vec<OsString> = chain.into_iter().chain(args[1..].iter().cloned()).collect();
    if refuse(&keep, &command) {
        return Some(ExitCode::FAILURE);
    }
    let links = write_down(&keep, &command).unwrap_or_else(|error| {
        // The build itself must not suffer: hot says later that it lacks the command.
        eprintln!("hot: failed to record a command of rustc: {error:#}");
        None
    });
    let mut rustc = Command::new(&command[0]);
    rustc.args(&command[1..]);
    if let Some(links) = links {
        let mut ask = OsString::from("--print=link-args=");
        ask.push(links);
        rustc.arg(ask);
    }
    for name in [DIR, LOG, CHAIN, PROFILE] {
        rustc.env_remove(name);
    }
    let error = rustc.exec();
    eprintln!("hot: failed to execute {}: {error}", command[0].display());
    Some(ExitCode::FAILURE)
}

/// Ends the cargo that has called if no edit could go live in what it builds, and writes the reason
/// to a file. Returns whether it has.
fn refuse(keep: &Keep, command: &[OsString]) -> bool {
    let (Keep::In(folder), Ok(profile)) = (keep, std::env::var(PROFILE)) else { return false };
    let crate_args = record(command).ok().flatten().and_then(|record| record.crate_args());
    let why = crate_args.and_then(|crate_args| unsupported::of_command(&crate_args, &profile));
    if why.is_none_or(|why| Captures::in_folders(vec![folder.clone()]).refuse(&why).is_err()) {
        return false;
    }
    let cargo = rustix::process::getppid();
    // Said by its status alone it would be told as an error of this crate.
    cargo.is_some_and(|cargo| kill_process(cargo, Signal::TERM).is_ok())
}

/// Where a wrapper keeps what it records.
enum Keep {
    /// In this folder.
    In(PathBuf),
    /// Beside the artifacts; noted in this file.
    Beside(PathBuf),
}

impl Keep {
    fn asked() -> Option<Keep> {
        let path = |name| std::env::var_os(name).map(PathBuf::from);
        path(DIR).map(Keep::In).or_else(|| path(LOG).map(Keep::Beside))
    }

    /// The wrapper of the configuration, when nobody has looked for it before.
    fn chain(&self) -> Option<OsString> {
        match self {
            Keep::In(_) => None,
            // What applies depends on the folder that cargo was called in.
            Keep::Beside(_) => {
                let cargo = std::os::unix::process::parent_id();
                let cwd = std::fs::read_link(format!("/proc/{cargo}/cwd")).ok()?;
                Config::read(&cwd, &[]).rustc_wrapper()
            }
        }
    }

    /// The folder for the record of a command, which is there afterwards.
    fn folder(&self, crate_args: &CrateArgs) -> Result<PathBuf> {
        match self {
            Keep::In(folder) => Ok(folder.clone()),
            Keep::Beside(_) => {
                let folder = crate_args.store();
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("failed to make {}", folder.display()))?;
                Ok(folder)
            }
        }
    }

    /// Notes that there is a record.
    fn note(&self, folder: &Path, key: &str) -> Result<()> {
        let Keep::Beside(log) = self else { return Ok(()) };
        log::note(log, folder, key)
    }
}

/// The record of a command, without its environment; `None` when it is not all UTF-8.
fn record(command: &[OsString]) -> Result<Option<RustcInvocation>> {
    let Some(command) = command.iter().map(|a| a.to_str()).collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let mut args = Vec::new();
    for arg in &command[1..] {
        // A command that is too long for the system comes in a file that will be gone.
        match arg.strip_prefix('@') {
            Some(file) => args.extend(std::fs::read_to_string(file)?.lines().map(str::to_owned)),
            None => args.push((*arg).to_owned()),
        }
    }
    Ok(Some(RustcInvocation {
        program: command[0].to_owned(),
        args,
        cwd: std::env::current_dir().context("the current directory is gone")?,
        env: BTreeMap::new(),
    }))
}

/// Records a command. Where rustc shall write the linker's command line, if it calls one.
fn write_down(keep: &Keep, command: &[OsString]) -> Result<Option<PathBuf>> {
    let Some(mut record) = record(command)? else { return Ok(None) };
    let Some(crate_args) = record.crate_args() else { return Ok(None) };
    let dir = keep.folder(&crate_args)?;
    record.env = environment();
    record.env.retain(|name, _| ![DIR, LOG, CHAIN, PROFILE].contains(&name.as_str()));
    let path = dir.join(format!("{}.json", crate_args.key));
    // Two commands at once have two keys, or are the same command: the process ID is enough.
    let fresh = dir.join(format!(".{}.{}", crate_args.key, std::process::id()));
    std::fs::write(&fresh, serde_json::to_vec(&record)?)
        .and_then(|()| std::fs::rename(&fresh, &path))
        .with_context(|| format!("failed to write {}", path.display()))?;
    keep.note(&dir, &crate_args.key)?;
    Ok((crate_args.is_binary() && crate_args.links)
        .then(|| dir.join(format!("{}.link", crate_args.key))))
}

/// This process's environment, as far as it is UTF-8.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn records_are_found_by_crate_and_key() {
        let dir = tempfile::tempdir().unwrap();
        let captures = Captures::open(dir.path().join("hot/capture/debug")).unwrap();
        let command: Vec<OsString> = [
            "rustc",
            "--crate-name",
            "app",
            "--emit=link",
            "--out-dir",
            "/t",
            "-C",
            "extra-filename=-1f",
        ]
        .map(OsString::from)
        .to_vec();
        write_down(&Keep::In(dir.path().join("hot/capture/debug")), &command).unwrap();
        assert_eq!(captures.keys("app"), ["app-1f"]);
        assert!(captures.keys("ap").is_empty());
        let record = captures.get("app-1f").unwrap();
        assert_eq!((record.program.as_str(), record.args.len()), ("rustc", 7));
        let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(9);
        captures.set_time("app-1f", time).unwrap();
        assert_eq!(captures.time("app-1f"), Some(time));
    }

    #[test]
    fn records_beside_the_artifacts_are_noted_and_found() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let deps = dir.path().join("target/debug/deps");
        let command: Vec<OsString> = [
            "rustc",
            "--crate-name",
            "app",
            "--crate-type=bin",
            "--emit=dep-info,link",
            "--out-dir",
            deps.to_str().unwrap(),
            "-Cextra-filename=-2e",
        ]
        .map(OsString::from)
        .to_vec();
        let links = write_down(&Keep::Beside(log.clone()), &command).unwrap().unwrap();
        let folder = dir.path().join("target/hot/capture/debug");
        assert_eq!(links, folder.join("app-2e.link"));
        assert_eq!(log::noted(&log), [("app-2e".to_owned(), folder.clone())]);
        // An older record of the same crate, elsewhere.
        let other = Captures::open(dir.path().join("other")).unwrap();
        let old = dir.path().join("other/app-2e.json");
        std::fs::write(&old, "{}").unwrap();
        other.set_time("app-2e", SystemTime::UNIX_EPOCH).unwrap();
        let captures = Captures::in_folders(vec![dir.path().join("other"), folder]);
        assert_eq!(captures.get("app-2e").unwrap().args.len(), 7);
        std::fs::write(&links, "cc").unwrap();
        assert_eq!(captures.linked(), ["app-2e"]);
        assert_eq!(captures.link_args("app-2e").as_deref(), Some("cc"));
    }
}
