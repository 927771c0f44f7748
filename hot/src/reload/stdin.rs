//! Paths on stdin, one a line.
//!
//! The descriptor is duplicated and read past the standard library's buffer, whose lock would
//! have to be held through every wait. What is read ahead is lost to the rest of the program,
//! which must not read stdin beside the reloader anyway.

use super::apply;
use super::lines::{LONGEST, Line, Lines};
use super::reloader::Reloader;
use super::report::Report;
use super::stop::{Stop, Stoppable};
use std::fs::File;
use std::path::PathBuf;

pub(super) fn run(reloader: &Reloader, stop: &Stop) -> Result<(), String> {
    let failed = |error| format!("failed to read paths from stdin: {error}");
    let mut lines = Lines::new(Stoppable::new(stdin().map_err(failed)?, stop));
    loop {
        match lines.next() {
            Ok(Some(Line::Text(bytes))) => apply::path_and_report(reloader, &path(bytes)),
            Ok(Some(Line::TooLong)) => reloader.report(&Report::Warning {
                message: format!(
                    "a line of stdin is longer than {LONGEST} bytes, so it is no path; skipped"
                ),
            }),
            Ok(None) => return Ok(()),
            Err(_) if stop.requested() => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
        if stop.requested() {
            return Ok(());
        }
    }
}

#[cfg(unix)]
fn stdin() -> std::io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(std::io::stdin().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn stdin() -> std::io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(std::io::stdin().as_handle().try_clone_to_owned()?))
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    std::ffi::OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
