//! Listens to folders, and passes on bursts of notices.
//!
//! Folders are watched one by one rather than whole trees, so that `target` and other ignored
//! folders cost nothing; a folder that appears in a watched one is added. Notices that follow each
//! other closely make one burst: it ends after `QUIET`, or at the latest after `LONGEST`.
//!
//! Some file systems give no notices (those of another machine, some of containers), and the
//! system's watches are limited. Then the folders can be looked at again and again instead.

use super::Rules;
use anyhow::{Context, Result};
use notify::event::{AccessKind, AccessMode};
use notify::{Config, ErrorKind, Event, EventKind, PollWatcher, RecursiveMode};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A burst ends when nothing comes for this long.
const QUIET: Duration = Duration::from_millis(10);
/// A burst never lasts longer.
const LONGEST: Duration = Duration::from_millis(150);

/// A burst of notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// When the first came.
    pub at: Instant,
    /// The files that they were about.
    pub paths: BTreeSet<PathBuf>,
}

/// Listens until it is dropped.
pub struct Watcher {
    watched: Arc<Mutex<Watched>>,
}

struct Watched {
    system: Box<dyn notify::Watcher + Send>,
    rules: Rules,
    folders: BTreeSet<PathBuf>,
    /// Of these folders only the entries with these names count.
    named: BTreeMap<PathBuf, BTreeSet<OsString>>,
    /// Single files, which may not be there, nor their folders.
    files: BTreeSet<PathBuf>,
    /// True if folders are looked at again and again.
    polls: bool,
    /// Folders that were added with all that is in them.
    trees: BTreeSet<PathBuf>,
    /// Nothing below is ever watched.
    excluded: BTreeSet<PathBuf>,
    /// Why a folder could not be watched, the first time that it matters.
    trouble: Option<String>,
}

impl Watcher {
    /// Begins to listen; `notify` is called with each burst, on a thread of its own. With `poll`
    /// the folders are looked at every so often.
    ///
    /// # Errors
    /// When the system has no notices to give, such as when its limit of watchers is reached.
    pub fn new(
        rules: Rules,
        poll: Option<Duration>,
        notify: impl FnMut(Touched) + Send + 'static,
    ) -> Result<Watcher> {
        let (notices, bursts) = channel();
        let pass_on = move |event| {
            // If nobody listens any more, the tool is about to end.
            let _ = notices.send(event);
        };
        let system: Box<dyn notify::Watcher + Send> =
            match poll {
                None => Box::new(notify::recommended_watcher(pass_on).map_err(|error| {
                    anyhow::anyhow!("failed to watch files: {}", advice(&error))
                })?),
                Some(interval) => {
                    // Its times are in seconds: two saves in one would be the same to it.
                    let config = Config::default().with_poll_interval(interval);
                    let config = config.with_compare_contents(true);
                    Box::new(PollWatcher::new(pass_on, config).context("failed to watch files")?)
                }
            };
        let watched = Watched {
            system,
            rules,
            folders: BTreeSet::new(),
            named: BTreeMap::new(),
            files: BTreeSet::new(),
            polls: poll.is_some(),
            trees: BTreeSet::new(),
            excluded: BTreeSet::new(),
            trouble: None,
        };
        let watched = Arc::new(Mutex::new(watched));
        let shared = Arc::downgrade(&watched);
        std::thread::Builder::new()
            .name("watch".into())
            .spawn(move || {
                // The system's watcher owns the sender: when it is dropped, this ends.
                collect(&bursts, notify, |path| {
                    let Some(watched) = shared.upgrade() else { return false };
                    let mut watched = lock(&watched);
                    let counts = watched.counts(path);
                    if counts && path.is_dir() {
                        watched.appeared(path);
                    }
                    counts
                });
            })
            .context("failed to start a thread")?;
        Ok(Watcher { watched })
    }

    /// Watches nothing below this folder from now on.
    pub fn exclude(&self, folder: &Path) {
        lock(&self.watched).exclude(folder);
    }

    /// Why a folder could not be watched, once.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.watched).trouble.take()
    }

    /// Watches a folder and those below it, but not hidden and ignored ones.
    pub fn add_tree(&self, root: &Path) {
        let mut watched = lock(&self.watched);
        if watched.trees.insert(root.to_owned()) {
            watched.add_tree(root);
        }
    }

    /// Watches a file by its name, wherever it is: it, and its folder, may come to be later. What
    /// else happens there is not reported.
    pub fn add_named(&self, file: &Path) {
        let mut watched = lock(&self.watched);
        let real = std::fs::canonicalize(file).ok();
        for file in [Some(file), real.as_deref()].into_iter().flatten() {
            if watched.files.insert(file.to_owned()) {
                watched.add_named(file);
            }
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
    /// Watches a folder with all that is in it.
    fn add(&mut self, folder: &Path) {
        self.named.remove(folder);
        self.watch(folder);
    }

    /// Watches the folder of a file for its name, and the one above for the folder's.
    fn add_named(&mut self, file: &Path) {
        for entry in file.ancestors().take(if self.polls { 1 } else { 2 }) {
            let (Some(folder), Some(name)) = (entry.parent(), entry.file_name()) else { return };
            if !self.folders.contains(folder) || self.named.contains_key(folder) {
                self.named.entry(folder.to_owned()).or_default().insert(name.to_owned());
                self.watch(folder);
            }
        }
    }

    /// Reports whether a notice about this path is to be passed on.
    fn counts(&self, path: &Path) -> bool {
        let named = path.parent().and_then(|folder| self.named.get(folder));
        named.is_none_or(|names| path.file_name().is_some_and(|name| names.contains(name)))
    }

    fn watch(&mut self, folder: &Path) {
        let excluded = self.excluded.iter().any(|excluded| folder.starts_with(excluded));
        if excluded || self.folders.contains(folder) {
            return;
        }
        match self.system.watch(folder, RecursiveMode::NonRecursive) {
            Ok(()) => _ = self.folders.insert(folder.to_owned()),
            Err(error) if is_limit(&error) => {
                let why = format!("failed to watch {}: {}", folder.display(), advice(&error));
                self.trouble.get_or_insert(why);
            }
            // A folder that is not there, or not readable, holds nothing that can be compiled.
            Err(_) => {}
        }
    }

    fn add_tree(&mut self, root: &Path) {
        for folder in self.rules.folders(root) {
            self.add(&folder);
        }
    }

    fn exclude(&mut self, folder: &Path) {
        if !self.excluded.insert(folder.to_owned()) {
            return;
        }
        for inside in self.folders.extract_if(.., |inside| inside.starts_with(folder)) {
            // It may be gone, and its watch with it.
            let _ = self.system.unwatch(&inside);
        }
    }

    /// A folder is there that may not have been before. Another one of the same name may have been
    /// watched; that watch has ended with it.
    fn appeared(&mut self, root: &Path) {
        self.folders.retain(|folder| !folder.starts_with(root));
        let files = self.files.iter().filter(|file| file.starts_with(root));
        for file in files.cloned().collect::<Vec<_>>() {
            self.add_named(&file);
        }
        if self.trees.contains(root) || self.rules.passes(root) {
            self.add_tree(root);
        }
    }
}

/// Reports whether a limit of the system is reached.
fn is_limit(error: &notify::Error) -> bool {
    /// Too many open files, of the process and of the system; no space, which stands for watches.
    const LIMITS: [i32; 3] = [24, 23, 28];
    match &error.kind {
        ErrorKind::MaxFilesWatch => true,
        ErrorKind::Io(error) => error.raw_os_error().is_some_and(|code| LIMITS.contains(&code)),
        _ => false,
    }
}

/// The error, and what to do about it.
fn advice(error: &notify::Error) -> String {
    if is_limit(error) {
        "the system's limit of watches is reached; raise fs.inotify.max_user_watches and \
         fs.inotify.max_user_instances with sysctl, or use --poll"
            .to_owned()
    } else {
        format!("{error} (--poll needs no notices of the system)")
    }
}

/// Gathers notices to bursts until there are no more, of the paths that `counts` says.
fn collect(
    notices: &Receiver<notify::Result<Event>>,
    mut notify: impl FnMut(Touched),
    mut counts: impl FnMut(&Path) -> bool,
) {
    while let Ok(first) = notices.recv() {
        let at = Instant::now();
        let mut paths = BTreeSet::new();
        let mut next = Some(first);
        loop {
            if let Some(event) = next.take() {
                paths.extend(concerned(event).into_iter().filter(|path| counts(path)));
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
            notify(Touched { at, paths });
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
        let rules = Rules::new(&root, &[]).unwrap();
        let watcher = Watcher::new(rules, None, move |t| drop(sender.send(t))).unwrap();
        watcher.exclude(&root.join("target"));
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

        // The same folders again, as when a branch is switched and back.
        std::fs::remove_dir_all(root.join("src/inner")).unwrap();
        wait_for(&bursts, &root.join("src/inner"));
        std::fs::create_dir_all(root.join("src/inner/deep")).unwrap();
        wait_for(&bursts, &root.join("src/inner"));
        std::fs::write(root.join("src/inner/deep/b.rs"), "x").unwrap();
        wait_for(&bursts, &root.join("src/inner/deep/b.rs"));
    }

    #[test]
    fn a_file_is_noticed_by_its_name_also_when_its_folder_comes_later() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        let (sender, bursts) = channel();
        let rules = Rules::new(&root, &[]).unwrap();
        let watcher = Watcher::new(rules, None, move |t| drop(sender.send(t))).unwrap();
        let file = root.join(".cargo/config.toml");
        watcher.add_named(&file);
        std::fs::write(root.join("noise"), "x").unwrap();
        std::fs::create_dir(root.join(".cargo")).unwrap();
        wait_for(&bursts, &root.join(".cargo"));
        std::fs::write(root.join(".cargo/noise"), "x").unwrap();
        std::fs::write(&file, "x").unwrap();
        let touched = wait_for(&bursts, &file);
        assert_eq!(touched.paths, BTreeSet::from([file.clone()]));
        // The folder that a source lies in is watched for more.
        watcher.add_file(&root.join("a.rs"));
        std::fs::write(root.join("noise"), "y").unwrap();
        wait_for(&bursts, &root.join("noise"));
    }

    #[test]
    fn an_ignored_folder_that_appears_is_not_watched() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        std::fs::write(root.join(".gitignore"), "/logs\n").unwrap();
        let (sender, bursts) = channel();
        let rules = Rules::new(&root, &[]).unwrap();
        let watcher = Watcher::new(rules, None, move |t| drop(sender.send(t))).unwrap();
        watcher.add_tree(&root);
        for folder in ["logs", "src"] {
            std::fs::create_dir(root.join(folder)).unwrap();
            wait_for(&bursts, &root.join(folder));
        }
        std::fs::write(root.join("logs/a"), "x").unwrap();
        std::fs::write(root.join("src/a"), "x").unwrap();
        let touched = wait_for(&bursts, &root.join("src/a"));
        assert!(!touched.paths.contains(&root.join("logs/a")), "{touched:?}");
    }

    #[test]
    fn without_notices_the_folders_are_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        std::fs::create_dir(root.join("src")).unwrap();
        std::fs::write(root.join("src/lib.rs"), "1").unwrap();
        let (sender, bursts) = channel();
        let rules = Rules::new(&root, &[]).unwrap();
        let poll = Some(Duration::from_millis(20));
        let watcher = Watcher::new(rules, poll, move |t| drop(sender.send(t))).unwrap();
        watcher.add_tree(&root);
        std::fs::write(root.join("src/lib.rs"), "22").unwrap();
        wait_for(&bursts, &root.join("src/lib.rs"));
        std::fs::create_dir(root.join("src/inner")).unwrap();
        wait_for(&bursts, &root.join("src/inner"));
        std::fs::write(root.join("src/inner/a.rs"), "x").unwrap();
        wait_for(&bursts, &root.join("src/inner/a.rs"));
    }

    #[test]
    fn a_limit_of_the_system_is_told_with_what_helps() {
        for error in [
            notify::Error::new(ErrorKind::MaxFilesWatch),
            notify::Error::io(std::io::Error::from_raw_os_error(28)),
        ] {
            let text = advice(&error);
            assert!(is_limit(&error) && text.contains("--poll"), "{text}");
            assert!(text.contains("fs.inotify.max_user_watches"), "{text}");
        }
        let other = notify::Error::io(std::io::Error::from_raw_os_error(13));
        assert!(!is_limit(&other));
    }

    #[test]
    fn reading_is_no_notice() {
        let event = Event::new(EventKind::Access(AccessKind::Open(AccessMode::Read)));
        assert!(concerned(Ok(event.add_path("/a".into()))).is_empty());
    }
}
