//! The Rust that the linker was given: which crates are in the executable itself, and which in the
//! dynamic libraries that it is loaded with.
//!
//! A crate of the type `dylib` is linked with all that it uses, which then is in the executable no
//! more; std is shared along with it, or because of `-C prefer-dynamic`. What is there cannot be
//! replaced: a patch is bound to one executable. New code of the executable may use it, by the
//! names that the library exports ([`crate::diff::Archives::shared`]).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The libraries of Rust in a program.
#[derive(Clone, Debug, Default)]
pub struct Linkage {
    /// The names of the rlibs' files.
    rlibs: BTreeSet<OsString>,
    /// The dynamic libraries.
    pub shared: Vec<PathBuf>,
}

impl Linkage {
    /// Reads the linker's command line, as rustc has printed it.
    pub fn read(command: &str) -> Linkage {
        let mut linkage = Linkage::default();
        for path in words(command).map(PathBuf::from) {
            match path.extension().and_then(|end| end.to_str()) {
                Some("rlib") => linkage.rlibs.extend(path.file_name().map(OsString::from)),
                Some("so") => linkage.shared.push(path),
                _ => {}
            }
        }
        linkage
    }

    /// Reports whether the executable holds this rlib. As long as there is no dynamic library, what
    /// the program uses can be nowhere else.
    pub fn holds(&self, rlib: &Path) -> bool {
        self.shared.is_empty() || rlib.file_name().is_some_and(|name| self.rlibs.contains(name))
    }
}

/// Returns the libraries of Rust that the executable holds, where they are now: rustc may link a
/// copy in a folder that is gone by then.
pub fn rlibs(command: &str, out_dir: &Path) -> Vec<PathBuf> {
    let rlibs =
        words(command).map(PathBuf::from).filter(|p| p.extension().is_some_and(|e| e == "rlib"));
    let there = |path: PathBuf| match path.file_name() {
        Some(name) if !path.exists() => out_dir.join(name),
        _ => path,
    };
    rlibs.map(there).collect()
}

/// The words in quotes of a command line, written as Rust writes text for debugging.
fn words(command: &str) -> impl Iterator<Item = String> {
    let mut parts = command.split('"').skip(1).step_by(2);
    std::iter::from_fn(move || {
        let mut word = parts.next()?.to_owned();
        // A quote within a word comes as `\"`: it takes the next word with it.
        while word.ends_with('\\') && !word.ends_with("\\\\") {
            word.pop();
            word.push('"');
            word.push_str(parts.next().unwrap_or_default());
        }
        Some(word.replace("\\\\", "\\"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linkers_command_line_names_the_libraries() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("a b\\.rlib");
        std::fs::write(&there, "").unwrap();
        let links =
            format!("LC_ALL=\"C\" \"cc\" \"-m64\" {there:?} \"/gone/rustcX1/libc-1.rlib\" \"x.o\"");
        let found = rlibs(&links, Path::new("/t/deps"));
        assert_eq!(found, [there, PathBuf::from("/t/deps/libc-1.rlib")]);
    }

    #[test]
    fn with_a_dynamic_library_what_is_not_given_is_not_in_the_executable() {
        let alone = Linkage::read("\"cc\" \"/t/liba-1.rlib\" \"-lc\"");
        assert!(alone.shared.is_empty() && alone.holds(Path::new("/t/libb-1.rlib")));
        let shared = Linkage::read("\"cc\" \"/t/rustcX1/liba-1.rlib\" \"/t/libengine.so\" \"-lc\"");
        assert_eq!(shared.shared, [Path::new("/t/libengine.so")]);
        assert!(shared.holds(Path::new("/t/liba-1.rlib")));
        assert!(!shared.holds(Path::new("/t/libb-1.rlib")));
    }
}
