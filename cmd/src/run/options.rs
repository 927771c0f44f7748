//! The options of a session.

use crate::build::cargo::Selection;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// The options of `hot run` and `hot exec`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The packages and targets to build and run.
    pub selection: Selection,
    /// More folders to watch.
    pub watch: Vec<PathBuf>,
    /// Where events are appended.
    pub events: Option<PathBuf>,
    /// True if the program may be restarted.
    pub restart: bool,
    /// True if saves are judged and nothing is loaded.
    pub dry_run: bool,
    /// True if keys are read, if there is a terminal.
    pub keys: bool,
    /// True if a fix is waited for when the first build fails.
    pub wait: bool,
    /// True if more is reported.
    pub verbose: bool,
    /// Globs of files that are not watched.
    pub ignore: Vec<String>,
    /// How often to look at the files, where the system gives no notices.
    pub poll: Option<Duration>,
    /// The program's arguments.
    pub args: Vec<OsString>,
    /// The command that builds and starts the program; when it is empty, cargo and hot do.
    pub command: Vec<OsString>,
}
