//! The outcome of a patch, in words.

use std::fmt;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

/// The outcome of one patch, or of the reloader itself.
///
/// Its `Display` is the line that is printed where no listener is set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Report {
    /// A patch is live.
    #[non_exhaustive]
    Reloaded {
        /// The file; `None` when the tool sent it over the control socket.
        path: Option<PathBuf>,
        /// Names of the functions replaced.
        functions: Vec<String>,
        /// From the moment the patch was there to the commit.
        time: Duration,
    },
    /// A patch was not loaded; the program runs on as before.
    #[non_exhaustive]
    Failed {
        /// The file; `None` when the tool sent it over the control socket.
        path: Option<PathBuf>,
        /// Sentences for a person.
        message: String,
    },
    /// The reloader did not begin, or has ended before its input did.
    #[non_exhaustive]
    Ended {
        /// Sentences for a person.
        message: String,
    },
    /// Something is amiss, but the reloader goes on.
    #[non_exhaustive]
    Warning {
        /// Sentences for a person.
        message: String,
    },
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::Reloaded { functions, .. } if functions.is_empty() => {
                f.write_str("Hot reload had no effect: the patch replaces no function")
            }
            Report::Reloaded { functions, .. } => {
                write!(f, "Hot reload was successful: {}", functions.join(", "))
            }
            Report::Failed { message, .. } => write!(f, "Hot reload failed: {message}"),
            Report::Ended { message } | Report::Warning { message } => {
                write!(f, "Hot reload: {message}")
            }
        }
    }
}

impl Report {
    /// Prints the report: success on stdout, the rest on stderr. What came over the control
    /// socket is the tool's to print.
    pub(super) fn print(&self) {
        // A program whose stdout is closed goes on; `println!` would panic.
        let _ = match self {
            Report::Reloaded { path: None, .. } | Report::Failed { path: None, .. } => Ok(()),
            Report::Reloaded { .. } => writeln!(std::io::stdout(), "{self}"),
            _ => writeln!(std::io::stderr(), "{self}"),
        };
    }
}
