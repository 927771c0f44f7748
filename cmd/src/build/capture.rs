//! How rustc's command lines are got: hot stands in as cargo's `RUSTC_WRAPPER`.
//!
//! While cargo builds, it runs `hot <rustc> <arguments>` for each crate. Woken with [`DIR`] in its
//! environment, hot writes the command down, one file a crate under its key
//! (`shop-1a2b3c.json`), and becomes the compiler. A crate that is fresh is not compiled, so the
//! files are kept from build to build, beside the artifacts that they made.
//!
//! A command of the user's own may call any cargo in any folder. Then the place is not known
//! before: woken with [`LOG`], hot keeps each record where `hot run` would have kept it, beside the
//! artifact ([`Facts::store`]), and notes it in the log.
//!
//! Beside a record of what is linked lies the command line of the linker (`shop-1a2b3c.link`),
//! which names the libraries.
//!
//! A wrapper that was there before (in the environment, or in cargo's configuration) is kept: hot
//! hands the command on to it, and replays go through it too.

use super::command::{Facts, Record, name_of_key};
use super::config::Config;
use super::obstacle;
use anyhow::{Context, Result};
use rustix::process::{Signal, kill_process};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

/// Names the folder of the records; its presence makes hot a wrapper.
pub const DIR: &str = "HOT_CAPTURE_DIR";
/// Names the log of the records; its presence makes hot a wrapper too.
pub const LOG: &str = "HOT_CAPTURE_LOG";
/// Names the wrapper that was there before; empty when there shall be none.
pub const CHAIN: &str = "HOT_CAPTURE_CHAIN";

/// Names the profile whose settings are looked at before they cost a build; its presence makes hot
/// end cargo where no edit could go live.
pub const PROFILE: &str = "HOT_CAPTURE_PROFILE";
/// The file, in the folder of the records, that holds why hot has ended cargo.
const REFUSED: &str = ".refused";

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

/// Ends the cargo that has called if no edit could go live in what it builds, and says why in a file.
/// Whether it has.
fn refuse(keep: &Keep, command: &[OsString]) -> bool {
    let (Keep::In(folder), Ok(profile)) = (keep, std::env::var(PROFILE)) else { return false };
    let facts = record(command).ok().flatten().and_then(|record| record.facts());
    let why = facts.and_then(|facts| obstacle::of_command(&facts, &profile));
    if why.is_none_or(|why| std::fs::write(folder.join(REFUSED), why).is_err()) {
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
    fn folder(&self, facts: &Facts) -> Result<PathBuf> {
        match self {
            Keep::In(folder) => Ok(folder.clone()),
            Keep::Beside(_) => {
                let folder = facts.store();
                std::fs::create_dir_all(&folder)
                    .with_context(|| format!("failed to make {}", folder.display()))?;
                Ok(folder)
            }
        }
    }

    /// Notes that there is a record.
    fn note(&self, folder: &Path, key: &str) -> Result<()> {
        let Keep::Beside(log) = self else { return Ok(()) };
        // One short write at the end: those of several wrappers do not mix.
        let line = format!("{key}\t{}\n", folder.display());
        std::fs::File::options()
            .append(true)
            .create(true)
            .open(log)
            .and_then(|mut file| file.write_all(line.as_bytes()))
            .with_context(|| format!("failed to write to {}", log.display()))
    }
}

/// The record of a command, without its environment; `None` when it is not all UTF-8.
fn record(command: &[OsString]) -> Result<Option<Record>> {
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
    Ok(Some(Record {
        program: command[0].to_owned(),
        args,
        cwd: std::env::current_dir().context("the current directory is gone")?,
        env: BTreeMap::new(),
    }))
}

/// Records a command. Where rustc shall write the linker's command line, if it calls one.
fn write_down(keep: &Keep, command: &[OsString]) -> Result<Option<PathBuf>> {
    let Some(mut record) = record(command)? else { return Ok(None) };
    let Some(facts) = record.facts() else { return Ok(None) };
    let dir = keep.folder(&facts)?;
    record.env = environment();
    record.env.retain(|name, _| ![DIR, LOG, CHAIN, PROFILE].contains(&name.as_str()));
    let path = dir.join(format!("{}.json", facts.key));
    // Two commands at once have two keys, or are the same command: the process ID is enough.
    let fresh = dir.join(format!(".{}.{}", facts.key, std::process::id()));
    std::fs::write(&fresh, serde_json::to_vec(&record)?)
        .and_then(|()| std::fs::rename(&fresh, &path))
        .with_context(|| format!("failed to write {}", path.display()))?;
    keep.note(&dir, &facts.key)?;
    Ok((facts.is_binary() && facts.links).then(|| dir.join(format!("{}.link", facts.key))))
}

/// This process's environment, as far as it is UTF-8.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// What a command of the user's must find in its environment, so that each cargo it calls records
/// beside what it makes, noted in `log`, with `own` as the wrapper.
pub fn wrapper_anywhere(own: &Path, log: &Path) -> Vec<(&'static str, OsString)> {
    let mut variables = vec![("RUSTC_WRAPPER", own.into()), (LOG, log.into())];
    // That of a configuration is looked for where cargo is called.
    if let Some(chain) = wrapper_in_environment().filter(|chain| Path::new(chain) != own) {
        variables.push((CHAIN, chain));
    }
    variables
}

/// What the log tells: the keys of the records, and the folders that they are in.
pub fn noted(log: &Path) -> Vec<(String, PathBuf)> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = |line: &str| {
        let (key, folder) = line.split_once('\t')?;
        Some((key.to_owned(), PathBuf::from(folder)))
    };
    text.lines().filter_map(line).collect()
}

/// The records of one profile in one target folder. When that is the folder of another target
/// than the compiler's, those of what runs in the compiler may be kept with the compiler's target.
#[derive(Clone, Debug)]
pub struct Captures {
    /// The first is the one that `hot run` writes to.
    dirs: Vec<PathBuf>,
}

impl Captures {
    /// Opens the folder.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn open(dir: PathBuf) -> Result<Captures> {
        let captures = Captures { dirs: vec![dir] };
        captures.restore()?;
        Ok(captures)
    }

    /// Makes the folder that is written to anew if it is gone.
    ///
    /// # Errors
    /// When it cannot be made or written to.
    pub fn restore(&self) -> Result<()> {
        let Some(dir) = self.dirs.first() else { return Ok(()) };
        let own = dir.join(format!(".{}", std::process::id()));
        let write = || {
            std::fs::create_dir_all(dir)?;
            std::fs::write(&own, "")?;
            std::fs::remove_file(&own)
        };
        write().with_context(|| {
            format!(
                "failed to write to {}, where hot keeps how each crate is compiled; make room there, \
                 or choose another place with --target-dir",
                dir.display()
            )
        })
    }

    /// Reads what is in these folders.
    pub fn in_folders(dirs: Vec<PathBuf>) -> Captures {
        Captures { dirs }
    }

    /// What cargo must find in its environment to record into this folder, with `own` as the
    /// wrapper.
    pub fn wrapper(&self, own: &Path, config: &Config) -> Vec<(&'static str, OsString)> {
        let mut variables = vec![("RUSTC_WRAPPER", own.into())];
        variables.extend(self.dirs.first().map(|dir| (DIR, dir.clone().into_os_string())));
        if let Some(chain) = wrapper_before(config).filter(|chain| Path::new(chain) != own) {
            variables.push((CHAIN, chain));
        }
        variables
    }

    /// Forgets why cargo was ended before.
    pub fn allow(&self) {
        if let Some(dir) = self.dirs.first() {
            // It may not be there.
            let _ = std::fs::remove_file(dir.join(REFUSED));
        }
    }

    /// Returns why cargo was ended, if it was.
    pub fn refused(&self) -> Option<String> {
        std::fs::read_to_string(self.dirs.first()?.join(REFUSED)).ok()
    }

    /// The record of one crate.
    pub fn get(&self, key: &str) -> Option<Record> {
        let bytes = std::fs::read(self.path(key)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// When the crate was last seen compiled.
    pub fn time(&self, key: &str) -> Option<SystemTime> {
        modified(&self.path(key)?)
    }

    /// Says when the crate was last seen compiled.
    ///
    /// # Errors
    /// When there is no record, or its time cannot be set.
    pub fn set_time(&self, key: &str, time: SystemTime) -> std::io::Result<()> {
        let path = self.path(key).ok_or(std::io::ErrorKind::NotFound)?;
        std::fs::File::options().write(true).open(path)?.set_modified(time)
    }

    /// The keys that there are records of, for a crate of this name.
    pub fn keys(&self, crate_name: &str) -> Vec<String> {
        let is_meant = |key: &String| name_of_key(key) == crate_name;
        self.names(".json").into_iter().filter(is_meant).collect()
    }

    /// The keys of what was linked.
    pub fn linked(&self) -> Vec<String> {
        self.names(".link")
    }

    /// The linker's command line, as rustc has printed it.
    pub fn link_args(&self, key: &str) -> Option<String> {
        let path = self.path(key)?.with_file_name(format!("{key}.link"));
        std::fs::read_to_string(path).ok()
    }

    fn names(&self, extension: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .dirs
            .iter()
            .filter_map(|dir| std::fs::read_dir(dir).ok())
            .flat_map(|entries| entries.flatten())
            .filter_map(|entry| {
                Some(entry.file_name().to_str()?.strip_suffix(extension)?.to_owned())
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The newest record of the crate.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let paths = self.dirs.iter().map(|dir| dir.join(format!("{key}.json")));
        paths.filter_map(|path| Some((modified(&path)?, path))).max().map(|(_, path)| path)
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// The wrapper that cargo would use without hot: from the environment, then from its configuration.
fn wrapper_before(config: &Config) -> Option<OsString> {
    match wrapper_in_environment() {
        // Set but empty means none, whatever the configuration says.
        Some(value) => (!value.is_empty()).then_some(value),
        None => config.rustc_wrapper(),
    }
}

fn wrapper_in_environment() -> Option<OsString> {
    ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"].into_iter().find_map(std::env::var_os)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        write_down(&Keep::In(captures.dirs[0].clone()), &command).unwrap();
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
        assert_eq!(noted(&log), [("app-2e".to_owned(), folder.clone())]);
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
