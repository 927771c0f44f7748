//! One tool at a time for the artifacts of a profile.
//!
//! Two tools would compile the same crates into the same files, each for a program of its own. The
//! lock is on a file beside the records, so that other profiles and other projects are free; the
//! system gives it back when the tool ends, however it ends.

use anyhow::{Context, Result, bail};
use std::fs::{File, Metadata, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The right to work with the records in a folder, as long as this lives.
#[derive(Debug)]
pub struct StoreLock {
    file: File,
}

impl StoreLock {
    /// Takes it.
    ///
    /// # Errors
    /// When another tool has it, which is named; or when the file cannot be made.
    pub fn take(store: &Path) -> Result<StoreLock> {
        let path = place(store);
        let told = || format!("failed to lock {}", path.display());
        let mut file = open(&path).with_context(told)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).with_context(told)?;
                file.rewind().with_context(told)?;
                write!(file, "{}", std::process::id()).with_context(told)?;
                Ok(StoreLock { file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // It may not have been written yet.
                let _ = file.read_to_string(&mut pid);
                let pid = if pid.is_empty() { "?" } else { pid.as_str() };
                bail!(
                    "another hot (pid {pid}) already runs a program with the records in {}; end it, \
                     or give this one a folder of its own with --target-dir",
                    store.display()
                )
            }
            Err(TryLockError::Error(error)) => Err(error).with_context(told),
        }
    }

    /// Reports whether this is still the right to the records in that folder: the folder may have
    /// been removed and made again, with another lock in it.
    pub fn holds(&self, store: &Path) -> bool {
        let of = |meta: std::io::Result<Metadata>| meta.ok().map(|meta| (meta.dev(), meta.ino()));
        let there = of(std::fs::metadata(place(store)));
        there.is_some() && there == of(self.file.metadata())
    }
}

fn place(store: &Path) -> PathBuf {
    store.join("tool.lock")
}

/// Opens a file that is there to be locked, or makes it.
pub fn open(path: &Path) -> std::io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_with_the_first_ones_name_until_that_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let first = StoreLock::take(dir.path()).unwrap();
        let error = StoreLock::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("(pid {})", std::process::id())), "{error}");
        drop(first);
        let again = StoreLock::take(dir.path()).unwrap();
        assert!(again.holds(dir.path()));
        std::fs::remove_file(place(dir.path())).unwrap();
        assert!(!again.holds(dir.path()));
        let other = StoreLock::take(dir.path()).unwrap();
        assert!(other.holds(dir.path()) && !again.holds(dir.path()));
    }
}
