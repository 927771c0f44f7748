//! The object files of a crate, where rustc leaves them.
//!
//! A library's are the members of its rlib. A binary's are deleted after the link, but its
//! incremental session, if there is one ([`super::object_cache`] otherwise), keeps each of them:
//! `incremental/<crate>-<id>/s-<time>-<random>-<hash>/*.o`. Several crates may have folders of one
//! name (a library and a binary of one package, test builds, other features); what tells them apart
//! is that the symbols of the crate's own items are in the executable, since they carry the crate's
//! identity.

use crate::build::graph::Unit;
use crate::diff::CrateObjects;
use anyhow::{Context, Result, bail};
use object::read::archive::ArchiveFile;
use object::{Object, ObjectSymbol};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The objects of a library, from its rlib.
///
/// # Errors
/// When the rlib cannot be read.
pub fn of_library(unit: &Unit) -> Result<CrateObjects> {
    let path = unit.crate_args.rlib();
    let read = || -> Result<Files> {
        let bytes = std::fs::read(&path)?;
        let archive = ArchiveFile::parse(&*bytes)?;
        let mut files = Files::default();
        for member in archive.members() {
            let member = member?;
            let name = String::from_utf8_lossy(member.name());
            if is_wanted(&name) {
                files.add(&name, member.data(&*bytes)?.to_vec());
            }
        }
        Ok(files)
    };
    let files = read().with_context(|| format!("failed to read {}", path.display()))?;
    Ok(files.of(unit))
}

/// Codegen units that were read, and what was split off them.
#[derive(Debug, Default)]
pub(super) struct Files {
    objects: Vec<(String, Vec<u8>)>,
    split: HashMap<String, Vec<u8>>,
}

/// Reports whether a file of this name is an object, or debug information that was split off one.
pub(super) fn is_wanted(name: &str) -> bool {
    name.ends_with(".o") || name.ends_with(".dwo")
}

impl Files {
    /// Adds a file by its name, which says what it is.
    pub(super) fn add(&mut self, name: &str, bytes: Vec<u8>) {
        match name.strip_suffix(".dwo") {
            Some(stem) => {
                self.split.insert(stable_name(&format!("{stem}.o")).to_owned(), bytes);
            }
            None => self.objects.push((stable_name(name).to_owned(), bytes)),
        }
    }

    /// The objects of a unit, by name.
    pub(super) fn of(mut self, unit: &Unit) -> CrateObjects {
        self.objects.sort_by(|a, b| a.0.cmp(&b.0));
        let (key, name) = (unit.key.clone(), unit.name.clone());
        CrateObjects { key, name, objects: self.objects, split: self.split }
    }
}

/// The objects of a binary that is compiled incrementally, from its newest session in this folder.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn of_binary(unit: &Unit, folder: &Path) -> Result<CrateObjects> {
    let Some(session) = newest_session(folder) else {
        bail!("rustc left no finished incremental session in {}", folder.display());
    };
    let files = read_session(&session)
        .with_context(|| format!("failed to read the objects in {}", session.display()))?;
    Ok(files.of(unit))
}

/// The folder of a binary's incremental sessions: the one whose objects are in the executable.
///
/// # Errors
/// When there is no such folder.
pub fn session_folder(unit: &Unit, executable: &Path) -> Result<PathBuf> {
    let Some(incremental) = &unit.crate_args.incremental else {
        bail!("{} was not compiled incrementally", unit.name);
    };
    let prefix = format!("{}-", unit.name);
    let candidates: Vec<PathBuf> = std::fs::read_dir(incremental)
        .with_context(|| format!("failed to read {}", incremental.display()))?
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .filter(|folder| newest_session(folder).is_some())
        .collect();
    let image = std::fs::read(executable)
        .with_context(|| format!("failed to read {}", executable.display()))?;
    let image = object::File::parse(&*image)
        .with_context(|| format!("failed to read the symbols of {}", executable.display()))?;
    let defined: HashSet<&[u8]> =
        image.symbols().filter(|s| s.is_definition()).filter_map(|s| s.name_bytes().ok()).collect();
    // A library of the same name is in the executable too: only the binary defines `main`.
    let best = candidates
        .into_iter()
        .filter_map(|folder| {
            let shared = shared_with(&newest_session(&folder)?, &unit.name, &defined).ok()?;
            shared.main.then_some((shared.symbols, folder))
        })
        .filter(|(symbols, _)| *symbols > 0)
        .max();
    match best {
        Some((_, folder)) => Ok(folder),
        None => bail!(
            "none of the incremental sessions in {} holds the objects of {}",
            incremental.display(),
            executable.display()
        ),
    }
}

struct Shared {
    /// Symbols of the crate's own items that the executable has.
    symbols: usize,
    /// True if the session defines the program's entry.
    main: bool,
}

fn shared_with(session: &Path, name: &str, executable: &HashSet<&[u8]>) -> Result<Shared> {
    // In both manglings a path is written with the length before each name. What only was
    // instantiated here, of other crates, may be the same in another session.
    let own = format!("{}{name}", name.len());
    let mut shared = Shared { symbols: 0, main: false };
    for (_, bytes) in read_session(session)?.objects {
        let object = object::File::parse(&*bytes)?;
        for symbol in object.symbols().filter(|s| s.is_definition()) {
            match symbol.name_bytes()? {
                b"main" => shared.main = true,
                symbol if has(symbol, own.as_bytes()) => {
                    shared.symbols += usize::from(executable.contains(symbol));
                }
                _ => {}
            }
        }
    }
    Ok(shared)
}

/// Reports whether the name has this part.
fn has(name: &[u8], part: &[u8]) -> bool {
    name.windows(part.len()).any(|window| window == part)
}

fn read_session(session: &Path) -> Result<Files> {
    let mut files = Files::default();
    for entry in std::fs::read_dir(session)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_wanted(&name) {
            files.add(&name, std::fs::read(&path)?);
        }
    }
    Ok(files)
}

/// The newest session that was finished. Its name begins with the time in base 36, `s-<time>-`;
/// one that is being written ends in `-working`.
pub fn newest_session(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let time = name.strip_prefix("s-")?.split('-').next()?.to_owned();
            let finished = !name.ends_with("-working") && entry.file_type().ok()?.is_dir();
            // Digits of one number system: the longer is later, then the alphabet decides.
            finished.then(|| (time.len(), time, entry.path()))
        })
        .max()
        .map(|(_, _, path)| path)
}

/// The part of an rlib member's name that stays when the crate is compiled again: the codegen
/// unit's. `shop-fa3e.6jf0nh.0coowj3.rcgu.o` is `6jf0nh` of the crate `shop-fa3e` in the run
/// `0coowj3`.
pub(super) fn stable_name(member: &str) -> &str {
    let name = member.strip_suffix(".rcgu.o").unwrap_or(member);
    let unit = match name.split_once('.') {
        Some((_, unit)) if name.len() < member.len() => unit,
        _ => return name,
    };
    match unit.rsplit_once('.') {
        // `shop.1f3a-cgu.0`: numbered units, without a run.
        Some((stem, number)) if stem.ends_with("-cgu") && number.parse::<u32>().is_ok() => unit,
        Some((stem, _run)) => stem,
        None => unit,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_is_no_part_of_a_units_name() {
        assert_eq!(stable_name("shop-fa3e.6jf0nh.0coowj3.rcgu.o"), "6jf0nh");
        assert_eq!(stable_name("shop-fa3e.shop.1f3a-cgu.0.0coowj3.rcgu.o"), "shop.1f3a-cgu.0");
        assert_eq!(stable_name("shop-fa3e.shop.1f3a-cgu.12.rcgu.o"), "shop.1f3a-cgu.12");
        assert_eq!(stable_name("native.o"), "native.o");
    }

    #[test]
    fn the_newest_finished_session_is_chosen_by_its_time() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["s-zz-1-a", "s-100-1-b", "s-0zz-1-c", "s-200-1-working"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("s-300-1.lock"), "").unwrap();
        assert_eq!(newest_session(dir.path()).unwrap(), dir.path().join("s-100-1-b"));
        assert_eq!(newest_session(&dir.path().join("s-zz-1-a")), None);
    }
}
