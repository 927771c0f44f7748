//! Patches in a folder: each new or changed one, in the order of their names.
//!
//! The folder is looked at a few times a second, which works on every file system and needs no
//! library. A file is taken once two looks in a row find it the same, so that one that is still
//! being written is left alone; until then those after it wait, to keep the order. (A writer that
//! pauses may still be taken too early: what it had written is refused, and the rest taken when it
//! comes. Moving a finished file into the folder is better.) What lies there at the start is new.

use super::apply::{self, Kind};
use super::reloader::Reloader;
use super::report::Report;
use super::stop::Stop;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Time between two looks.
const LOOK: Duration = Duration::from_millis(200);

pub(super) fn run(reloader: &Reloader, stop: &Stop, path: &Path) {
    let mut folder = Folder::new(path);
    let mut reported = None;
    loop {
        match folder.look() {
            Ok(ready) => {
                reported = None;
                for path in ready {
                    if stop.requested() {
                        return;
                    }
                    apply::path_and_report(reloader, &path);
                }
            }
            // Reported once, not at every look; the folder may come back.
            Err(error) => {
                let message = format!("failed to read the folder `{}`: {error}", path.display());
                if reported.as_ref() != Some(&message) {
                    reloader.report(&Report::Warning { message: message.clone() });
                    reported = Some(message);
                }
            }
        }
        if stop.wait(LOOK) {
            return;
        }
    }
}

/// A state of a file, to be compared with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    /// Another file may have been moved to its place.
    file: u64,
    /// The system's own note of the last change, which cannot be set as `modified` can.
    changed: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (file, changed) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), (metadata.ctime(), metadata.ctime_nsec()))
        };
        #[cfg(not(unix))]
        let (file, changed) = (0, (0, 0));
        Stamp { length: metadata.len(), modified: metadata.modified().ok(), file, changed }
    }
}

/// A file as it was last seen.
#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    /// It was taken in this state, or is no patch.
    settled: bool,
}

#[derive(Debug)]
struct Folder {
    path: PathBuf,
    files: HashMap<OsString, Seen>,
}

impl Folder {
    fn new(path: &Path) -> Self {
        Folder { path: path.to_owned(), files: HashMap::new() }
    }

    /// Returns the patches that are ready to be taken, in order. Each is given once.
    fn look(&mut self) -> io::Result<Vec<PathBuf>> {
        let mut found = self.list()?;
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let mut before = std::mem::take(&mut self.files);
        let mut ready = Vec::new();
        let mut held_back = false;
        for (name, stamp) in found {
            let path = self.path.join(&name);
            let mut settled = false;
            match before.remove(&name).filter(|seen| seen.stamp == stamp) {
                Some(seen) if seen.settled => settled = true,
                Some(_) if !is_patch(&path) => settled = true,
                Some(_) if !held_back => {
                    ready.push(path);
                    settled = true;
                }
                Some(_) => {}
                None => held_back |= is_patch(&path),
            }
            self.files.insert(name, Seen { stamp, settled });
        }
        Ok(ready)
    }

    fn list(&self) -> io::Result<Vec<(OsString, Stamp)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            // Writers that move finished files into place like to begin them hidden.
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            // Follows links; a file that has just gone is not there.
            if let Ok(metadata) = fs::metadata(self.path.join(&name))
                && metadata.is_file()
            {
                found.push((name, Stamp::of(&metadata)));
            }
        }
        Ok(found)
    }
}

/// Reports whether the file means to be loaded: by its first bytes, or by its name, so that a
/// broken library is reported. Other files may lie in the folder.
fn is_patch(path: &Path) -> bool {
    let mut first = Vec::new();
    let read = File::open(path).and_then(|file| file.take(8).read_to_end(&mut first));
    path.extension() == Some(OsStr::new("so")) || read.is_ok() && Kind::of(&first).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for each test.
    struct Here(PathBuf);

    impl Here {
        fn new(test: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("hot-folder-{}-{test}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Here(path)
        }
        fn write(&self, name: &str, content: &str) {
            fs::write(self.0.join(name), content).unwrap();
        }
        fn look(&self, folder: &mut Folder) -> Vec<String> {
            let name = |path: PathBuf| path.strip_prefix(&self.0).unwrap().display().to_string();
            folder.look().unwrap().into_iter().map(name).collect()
        }
    }

    impl Drop for Here {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn in_name_order_once_stable_and_again_when_changed() {
        let here = Here::new("order");
        let mut folder = Folder::new(&here.0);
        here.write("b", "hotpatch…");
        here.write("a.so", "\x7fELF…");
        here.write("notes.txt", "not a patch");
        here.write(".c.so", "hidden");
        assert_eq!(here.look(&mut folder), [""; 0]);
        assert_eq!(here.look(&mut folder), ["a.so", "b"]);
        assert_eq!(here.look(&mut folder), [""; 0]);
        here.write("b", "hotpatch, longer");
        assert_eq!(here.look(&mut folder), [""; 0]);
        assert_eq!(here.look(&mut folder), ["b"]);
    }

    #[cfg(unix)]
    #[test]
    fn other_content_of_the_same_length_and_time_is_new() {
        let here = Here::new("same");
        let mut folder = Folder::new(&here.0);
        here.write("p", "hotpatch 1");
        here.look(&mut folder);
        assert_eq!(here.look(&mut folder), ["p"]);
        let time = fs::metadata(here.0.join("p")).unwrap().modified().unwrap();
        // The system's clock for files has ticks of some milliseconds.
        std::thread::sleep(Duration::from_millis(20));
        here.write("p", "hotpatch 2");
        File::options().write(true).open(here.0.join("p")).unwrap().set_modified(time).unwrap();
        here.look(&mut folder);
        assert_eq!(here.look(&mut folder), ["p"]);
    }

    #[test]
    fn one_that_is_being_written_holds_back_those_after_it() {
        let here = Here::new("hold");
        let mut folder = Folder::new(&here.0);
        here.write("2", "hotpatch");
        here.write("0", "hotpatch");
        assert_eq!(here.look(&mut folder), [""; 0]);
        here.write("1", "hotpatch");
        assert_eq!(here.look(&mut folder), ["0"]);
        here.write("1", "hotpatch, more");
        assert_eq!(here.look(&mut folder), [""; 0]);
        assert_eq!(here.look(&mut folder), ["1", "2"]);
    }

    #[test]
    fn another_file_in_its_place_and_one_that_came_back_are_new() {
        let here = Here::new("replaced");
        let mut folder = Folder::new(&here.0);
        here.write("p", "hotpatch");
        here.look(&mut folder);
        assert_eq!(here.look(&mut folder), ["p"]);
        let time = fs::metadata(here.0.join("p")).unwrap().modified().unwrap();
        here.write(".p", "hotpatch");
        File::options().write(true).open(here.0.join(".p")).unwrap().set_modified(time).unwrap();
        fs::rename(here.0.join(".p"), here.0.join("p")).unwrap();
        here.look(&mut folder);
        assert_eq!(here.look(&mut folder), ["p"]);
        fs::rename(here.0.join("p"), here.0.join(".away")).unwrap();
        here.look(&mut folder);
        fs::rename(here.0.join(".away"), here.0.join("p")).unwrap();
        here.look(&mut folder);
        assert_eq!(here.look(&mut folder), ["p"]);
    }
}
