//! The settings of a reloader: its sources, and who hears its reports.

use super::report::Report;
use std::sync::Arc;

/// Names the control socket on which the program listens for the tool.
pub(super) const SOCKET_VARIABLE: &str = "HOT_SOCKET";
/// Names the folder from which patches are taken.
pub(super) const FOLDER_VARIABLE: &str = "HOT_WATCH";

/// Where patches can come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// The control socket named by `HOT_SOCKET`.
    Socket,
    /// The folder named by `HOT_WATCH`.
    Folder,
    /// Paths on stdin, one a line.
    Stdin,
}

/// Sets up a reloader: which sources it may use and who hears what came of each patch.
///
/// ```no_run
/// use hot::{Reloader, Report, Source};
///
/// let reloader = Reloader::new()
///     .sources([Source::Socket, Source::Folder])
///     .on_report(|report: &Report| eprintln!("[reload] {report}"));
/// let handle = reloader.spawn();
/// // …
/// handle.stop();
/// ```
#[must_use = "a reloader does nothing until `run` or `spawn`"]
#[derive(Clone)]
pub struct Reloader {
    pub(super) socket: bool,
    pub(super) folder: bool,
    pub(super) stdin: bool,
    pub(super) paths_trusted: bool,
    listener: Option<Listener>,
}

/// Who hears the reports.
type Listener = Arc<dyn Fn(&Report) + Send + Sync>;

impl Default for Reloader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reloader {
    /// A reloader as [`reloader_loop`](super::reloader_loop) has it: all sources, reports printed.
    pub fn new() -> Self {
        Reloader {
            socket: true,
            folder: true,
            stdin: true,
            paths_trusted: cfg!(debug_assertions),
            listener: None,
        }
    }

    /// Uses no other sources than these; the order among them stays socket, folder, stdin.
    ///
    /// Leave [`Source::Stdin`] out when the program reads its own stdin.
    pub fn sources(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        (self.socket, self.folder, self.stdin) = (false, false, false);
        for source in sources {
            match source {
                Source::Socket => self.socket = true,
                Source::Folder => self.folder = true,
                Source::Stdin => self.stdin = true,
            }
        }
        self
    }

    /// Hands every report to `listener` and prints none.
    ///
    /// It is called on the reloader's threads, where loads wait for it: it should be quick. A
    /// panic in it is caught.
    pub fn on_report(mut self, listener: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    /// Takes patches from a folder and from stdin in builds without debug assertions too.
    ///
    /// In builds with debug assertions they are taken anyway. The control socket needs no such
    /// word: it exists only where whoever starts the program names it, and it serves that user
    /// alone.
    ///
    /// # Safety
    /// Loading native code is running it, and no check makes a hostile patch safe. You promise
    /// that whoever can write to the program's stdin, set its environment or write into the
    /// folder named by `HOT_WATCH` may run any code in this process, and that what they load was
    /// built for this program: patches by `hot`, libraries against the same sources of every
    /// crate whose types they share with it.
    pub unsafe fn trust_paths(mut self) -> Self {
        self.paths_trusted = true;
        self
    }

    /// Reports the outcome of a patch.
    pub(super) fn report(&self, report: &Report) {
        match &self.listener {
            None => report.print(),
            Some(listener) => {
                let call = std::panic::AssertUnwindSafe(|| listener(report));
                // The panic hook has reported the panic already; the next report may fare better.
                let _ = std::panic::catch_unwind(call);
            }
        }
    }
}
