//! The reloader: takes patches from where the program's owner put them, and loads them.
//!
//! One thread does the work, so that no runtime is needed and none is blocked; the future that
//! [`reloader_loop`] gives out only starts it, waits for it, and stops it when dropped.
//!
//! ```text
//! future / handle ── starts, stops ──► worker ─ which source? ─┬─ socket   the tool, frame by frame
//!                                                              ├─ folder   new files, in name order
//!                                                              └─ stdin    paths, line by line
//!                                          reports ◄── apply ◄─┘
//! ```
//!
//! Every wait is a wait for two things, input or the end ([`stop`]), so that nothing is polled but
//! the folder and nothing outlives its owner. One reloader works at a time in a process
//! ([`turn`]); loads are made one after another ([`apply`]).

mod apply;
mod folder;
mod future;
mod lines;
mod report;
#[cfg(unix)]
mod socket;
mod stdin;
mod stop;
mod turn;
mod worker;

#[cfg(all(test, feature = "enabled"))]
pub(crate) use apply::path_and_report as load_path;
pub use future::ReloaderHandle;
pub use report::Report;

use std::future::Future;
use std::sync::Arc;

/// Names the control socket on which the program listens for the tool.
const SOCKET_VARIABLE: &str = "HOT_SOCKET";
/// Names the folder from which patches are taken.
const FOLDER_VARIABLE: &str = "HOT_WATCH";

/// Takes patches for as long as there can be any, and loads each.
///
/// The future is tied to no runtime. At its first poll it starts a thread, which takes patches
/// from the first of these that applies:
///
/// 1. the control socket named by the environment variable `HOT_SOCKET`; `hot run` sets it, and
///    the program's stdin stays its own;
/// 2. the folder named by `HOT_WATCH`: each new or changed patch file or shared library in it,
///    in the order of their names, once it is written to its end (best moved there when it is);
/// 3. stdin: a path on each line.
///
/// The last two only in builds with debug assertions, since whoever can write there runs code in
/// this program; see [`Reloader::trust_paths`]. For each path `Hot reload was successful` is
/// printed with the names of the functions replaced, or on stderr one error, after which the loop
/// goes on. The future is ready when stdin ends; with a socket or a folder it never is. Dropping
/// it ends the thread.
///
/// ```
/// # fn spawn(_: impl Future<Output = ()> + Send + 'static) {}
/// spawn(hot::reloader_loop()); // tokio::spawn, smol::spawn, …
/// ```
pub fn reloader_loop() -> impl Future<Output = ()> + Send + 'static {
    Reloader::new().run()
}

/// [`reloader_loop`] for programs that have no runtime: starts the thread and goes on.
///
/// The reloader works until its input ends, the program ends or [`ReloaderHandle::stop`] is
/// called; dropping the handle leaves it at work.
///
/// ```no_run
/// hot::spawn_reloader();
/// // … the program …
/// ```
pub fn spawn_reloader() -> ReloaderHandle {
    Reloader::new().spawn()
}

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
    socket: bool,
    folder: bool,
    stdin: bool,
    paths_trusted: bool,
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
    /// A reloader as [`reloader_loop`] has it: all sources, reports printed.
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

    /// The reloader as a future; see [`reloader_loop`].
    pub fn run(self) -> impl Future<Output = ()> + Send + 'static {
        future::Loop::new(self)
    }

    /// The reloader at once, on a thread of its own; see [`spawn_reloader`].
    pub fn spawn(self) -> ReloaderHandle {
        ReloaderHandle::new(self)
    }

    /// Tells what came of a patch.
    fn report(&self, report: &Report) {
        match &self.listener {
            None => report.print(),
            Some(listener) => {
                let told = std::panic::AssertUnwindSafe(|| listener(report));
                // The panic hook has told the panic already; the next report may fare better.
                let _ = std::panic::catch_unwind(told);
            }
        }
    }
}
