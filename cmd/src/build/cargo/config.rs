//! Cargo's configuration: the files that apply, and what cargo does not tell of them.
//!
//! Cargo merges what its flags `--config`, the environment, the files `.cargo/config.toml` in the
//! current folder and those above, and the one of its home say, in this order, and what those
//! include after each. For a build it does that itself. But `cargo run` also takes the program's
//! environment and its *runner*, a command that the program is started through, from there; and a
//! change of one of these files is a change of the program, wherever they lie.

use crate::build::path::normal;
use anyhow::{Context, Result};
use cargo_platform::{Cfg, Platform};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use toml::{Table, Value};

/// The configuration that applies in one folder.
#[derive(Debug, Default)]
pub struct Config {
    /// The folder.
    cwd: PathBuf,
    /// The tables, the one that counts first at the beginning.
    said: Vec<Said>,
    /// The files, whether they exist or not.
    files: BTreeSet<PathBuf>,
}

/// The table of one file or flag.
#[derive(Debug)]
struct Said {
    /// The folder that relative paths count from.
    root: PathBuf,
    table: Table,
    /// True if it comes from a flag, which counts before the environment.
    is_flag: bool,
}

/// A variable of the table `[env]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: OsString,
    /// True if it counts even where the environment has one of its name.
    pub force: bool,
}

impl Config {
    /// Reads what applies in the current folder.
    ///
    /// # Errors
    /// When that is gone.
    pub fn here(flags: &[String]) -> Result<Config> {
        let cwd = std::env::current_dir().context("the current directory is gone")?;
        Ok(Config::read(&cwd, flags))
    }

    /// Reads what applies to a cargo that is called in this folder with these flags. What cannot be
    /// read says nothing: cargo tells of it.
    pub fn read(cwd: &Path, flags: &[String]) -> Config {
        let mut config = Config { cwd: cwd.to_owned(), ..Config::default() };
        let flags = flags.iter().filter_map(|flag| flag.strip_prefix("--config="));
        // Of several flags the last counts.
        for flag in flags.collect::<Vec<_>>().into_iter().rev() {
            let file = normal(&cwd.join(flag));
            if file.exists() {
                config.read_file(&file)
            } else {
                let table = flag.parse().unwrap_or_default();
                config.said.push(Said { root: cwd.to_owned(), table, is_flag: true });
            }
        }
        config.said.iter_mut().for_each(|said| said.is_flag = true);
        let above = cwd.ancestors().map(|folder| folder.join(".cargo"));
        for folder in above.chain(home()) {
            // Cargo prefers the name without an extension where both exist.
            let names = ["config", "config.toml"].map(|name| folder.join(name));
            if let Some(file) = names.iter().find(|file| file.is_file()) {
                config.read_file(file);
            }
            config.files.extend(names);
        }
        config
    }

    /// Reads a file, and after it those that it includes: of these, too, the last counts first.
    fn read_file(&mut self, file: &Path) {
        if !self.files.insert(file.to_owned()) {
            return;
        }
        let Some(table) = std::fs::read_to_string(file).ok().and_then(|text| text.parse().ok())
        else {
            return;
        };
        let included = included(&table);
        let above = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
        self.said.push(Said { root: above(&above(file)), table, is_flag: false });
        for path in included.iter().rev() {
            self.read_file(&normal(&above(file).join(path)));
        }
    }

    /// The files, whether they exist or not.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// The values under a path of keys, the one that counts first, each with its source.
    fn values<'a>(&'a self, keys: &'a [&str]) -> impl Iterator<Item = (&'a Said, &'a Value)> {
        self.said.iter().filter_map(move |said| {
            let (first, rest) = keys.split_first()?;
            let value =
                rest.iter().try_fold(said.table.get(*first)?, |value, key| value.get(key))?;
            Some((said, value))
        })
    }

    /// The variables of `[env]`.
    pub fn variables(&self) -> Vec<Variable> {
        let mut variables: Vec<Variable> = Vec::new();
        for (said, table) in self.values(&["env"]) {
            for (name, value) in table.as_table().into_iter().flatten() {
                let is = |key| value.get(key).and_then(Value::as_bool) == Some(true);
                let Some(text) = value.as_str().or_else(|| value.get("value")?.as_str()) else {
                    continue;
                };
                if variables.iter().any(|known| known.name == *name) {
                    continue;
                }
                let value = if is("relative") {
                    said.root.join(text).into_os_string()
                } else {
                    text.into()
                };
                variables.push(Variable { name: name.clone(), value, force: is("force") });
            }
        }
        variables
    }

    /// The wrapper of rustc.
    pub fn rustc_wrapper(&self) -> Option<OsString> {
        let (said, value) = self.values(&["build", "rustc-wrapper"]).next()?;
        Some(program(&said.root, value.as_str()?))
    }

    /// The command that programs of this target are started through, and its arguments. `rustc`
    /// is asked for the configuration of the target only if there is a word about that.
    pub fn runner(&self, target: &str, rustc: impl FnOnce() -> Command) -> Option<Vec<OsString>> {
        let key = ["target", target, "runner"];
        let named = self.values(&key).next();
        if let Some((said, value)) = named.filter(|(said, _)| said.is_flag) {
            return command(&said.root, value);
        }
        let name = target.to_uppercase().replace(['-', '.'], "_");
        if let Ok(variable) = std::env::var(format!("CARGO_TARGET_{name}_RUNNER")) {
            return command(&self.cwd, &Value::String(variable));
        }
        if let Some((said, value)) = named {
            return command(&said.root, value);
        }
        let tables =
            self.values(&["target"]).filter_map(|(said, value)| Some((said, value.as_table()?)));
        let mut general = tables.flat_map(|(said, table)| {
            let kinds = table.iter().filter(|(name, _)| name.starts_with("cfg("));
            kinds.filter_map(move |(name, entry)| Some((said, name, entry.get("runner")?)))
        });
        let first = general.next()?;
        let cfgs = cfgs(&mut rustc());
        let applies = |(_, name, _): &(&Said, &String, &Value)| {
            Platform::from_str(name).is_ok_and(|platform| platform.matches(target, &cfgs))
        };
        let (said, _, value) = std::iter::once(first).chain(general).find(applies)?;
        command(&said.root, value)
    }
}

/// Cargo's home: its configuration, and what it has fetched.
pub fn home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))
}

/// The paths of a file's `include`: one, or several, each a text or a table.
fn included(table: &Table) -> Vec<String> {
    let path = |value: &Value| {
        let text = value.as_str().or_else(|| value.get("path")?.as_str());
        text.map(str::to_owned)
    };
    match table.get("include") {
        Some(Value::Array(all)) => all.iter().filter_map(path).collect(),
        Some(one) => path(one).into_iter().collect(),
        None => Vec::new(),
    }
}

/// A program's path. A plain name is looked for on PATH, as cargo does.
fn program(root: &Path, text: &str) -> OsString {
    if text.contains('/') { root.join(text).into_os_string() } else { text.into() }
}

/// A command, written as a text with spaces or as a list of words.
fn command(root: &Path, value: &Value) -> Option<Vec<OsString>> {
    let words: Vec<&str> = match value {
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        value => value.as_str()?.split_whitespace().collect(),
    };
    let (first, args) = words.split_first()?;
    let args = args.iter().map(OsString::from);
    Some(std::iter::once(program(root, first)).chain(args).collect())
}

/// The configuration of a target, as rustc prints it.
fn cfgs(rustc: &mut Command) -> Vec<Cfg> {
    let output = rustc.args(["--print", "cfg"]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().filter_map(|line| line.parse().ok()).collect()
}

/// The files besides sources that decide what cargo builds of these packages of a workspace, and
/// what they are. They need not exist.
pub fn manifests(
    root: &Path,
    packages: &BTreeSet<PathBuf>,
    config: &Config,
) -> Vec<(PathBuf, String)> {
    let mut files = vec![
        (root.join("Cargo.toml"), "a manifest".to_owned()),
        (root.join("Cargo.lock"), "the lock file".to_owned()),
    ];
    // Rustup looks for it in the current folder and those above, as cargo for its configuration.
    for folder in config.cwd.ancestors().chain([root]) {
        let names = ["rust-toolchain.toml", "rust-toolchain"].map(|name| folder.join(name));
        files.extend(names.map(|file| (file, "the choice of a toolchain".to_owned())));
    }
    files.extend(config.files().map(|file| (file.to_owned(), "cargo's configuration".to_owned())));
    files.extend(packages.iter().map(|p| (p.join("Cargo.toml"), "a manifest".to_owned())));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files in a folder, and the configuration that applies in a folder below.
    fn config(files: &[(&str, &str)], cwd: &str, flags: &[&str]) -> (tempfile::TempDir, Config) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let flags: Vec<String> = flags.iter().map(|flag| format!("--config={flag}")).collect();
        let config = Config::read(&dir.path().join(cwd), &flags);
        (dir, config)
    }

    fn value(config: &Config, name: &str) -> Option<String> {
        let variable = config.variables().into_iter().find(|variable| variable.name == name)?;
        variable.value.into_string().ok()
    }

    #[test]
    fn the_nearest_word_counts_and_an_included_one_after_it() {
        let (dir, config) = config(
            &[
                ("a/.cargo/config.toml", "[env]\nNEAR = \"1\"\nOF_BOTH = \"near\"\n"),
                (
                    ".cargo/config",
                    "include = [\"one.toml\", { path = \"two.toml\", optional = true }, \"gone.toml\"]\n\
                     [env]\nOF_BOTH = \"far\"\nFAR = { value = \"2\", force = true }\n\
                     PATH_OF = { value = \"x\", relative = true }\n",
                ),
                (".cargo/config.toml", "[env]\nNEVER = \"read\"\n"),
                (".cargo/one.toml", "[env]\nFAR = \"no\"\nINCLUDED = \"one\"\nONE = \"1\"\n"),
                (".cargo/two.toml", "include = \"one.toml\"\n[env]\nINCLUDED = \"two\"\n"),
                ("flags.toml", "[env]\nFLAG = \"file\"\nNEAR = \"flag\"\n"),
            ],
            "a",
            &["../flags.toml", "env.FLAG=\"word\""],
        );
        for (name, expected) in [
            ("NEAR", "flag"),
            ("FLAG", "word"),
            ("OF_BOTH", "near"),
            ("FAR", "2"),
            ("INCLUDED", "two"),
            ("ONE", "1"),
        ] {
            assert_eq!(value(&config, name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(value(&config, "NEVER"), None);
        let path = dir.path().join("x");
        assert_eq!(value(&config, "PATH_OF").as_deref(), path.to_str());
        assert!(config.variables().iter().all(|v| v.force == (v.name == "FAR")));
        let files: Vec<&Path> = config.files().collect();
        for file in [
            "a/.cargo/config.toml",
            "a/.cargo/config",
            ".cargo/config",
            ".cargo/config.toml",
            ".cargo/one.toml",
            ".cargo/gone.toml",
            "flags.toml",
        ] {
            assert!(files.contains(&&*dir.path().join(file)), "{file}: {files:?}");
        }
    }

    #[test]
    fn the_runner_is_that_of_the_target_or_of_its_kind() {
        let print = || {
            let mut echo = Command::new("sh");
            echo.args(["-c", "echo unix; echo 'target_os=\"linux\"'"]);
            echo
        };
        let words = |words: &[&str]| Some(words.iter().map(OsString::from).collect::<Vec<_>>());
        let text = "[target.'cfg(windows)']\nrunner = \"wine\"\n\
                    [target.'cfg(all(unix, target_os = \"linux\"))']\nrunner = \"tools/run  -v\"\n\
                    [target.there]\nrunner = [\"ssh\", \"a b\"]\n";
        let (dir, config) = config(&[(".cargo/config.toml", text)], "", &[]);
        let run = dir.path().join("tools/run");
        assert_eq!(config.runner("here", print), words(&[run.to_str().unwrap(), "-v"]));
        assert_eq!(config.runner("there", || unreachable!()), words(&["ssh", "a b"]));
        let (_dir, config) = self::config(&[], "", &["target.here.runner=\"time\""]);
        assert_eq!(config.runner("here", print), words(&["time"]));
        assert_eq!(config.runner("there", print), None);
    }

    #[test]
    fn a_wrapper_in_the_configuration_is_found() {
        let wrapper = |text| {
            let (dir, config) = config(&[(".cargo/config.toml", text)], "a/b", &[]);
            (config.rustc_wrapper(), dir)
        };
        let plain = wrapper("[build]\nrustc-wrapper = \"sccache\"\n").0;
        assert_eq!(plain, Some("sccache".into()));
        let (path, dir) = wrapper("build.rustc-wrapper = \"tools/wrap\"\n");
        assert_eq!(path, Some(dir.path().join("tools/wrap").into()));
        assert_eq!(wrapper("[net]\noffline = true\n").0, None);
    }
}
