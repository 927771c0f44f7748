//! The objects of a program that is not compiled incrementally.
//!
//! rustc deletes them after the link, and there is no session that would keep them. But a replay
//! links nothing: the program that it is given as linker may as well be hot, which copies the
//! objects it is asked to link into a folder. Woken with [`DIR`] in its environment, it does that.
//!
//! The objects of what was just built are got the same way: rustc makes the same objects of the
//! same source, so that its command is run once more, in the background, while the program already
//! runs. They are left in a folder with the executable's build ID beside them; as long as it is
//! the same, a later start finds them there.

use super::objects::Files;
use crate::build::build_id::build_id_of;
use crate::build::graph::Unit;
use crate::diff::CrateObjects;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Names the folder that objects are copied to; its presence makes hot a linker of this kind.
pub const DIR: &str = "HOT_KEEP_OBJECTS";

/// The file that holds the build ID of the executable that was linked from the objects beside it.
const STAMP: &str = "build-id";

/// If this process was started by rustc as its linker: copies the objects. `None` if it was not.
pub fn intercept(args: &[OsString]) -> Option<ExitCode> {
    let dir = PathBuf::from(std::env::var_os(DIR)?);
    Some(match copy(&args[1..], &dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hot: failed to keep the objects of the program: {error:#}");
            ExitCode::FAILURE
        }
    })
}

/// Makes the folder hold the objects among a linker's arguments, and nothing else.
fn copy(args: &[OsString], dir: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(dir);
    std::fs::create_dir_all(dir).with_context(|| format!("failed to make {}", dir.display()))?;
    for arg in args {
        let text = arg.to_string_lossy();
        match text.strip_prefix('@') {
            // Arguments too long for the system come in a file, one a line, in quotes.
            Some(file) => {
                let lines = std::fs::read_to_string(file)
                    .with_context(|| format!("failed to read {file}"))?;
                for line in lines.lines() {
                    keep(Path::new(&unquoted(line)), dir)?;
                }
            }
            None => keep(Path::new(arg), dir)?,
        }
    }
    Ok(())
}

/// An argument as it stands in a file of arguments: quoted, with backslashes before what would
/// end it.
fn unquoted(line: &str) -> String {
    let line = line.strip_prefix('"').and_then(|l| l.strip_suffix('"')).unwrap_or(line);
    let mut text = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

/// Copies one file if it is a codegen unit of the crate: `app-1f.app.4c2f-cgu.3.<run>.rcgu.o`.
/// The others are the shim of the allocator and lists that the linker alone needs.
fn keep(file: &Path, dir: &Path) -> Result<()> {
    let Some(name) = file.file_name() else { return Ok(()) };
    let text = name.to_string_lossy();
    if !text.ends_with(".rcgu.o") || !text.contains("-cgu.") {
        return Ok(());
    }
    let copy = |file: &Path| {
        let failed = || format!("failed to copy {} to {}", file.display(), dir.display());
        let name = file.file_name().unwrap_or_default();
        std::fs::copy(file, dir.join(name)).with_context(failed).map(drop)
    };
    copy(file)?;
    // The debug information lies beside it, where it was split off.
    let split = file.with_extension("dwo");
    if split.exists() { copy(&split) } else { Ok(()) }
}

/// Where the objects of one program are kept.
#[derive(Clone, Debug)]
pub struct ObjectCache {
    dir: PathBuf,
}

impl ObjectCache {
    /// The place for a unit, below the target folder.
    pub fn new(unit: &Unit, target_dir: &Path) -> ObjectCache {
        let profile = unit.crate_args.build_dir();
        let profile = profile.strip_prefix(target_dir).unwrap_or(Path::new("other"));
        ObjectCache { dir: target_dir.join("hot/objects").join(profile).join(&unit.key) }
    }

    /// The folder of the objects that the executable was linked from.
    pub fn linked(&self) -> PathBuf {
        self.dir.join("linked")
    }

    /// The folder of those that the last replay left.
    pub fn newest(&self) -> PathBuf {
        self.dir.join("newest")
    }

    /// Reports whether the objects of this executable are there.
    pub fn has(&self, executable: &Path) -> bool {
        let stamp = std::fs::read(self.linked().join(STAMP));
        let id = build_id_of(executable);
        !id.is_empty() && stamp.is_ok_and(|stamp| stamp == id)
    }

    /// Notes that the objects that are there are those of this executable.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn stamp(&self, executable: &Path) -> Result<()> {
        let path = self.linked().join(STAMP);
        let id = build_id_of(executable);
        if id.is_empty() {
            bail!("{} has no build ID", executable.display());
        }
        std::fs::write(&path, id).with_context(|| format!("failed to write {}", path.display()))
    }

    /// Reads the objects of one of the folders.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn read(&self, unit: &Unit, folder: &Path) -> Result<CrateObjects> {
        let read = || -> Result<Files> {
            let mut files = Files::default();
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if let Some(name) = path.file_name().filter(|name| *name != STAMP) {
                    files.add(&name.to_string_lossy(), std::fs::read(&path)?);
                }
            }
            Ok(files)
        };
        let files = read()
            .with_context(|| format!("failed to read the objects in {}", folder.display()))?;
        Ok(files.of(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_objects_of_a_link_are_kept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (out, keep) = (dir.path().join("o u\"t"), dir.path().join("keep"));
        std::fs::create_dir(&out).unwrap();
        std::fs::create_dir(&keep).unwrap();
        std::fs::write(keep.join("old-cgu.0.rcgu.o"), "").unwrap();
        let names = ["a-1f.a.4c-cgu.0.9z.rcgu.o", "a-1f.0mn0.rcgu.o", "symbols.o"];
        for name in names {
            std::fs::write(out.join(name), name).unwrap();
        }
        let files = || names.map(|name| out.join(name).into_os_string());
        let kept = || {
            let entries = std::fs::read_dir(&keep).unwrap();
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
        };
        copy(&files().into_iter().chain(["-lc".into()]).collect::<Vec<_>>(), &keep).unwrap();
        assert_eq!(kept(), [names[0]]);

        let list = dir.path().join("arguments");
        let quoted = |f: OsString| format!("{:?}\n", f.to_string_lossy());
        std::fs::write(&list, files().map(quoted).concat()).unwrap();
        std::fs::remove_dir_all(&keep).unwrap();
        copy(&[format!("@{}", list.display()).into()], &keep).unwrap();
        assert_eq!(kept(), [names[0]]);

        std::fs::remove_file(out.join(names[0])).unwrap();
        let error = copy(&files(), &keep).unwrap_err();
        assert!(format!("{error:#}").contains("failed to copy"), "{error:#}");
    }
}
