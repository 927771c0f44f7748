//! Paths, and the files that they lead to.

use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

/// The path without `.` and `..`, by its letters alone: the file may be gone for the moment.
pub fn normal(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// Reports whether two paths lead to one file.
pub fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (std::fs::metadata(a), std::fs::metadata(b)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// The other names of an artifact, beside it and in `deps`.
pub fn twins(artifact: &Path) -> Vec<PathBuf> {
    let Some(folder) = artifact.parent() else { return Vec::new() };
    [folder.to_owned(), folder.join("deps")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path != artifact && same_file(path, artifact))
        .collect()
}

/// Returns when a file was written last; `None` if it cannot be looked at.
pub fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}
