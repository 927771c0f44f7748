//! What cargo would have said of a build that a command of the user's made.
//!
//! Nobody listened to that cargo, so it is told again from the records. The executable's record is
//! the one whose output it is; the linker's command line beside it names every library in the
//! program. A crate whose lints cargo did not limit is the user's. Of a crate that was fresh, and
//! that hot never saw compiled, there is no record: its list of sources tells whose it is, and if
//! it is the user's the program cannot be compiled again before it was seen ([`Unseen`]).

use super::freshness;
use super::store::Captures;
use crate::build::build_id::build_id_of;
use crate::build::cargo::{Outcome, home};
use crate::build::path::{same_file, twins};
use crate::build::rustc::{
    CrateArgs, RustcInvocation, depinfo, key_of_artifact, linkage, name_of_key,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A crate of the user's that is in the program, and that hot has not seen compiled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Its name, or the executable's.
    pub name: String,
    /// Its files: when they are missing, cargo makes them anew.
    pub outputs: Vec<PathBuf>,
}

/// The build of an executable.
#[derive(Debug)]
pub struct Reconstructed {
    /// As cargo would have told it.
    pub outcome: Outcome,
    /// What the executable's command says.
    pub crate_args: CrateArgs,
}

/// The folders that records of this executable may be in: those of the target folder that it lies
/// in.
pub fn stores(executable: &Path) -> Vec<PathBuf> {
    let captures = executable.ancestors().map(|folder| folder.join("hot/capture"));
    let Some(captures) = captures.into_iter().find(|folder| folder.is_dir()) else {
        return Vec::new();
    };
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
    };
    // `debug`, and `x86_64-unknown-linux-musl/debug`.
    let first = below(&captures);
    first.iter().flat_map(|folder| below(folder)).chain(first.clone()).collect()
}

/// The key of the record that this executable, or the original of which it is a copy, is the
/// output of.
pub fn key(captures: &Captures, executable: &Path, build_id: &[u8]) -> Option<String> {
    let is_it = |key: &String| {
        let crate_args = captures.get(key).as_ref().and_then(RustcInvocation::crate_args);
        let output = crate_args.map(|crate_args| output(&crate_args));
        output.is_some_and(|output| {
            same_file(&output, executable)
                || !build_id.is_empty() && build_id_of(&output) == build_id
        })
    };
    captures.linked().into_iter().find(is_it)
}

/// An executable that has no record.
pub fn unseen_executable(executable: &Path) -> Unseen {
    let name = executable.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut outputs = twins(executable);
    outputs.push(executable.to_owned());
    Unseen { name, outputs }
}

/// Tells the build of the executable with this key.
///
/// # Errors
/// The crates that were not seen compiled, as `Ok(Err(…))`; otherwise when a record is not what
/// hot has written.
pub fn tell(captures: &Captures, key: &str) -> Result<Result<Reconstructed, Vec<Unseen>>> {
    let record = captures.get(key).with_context(|| format!("there is no record of {key}"))?;
    let crate_args =
        record.crate_args().with_context(|| format!("the record of {key} is no compilation"))?;
    let links = captures.link_args(key).unwrap_or_default();
    let mut teller = Teller {
        captures,
        artifacts: BTreeMap::new(),
        scripts: BTreeMap::new(),
        unseen: BTreeSet::new(),
        visited: BTreeSet::new(),
    };
    teller.visit(key, &output(&crate_args));
    for library in linkage::rlibs(&links, &crate_args.out_dir) {
        if let Some(key) = key_of_artifact(&library) {
            teller.visit(&key, &library);
        }
    }
    if !teller.unseen.is_empty() {
        return Ok(Err(teller.unseen.into_iter().collect()));
    }
    let mut outcome = Outcome { success: true, ..Outcome::default() };
    for artifact in teller.artifacts.into_values() {
        outcome.artifacts.push(serde_json::from_value(artifact).context("an artifact retold")?);
    }
    for script in teller.scripts.into_values() {
        outcome.scripts.push(serde_json::from_value(script).context("a build script retold")?);
    }
    Ok(Ok(Reconstructed { outcome, crate_args }))
}

/// The file that a command makes.
pub fn output(crate_args: &CrateArgs) -> PathBuf {
    crate_args.outputs().swap_remove(0)
}

struct Teller<'a> {
    captures: &'a Captures,
    artifacts: BTreeMap<String, Value>,
    scripts: BTreeMap<PathBuf, Value>,
    unseen: BTreeSet<Unseen>,
    visited: BTreeSet<PathBuf>,
}

impl Teller<'_> {
    /// One artifact of the program, and what acts on it without being linked.
    fn visit(&mut self, key: &str, file: &Path) {
        if self.artifacts.contains_key(key) || !self.visited.insert(file.to_owned()) {
            return;
        }
        let Some(record) = self.captures.get(key) else { return self.without_record(key, file) };
        let Some(crate_args) = record.crate_args() else { return };
        if crate_args.foreign {
            return self.foreign(key, file);
        }
        let Some(folder) = record.manifest_dir().map(Path::to_owned) else { return };
        if !freshness::is_settled(self.captures, key) {
            let outputs = vec![output(&crate_args)];
            self.unseen.insert(Unseen { name: crate_args.crate_name, outputs });
            return;
        }
        let kind = match crate_args.crate_types.first().map(String::as_str) {
            Some("bin") => "bin",
            Some("proc-macro") => "proc-macro",
            _ => "lib",
        };
        self.artifact(key, &record, &crate_args, kind);
        for used in &crate_args.externs {
            // What is linked, the linker's command line has.
            let extension = used.extension().and_then(|e| e.to_str());
            if !matches!(extension, Some("rlib" | "rmeta"))
                && let Some(key) = key_of_artifact(used)
            {
                self.visit(&key, used);
            } else if crate_args
                .crate_types
                .iter()
                .any(|kind| kind == "proc-macro" || kind == "dylib")
                && let Some(key) = key_of_artifact(used)
            {
                self.visit(&key, &used.with_extension("rlib"));
            }
        }
        if let Some(out) = record.env.get("OUT_DIR") {
            self.script(&record, &folder, Path::new(out));
        }
    }

    fn artifact(
        &mut self,
        key: &str,
        record: &RustcInvocation,
        crate_args: &CrateArgs,
        kind: &str,
    ) {
        let Some(folder) = record.manifest_dir() else { return };
        let file = output(crate_args);
        let executable = (kind == "bin").then(|| file.clone());
        let name = match kind {
            "bin" => record.env.get("CARGO_BIN_NAME").unwrap_or(&crate_args.crate_name),
            _ => &crate_args.crate_name,
        };
        self.artifacts.insert(
            key.to_owned(),
            artifact(
                &package_id(record, folder),
                folder,
                kind,
                name,
                &crate_args.root,
                &file,
                executable,
            ),
        );
    }

    fn foreign(&mut self, key: &str, file: &Path) {
        let folder = file.parent().unwrap_or(file);
        let value = artifact("registry+#", folder, "lib", key, file, file, None);
        self.artifacts.insert(key.to_owned(), value);
    }

    /// Hot has not seen it compiled. That matters when it is the user's.
    fn without_record(&mut self, key: &str, file: &Path) {
        let Some(folder) = file.parent() else { return };
        // The libraries of the compiler have no list of sources.
        let Ok(sources) = depinfo::read(&folder.join(format!("{key}.d")), Path::new("")) else {
            return;
        };
        if !sources.is_empty() && !sources.iter().any(|source| is_fetched(source)) {
            let name = name_of_key(key).to_owned();
            self.unseen.insert(Unseen { name, outputs: vec![file.to_owned()] });
        } else {
            self.foreign(key, file);
        }
    }

    /// The build script whose folder this is.
    fn script(&mut self, record: &RustcInvocation, folder: &Path, out: &Path) {
        let id = package_id(record, folder);
        self.scripts.insert(
            out.to_owned(),
            json!({
                "package_id": id, "linked_libs": [], "linked_paths": [], "cfgs": [], "env": [],
                "out_dir": out,
            }),
        );
        let mut seen = false;
        for key in self.captures.keys("build_script_build") {
            let Some(record) = self.captures.get(&key) else { continue };
            if let Some(crate_args) =
                record.crate_args().filter(|_| record.manifest_dir() == Some(folder))
            {
                seen = true;
                self.artifact(&key, &record, &crate_args, "custom-build");
            }
        }
        if !seen {
            let source = folder.join("build.rs");
            let value = artifact(&id, folder, "custom-build", "build", &source, &source, None);
            self.artifacts.insert(format!("build script of {id}"), value);
        }
    }
}

/// A message of cargo about one artifact.
fn artifact(
    package: &str,
    folder: &Path,
    kind: &str,
    name: &str,
    source: &Path,
    file: &Path,
    executable: Option<PathBuf>,
) -> Value {
    json!({
        "package_id": package,
        "manifest_path": folder.join("Cargo.toml"),
        "target": {
            "kind": [kind], "crate_types": [kind], "name": name, "src_path": source,
            "edition": "2021", "doc": false, "doctest": false, "test": false,
        },
        "profile": {
            "opt_level": "0", "debuginfo": 2, "debug_assertions": true, "overflow_checks": true,
            "test": false,
        },
        "features": [], "filenames": [file], "executable": executable, "fresh": true,
    })
}

/// As cargo writes it for a package of the user's.
fn package_id(record: &RustcInvocation, folder: &Path) -> String {
    let variable = |name| record.env.get(name).map(String::as_str).unwrap_or_default();
    let (name, version) = (variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION"));
    format!("path+file://{}#{name}@{version}", folder.display())
}

/// Whether a source is of a package that cargo has fetched.
fn is_fetched(source: &Path) -> bool {
    home().is_some_and(|home| {
        source.starts_with(home.join("registry")) || source.starts_with(home.join("git"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_are_found_from_the_executable() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("target");
        for store in ["hot/capture/debug", "hot/capture/wasm/release"] {
            std::fs::create_dir_all(target.join(store)).unwrap();
        }
        let found = stores(&target.join("debug/examples/app"));
        assert!(found.contains(&target.join("hot/capture/debug")), "{found:?}");
        assert!(found.contains(&target.join("hot/capture/wasm/release")), "{found:?}");
        assert!(stores(&dir.path().join("elsewhere/app")).is_empty());
    }

    #[test]
    fn what_is_retold_is_read_as_cargos_messages_are() {
        let value = artifact(
            "path+file:///w#a@1.0.0",
            Path::new("/w"),
            "bin",
            "a",
            Path::new("/w/src/main.rs"),
            Path::new("/t/debug/deps/a-1"),
            Some("/t/debug/deps/a-1".into()),
        );
        let artifact: cargo_metadata::Artifact = serde_json::from_value(value).unwrap();
        assert!(artifact.target.is_bin() && artifact.executable.is_some() && artifact.fresh);
    }
}
