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
mod own_thread;
mod reloader;
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
pub use reloader::{Reloader, Source};
pub use report::Report;

use std::future::Future;

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
