//! The fingerprints of what a replay has compiled, so that cargo finds it.
//!
//! Cargo takes a crate for fresh when the hash of its settings is the one in its *fingerprint*,
//! what it depends on is fresh and not newer, and none of its sources is newer than its *list*, a
//! file with the names of the sources and of the variables that rustc has read. A replay removes
//! the list: from then on cargo takes the crate for stale, whatever the times of the files say.
//! When cargo is to build next, after a refused save, it would compile all of it a second time.
//!
//! So what a replay has made well is vouched for, and just before cargo is called by hot the lists
//! are put back, as old as the replay's beginning. A list is put back only if what cargo would make
//! is what is there:
//!
//! - the list was cargo's own work, about the very command that was replayed, and rustc has named
//!   the same sources and variables as then;
//! - no source has been written since the replay began, by the times that only the system sets;
//! - the build script has not run since cargo wrote the list, since a replay compiles with what it
//!   had said before, and no procedural macro has been written meanwhile;
//! - neither the fingerprint nor an artifact has been touched since;
//! - the clock has not been set back: other artifacts are compared with these by their times.
//!
//! Settings, variables and what is used are cargo's to compare; it does so with every list. Only
//! libraries are vouched for: an executable has not been linked.

use super::build_lock::BuildLock;
use super::diagnostics::Compiled;
use crate::build::capture::{Captures, freshness};
use crate::build::graph::Unit;
use crate::build::path::modified;
use crate::build::rustc::depinfo;
use crate::build::stamp::Stamp;
use crate::interrupt::Interrupt;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The fingerprints of the crates that were replayed, by their keys.
#[derive(Debug, Default)]
pub struct Fingerprints {
    crates: Mutex<BTreeMap<String, Known>>,
}

#[derive(Debug)]
struct Known {
    list: List,
    voucher: Option<Voucher>,
}

/// A list of cargo's, and what it belongs to.
#[derive(Clone, Debug)]
struct List {
    path: PathBuf,
    content: Vec<u8>,
    /// The content of the fingerprint.
    fingerprint: Vec<u8>,
    /// The sources and variables, as rustc had listed them.
    dep_info: Vec<u8>,
    /// The output of the build script, and the procedural macros: no replay makes these.
    given: Vec<(PathBuf, Stamp)>,
}

/// The proof that a replay has made of a crate what cargo would make.
#[derive(Debug)]
struct Voucher {
    begun: SystemTime,
    /// The sources and the artifacts, as they were then.
    stamps: Vec<(PathBuf, Stamp)>,
    /// The messages of rustc, as cargo keeps them.
    said: Vec<u8>,
}

impl Fingerprints {
    /// Has cargo take the units for stale, and notes what they need to be fresh again. The time
    /// from which on their sources must stay as they are; none where that cannot be told.
    pub fn begin(&self, units: &[&Unit], captures: &Captures) -> Option<SystemTime> {
        let mut crates = self.crates();
        for unit in units {
            let before = crates.remove(&unit.key).map(|known| known.list);
            if let Some(list) = list_of(unit, captures, before) {
                crates.insert(unit.key.clone(), Known { list, voucher: None });
            }
            distrust(unit);
        }
        let first = units.first()?;
        // As cargo does it: a file tells the time by the clock that files go by.
        let file = folder(unit_with_folder(units).unwrap_or(first))?.join("invoked.timestamp");
        std::fs::write(&file, "This file has an mtime of when this was started.").ok()?;
        let begun = modified(&file)?;
        let last = units.iter().filter_map(|unit| modified(&unit.crate_args.out_dir)).max()?;
        (last <= begun).then_some(begun)
    }

    /// Vouches for a unit that was compiled well since `begun`.
    pub fn vouch(&self, unit: &Unit, compiled: &Compiled, begun: SystemTime) {
        let mut crates = self.crates();
        let Some(known) = crates.get_mut(&unit.key) else { return };
        let rlib = unit.crate_args.rlib();
        let dep_info = unit.crate_args.dep_info();
        if std::fs::read(&dep_info).ok().as_ref() != Some(&known.list.dep_info) {
            return;
        }
        let Ok(sources) = depinfo::read(&dep_info, &unit.record.cwd) else { return };
        let is_earlier = |(_, stamp): &(PathBuf, Stamp)| stamp.is_before(begun);
        let stamps = |files: Vec<PathBuf>| -> Option<Vec<(PathBuf, Stamp)>> {
            files.into_iter().map(|file| Some((file.clone(), Stamp::of(&file)?))).collect()
        };
        let made = stamps(vec![rlib.with_extension("rmeta"), rlib, dep_info]);
        let (Some(sources), Some(made)) = (stamps(sources), made) else { return };
        let are_new = !made.iter().any(is_earlier);
        if let Some(said) = &compiled.kept
            && are_new
            && sources.iter().all(is_earlier)
        {
            let stamps = [sources, made, known.list.given.clone()].concat();
            known.voucher = Some(Voucher { begun, stamps, said: said.clone() });
        }
    }

    /// Puts the lists back for which is vouched, as far as all is still as it was. What happens
    /// from then on is between cargo and the files.
    pub fn redeem(&self, interrupt: &Interrupt) {
        let has_voucher = |known: &&Known| known.voucher.is_some();
        let build_dir = self.crates().values().find(has_voucher).and_then(|known| {
            // `.fingerprint/<package>-<hash>/dep-lib-<name>`
            known.list.path.ancestors().nth(3).map(Path::to_owned)
        });
        let lock =
            |folder: PathBuf| BuildLock::take(&folder, interrupt, &mut |_| ()).ok().flatten();
        let Some(_lock) = build_dir.and_then(lock) else { return };
        for Known { list, voucher } in std::mem::take(&mut *self.crates()).into_values() {
            if let Some(voucher) = voucher.filter(|voucher| voucher.holds(&list)) {
                // If it cannot be written, cargo compiles the crate once more.
                let _ = voucher.put_back(&list);
            }
        }
    }

    fn crates(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.crates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Voucher {
    fn holds(&self, list: &List) -> bool {
        let is_same = |(path, then): &(PathBuf, Stamp)| Stamp::of(path).as_ref() == Some(then);
        // Where there is a list, a cargo has compiled meanwhile.
        !list.path.exists()
            && std::fs::read(list.beside("")).ok().as_ref() == Some(&list.fingerprint)
            && self.stamps.iter().all(is_same)
    }

    fn put_back(&self, list: &List) -> std::io::Result<()> {
        let said = list.beside("output-");
        if !self.said.is_empty() {
            std::fs::write(&said, &self.said)?;
        } else if said.exists() {
            std::fs::remove_file(&said)?;
        }
        let new = list.beside("hot-");
        std::fs::write(&new, &list.content)?;
        std::fs::File::options().write(true).open(&new)?.set_modified(self.begun)?;
        std::fs::rename(&new, &list.path)
    }
}

impl List {
    /// Another file of the same fingerprint: `dep-lib-shop` stands beside `lib-shop`.
    fn beside(&self, prefix: &str) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.path.with_file_name(format!("{prefix}{}", name.strip_prefix("dep-").unwrap_or(&name)))
    }
}

/// The list of a unit, if it is about the command that is known: the one on disk, or the one that
/// was there before, if nothing has been there since.
fn list_of(unit: &Unit, captures: &Captures, before: Option<List>) -> Option<List> {
    if !unit.crate_args.is_rlib() || !freshness::is_settled(captures, &unit.key) {
        return None;
    }
    let lists = lists(unit);
    let [path] = &lists[..] else {
        let fingerprint = |list: &List| std::fs::read(list.beside("")).ok();
        return before.filter(|list| {
            lists.is_empty()
                && fingerprint(list).as_ref() == Some(&list.fingerprint)
                && given(unit).as_ref() == Some(&list.given)
        });
    };
    let script = unit.script_output();
    if script.is_some_and(|said| modified(&said) > modified(path)) {
        return None;
    }
    let mut list = List {
        path: path.clone(),
        content: std::fs::read(path).ok()?,
        fingerprint: Vec::new(),
        dep_info: std::fs::read(unit.crate_args.dep_info()).ok()?,
        given: given(unit)?,
    };
    list.fingerprint = std::fs::read(list.beside("")).ok()?;
    Some(list)
}

/// Returns what a unit is compiled with that no replay makes, as it is now; `None` when some of it
/// is gone.
fn given(unit: &Unit) -> Option<Vec<(PathBuf, Stamp)>> {
    let is_macro = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == "so");
    let macros = unit.crate_args.externs.iter().filter(is_macro).cloned();
    unit.script_output()
        .into_iter()
        .chain(macros)
        .map(|path| Some((path.clone(), Stamp::of(&path)?)))
        .collect()
}

/// Makes cargo take the unit for stale: without its list it trusts nothing.
fn distrust(unit: &Unit) {
    for list in lists(unit) {
        // What cannot be removed is still older than the source that was just saved.
        let _ = std::fs::remove_file(list);
    }
}

/// The lists of a unit.
///
/// A library whose key has no hash is looked for in the folders of all hashes of its package. What
/// else is found there under the target's name was compiled with other options, into the same file.
fn lists(unit: &Unit) -> Vec<PathBuf> {
    let named = match folder(unit) {
        Some(_) => None,
        None => Some(format!("dep-lib-{}", unit.key)),
    };
    let folders = match (folder(unit), unit.record.env.get("CARGO_PKG_NAME")) {
        (Some(folder), _) => vec![folder],
        (None, Some(package)) => versions(&fingerprints(unit), package),
        (None, None) => Vec::new(),
    };
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
    let is_list = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match &named {
            Some(list) => name.replace('-', "_") == list.replace('-', "_"),
            None => name.starts_with("dep-"),
        }
    };
    files.flatten().flatten().map(|file| file.path()).filter(is_list).collect()
}

/// Returns the folders `<package>-<hash>` in a folder.
fn versions(all: &Path, package: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(all).into_iter().flatten().flatten();
    let is_version = |name: &str| {
        let hash = name.strip_prefix(package).and_then(|rest| rest.strip_prefix('-'));
        hash.is_some_and(|hash| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let named = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_version));
    named.map(|entry| entry.path()).collect()
}

/// The folder of cargo's fingerprints.
fn fingerprints(unit: &Unit) -> PathBuf {
    unit.crate_args.build_dir().join(".fingerprint")
}

/// The folder of a unit's fingerprint, if the unit's key tells.
fn folder(unit: &Unit) -> Option<PathBuf> {
    let package = unit.record.env.get("CARGO_PKG_NAME")?;
    let (_, hash) = unit.key.rsplit_once('-')?;
    Some(fingerprints(unit).join(format!("{package}-{hash}")))
}

fn unit_with_folder<'a>(units: &[&'a Unit]) -> Option<&'a Unit> {
    units.iter().find(|unit| folder(unit).is_some_and(|folder| folder.is_dir())).copied()
}
