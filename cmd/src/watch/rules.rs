//! Files that are not watched: what git ignores, what is hidden, what the user names, and what
//! cargo builds.
//!
//! These rules are about folders, and about files that the program is not known to be made from.
//! A source that rustc reads is watched even if git ignores it: generated code often is. Only what
//! the user names is left alone in any case.

use anyhow::{Context, Result};
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder};
use std::path::{Path, PathBuf};

/// The rules of one session.
#[derive(Clone, Debug)]
pub struct Rules {
    named: Gitignore,
    root: PathBuf,
    /// A file that the tool itself writes.
    own: Option<PathBuf>,
}

impl Rules {
    /// With the globs of `--ignore`, written as in a `.gitignore` that lies in `root`.
    ///
    /// # Errors
    /// When one of them is no glob.
    pub fn new(root: &Path, globs: &[String]) -> Result<Rules> {
        let mut builder = GitignoreBuilder::new(root);
        for glob in globs {
            builder.add_line(None, glob).with_context(|| format!("--ignore {glob}"))?;
        }
        let named = builder.build().context("--ignore")?;
        Ok(Rules { named, root: root.to_owned(), own: None })
    }

    /// The same, and this file is the tool's own: each word about a change would be another one.
    pub fn without(self, own: Option<PathBuf>) -> Rules {
        Rules { own, ..self }
    }

    /// Reports whether the user has named it, or a folder that it is in.
    pub fn is_named(&self, path: &Path) -> bool {
        if self.own.as_deref() == Some(path) {
            return true;
        }
        let is_dir = path.is_dir();
        if path.starts_with(&self.root) {
            self.named.matched_path_or_any_parents(path, is_dir).is_ignore()
        } else {
            // A glob for a name holds anywhere.
            self.named.matched(path, is_dir).is_ignore()
        }
    }

    /// Reports whether it is neither ignored nor hidden, as its folder's own entry.
    pub fn passes(&self, path: &Path) -> bool {
        let Some(folder) = path.parent() else { return true };
        let mut entries = self.walk(folder, Some(1)).build().flatten();
        entries.any(|entry| entry.path() == path)
    }

    /// The folders of a tree, the root included, whatever the rules say of that. Each is given out
    /// before it is read: whoever watches it at once misses no folder that appears in it.
    pub fn folders(&self, root: &Path) -> impl Iterator<Item = PathBuf> + use<> {
        self.below(root, |entry| entry.file_type().is_some_and(|kind| kind.is_dir()))
    }

    /// The files of a tree.
    pub fn files(&self, root: &Path) -> Vec<PathBuf> {
        self.below(root, |entry| entry.path().is_file()).collect()
    }

    fn below(
        &self,
        root: &Path,
        wanted: fn(&DirEntry) -> bool,
    ) -> impl Iterator<Item = PathBuf> + use<> {
        let entries = self.walk(root, None).build().flatten();
        entries.filter(wanted).map(|entry| entry.path().to_owned())
    }

    fn walk(&self, root: &Path, depth: Option<usize>) -> WalkBuilder {
        let rules = self.clone();
        let mut builder = WalkBuilder::new(root);
        builder.require_git(false).max_depth(depth).filter_entry(move |entry| {
            entry.depth() == 0 || !rules.is_named(entry.path()) && !is_cache(entry.path())
        });
        builder
    }
}

/// Reports whether it is a folder like cargo's target folder, which says of itself that all in it
/// can be made again.
fn is_cache(path: &Path) -> bool {
    path.join("CACHEDIR.TAG").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = std::fs::canonicalize(dir.path()).unwrap();
        for folder in ["src/inner", "logs/old", "out/debug", ".git", "assets"] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in ["src/a.rs", "src/b.tmp", "assets/c.css", "out/CACHEDIR.TAG", "logs/d"] {
            std::fs::write(root.join(file), "").unwrap();
        }
        std::fs::write(root.join(".gitignore"), "/logs\n*.tmp\n").unwrap();
        (dir, root)
    }

    #[test]
    fn ignored_hidden_named_and_built_folders_are_left_out() {
        let (_dir, root) = tree();
        let rules = Rules::new(&root, &["assets/".to_owned()]).unwrap();
        let mut folders = Vec::from_iter(rules.folders(&root));
        folders.sort();
        assert_eq!(folders, [root.clone(), root.join("src"), root.join("src/inner")]);
        assert_eq!(rules.files(&root), [root.join("src/a.rs")]);
        for (path, passes) in [
            ("src/a.rs", true),
            ("src/inner", true),
            ("src/b.tmp", false),
            ("logs", false),
            (".git", false),
            ("out", false),
            ("assets", false),
        ] {
            assert_eq!(rules.passes(&root.join(path)), passes, "{path}");
        }
    }

    #[test]
    fn what_the_user_names_holds_for_all_below_it_and_names_hold_anywhere() {
        let (_dir, root) = tree();
        let globs = ["assets/".to_owned(), "*.tmp".to_owned()];
        let rules = Rules::new(&root, &globs).unwrap();
        assert!(
            rules.is_named(&root.join("assets/c.css")) && rules.is_named(&root.join("src/b.tmp"))
        );
        assert!(rules.is_named(Path::new("/elsewhere/x.tmp")));
        assert!(!rules.is_named(&root.join("src/a.rs")));
        let rules = rules.without(Some(root.join("src/a.rs")));
        assert!(rules.is_named(&root.join("src/a.rs")) && !rules.passes(&root.join("src/a.rs")));
        assert!(Rules::new(&root, &["a{".to_owned()]).is_err());
    }
}
