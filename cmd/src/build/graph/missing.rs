//! Artifacts of cargo that are missing: `cargo clean` may have gone over the folder.
//!
//! A replay reads what other commands have left: the metadata of the crates it uses, procedural
//! macros, what build scripts wrote. What one of the user's crates left, its own command makes
//! again ([`units`]); for the rest cargo has to be asked ([`beyond_replay`]). Nor is there
//! anything to go by once another working tree of the project has been built into the same folder
//! ([`is_of_another_tree`]): its artifacts have the same names.

use super::unit_graph::{Graph, Unit};
use crate::build::path::{normal, same_file};
use crate::build::rustc::depinfo;
use crate::diff::Archives;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The first thing that is missing and that no replay makes.
pub fn beyond_replay(graph: &Graph, archives: &Archives) -> Option<PathBuf> {
    let made: BTreeSet<PathBuf> = graph.units.iter().flat_map(artifacts).collect();
    let externs = graph.units.iter().flat_map(|unit| unit.crate_args.externs.iter().cloned());
    let outs = graph.units.iter().filter_map(|unit| unit.record.env.get("OUT_DIR"));
    let mut needed = (graph.units.iter().map(|unit| unit.crate_args.out_dir.clone()))
        .chain(externs.filter(|path| !made.contains(path)))
        .chain(outs.map(PathBuf::from))
        .chain(archives.paths.iter().cloned());
    needed.find(|path| !path.exists())
}

/// Reports whether the executable that cargo has linked last at this place was made from other
/// files than the program: cargo lists them beside it.
pub fn is_of_another_tree(graph: &Graph, executable: &Path) -> bool {
    let mut list = executable.as_os_str().to_owned();
    list.push(".d");
    let Ok(files) = depinfo::read(Path::new(&list), Path::new("")) else { return false };
    let Some(unit) = graph.binary() else { return false };
    let root = normal(&unit.crate_args.root);
    // By a setting of cargo's they are told relative to a folder, and so alike for all trees.
    let are_told = !files.is_empty() && files.iter().all(|file| file.is_absolute());
    are_told && !files.contains(&root) && !files.iter().any(|file| same_file(file, &root))
}

/// The units whose artifacts are missing, as indices.
pub fn units(graph: &Graph) -> BTreeSet<usize> {
    let own: BTreeMap<PathBuf, usize> = (graph.units.iter().enumerate())
        .flat_map(|(index, unit)| artifacts(unit).map(move |path| (path, index)))
        .collect();
    let read = graph.units.iter().flat_map(|unit| &unit.crate_args.externs);
    let linked =
        (graph.units.iter()).filter(|unit| unit.crate_args.is_rlib()).map(|u| u.crate_args.rlib());
    let missing = read.cloned().chain(linked).filter(|path| !path.exists());
    missing.filter_map(|path| own.get(&path).copied()).collect()
}

/// Returns what the unit's command makes that others read.
fn artifacts(unit: &Unit) -> impl Iterator<Item = PathBuf> {
    let rlib = unit.crate_args.rlib();
    let is_library = !unit.crate_args.is_binary();
    [rlib.with_extension("rmeta"), rlib].into_iter().filter(move |_| is_library)
}

/// The sentence about it.
pub fn sentence(path: &Path) -> String {
    format!("{} is gone, which cargo had built (by `cargo clean`, perhaps)", path.display())
}
