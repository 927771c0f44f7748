//! The tool's own process: built, started, followed by its events, ended.

use crate::project::{Profile, Project, command, repository, run};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long an event is waited for: longer than any build.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Builds the tool as people install it. Where it is.
pub fn build() -> Result<PathBuf> {
    let target = repository().join("target");
    let mut cargo = command("cargo");
    cargo.args(["build", "--release", "--locked", "-p", "hot-cli", "--bin", "hot"]);
    cargo.arg("--target-dir").arg(&target).current_dir(repository());
    run(&mut cargo)?;
    Ok(target.join("release/hot"))
}

/// A running tool. Dropping it ends it, and the program with it.
#[derive(Debug)]
pub struct Tool {
    child: Child,
    events: PathBuf,
    said: PathBuf,
    taken: usize,
}

impl Tool {
    /// `hot run` of a project; the program gets these arguments.
    pub fn run(hot: &Path, project: &Project, profile: Profile, args: &[&str]) -> Result<Tool> {
        let mut tool = command(hot);
        tool.arg("run").arg("--manifest-path").arg(project.root.join("Cargo.toml"));
        tool.arg("--target-dir").arg(&project.target).args(["-p", &project.name]);
        tool.args(profile.flags());
        Tool::start(tool, project, args)
    }

    /// `hot exec` of a command.
    pub fn exec(hot: &Path, project: &Project, args: &[&str]) -> Result<Tool> {
        let mut tool = command(hot);
        tool.args(["exec", "--watch"]).arg(&project.root);
        Tool::start(tool, project, args)
    }

    fn start(mut tool: Command, project: &Project, args: &[&str]) -> Result<Tool> {
        let beside = |extension| {
            let path = project.root.with_extension(extension);
            // The last run's.
            let _ = fs::remove_file(&path);
            path
        };
        let (events, said) = (beside("events"), beside("said"));
        let output = fs::File::create(&said).context("failed to make a file")?;
        tool.args(["--no-tty", "--no-restart", "--events"]).arg(&events);
        tool.args(["--".as_ref()].into_iter().chain(args.iter().map(OsStr::new)));
        let child = tool
            .current_dir(&project.root)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .context("failed to start the tool")?;
        Ok(Tool { child, events, said, taken: 0 })
    }

    /// Waits for the next event of a kind; others are passed over.
    ///
    /// # Errors
    /// When the tool ends, or answers a save in a way that leaves nothing to wait for.
    pub fn wait(&mut self, kind: &str) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let ended = self.child.try_wait()?;
            let text = fs::read_to_string(&self.events).unwrap_or_default();
            // The last line may still be being written.
            let whole = text.rfind('\n').map_or("", |end| &text[..end]);
            let fresh: Vec<&str> = whole.lines().skip(self.taken).collect();
            for line in fresh {
                self.taken += 1;
                let event: Value = serde_json::from_str(line)?;
                match event["event"].as_str() {
                    Some(found) if found == kind => return Ok(event),
                    Some("building" | "running" | "change") => {}
                    _ => bail!("{kind} was expected of the tool, which reports {event}"),
                }
            }
            if let Some(status) = ended {
                let said = fs::read_to_string(&self.said).unwrap_or_default();
                bail!("the tool ended ({status}); it said:\n{said}");
            }
            if begun.elapsed() > PATIENCE {
                bail!("the tool did not report {kind} within {PATIENCE:?}");
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It ends its program too. If it has ended already there is nothing to ask.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}
