//! The bare commands of rustc by which cargo builds a program, for what an edit cannot be quicker
//! than.
//!
//! Cargo is made to report them by the tool itself, as its wrapper; each record has program,
//! arguments, folder and environment. A binary is compiled without its link, which a live edit
//! does not need either.

use crate::project::{Profile, Project, command, run};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The commands of a project's own crates.
#[derive(Debug)]
pub struct Captured {
    commands: BTreeMap<String, Value>,
}

impl Captured {
    /// Builds the project, `crates` afresh, and keeps their commands.
    pub fn new(hot: &Path, project: &Project, profile: Profile, crates: &[String]) -> Result<Self> {
        let log = project.root.with_extension("records");
        // The last run's.
        let _ = fs::remove_file(&log);
        project.build(profile)?;
        for source in sources(&project.root)? {
            // Newer than what was built from it.
            fs::File::options().append(true).open(&source)?.set_modified(now())?;
        }
        let mut cargo = project.cargo("build", profile);
        run(cargo.env("RUSTC_WRAPPER", hot).env("HOT_CAPTURE_LOG", &log))?;
        let mut commands = BTreeMap::new();
        for line in fs::read_to_string(&log).context("nothing was compiled")?.lines() {
            let Some((key, folder)) = line.split_once('\t') else { continue };
            let text = fs::read(Path::new(folder).join(format!("{key}.json")))?;
            let name = key.rsplit_once('-').map_or(key, |(name, _)| name);
            commands.insert(name.to_owned(), serde_json::from_slice(&text)?);
        }
        match crates.iter().find(|name| !commands.contains_key(*name)) {
            Some(missing) => bail!("cargo did not compile {missing}"),
            None => Ok(Captured { commands }),
        }
    }

    /// Runs the commands of these crates, one after another.
    pub fn replay(&self, crates: &[String]) -> Result<Duration> {
        let mut commands: Vec<Command> =
            crates.iter().map(|name| self.command(name)).collect::<Result<_>>()?;
        let begun = Instant::now();
        for command in &mut commands {
            run(command)?;
        }
        Ok(begun.elapsed())
    }

    fn command(&self, name: &str) -> Result<Command> {
        let record = &self.commands[name];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let args: Vec<String> = record["args"]
            .as_array()
            .context("a record without arguments")?
            .iter()
            .map(text)
            .collect();
        let is_binary = args.windows(2).any(|pair| pair == ["--crate-type", "bin"]);
        let mut rustc = command(text(&record["program"]));
        rustc.args(args).current_dir(text(&record["cwd"])).env_clear();
        for (name, value) in record["env"].as_object().context("a record without environment")? {
            if !name.ends_with("MAKEFLAGS") {
                rustc.env(name, text(value));
            }
        }
        if is_binary {
            rustc.args(["-C", "linker=/bin/true"]);
        }
        Ok(rustc)
    }
}

fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}

/// All sources below a folder.
fn sources(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    Ok(found)
}
