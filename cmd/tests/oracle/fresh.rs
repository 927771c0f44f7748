//! The obvious, slower twin: the same source, built by cargo and started afresh.
//!
//! It is built without debug information, which changes no code and makes its link quick.

use crate::{line::Line, project::Project, tool::PATIENCE};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where and how it is built.
#[derive(Clone)]
pub struct Fresh {
    manifest: PathBuf,
    target: PathBuf,
    port: PathBuf,
}

/// A process that is ended with this.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Fresh {
    /// For a project.
    pub fn of(project: &Project) -> Fresh {
        let target = project.target().with_file_name("fresh");
        Fresh { manifest: project.manifest(), target, port: project.scratch("fresh-port") }
    }

    /// Builds, runs, and asks this. The errors of the build if it fails.
    pub fn ask(&self, question: &str) -> Result<String, String> {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "app", "--manifest-path"])
            .arg(&self.manifest)
            .arg("--target-dir")
            .arg(&self.target)
            .env_remove("RUSTFLAGS")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .output()
            .expect("cargo runs");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let mut child = Command::new(self.target.join("debug/app"));
        child.arg(&self.port).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for name in ["HOT_SOCKET", "HOT_WATCH"] {
            child.env_remove(name);
        }
        let _running = Running(child.spawn().expect("the fresh build runs"));
        let answer = connect(&self.port).ask(question);
        std::fs::remove_file(&self.port).expect("its port file goes");
        Ok(answer)
    }
}

fn connect(port: &Path) -> Line {
    let begin = Instant::now();
    loop {
        if let Some(line) = Line::open(port) {
            return line;
        }
        assert!(begin.elapsed() < PATIENCE, "the fresh build does not answer");
        std::thread::sleep(Duration::from_millis(2));
    }
}
