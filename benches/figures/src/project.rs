//! A program laid out in a folder, and what cargo does with it.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The folder of this repository.
pub fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).expect("it is two folders up").to_owned()
}

/// A profile of cargo's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Cargo's default.
    Dev,
    /// `--release`.
    Release,
}

impl Profile {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Dev => "dev",
            Profile::Release => "release",
        }
    }

    /// Its folder in the target folder.
    pub fn folder(self) -> &'static str {
        match self {
            Profile::Dev => "debug",
            Profile::Release => "release",
        }
    }

    /// The arguments for cargo and hot.
    pub fn flags(self) -> &'static [&'static str] {
        match self {
            Profile::Dev => &[],
            Profile::Release => &["--release"],
        }
    }
}

/// How a program depends on the crate `hot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hot {
    /// With its default features.
    On,
    /// With `default-features = false`: the attribute leaves functions as they are.
    Off,
}

impl Hot {
    /// The line of the manifest.
    pub fn dependency(self) -> String {
        let features = match self {
            Hot::On => "",
            Hot::Off => ", default-features = false",
        };
        format!("hot = {{ path = {:?}{features} }}\n", repository().join("hot"))
    }
}

/// A command without what would reach it from cargo, which may have started this program, or from
/// whoever did.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    let kept = ["CARGO_HOME", "CARGO_NET_", "CARGO_HTTP_", "CARGO_REGISTR"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = text.starts_with("CARGO") && !kept.iter().any(|k| text.starts_with(k));
        if ours || text.starts_with("HOT_") || text.starts_with("RUST_") || text == "RUSTFLAGS" {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs a command to its end; what it said is shown only if it fails.
pub fn run(command: &mut Command) -> Result<Duration> {
    let begun = Instant::now();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to start {command:?}"))?;
    let time = begun.elapsed();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?} failed ({}):\n{said}", output.status);
    }
    Ok(time)
}

/// A program in a folder of its own.
#[derive(Clone, Debug)]
pub struct Project {
    /// The folder.
    pub root: PathBuf,
    /// Cargo's target folder, which others may share.
    pub target: PathBuf,
    /// The name of the package with the program, and of the program.
    pub name: String,
}

impl Project {
    /// Lays out files in an empty folder, with the versions that the repository is tested with.
    pub fn lay(root: &Path, target: &Path, name: &str, files: &[(String, String)]) -> Result<Self> {
        let failed = || format!("failed to lay out {}", root.display());
        if root.exists() {
            fs::remove_dir_all(root).with_context(failed)?;
        }
        fs::create_dir_all(root).with_context(failed)?;
        fs::copy(repository().join("Cargo.lock"), root.join("Cargo.lock")).with_context(failed)?;
        let project =
            Project { root: root.to_owned(), target: target.to_owned(), name: name.to_owned() };
        for (file, text) in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap_or(root)).with_context(failed)?;
            fs::write(&path, text).with_context(failed)?;
        }
        Ok(project)
    }

    /// A call of cargo on the program.
    pub fn cargo(&self, subcommand: &str, profile: Profile) -> Command {
        let mut cargo = command("cargo");
        cargo.args([subcommand, "--manifest-path"]).arg(self.root.join("Cargo.toml"));
        cargo.arg("--target-dir").arg(&self.target).args(["-p", &self.name]);
        cargo.args(profile.flags()).current_dir(&self.root);
        cargo
    }

    /// Builds it, and says how long that took.
    pub fn build(&self, profile: Profile) -> Result<Duration> {
        run(&mut self.cargo("build", profile))
    }

    /// The executable.
    pub fn executable(&self, profile: Profile) -> PathBuf {
        self.target.join(profile.folder()).join(&self.name)
    }

    /// Its size in bytes.
    pub fn size(&self, profile: Profile) -> Result<u64> {
        let path = self.executable(profile);
        let of = fs::metadata(&path).with_context(|| format!("there is no {}", path.display()))?;
        Ok(of.len())
    }

    /// Changes a file in one save; `old` stands in it once.
    pub fn edit(&self, file: &str, old: &str, new: &str) -> Result<()> {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        if text.matches(old).count() != 1 {
            bail!("{} has not {old:?} exactly once", path.display());
        }
        let draft = path.with_extension("draft~");
        fs::write(&draft, text.replace(old, new))
            .and_then(|()| fs::rename(&draft, &path))
            .with_context(|| format!("failed to write {}", path.display()))
    }
}
