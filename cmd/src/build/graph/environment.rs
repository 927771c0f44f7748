//! The environments that cargo would give the program and its compilers now.
//!
//! A record holds the environment that its command was run in, perhaps days ago and from another
//! shell. What cargo itself had put there holds as long as the record does. The rest is whatever
//! the caller and the table `[env]` of cargo's configuration say today, and is taken from there.

use super::unit_graph::Unit;
use crate::build::cargo::{Config, Outcome, Variable};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The paths of dynamic libraries.
const LIBRARIES: &str = "LD_LIBRARY_PATH";

/// Returns what `cargo run` adds to its own environment for the program of this unit. `sysroot` is
/// the folder of rustc's libraries for the target.
pub fn of_program(
    unit: &Unit,
    outcome: &Outcome,
    config: &Config,
    sysroot: &Path,
) -> Vec<(String, OsString)> {
    let record = &unit.record.env;
    let kept = record.iter().filter(|(name, _)| is_of_package(name) || is_of_toolchain(name));
    let mut env: BTreeMap<String, OsString> =
        kept.map(|(name, value)| (name.clone(), value.into())).collect();
    env.insert(LIBRARIES.into(), libraries(unit, outcome, sysroot));
    for (name, value) in of_script(record, outcome) {
        env.insert(name, value.into());
    }
    for Variable { name, value, .. } in applying(config) {
        env.entry(name).or_insert(value);
    }
    env.into_iter().collect()
}

/// Returns the environment of the unit's compiler, of which the record tells what cargo puts there.
pub fn of_compiler(
    record: &BTreeMap<String, String>,
    outcome: &Outcome,
    config: &Config,
) -> BTreeMap<String, String> {
    let mut env: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    for Variable { name, value, .. } in applying(config) {
        env.extend(value.into_string().ok().map(|value| (name, value)));
    }
    let scripts = of_script(record, outcome);
    let is_cargos = |name: &str| {
        name.starts_with("CARGO")
            || name.starts_with("RUST")
            || [LIBRARIES, "OUT_DIR"].contains(&name)
    };
    let kept = record.iter().filter(|(name, _)| is_cargos(name));
    env.extend(kept.map(|(name, value)| (name.clone(), value.clone())));
    env.extend(scripts);
    env
}

/// Reports whether cargo tells the program this of its package.
fn is_of_package(name: &str) -> bool {
    name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Reports whether rustup tells every program this that cargo starts, and we were not given it.
fn is_of_toolchain(name: &str) -> bool {
    let is_it =
        name == "CARGO_HOME" || name == "RUST_RECURSION_COUNT" || name.starts_with("RUSTUP_");
    is_it && std::env::var_os(name).is_none()
}

/// The variables of `[env]`, without those that the environment has, unless they are forced.
fn applying(config: &Config) -> impl Iterator<Item = Variable> {
    let applies = |v: &Variable| v.force || std::env::var_os(&v.name).is_none();
    config.variables().into_iter().filter(applies)
}

/// Returns what the package's build script, if it has one, has said, and its folder.
fn of_script(record: &BTreeMap<String, String>, outcome: &Outcome) -> Vec<(String, String)> {
    let Some(out) = record.get("OUT_DIR") else { return Vec::new() };
    let script = outcome.scripts.iter().find(|script| script.out_dir == Path::new(out));
    let said = script.into_iter().flat_map(|script| script.env.iter().cloned());
    said.chain([("OUT_DIR".to_owned(), out.clone())]).collect()
}

/// Returns where the program looks for dynamic libraries: those of build scripts, as far as they
/// are in the build folder, of the build, of rustc, then where the caller looks.
fn libraries(unit: &Unit, outcome: &Outcome, sysroot: &Path) -> OsString {
    let build = unit.crate_args.build_dir();
    let linked = outcome.scripts.iter().flat_map(|script| &script.linked_paths);
    let mut paths: Vec<PathBuf> = linked
        .map(|path| PathBuf::from(path.split_once('=').map_or(path.as_str(), |(_kind, path)| path)))
        .filter(|path| path.starts_with(&build))
        .collect();
    paths.sort();
    paths.dedup();
    let deps = build.join("deps");
    paths.extend([build, deps, sysroot.to_owned()]);
    // Where cargo is called through rustup, that has put rustc's own libraries before the caller's.
    // One that was called by cargo calls that cargo.
    let through = std::env::var_os("CARGO").is_none();
    let told = unit.record.env.get(LIBRARIES).map(OsStr::new).unwrap_or_default();
    let own = sysroot
        .ancestors()
        .nth(3)
        .filter(|own| through && std::env::split_paths(told).any(|p| p == **own));
    let before = std::env::var_os(LIBRARIES).unwrap_or_default();
    let before: Vec<PathBuf> =
        std::env::split_paths(&before).filter(|path| !path.as_os_str().is_empty()).collect();
    paths.extend(own.filter(|own| !before.iter().any(|path| path == own)).map(Path::to_owned));
    paths.extend(before);
    std::env::join_paths(paths).unwrap_or_default()
}
