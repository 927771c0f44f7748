//! Which files changed, and what that asks for.

use super::session::Session;
use crate::build::graph::Role;
use crate::watch::Touched;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a missing or empty file may be in the making.
const SETTLE: Duration = Duration::from_millis(100);

/// What a save changed.
#[derive(Debug)]
pub(super) struct Change {
    /// The files.
    pub files: BTreeSet<PathBuf>,
    /// What they ask for.
    pub asks: Asks,
}

/// What a change asks for.
#[derive(Debug)]
pub(super) enum Asks {
    /// These units anew, and all that use them.
    Rustc(BTreeSet<usize>),
    /// A build by cargo and a restart, for this reason.
    Cargo(String),
}

impl Session {
    /// Looks at the files. `None` when nothing is different from what was built last.
    ///
    /// What is found counts as built from here on, whatever becomes of it: the same content is
    /// not reported twice.
    pub(super) fn look(&mut self, touched: &Touched) -> Option<Change> {
        let begin = Instant::now();
        let mut look = self.snapshot.look();
        while look.unsettled && begin.elapsed() < SETTLE {
            std::thread::sleep(Duration::from_millis(10));
            look = self.snapshot.look();
        }
        let mut files = look.changed;
        self.snapshot.built(&files);
        files.retain(|file| !self.rules.is_named(file));
        files.extend(self.news(touched));
        files.extend(self.extra(touched));
        files.extend(self.read_by_scripts(touched));
        if files.is_empty() {
            return None;
        }
        let asks = self.asks(&files);
        Some(Change { files, asks })
    }

    fn asks(&self, files: &BTreeSet<PathBuf>) -> Asks {
        if let Some(why) = &self.needs_cargo {
            return Asks::Cargo(why.clone());
        }
        let Some(build) = &self.current else {
            let first = files.first().map(|file| self.name(file)).unwrap_or_default();
            return Asks::Cargo(format!("{first} changed"));
        };
        let mut units = BTreeSet::new();
        for file in files {
            match build.graph.role(file) {
                Some(Role::Source(of)) => units.extend(of),
                Some(Role::Cargo(what)) => {
                    return Asks::Cargo(format!("{} changed ({what})", self.name(file)));
                }
                None if self.is_extra(file) => {
                    return Asks::Cargo(format!("{} changed (--watch)", self.name(file)));
                }
                // A file that is not yet named by a crate that did not compile.
                None => {}
            }
        }
        // What an earlier save left behind because it did not compile.
        let stale = |key: &String| build.graph.units.iter().position(|unit| unit.key == *key);
        units.extend(self.stale.iter().filter_map(stale));
        match build.needs_cargo() {
            Some(why) => Asks::Cargo(why),
            None => Asks::Rustc(units),
        }
    }

    /// Files that no crate names yet, but that may be what the last failed build lacked.
    fn news(&self, touched: &Touched) -> Vec<PathBuf> {
        let Some(errors) = &self.errors else { return Vec::new() };
        let wanted = |path: &&PathBuf| {
            let named = path.file_name().and_then(|name| name.to_str());
            let source = path.extension().is_some_and(|e| e == "rs");
            (source || named.is_some_and(|name| speaks_of(errors, name)))
                && !self.snapshot.follows(path)
                && self.is_users(path)
                && !self.rules.is_named(path)
                && path.is_file()
        };
        touched.paths.iter().filter(wanted).cloned().collect()
    }

    /// Files in the folders of `--watch` that the program is not made from.
    fn extra(&mut self, touched: &Touched) -> Vec<PathBuf> {
        let mut changed = Vec::new();
        for path in &touched.paths {
            let hidden = path
                .file_name()
                .and_then(|name| name.to_str())
                .is_none_or(|name| name.starts_with('.') || name.ends_with('~'));
            if !self.is_extra(path) || hidden || path.is_dir() || self.snapshot.follows(path) {
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

    /// Files that a build script may read, and that were written since the build.
    fn read_by_scripts(&self, touched: &Touched) -> Vec<PathBuf> {
        let Some(build) = &self.current else { return Vec::new() };
        let written = |path: &Path| {
            let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file);
            meta.and_then(|meta| meta.modified().ok()).is_some_and(|time| time >= self.built)
        };
        let wanted = |path: &&PathBuf| {
            build.graph.is_in_cargo_folder(path)
                && !self.snapshot.follows(path)
                && !self.is_extra(path)
                && written(path)
                && self.rules.passes(path)
        };
        touched.paths.iter().filter(wanted).cloned().collect()
    }

    /// Whether a file that no crate names restarts the program. Under a command that is so only for
    /// sources, as long as it is not known what the program is made from.
    pub(super) fn is_extra(&self, path: &Path) -> bool {
        let counts = !self.is_command() || self.current.is_none() && self.matters_unbuilt(path);
        counts && self.options.watch.iter().any(|folder| path.starts_with(folder))
    }

    fn is_users(&self, path: &Path) -> bool {
        let packages = self.packages();
        // A module may lie outside of its package, by `#[path]`.
        (packages.iter().any(|root| path.starts_with(root)) || self.snapshot.is_near(path))
            && self.builder.target_dir().is_none_or(|target| !path.starts_with(target))
    }

    /// The file relative to the workspace's root, where it is below it.
    fn name(&self, file: &Path) -> String {
        file.strip_prefix(self.builder.root()).unwrap_or(file).display().to_string()
    }

    /// The names of files, for people and events.
    pub(super) fn names(&self, files: &BTreeSet<PathBuf>) -> Vec<String> {
        files.iter().map(|file| self.name(file)).collect()
    }
}

/// Whether a text has the name of a file, and not in a longer word.
pub(super) fn speaks_of(text: &str, name: &str) -> bool {
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
