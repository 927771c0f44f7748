//! The stamp of a file, which differs once the file has been written.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::SystemTime;

/// A file's identity, size and times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    inode: u64,
    size: u64,
    /// Seconds and nanoseconds.
    written: (i64, i64),
    /// The time that only the system sets: whatever happens to the file, a new name too.
    changed: (i64, i64),
}

impl Stamp {
    /// Returns the stamp of a file as it is now; `None` when it cannot be looked at.
    pub fn of(path: &Path) -> Option<Stamp> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Stamp {
            inode: meta.ino(),
            size: meta.len(),
            written: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        })
    }

    /// Reports whether nothing has happened to the file since `time`.
    pub fn is_before(&self, time: SystemTime) -> bool {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let time = (since.as_secs().cast_signed(), i64::from(since.subsec_nanos()));
        self.written.max(self.changed) < time
    }
}
