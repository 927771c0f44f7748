//! The messages that cargo would have given of a build that a command of the user's made.
//!
//! Nobody listened to that cargo, so the messages are put together from the records. The
//! executable's record is the one whose output it is; the linker's command line beside it names
//! every library in the program. A crate whose lints cargo did not limit is the user's. Of a crate
//! that was fresh, and that hot never saw compiled, there is no record: its list of sources tells
//! whose it is, and if it is the user's the program cannot be compiled again before it was seen
//! ([`Unseen`]).

use super::freshness;
use super::store::Captures;
use crate::build::build_id::build_id_of;
use crate::build::cargo::{Artifact, BuildScript, Outcome, home};
use crate::build::path::{same_file, twins};
use crate::build::rustc::{
    CrateArgs, RustcInvocation, depinfo, key_of_artifact, linkage, name_of_key,
};
use anyhow::{Context, Result};
use cargo_metadata::{PackageId, TargetKind};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A crate of the user's that is in the program, and that hot has not seen compiled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Its name, or the executable's.
    pub name: String,
    /// Its files: when they are missing, cargo makes them again.
    pub outputs: Vec<PathBuf>,
}

/// The build of an executable.
#[derive(Debug)]
pub struct Reconstructed {
    /// As cargo would have told it.
    pub outcome: Outcome,
    /// The settings of the executable's command.
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
    let outcome = Outcome {
        success: true,
        artifacts: teller.artifacts.into_values().collect(),
        scripts: teller.scripts.into_values().collect(),
        errors: String::new(),
    };
    Ok(Ok(Reconstructed { outcome, crate_args }))
}

/// The file that a command makes.
pub fn output(crate_args: &CrateArgs) -> PathBuf {
    crate_args.outputs().swap_remove(0)
}

struct Teller<'a> {
    captures: &'a Captures,
    artifacts: BTreeMap<String, Artifact>,
    scripts: BTreeMap<PathBuf, BuildScript>,
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
            Some("bin") => TargetKind::Bin,
            Some("proc-macro") => TargetKind::ProcMacro,
            _ => TargetKind::Lib,
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
        kind: TargetKind,
    ) {
        let Some(folder) = record.manifest_dir() else { return };
        let file = output(crate_args);
        let is_program = kind == TargetKind::Bin;
        let name = record.env.get("CARGO_BIN_NAME").filter(|_| is_program);
        let artifact = Artifact {
            package: package_id(record, folder),
            folder: folder.to_owned(),
            kinds: vec![kind],
            name: name.unwrap_or(&crate_args.crate_name).clone(),
            source: crate_args.root.clone(),
            files: vec![file.clone()],
            executable: is_program.then_some(file),
            is_test: false,
            is_fresh: true,
        };
        self.artifacts.insert(key.to_owned(), artifact);
    }

    fn foreign(&mut self, key: &str, file: &Path) {
        let package = PackageId { repr: "registry+#".to_owned() };
        let library = unseen_artifact(package, file, TargetKind::Lib, key);
        self.artifacts.insert(key.to_owned(), library);
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
        let script = BuildScript {
            package: id.clone(),
            out_dir: out.to_owned(),
            linked_paths: Vec::new(),
            env: Vec::new(),
        };
        self.scripts.insert(out.to_owned(), script);
        let mut seen = false;
        for key in self.captures.keys("build_script_build") {
            let Some(record) = self.captures.get(&key) else { continue };
            if let Some(crate_args) =
                record.crate_args().filter(|_| record.manifest_dir() == Some(folder))
            {
                seen = true;
                self.artifact(&key, &record, &crate_args, TargetKind::CustomBuild);
            }
        }
        if !seen {
            let source = folder.join("build.rs");
            let script = unseen_artifact(id.clone(), &source, TargetKind::CustomBuild, "build");
            self.artifacts.insert(format!("build script of {id}"), script);
        }
    }
}

/// An artifact of which there is but one file.
fn unseen_artifact(package: PackageId, file: &Path, kind: TargetKind, name: &str) -> Artifact {
    Artifact {
        package,
        folder: file.parent().unwrap_or(file).to_owned(),
        kinds: vec![kind],
        name: name.to_owned(),
        source: file.to_owned(),
        files: vec![file.to_owned()],
        executable: None,
        is_test: false,
        is_fresh: true,
    }
}

/// As cargo writes it for a package of the user's.
fn package_id(record: &RustcInvocation, folder: &Path) -> PackageId {
    let variable = |name| record.env.get(name).map(String::as_str).unwrap_or_default();
    let (name, version) = (variable("CARGO_PKG_NAME"), variable("CARGO_PKG_VERSION"));
    PackageId { repr: format!("path+file://{}#{name}@{version}", folder.display()) }
}

/// Reports whether a source is of a package that cargo has fetched.
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
    fn a_program_is_reconstructed_as_cargo_would_announce_it() {
        let store = tempfile::tempdir().unwrap();
        let captures = Captures::open(store.path().to_owned()).unwrap();
        let record = RustcInvocation {
            program: "rustc".to_owned(),
            args: ["--crate-name=a_b", "--emit=link", "--out-dir=/t/debug/deps", "src/main.rs"]
                .map(str::to_owned)
                .to_vec(),
            cwd: "/w".into(),
            env: [("CARGO_MANIFEST_DIR", "/w"), ("CARGO_BIN_NAME", "a-b"), ("CARGO_PKG_NAME", "p")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        let mut teller = Teller {
            captures: &captures,
            artifacts: BTreeMap::new(),
            scripts: BTreeMap::new(),
            unseen: BTreeSet::new(),
            visited: BTreeSet::new(),
        };
        let crate_args = record.crate_args().unwrap();
        teller.artifact("a_b", &record, &crate_args, TargetKind::Bin);
        let artifact = &teller.artifacts["a_b"];
        assert_eq!((artifact.name.as_str(), artifact.is_fresh), ("a-b", true));
        assert_eq!(artifact.executable.as_deref(), Some(Path::new("/t/debug/deps/a_b")));
        assert_eq!(artifact.source, Path::new("/w/src/main.rs"));
        assert!(crate::build::cargo::is_user(&artifact.package), "{artifact:?}");
        assert_eq!(crate::build::cargo::package_name(&artifact.package), "p");
    }
}
