//! The records of the commands that have compiled the crates of a target folder.

use crate::build::path::modified;
use crate::build::rustc::{RustcInvocation, name_of_key};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The file, in the folder of the records, that holds why hot has ended cargo.
const REFUSED: &str = ".refused";

/// The records of one profile in one target folder. When that is the folder of another target
/// than the compiler's, those of what runs in the compiler may be kept with the compiler's target.
#[derive(Clone, Debug)]
pub struct Captures {
    /// The first is the one that `hot run` writes to.
    dirs: Vec<PathBuf>,
}

impl Captures {
    /// Opens the folder.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn open(dir: PathBuf) -> Result<Captures> {
        let captures = Captures { dirs: vec![dir] };
        captures.restore()?;
        Ok(captures)
    }

    /// Makes the folder that is written to again if it is gone.
    ///
    /// # Errors
    /// When it cannot be made or written to.
    pub fn restore(&self) -> Result<()> {
        let Some(dir) = self.dirs.first() else { return Ok(()) };
        let own = dir.join(format!(".{}", std::process::id()));
        let write = || {
            std::fs::create_dir_all(dir)?;
            std::fs::write(&own, "")?;
            std::fs::remove_file(&own)
        };
        write().with_context(|| {
            format!(
                "failed to write to {}, where hot keeps how each crate is compiled; make room there, \
                 or choose another place with --target-dir",
                dir.display()
            )
        })
    }

    /// Reads what is in these folders.
    pub fn in_folders(dirs: Vec<PathBuf>) -> Captures {
        Captures { dirs }
    }

    /// The folder that is written to, if there is one.
    pub fn folder(&self) -> Option<&Path> {
        self.dirs.first().map(PathBuf::as_path)
    }

    /// Forgets why cargo was ended before.
    pub fn allow(&self) {
        if let Some(dir) = self.dirs.first() {
            // It may not be there.
            let _ = std::fs::remove_file(dir.join(REFUSED));
        }
    }

    /// Notes why cargo is ended.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn refuse(&self, why: &str) -> std::io::Result<()> {
        let dir = self.dirs.first().ok_or(std::io::ErrorKind::NotFound)?;
        std::fs::write(dir.join(REFUSED), why)
    }

    /// Returns why cargo was ended, if it was.
    pub fn refused(&self) -> Option<String> {
        std::fs::read_to_string(self.dirs.first()?.join(REFUSED)).ok()
    }

    /// The record of one crate.
    pub fn get(&self, key: &str) -> Option<RustcInvocation> {
        let bytes = std::fs::read(self.path(key)?).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Returns when the crate was last seen compiled.
    pub fn time(&self, key: &str) -> Option<SystemTime> {
        modified(&self.path(key)?)
    }

    /// Says when the crate was last seen compiled.
    ///
    /// # Errors
    /// When there is no record, or its time cannot be set.
    pub fn set_time(&self, key: &str, time: SystemTime) -> std::io::Result<()> {
        let path = self.path(key).ok_or(std::io::ErrorKind::NotFound)?;
        std::fs::File::options().write(true).open(path)?.set_modified(time)
    }

    /// The keys that there are records of, for a crate of this name.
    pub fn keys(&self, crate_name: &str) -> Vec<String> {
        let is_meant = |key: &String| name_of_key(key) == crate_name;
        self.names(".json").into_iter().filter(is_meant).collect()
    }

    /// The keys of what was linked.
    pub fn linked(&self) -> Vec<String> {
        self.names(".link")
    }

    /// The linker's command line, as rustc has printed it.
    pub fn link_args(&self, key: &str) -> Option<String> {
        let path = self.path(key)?.with_file_name(format!("{key}.link"));
        std::fs::read_to_string(path).ok()
    }

    fn names(&self, extension: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .dirs
            .iter()
            .filter_map(|dir| std::fs::read_dir(dir).ok())
            .flat_map(|entries| entries.flatten())
            .filter_map(|entry| {
                Some(entry.file_name().to_str()?.strip_suffix(extension)?.to_owned())
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The newest record of the crate.
    fn path(&self, key: &str) -> Option<PathBuf> {
        let paths = self.dirs.iter().map(|dir| dir.join(format!("{key}.json")));
        paths.filter_map(|path| Some((modified(&path)?, path))).max().map(|(_, path)| path)
    }
}
