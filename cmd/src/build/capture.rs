//! How rustc's command lines are got: hot stands in as cargo's `RUSTC_WRAPPER`.
//!
//! While cargo builds, it runs `hot <rustc> <arguments>` for each crate. Woken with [`DIR`] in its
//! environment, hot writes the command down, one file a crate under its key
//! (`shop-1a2b3c.json`), and becomes the compiler. A crate that is fresh is not compiled, so the
//! files are kept from build to build, beside the artifacts that they made.
//!
//! A wrapper that was there before (in the environment, or in cargo's configuration) is kept: hot
//! hands the command on to it, and replays go through it too.

use super::command::Record;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Names the folder of the records; its presence makes hot a wrapper.
pub const DIR: &str = "HOT_CAPTURE_DIR";
/// Names the wrapper that was there before.
pub const CHAIN: &str = "HOT_CAPTURE_CHAIN";
/// The file, in the folder of the records, that holds the environment hot itself was started in.
const BASE: &str = "environment.json";

/// If this process was started by cargo as a wrapper: records the command and becomes the
/// compiler. Returns only if it was not, or with the status of a failure.
pub fn intercept(args: &[OsString]) -> Option<ExitCode> {
    let dir = std::env::var_os(DIR)?;
    // Cargo gives the compiler by its path or plain name; a person's first word to hot is a
    // subcommand or a flag, and no compiler is called so.
    let compiler = args.get(1)?.to_str()?;
    if compiler.starts_with('-') || matches!(compiler, "run" | "list" | "exec" | "help") {
        return None;
    }
    let chain = std::env::var_os(CHAIN);
    let command: Vec<OsString> = chain.into_iter().chain(args[1..].iter().cloned()).collect();
    if let Err(error) = write_down(Path::new(&dir), &command) {
        // The build itself must not suffer: hot says later that it lacks the command.
        eprintln!("hot: failed to record a command of rustc: {error:#}");
    }
    let error =
        Command::new(&command[0]).args(&command[1..]).env_remove(DIR).env_remove(CHAIN).exec();
    eprintln!("hot: failed to execute {}: {error}", command[0].display());
    Some(ExitCode::FAILURE)
}

fn write_down(dir: &Path, command: &[OsString]) -> Result<()> {
    let Some(command) = command.iter().map(|a| a.to_str()).collect::<Option<Vec<_>>>() else {
        return Ok(());
    };
    let mut args = Vec::new();
    for arg in &command[1..] {
        // A command that is too long for the system comes in a file that will be gone.
        match arg.strip_prefix('@') {
            Some(file) => args.extend(std::fs::read_to_string(file)?.lines().map(str::to_owned)),
            None => args.push((*arg).to_owned()),
        }
    }
    let mut record = Record {
        program: command[0].to_owned(),
        args,
        cwd: std::env::current_dir().context("the current directory is gone")?,
        env: BTreeMap::new(),
        added: Vec::new(),
    };
    let Some(facts) = record.facts() else { return Ok(()) };
    let base: BTreeMap<String, String> = std::fs::read(dir.join(BASE))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    record.env = environment();
    record.env.retain(|name, _| name != DIR && name != CHAIN);
    record.added = record
        .env
        .iter()
        .filter(|(name, value)| base.get(*name) != Some(value))
        .map(|(name, _)| name.clone())
        .collect();
    let path = dir.join(format!("{}.json", facts.key));
    // Two commands at once have two keys, or are the same command: the process ID is enough.
    let fresh = dir.join(format!(".{}.{}", facts.key, std::process::id()));
    std::fs::write(&fresh, serde_json::to_vec(&record)?)
        .and_then(|()| std::fs::rename(&fresh, &path))
        .with_context(|| format!("failed to write {}", path.display()))
}

/// This process's environment, as far as it is UTF-8.
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// The records of one profile in one target folder.
#[derive(Clone, Debug)]
pub struct Captures {
    dir: PathBuf,
}

impl Captures {
    /// Opens the folder, and notes the environment that this process was started in.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn open(dir: PathBuf) -> Result<Captures> {
        let write = || {
            std::fs::create_dir_all(&dir)?;
            std::fs::write(dir.join(BASE), serde_json::to_vec(&environment())?)
        };
        write().with_context(|| format!("failed to write to {}", dir.display()))?;
        Ok(Captures { dir })
    }

    /// What cargo must find in its environment to record into this folder, with `own` as the
    /// wrapper. `cwd` is where cargo runs, which decides on its configuration.
    pub fn wrapper(&self, own: &Path, cwd: &Path) -> Vec<(&'static str, OsString)> {
        let mut variables =
            vec![("RUSTC_WRAPPER", own.into()), (DIR, self.dir.clone().into_os_string())];
        if let Some(chain) = wrapper_before(cwd).filter(|chain| Path::new(chain) != own) {
            variables.push((CHAIN, chain));
        }
        variables
    }

    /// The record of one crate.
    pub fn get(&self, key: &str) -> Option<Record> {
        let bytes = std::fs::read(self.path(key)).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// When the crate was last seen compiled.
    pub fn time(&self, key: &str) -> Option<std::time::SystemTime> {
        std::fs::metadata(self.path(key)).ok()?.modified().ok()
    }

    /// Says when the crate was last seen compiled.
    ///
    /// # Errors
    /// When there is no record, or its time cannot be set.
    pub fn set_time(&self, key: &str, time: std::time::SystemTime) -> std::io::Result<()> {
        std::fs::File::options().write(true).open(self.path(key))?.set_modified(time)
    }

    /// The keys that there are records of, for a crate of this name.
    pub fn keys(&self, crate_name: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Vec::new() };
        entries
            .flatten()
            .filter_map(|entry| {
                let key = entry.file_name().to_str()?.strip_suffix(".json")?.to_owned();
                (key.rsplit_once('-')?.0 == crate_name).then_some(key)
            })
            .collect()
    }

    fn path(&self, key: &str) -> PathBuf {
        self.dir.join(format!("{key}.json"))
    }
}

/// The wrapper that cargo would use without hot: from the environment, then from the configuration
/// files that apply in `cwd`, nearest first.
fn wrapper_before(cwd: &Path) -> Option<OsString> {
    for variable in ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"] {
        if let Some(value) = std::env::var_os(variable) {
            // Set but empty means none, whatever the configuration says.
            return (!value.is_empty()).then_some(value);
        }
    }
    configuration_files(cwd).find_map(|file| wrapper_in(&file))
}

/// Cargo's configuration files that apply in `cwd`, nearest first, those that exist.
pub fn configuration_files(cwd: &Path) -> impl Iterator<Item = PathBuf> {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let folders: Vec<PathBuf> =
        cwd.ancestors().map(|folder| folder.join(".cargo")).chain(home).collect();
    // Cargo prefers the name without an extension when both exist.
    folders.into_iter().filter_map(|folder| {
        ["config", "config.toml"].map(|name| folder.join(name)).into_iter().find(|p| p.is_file())
    })
}

fn wrapper_in(file: &Path) -> Option<OsString> {
    #[derive(Deserialize)]
    struct Config {
        build: Option<Build>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Build {
        rustc_wrapper: Option<String>,
    }
    let config: Config = toml::from_str(&std::fs::read_to_string(file).ok()?).ok()?;
    let wrapper = config.build?.rustc_wrapper?;
    if wrapper.contains('/') {
        // Relative paths count from the folder that holds `.cargo`.
        return Some(file.parent()?.parent()?.join(wrapper).into_os_string());
    }
    Some(wrapper.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapper_in_the_configuration_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        std::fs::create_dir(dir.path().join(".cargo")).unwrap();
        let file = dir.path().join(".cargo/config.toml");
        std::fs::write(&file, "[build]\nrustc-wrapper = \"sccache\"\n").unwrap();
        assert_eq!(configuration_files(&inner).next(), Some(file.clone()));
        assert_eq!(wrapper_in(&file), Some("sccache".into()));
        std::fs::write(&file, "build.rustc-wrapper = \"tools/wrap\"\n").unwrap();
        assert_eq!(wrapper_in(&file), Some(dir.path().join("tools/wrap").into()));
        std::fs::write(&file, "[net]\noffline = true\n").unwrap();
        assert_eq!(wrapper_in(&file), None);
    }

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
        write_down(&captures.dir, &command).unwrap();
        assert_eq!(captures.keys("app"), ["app-1f"]);
        assert!(captures.keys("ap").is_empty());
        let record = captures.get("app-1f").unwrap();
        assert_eq!((record.program.as_str(), record.args.len()), ("rustc", 7));
        assert!(record.added.is_empty(), "{:?}", record.added);
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(9);
        captures.set_time("app-1f", time).unwrap();
        assert_eq!(captures.time("app-1f"), Some(time));
    }
}
