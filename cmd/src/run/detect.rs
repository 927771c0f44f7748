//! From notices of files to a change, and what that asks for.
//!
//! The [`Detector`] watches what the program is made from, and compares contents with those that
//! were built last: a file that was written without a change is no change. Which crates a file
//! belongs to, the build's graph knows. Beside these files count:
//!
//! - files that no crate names yet, after a build that failed: they may be what it lacked;
//! - files in the folders of `--watch`, and files that a build script may read: they restart the
//!   program.

use super::state::RestartReason;
use crate::build::graph::Role;
use crate::build::{Build, Builder};
use crate::refusal::Refusal;
use crate::watch::{Rules, Snapshot, Touched, Watcher};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How long a missing or empty file may be in the making.
const SETTLE: Duration = Duration::from_millis(100);

/// The files of a save.
#[derive(Debug)]
pub struct Change {
    /// The files.
    pub files: BTreeSet<PathBuf>,
    /// The work that they ask for.
    pub asks: Asks,
}

/// The work that a change asks for.
#[derive(Debug)]
pub enum Asks {
    /// A compilation of these units, and of all that use them.
    Rustc(BTreeSet<usize>),
    /// A build by cargo and a restart.
    Restart(RestartReason),
}

/// A watcher of files that knows what was built of them.
pub struct Detector {
    rules: Rules,
    watcher: Watcher,
    snapshot: Snapshot,
    /// The folders of `--watch`.
    folders: Vec<PathBuf>,
    /// Content of files in these folders; `None` for a file that is gone.
    extra: BTreeMap<PathBuf, Option<Vec<u8>>>,
    /// True if a command builds the program: then its files are not known before.
    by_command: bool,
    /// The workspace's root.
    root: PathBuf,
    target_dir: Option<PathBuf>,
    /// The folders of the workspace's packages.
    packages: BTreeSet<PathBuf>,
    /// When the last build by cargo was begun.
    begun: SystemTime,
    /// Text of the errors of the last compilation, while they stand.
    errors: Option<String>,
    /// Keys of the crates that the last compilation has left out because it failed.
    uncompiled: BTreeSet<String>,
}

impl Detector {
    /// Makes a detector that watches nothing yet.
    pub fn new(
        watcher: Watcher,
        rules: Rules,
        folders: Vec<PathBuf>,
        builder: &Builder,
        by_command: bool,
    ) -> Detector {
        let mut detector = Detector {
            rules,
            watcher,
            snapshot: Snapshot::default(),
            folders,
            extra: BTreeMap::new(),
            by_command,
            root: builder.root().to_owned(),
            target_dir: None,
            packages: BTreeSet::new(),
            begun: SystemTime::UNIX_EPOCH,
            errors: None,
            uncompiled: BTreeSet::new(),
        };
        detector.learn(builder);
        detector
    }

    /// Begins to watch the folders that are known before the first build.
    pub fn begin(&mut self, builder: &Builder) {
        for folder in self.packages.iter().chain(&self.folders) {
            self.watcher.add_tree(folder);
        }
        for folder in &self.folders {
            let mut files = self.rules.files(folder);
            files.retain(|file| self.is_extra(file, None));
            self.extra.extend(files.into_iter().map(|file| {
                let content = std::fs::read(&file).ok();
                (file, content)
            }));
        }
        for (manifest, _) in builder.manifests() {
            self.watcher.add_named(&manifest);
        }
    }

    /// Returns why saves in some folder are not seen, once.
    pub fn trouble(&self) -> Option<String> {
        self.watcher.trouble()
    }

    /// Takes over what the builder knows of the workspace.
    pub fn learn(&mut self, builder: &Builder) {
        self.packages = builder.packages();
        self.target_dir = builder.target_dir().map(Path::to_owned);
        if let Some(folder) = &self.target_dir {
            self.watcher.exclude(folder);
        }
    }

    /// Watches what a new build was made from. Files written since `begun` count as changed, but
    /// not those that cargo itself may have written, `locks`.
    pub fn follow_new(
        &mut self,
        build: &Build,
        builder: &Builder,
        begun: SystemTime,
        locks: &BTreeSet<PathBuf>,
    ) {
        self.learn(builder);
        self.snapshot = Snapshot::default();
        self.begun = begun;
        self.follow(build, begun);
        self.snapshot.look();
        self.snapshot.built(locks);
    }

    /// Watches what a build is made from now. Files written since `begun` count as changed.
    pub fn follow(&mut self, build: &Build, begun: SystemTime) {
        self.watcher.exclude(build.graph.build_dir());
        for package in &build.graph.packages {
            self.watcher.add_tree(package);
        }
        for folder in build.graph.cargo_folders.keys() {
            self.watcher.add_tree(folder);
        }
        for file in build.graph.sources() {
            self.watcher.add_file(file);
        }
        for file in build.graph.cargo_files.keys() {
            self.watcher.add_named(file);
        }
        self.snapshot.follow(build.graph.files(), begun);
    }

    /// Forgets the compilations that failed.
    pub fn settle(&mut self) {
        self.errors = None;
        self.uncompiled.clear();
    }

    /// Records the errors of a compilation, or that there were none.
    pub fn compiled(&mut self, errors: Option<String>) {
        self.errors = errors;
    }

    /// Takes any new source for a change: the program is awaited, and may be made from it.
    pub fn expect_news(&mut self) {
        self.errors.get_or_insert_default();
    }

    /// Records that these crates, and no others, are to be compiled.
    pub fn begin_compiling(&mut self, crates: BTreeSet<String>) {
        self.uncompiled = crates;
    }

    /// Records that these crates are to be compiled as well.
    pub fn compile_again(&mut self, crates: impl IntoIterator<Item = String>) {
        self.uncompiled.extend(crates);
    }

    /// Looks at the files. `None` when nothing is different from what was built last. Where a
    /// restart is due, any change asks for that.
    ///
    /// A change that is found counts as built from here on, whatever becomes of it: the same
    /// content is not reported twice.
    pub fn look(
        &mut self,
        touched: &Touched,
        build: Option<&Build>,
        due: Option<RestartReason>,
    ) -> Option<Change> {
        let begin = Instant::now();
        let mut look = self.snapshot.look();
        while look.unsettled && begin.elapsed() < SETTLE {
            std::thread::sleep(Duration::from_millis(10));
            look = self.snapshot.look();
        }
        let mut files = look.changed;
        self.snapshot.built(&files);
        files.retain(|file| !self.rules.is_named(file));
        files.extend(self.news(touched, build));
        files.extend(self.extra(touched, build));
        files.extend(self.read_by_scripts(touched, build));
        if files.is_empty() {
            return None;
        }
        let asks = match due {
            Some(reason) => Asks::Restart(reason),
            None => self.asks(&files, build),
        };
        Some(Change { files, asks })
    }

    fn asks(&self, files: &BTreeSet<PathBuf>, build: Option<&Build>) -> Asks {
        let by_cargo = |why| Asks::Restart(RestartReason { kind: Refusal::Restart, why });
        let Some(build) = build else {
            let first = files.first().map(|file| self.name(file)).unwrap_or_default();
            return by_cargo(format!("{first} changed"));
        };
        let mut units = BTreeSet::new();
        for file in files {
            match build.graph.role(file) {
                Some(Role::Source(of)) => units.extend(of),
                Some(Role::Cargo(what)) => {
                    return by_cargo(format!("{} changed ({what})", self.name(file)));
                }
                None if self.is_extra(file, Some(build)) => {
                    return by_cargo(format!("{} changed (--watch)", self.name(file)));
                }
                // A file that is not yet named by a crate that did not compile.
                None => {}
            }
        }
        // What an earlier save left behind because it did not compile.
        let unit = |key: &String| build.graph.units.iter().position(|unit| unit.key == *key);
        units.extend(self.uncompiled.iter().filter_map(unit));
        match build.needs_cargo() {
            Some(why) => by_cargo(why),
            None => Asks::Rustc(units),
        }
    }

    /// Returns files that no crate names yet, but that may be what the last failed build lacked.
    fn news(&self, touched: &Touched, build: Option<&Build>) -> Vec<PathBuf> {
        let Some(errors) = &self.errors else { return Vec::new() };
        let wanted = |path: &&PathBuf| {
            let named = path.file_name().and_then(|name| name.to_str());
            let source = path.extension().is_some_and(|e| e == "rs");
            (source || named.is_some_and(|name| speaks_of(errors, name)))
                && !self.snapshot.follows(path)
                && self.is_users(path, build)
                && !self.rules.is_named(path)
                && path.is_file()
        };
        touched.paths.iter().filter(wanted).cloned().collect()
    }

    /// Returns files in the folders of `--watch` that the program is not made from.
    fn extra(&mut self, touched: &Touched, build: Option<&Build>) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        for path in &touched.paths {
            let hidden = path
                .file_name()
                .and_then(|name| name.to_str())
                .is_none_or(|name| name.starts_with('.') || name.ends_with('~'));
            if !self.is_extra(path, build) || hidden || path.is_dir() || self.snapshot.follows(path)
            {
                continue;
            }
            // One that is gone cannot be looked up among what is not ignored.
            let known = self.extra.contains_key(path) && !self.rules.is_named(path);
            if !known && !self.rules.passes(path) {
                continue;
            }
            let content = std::fs::read(path).ok();
            if self.extra.get(path) != Some(&content) {
                self.extra.insert(path.clone(), content);
                changed.push(path.clone());
            }
        }
        changed
    }

    /// Returns files that a build script may read, and that were written since the build.
    fn read_by_scripts(&self, touched: &Touched, build: Option<&Build>) -> Vec<PathBuf> {
        let Some(known) = build else { return Vec::new() };
        let written = |path: &Path| {
            let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
            meta.and_then(|meta| meta.modified().ok()).is_some_and(|time| time >= self.begun)
        };
        let wanted = |path: &&PathBuf| {
            known.graph.is_in_cargo_folder(path)
                && !self.snapshot.follows(path)
                && !self.is_extra(path, build)
                && written(path)
                && self.rules.passes(path)
        };
        touched.paths.iter().filter(wanted).cloned().collect()
    }

    /// Reports whether a file that no crate names restarts the program. Under a command that is so
    /// only for sources, as long as it is not known what the program is made from.
    fn is_extra(&self, path: &Path, build: Option<&Build>) -> bool {
        let counts = !self.by_command || build.is_none() && self.matters_unbuilt(path);
        counts && self.folders.iter().any(|folder| path.starts_with(folder))
    }

    /// Returns those of the touched files that may be the fix of a first build that failed.
    pub fn fixes(&self, touched: Touched) -> BTreeSet<PathBuf> {
        touched.paths.into_iter().filter(|path| self.matters_unbuilt(path)).collect()
    }

    /// Reports whether a file may matter, as long as no build has named those that do.
    fn matters_unbuilt(&self, path: &Path) -> bool {
        let extension = path.extension().and_then(|e| e.to_str());
        let named = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        matches!(extension, Some("rs" | "toml"))
            || self.errors.as_ref().is_some_and(|errors| speaks_of(errors, named))
    }

    fn is_users(&self, path: &Path, build: Option<&Build>) -> bool {
        let mut packages = self.packages.iter().chain(build.iter().flat_map(|b| &b.graph.packages));
        // A module may lie outside of its package, by `#[path]`.
        (packages.any(|root| path.starts_with(root)) || self.snapshot.is_near(path))
            && self.target_dir.as_ref().is_none_or(|target| !path.starts_with(target))
    }

    /// Returns the file relative to the workspace's root, where it is below it.
    fn name(&self, file: &Path) -> String {
        file.strip_prefix(&self.root).unwrap_or(file).display().to_string()
    }

    /// Returns the names of files, for people and events.
    pub fn names(&self, files: &BTreeSet<PathBuf>) -> Vec<String> {
        files.iter().map(|file| self.name(file)).collect()
    }
}

/// Reports whether a text has the name of a file, and not in a longer word.
fn speaks_of(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.match_indices(name).any(|(at, _)| {
        let rest = &text[at + name.len()..];
        // A full stop may end the sentence.
        let ends = rest.strip_prefix('.').unwrap_or(rest);
        !text[..at].ends_with(part) && !ends.starts_with(part)
    })
}

#[cfg(test)]
mod tests {
    use super::speaks_of;

    #[test]
    fn a_name_is_no_part_of_a_word() {
        let told = "couldn't read `src/words.txt`: even so. See note.";
        assert!(speaks_of(told, "words.txt") && speaks_of(told, "even") && speaks_of(told, "note"));
        for name in ["ev", "words", "txt", "s.txt"] {
            assert!(!speaks_of(told, name), "{name}");
        }
    }
}
