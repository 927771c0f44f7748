//! The contents of files when the program was last built.
//!
//! A file's size, times and inode are looked at first; its content, as a hash, only when one of
//! them changed. A file that is missing, or empty though it was not, is perhaps just being
//! written: [`Snapshot::look`] calls it unsettled and whoever asks may look again a little later.
//!
//! A file that is written while rustc runs may have been read before or after, so such a file
//! counts as changed. Clocks jump, archives and editors give files any time: a file was written in
//! that span if both of its times say so, that of its content, which anybody may set, and that of
//! the last change of any kind, which the system sets. A time that is still to come tells of a
//! clock that was set back since.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A file's content, as far as it matters whether it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Missing,
    /// Length and hash.
    Bytes(u64, u64),
    /// The file was changed while it was being built: what rustc read is not known.
    Unknown,
}

/// Properties that change whenever a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    len: u64,
    modified: i128,
    changed: i128,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    built: Content,
    /// The last stamp seen, and the content under it.
    seen: Option<Stamp>,
    now: Content,
}

/// The files that the program is made from.
#[derive(Debug, Default)]
pub struct Snapshot {
    files: BTreeMap<PathBuf, Known>,
}

/// The result of a look at the files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Files whose content is not what was built.
    pub changed: BTreeSet<PathBuf>,
    /// True if one of them is missing or empty, and was not.
    pub unsettled: bool,
}

impl Snapshot {
    /// Knows exactly these files from now on. Files that were known keep what was built of them;
    /// of new ones the present content counts as built, unless they were written since `begun`.
    pub fn follow(&mut self, files: BTreeSet<PathBuf>, begun: SystemTime) {
        self.files.retain(|path, _| files.contains(path));
        for path in files {
            self.files.entry(path).or_insert_with_key(|path| fresh(path, Some(begun)));
        }
    }

    /// Takes all files' present content as built, but not of those written since `begun`.
    pub fn all_built(&mut self, begun: SystemTime) {
        for (path, known) in &mut self.files {
            *known = fresh(path, Some(begun));
        }
    }

    /// Takes these files' content, as it was at the last look, as built.
    pub fn built(&mut self, files: &BTreeSet<PathBuf>) {
        for path in files {
            let known = self.files.entry(path.clone()).or_insert_with(|| fresh(path, None));
            known.built = known.now;
        }
    }

    /// Looks at every file.
    pub fn look(&mut self) -> Look {
        let mut look = Look::default();
        for (path, known) in &mut self.files {
            let stamp = stamp(path);
            if stamp != known.seen || known.now == Content::Unknown {
                known.seen = stamp;
                known.now = content(path);
            }
            if known.now != known.built {
                let gone = matches!(known.now, Content::Missing | Content::Bytes(0, _));
                look.unsettled |= gone && known.built != Content::Unknown;
                look.changed.insert(path.clone());
            }
        }
        look
    }

    /// Reports whether a file that is followed lies in the same folder or in the one above: where
    /// Rust looks for the file of a module.
    pub fn is_near(&self, path: &Path) -> bool {
        let folders: Vec<&Path> = path.ancestors().skip(1).take(2).collect();
        self.files.keys().any(|file| file.parent().is_some_and(|f| folders.contains(&f)))
    }

    /// Reports whether the file is one of those followed.
    pub fn follows(&self, path: &Path) -> bool {
        self.files.contains_key(path)
    }
}

fn fresh(path: &Path, begun: Option<SystemTime>) -> Known {
    let seen = stamp(path);
    let now = content(path);
    let late = begun.is_some_and(|begun| {
        let (begun, clock) = (nanos_since_epoch(begun), nanos_since_epoch(SystemTime::now()));
        seen.is_some_and(|seen| is_late(seen.modified.min(seen.changed), begun, clock))
    });
    Known { built: if late { Content::Unknown } else { now }, seen, now }
}

/// Reports whether a write at one time may have come after another time, as the clock stands. When
/// the clock has been set back in between, nothing is known.
fn is_late(written: i128, begun: i128, clock: i128) -> bool {
    clock < begun || (begun..=clock).contains(&written)
}

fn nanos_since_epoch(time: SystemTime) -> i128 {
    let nanos = |span: std::time::Duration| i128::try_from(span.as_nanos()).unwrap_or(i128::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => nanos(after),
        Err(before) => -nanos(before.duration()),
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
    Some(Stamp {
        inode: meta.ino(),
        len: meta.len(),
        modified: nanos(meta.mtime(), meta.mtime_nsec()),
        changed: nanos(meta.ctime(), meta.ctime_nsec()),
    })
}

fn content(path: &Path) -> Content {
    match std::fs::read(path) {
        Ok(bytes) => {
            let mut hasher = DefaultHasher::new();
            hasher.write(&bytes);
            Content::Bytes(bytes.len() as u64, hasher.finish())
        }
        Err(_) => Content::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A snapshot of one file with this content, built.
    fn one(text: &str) -> (tempfile::TempDir, PathBuf, Snapshot) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.rs");
        std::fs::write(&file, text).unwrap();
        let mut snapshot = Snapshot::default();
        // The times of files are rounded down.
        snapshot.follow(BTreeSet::from([file.clone()]), SystemTime::now());
        (dir, file, snapshot)
    }

    #[test]
    fn a_modules_file_is_near_the_one_that_declares_it() {
        let (dir, file, snapshot) = one("mod b;");
        assert!(snapshot.is_near(&file.with_file_name("b.rs")));
        assert!(snapshot.is_near(&dir.path().join("b/mod.rs")));
        assert!(!snapshot.is_near(&dir.path().join("b/c/mod.rs")));
        assert!(!snapshot.is_near(&dir.path().with_file_name("b.rs")));
    }

    #[test]
    fn a_write_without_a_change_is_none() {
        let (_dir, file, mut snapshot) = one("fn a() {}");
        assert_eq!(snapshot.look(), Look::default());
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, "fn a() {}").unwrap();
        assert_eq!(snapshot.look(), Look::default());
    }

    #[test]
    fn a_change_is_seen_until_it_is_built_and_going_back_is_a_change_too() {
        let (_dir, file, mut snapshot) = one("fn a() {}");
        std::fs::write(&file, "fn b() {}").unwrap();
        let changed = BTreeSet::from([file.clone()]);
        assert_eq!(snapshot.look().changed, changed);
        assert_eq!(snapshot.look().changed, changed);
        snapshot.built(&changed);
        assert_eq!(snapshot.look(), Look::default());
        std::fs::write(&file, "fn a() {}").unwrap();
        assert_eq!(snapshot.look().changed, changed);
    }

    #[test]
    fn what_was_written_before_it_was_built_but_after_the_look_is_not_lost() {
        let (_dir, file, mut snapshot) = one("1");
        std::fs::write(&file, "2").unwrap();
        let look = snapshot.look();
        std::fs::write(&file, "3").unwrap();
        snapshot.built(&look.changed);
        assert_eq!(snapshot.look().changed, look.changed);
    }

    #[test]
    fn missing_and_empty_files_are_unsettled() {
        let (_dir, file, mut snapshot) = one("fn a() {}");
        std::fs::write(&file, "").unwrap();
        assert!(snapshot.look().unsettled);
        std::fs::remove_file(&file).unwrap();
        assert!(snapshot.look().unsettled);
        std::fs::write(&file, "fn b() {}").unwrap();
        let look = snapshot.look();
        assert!(!look.unsettled && look.changed.contains(&file));
    }

    fn set_time(file: &Path, time: SystemTime) {
        std::fs::File::options().write(true).open(file).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn a_change_is_seen_whatever_the_file_says_of_its_time() {
        let (_dir, file, mut snapshot) = one("1");
        let hour = std::time::Duration::from_secs(3600);
        let changed = BTreeSet::from([file.clone()]);
        let mut before = std::fs::metadata(&file).unwrap().modified().unwrap();
        for (text, time) in [
            ("2", before),
            ("3", SystemTime::now() + hour),
            ("4", SystemTime::now() - hour),
            ("5", SystemTime::UNIX_EPOCH),
            ("6", SystemTime::UNIX_EPOCH),
        ] {
            std::fs::write(&file, text).unwrap();
            set_time(&file, time);
            assert_eq!(snapshot.look().changed, changed, "{text}");
            snapshot.built(&changed);
            before += hour;
            set_time(&file, before);
            assert_eq!(snapshot.look(), Look::default(), "{text}: another time is no change");
            set_time(&file, time);
            assert_eq!(snapshot.look(), Look::default());
        }
    }

    /// Else the first save would be told to have changed the manifest as well.
    #[test]
    fn a_file_from_the_future_was_not_written_during_the_build() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("Cargo.toml");
        std::fs::write(&file, "x").unwrap();
        set_time(&file, SystemTime::now() + std::time::Duration::from_secs(3600));
        let mut snapshot = Snapshot::default();
        snapshot.follow(BTreeSet::from([file.clone()]), SystemTime::now());
        assert_eq!(snapshot.look(), Look::default());
    }

    #[test]
    fn what_was_written_since_is_told_by_a_clock_that_may_have_been_set_back() {
        // Written, begun, clock.
        for (times, late) in [
            ((5, 10, 20), false),
            ((10, 10, 20), true),
            ((15, 10, 20), true),
            ((20, 10, 20), true),
            // Before the clock was set back.
            ((3600, 10, 20), false),
            // It was set back during the build: any file may have been written in it.
            ((5, 3600, 20), true),
            ((3601, 3600, 20), true),
        ] {
            assert_eq!(is_late(times.0, times.1, times.2), late, "{times:?}");
        }
    }

    #[test]
    fn a_file_written_during_the_build_counts_as_changed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.rs");
        let begun = SystemTime::now() - std::time::Duration::from_secs(1);
        std::fs::write(&file, "x").unwrap();
        let mut snapshot = Snapshot::default();
        snapshot.follow(BTreeSet::from([file.clone()]), begun);
        let look = snapshot.look();
        assert!(look.changed.contains(&file) && !look.unsettled);
        snapshot.built(&look.changed);
        assert_eq!(snapshot.look(), Look::default());
    }
}
