//! Listens to folders, and passes on bursts of notices.
//!
//! Folders are watched one by one rather than whole trees, so that `target` and other ignored
//! folders cost nothing; a folder that appears in a watched one is added. Notices that follow each
//! other closely make one burst: it ends after `QUIET`, or at the latest after `LONGEST`.

use anyhow::{Context, Result};
use ignore::WalkBuilder;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A burst ends when nothing comes for this long.
const QUIET: Duration = Duration::from_millis(10);
/// A burst never lasts longer.
const LONGEST: Duration = Duration::from_millis(150);

/// A burst of notices.
#[derive(Clone, Debug)]
pub struct Touched {
    /// When the first came.
    pub at: Instant,
    /// What they were about.
    pub paths: BTreeSet<PathBuf>,
}

/// Listens until it is dropped.
pub struct Watcher {
    watched: Arc<Mutex<Watched>>,
}

struct Watched {
    system: RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    /// Folders that were added with all that is in them.
    trees: BTreeSet<PathBuf>,
    /// Nothing below is ever watched.
    target_dir: PathBuf,
}

impl Watcher {
    /// Begins to listen; `told` is called with each burst, on a thread of its own.
    ///
    /// # Errors
    /// When the system has no notices to give, such as when its limit of watchers is reached.
    pub fn new(target_dir: &Path, told: impl FnMut(Touched) + Send + 'static) -> Result<Watcher> {
        let (notices, bursts) = channel();
        let system = notify::recommended_watcher(move |event| {
            // If nobody listens any more, the tool is about to end.
            let _ = notices.send(event);
        })
        .context("failed to watch files")?;
        let target_dir = target_dir.to_owned();
        let watched =
            Watched { system, folders: BTreeSet::new(), trees: BTreeSet::new(), target_dir };
        let watched = Arc::new(Mutex::new(watched));
        let shared = Arc::downgrade(&watched);
        std::thread::Builder::new()
            .name("watch".into())
            .spawn(move || {
                // The system's watcher owns the sender: when it is dropped, this ends.
                collect(&bursts, told, |path| {
                    if let Some(watched) = shared.upgrade() {
                        lock(&watched).appeared(path);
                    }
                });
            })
            .context("failed to start a thread")?;
        Ok(Watcher { watched })
    }

    /// Watches a folder and those below it, but not hidden and ignored ones.
    pub fn add_tree(&self, root: &Path) {
        let mut watched = lock(&self.watched);
        if watched.trees.insert(root.to_owned()) {
            watched.add_tree(root);
        }
    }

    /// Watches the folder that a file is in; if the file is a symbolic link, also where it leads.
    pub fn add_file(&self, file: &Path) {
        let mut watched = lock(&self.watched);
        let real = std::fs::canonicalize(file).ok();
        for file in [Some(file), real.as_deref()].into_iter().flatten() {
            if let Some(folder) = file.parent() {
                watched.add(folder);
            }
        }
    }
}

fn lock(watched: &Mutex<Watched>) -> std::sync::MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watched {
    fn add(&mut self, folder: &Path) {
        if folder.starts_with(&self.target_dir) || self.folders.contains(folder) {
            return;
        }
        // A folder that is not there, or not readable, holds nothing that can be compiled.
        if self.system.watch(folder, RecursiveMode::NonRecursive).is_ok() {
            self.folders.insert(folder.to_owned());
        }
    }

    fn add_tree(&mut self, root: &Path) {
        let target_dir = self.target_dir.clone();
        let walk = WalkBuilder::new(root)
            .require_git(false)
            .filter_entry(move |entry| !entry.path().starts_with(&target_dir))
            .build();
        for entry in walk.flatten() {
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                self.add(entry.path());
            }
        }
    }

    /// A folder is there that may not have been before. Another one of the same name may have been
    /// watched; that watch has ended with it.
    fn appeared(&mut self, root: &Path) {
        self.folders.retain(|folder| !folder.starts_with(root));
        self.add_tree(root);
    }
}

/// Gathers notices to bursts until there are no more. New folders are passed to `appeared`.
fn collect(
    notices: &Receiver<notify::Result<Event>>,
    mut told: impl FnMut(Touched),
    mut appeared: impl FnMut(&Path),
) {
    while let Ok(first) = notices.recv() {
        let at = Instant::now();
        let mut paths = BTreeSet::new();
        let mut next = Some(first);
        loop {
            if let Some(event) = next.take() {
                for path in concerned(event) {
                    if path.is_dir() {
                        appeared(&path);
                    }
                    paths.insert(path);
                }
            }
            if paths.is_empty() {
                break;
            }
            let left = LONGEST.saturating_sub(at.elapsed()).min(QUIET);
            match notices.recv_timeout(left) {
                Ok(event) => next = Some(event),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
            if at.elapsed() >= LONGEST {
                break;
            }
        }
        if !paths.is_empty() {
            told(Touched { at, paths });
        }
    }
}

/// The paths of a notice, unless it is about reading only.
fn concerned(event: notify::Result<Event>) -> Vec<PathBuf> {
    match event {
        Ok(Event {
            kind: EventKind::Access(AccessKind::Close(AccessMode::Write)), paths, ..
        }) => paths,
        Ok(Event { kind: EventKind::Access(_), .. }) => Vec::new(),
        Ok(event) if event.need_rescan() => vec![PathBuf::from("/")],
        Ok(event) => event.paths,
        Err(error) => error.paths,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait_for(bursts: &Receiver<Touched>, file: &Path) -> Touched {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let touched = bursts.recv_timeout(left).expect("a notice about the file");
            if touched.paths.contains(file) {
                return touched;
            }
        }
    }

    #[test]
    fn a_rename_over_a_file_and_a_new_folder_are_noticed_but_not_the_target_folder() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::create_dir_all(root.join("target/debug")).unwrap();
        let (sender, bursts) = channel();
        let watcher = Watcher::new(&root.join("target"), move |t| drop(sender.send(t))).unwrap();
        watcher.add_tree(&root);

        std::fs::write(root.join("target/debug/x.o"), "x").unwrap();
        std::fs::write(root.join(".swap"), "1").unwrap();
        std::fs::rename(root.join(".swap"), root.join("src/lib.rs")).unwrap();
        let touched = wait_for(&bursts, &root.join("src/lib.rs"));
        assert!(touched.paths.iter().all(|p| !p.ends_with("x.o")));

        std::fs::create_dir_all(root.join("src/inner/deep")).unwrap();
        wait_for(&bursts, &root.join("src/inner"));
        std::fs::write(root.join("src/inner/deep/a.rs"), "x").unwrap();
        wait_for(&bursts, &root.join("src/inner/deep/a.rs"));

        // The same folders anew, as when a branch is switched and back.
        std::fs::remove_dir_all(root.join("src/inner")).unwrap();
        wait_for(&bursts, &root.join("src/inner"));
        std::fs::create_dir_all(root.join("src/inner/deep")).unwrap();
        wait_for(&bursts, &root.join("src/inner"));
        std::fs::write(root.join("src/inner/deep/b.rs"), "x").unwrap();
        wait_for(&bursts, &root.join("src/inner/deep/b.rs"));
    }

    #[test]
    fn reading_is_no_notice() {
        let event = Event::new(EventKind::Access(AccessKind::Open(AccessMode::Read)));
        assert!(concerned(Ok(event.add_path("/a".into()))).is_empty());
    }
}
