//! Why a library was not loaded, in sentences.

use std::io;

/// Why a library was not loaded. No slot was changed.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
pub(crate) enum LibraryError {
    /// Its headers do not fit its bytes, or it is for another machine.
    #[error("{0}")]
    File(&'static str),
    /// It exports no table.
    #[error(
        "the library names no replacements; write `hot::replace! {{ \"package/function\" => \
         function as fn(…) -> …, }}` in its crate, which must have `crate-type = [\"cdylib\"]`"
    )]
    NoTable,
    /// It exports a table of another make.
    #[error(
        "the library was built with a version of hot whose replacements this program cannot read \
         (it has version {}); build both with the same version",
        env!("CARGO_PKG_VERSION")
    )]
    OtherTable,
    /// Another version of hot.
    #[error(
        "the library was built with hot {found}, this program with hot {}; build both with the \
         same version",
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The library's.
        found: String,
    },
    /// The same version of hot, compiled in another way.
    #[error(
        "the library was not compiled as this program was: compiler, profile or features differ, \
         and so do the types; build both in one workspace, with one command (`cargo build \
         --workspace`)"
    )]
    Stamp,
    /// There was nowhere to copy it to.
    #[error("failed to copy the library to where it can be loaded from: {0}")]
    Copy(#[source] io::Error),
    /// The dynamic linker refused it.
    #[error("the dynamic linker refused the library: {0}")]
    Open(#[source] libloading::Error),
    /// The dynamic linker gave a library that was loaded before.
    #[error(
        "the dynamic linker answered with a library loaded before: a descriptor that hot keeps \
         open has been closed; have the program close only its own"
    )]
    Stale,
    /// Names or types do not fit.
    #[error("{}", list(.0))]
    Refused(Vec<String>),
    /// Not on this system.
    #[cfg(not(target_os = "linux"))]
    #[error("shared libraries are loaded on Linux only")]
    Unsupported,
}

fn list(reasons: &[String]) -> String {
    match reasons {
        [one] => one.clone(),
        _ => format!("none of it was taken, since\n  {}", reasons.join("\n  ")),
    }
}
