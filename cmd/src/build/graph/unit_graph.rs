//! Which of the user's crates the program is made of, in which order, from which files.
//!
//! The records of the build are a graph already: each names, by `--extern`, the artifacts that it
//! was given. Beginning at the executable's record, every rlib that a crate of the user's made is
//! a [`Unit`]; those can be recompiled by their own command. What is reached through a procedural
//! macro or belongs to a build script acts on the program by way of cargo only: a change there
//! needs a build by cargo and a restart, as do the manifests. So does hot itself where the program
//! takes it from a path: it does the replacing, and is not replaced.

use crate::build::capture::Captures;
use crate::build::cargo::{Outcome, is_user, package_name};
use crate::build::path::normal;
use crate::build::rustc::{
    CrateArgs, Linkage, RustcInvocation, depinfo, key_of_artifact, name_of_key,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One of the user's crates, and how to recompile it.
#[derive(Clone, Debug)]
pub struct Unit {
    /// Stem of its artifact: `shop-1a2b3c`.
    pub key: String,
    /// The crate's name.
    pub name: String,
    /// Its command line.
    pub record: RustcInvocation,
    /// The settings that the command line gives.
    pub crate_args: CrateArgs,
    /// The units that it was given, as indices into [`Graph::units`].
    pub uses: Vec<usize>,
    /// The files that it was made from.
    pub sources: Vec<PathBuf>,
}

impl Unit {
    /// Returns where cargo keeps what the crate's build script has said, if it has one.
    pub fn script_output(&self) -> Option<PathBuf> {
        let out = PathBuf::from(self.record.env.get("OUT_DIR")?);
        Some(out.parent()?.join("output"))
    }

    /// Reads again which files the crate was made from. If rustc left no list, the old one holds.
    pub fn refresh_sources(&mut self, target_dir: &Path) {
        if let Ok(files) = depinfo::read(&self.crate_args.dep_info(), &self.record.cwd) {
            // What is generated may lie in another folder than what is for the user.
            let (build_dir, _) = self.crate_args.target_folder();
            let is_made =
                |file: &PathBuf| [target_dir, &*build_dir].iter().any(|d| file.starts_with(d));
            self.sources = files.into_iter().filter(|file| !is_made(file)).collect();
        }
    }
}

/// The answer that a change to a file asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Recompile these units, and those that use them.
    Source(Vec<usize>),
    /// Build with cargo and restart; the text says what the file is.
    Cargo(String),
}

/// The user's crates in the program.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Each unit after those that it uses; the executable's is the last.
    pub units: Vec<Unit>,
    /// Files whose change only cargo can act on, and what they are.
    pub cargo_files: BTreeMap<PathBuf, String>,
    /// Folders any file of which is such a file.
    pub cargo_folders: BTreeMap<PathBuf, String>,
    /// Packages with a build script that does not say what it reads: cargo runs it again for any
    /// file. What it is for is [`Role::Cargo`] unless rustc reads it: a script that reads the
    /// sources and does not say so is not run by a save.
    unsaid: BTreeMap<PathBuf, String>,
    /// The folder that all is built in.
    build_dir: PathBuf,
    /// The rlibs of hot itself, where the program takes it from a path.
    pub runtime: BTreeSet<PathBuf>,
    /// The crates that are in the executable, and in dynamic libraries.
    pub linkage: Linkage,
    /// True if hot itself is in a dynamic library.
    pub is_runtime_shared: bool,
    /// The folders of the user's packages in the program.
    pub packages: BTreeSet<PathBuf>,
    /// Units that a foreign crate stands on: only cargo can rebuild what is between.
    beneath: BTreeSet<usize>,
    /// The folders of all packages of the user's that the build went through.
    user: BTreeSet<PathBuf>,
}

impl Graph {
    /// Follows the records from the executable's.
    pub fn new(
        binary: &str,
        captures: &Captures,
        outcome: &Outcome,
        target_dir: &Path,
        linkage: Linkage,
    ) -> Graph {
        let user: BTreeSet<PathBuf> = outcome
            .artifacts
            .iter()
            .filter(|a| is_user(&a.package))
            .map(|a| a.folder.clone())
            .collect();
        let crate_args =
            captures.get(binary).as_ref().and_then(RustcInvocation::crate_args).unwrap_or_default();
        let (build_dir, _) = crate_args.target_folder();
        let mut walk = Walk {
            captures,
            target_dir,
            seen: BTreeMap::new(),
            graph: Graph { user, build_dir, linkage, ..Graph::default() },
        };
        walk.visit(binary, false);
        let Walk { mut graph, seen, .. } = walk;
        for (key, unit) in &seen {
            if let Some(unit) = unit.filter(|_| key.beneath) {
                graph.beneath.insert(unit);
            }
        }
        graph.add_build_scripts(captures, outcome, target_dir);
        for package in graph.packages.clone() {
            graph.cargo_files.insert(package.join("Cargo.toml"), "a manifest".to_owned());
        }
        graph
    }

    /// Returns what a change to this file asks for; `None` when the program was not made from it.
    pub fn role(&self, file: &Path) -> Option<Role> {
        if let Some(what) = self.cargo_files.get(file) {
            return Some(Role::Cargo(what.clone()));
        }
        for (folder, what) in &self.cargo_folders {
            if file.starts_with(folder) {
                return Some(Role::Cargo(what.clone()));
            }
        }
        let named = |unit: &Unit| unit.sources.binary_search_by(|s| s.as_path().cmp(file)).is_ok();
        let units: Vec<usize> = (0..self.units.len()).filter(|&i| named(&self.units[i])).collect();
        if let Some(&unit) = units.iter().find(|unit| self.beneath.contains(unit)) {
            let name = &self.units[unit].name;
            return Some(Role::Cargo(format!("{name} is used by a crate that is not yours")));
        }
        if units.is_empty() {
            self.unsaid(file).map(Role::Cargo)
        } else {
            Some(Role::Source(units))
        }
    }

    /// Reports whether a file that the program is not known to be made from matters to cargo, for
    /// the folder that it is in.
    pub fn is_in_cargo_folder(&self, file: &Path) -> bool {
        let is_made = file.starts_with(&self.build_dir);
        let named = self.cargo_folders.keys().any(|folder| file.starts_with(folder));
        !is_made && (named || self.unsaid(file).is_some())
    }

    /// The build script that this file may concern, because it does not say what it reads.
    fn unsaid(&self, file: &Path) -> Option<String> {
        let package = self.user.iter().filter(|folder| file.starts_with(folder)).max()?;
        self.unsaid.get(package).cloned()
    }

    /// These units and all that use them, directly or not, in the order to compile them.
    pub fn affected(&self, changed: &BTreeSet<usize>) -> Vec<usize> {
        let mut affected = changed.clone();
        for (index, unit) in self.units.iter().enumerate() {
            if unit.uses.iter().any(|used| affected.contains(used)) {
                affected.insert(index);
            }
        }
        affected.into_iter().collect()
    }

    /// The folder that all is built in.
    pub fn build_dir(&self) -> &Path {
        &self.build_dir
    }

    /// The folders of all packages of the user's that the build went through.
    pub fn user(&self) -> &BTreeSet<PathBuf> {
        &self.user
    }

    /// The units that one uses, directly or not.
    pub fn all_used_by(&self, unit: usize) -> BTreeSet<usize> {
        let mut all = BTreeSet::new();
        let mut next = self.units[unit].uses.clone();
        while let Some(used) = next.pop() {
            if all.insert(used) {
                next.extend(&self.units[used].uses);
            }
        }
        all
    }

    /// The files that rustc made the program from.
    pub fn sources(&self) -> impl Iterator<Item = &PathBuf> {
        self.units.iter().flat_map(|unit| &unit.sources)
    }

    /// Every file that the program was made from.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        self.sources().chain(self.cargo_files.keys()).cloned().collect()
    }

    /// Returns what the commands of the units say, in the order of the units.
    pub fn crates(&self) -> impl Iterator<Item = &CrateArgs> + Clone {
        self.units.iter().map(|unit| &unit.crate_args)
    }

    /// The unit of the executable.
    pub fn binary(&self) -> Option<&Unit> {
        self.units.last()
    }

    fn add_build_scripts(&mut self, captures: &Captures, outcome: &Outcome, target_dir: &Path) {
        for artifact in &outcome.artifacts {
            if !self.packages.contains(&artifact.folder)
                || !artifact.kinds.contains(&cargo_metadata::TargetKind::CustomBuild)
            {
                continue;
            }
            let what = format!("the build script of {}", package_name(&artifact.package));
            self.add_cargo_file(&artifact.source, &what, target_dir);
            let folder = artifact.files.first().and_then(|file| file.parent());
            for key in captures.keys("build_script_build") {
                let record = captures.get(&key);
                let Some(crate_args) = record.as_ref().and_then(RustcInvocation::crate_args) else {
                    continue;
                };
                if Some(crate_args.out_dir.as_path()) == folder
                    && let Some(record) = record
                {
                    self.add_outsider(&record, &crate_args, &what, captures, target_dir);
                }
            }
        }
        for script in &outcome.scripts {
            let out = &script.out_dir;
            // The package's ID has its folder in it, but as a URL.
            let of = outcome.artifacts.iter().find(|a| a.package == script.package);
            let Some(root) = of
                .map(|artifact| artifact.folder.clone())
                .filter(|folder| self.packages.contains(folder))
            else {
                continue;
            };
            let Some(said) = out.parent().map(|folder| folder.join("output")) else { continue };
            let name = package_name(&script.package);
            let what = format!("read by the build script of {name}");
            let said = std::fs::read_to_string(said).unwrap_or_default();
            let lines = said
                .lines()
                .filter_map(|line| line.strip_prefix("cargo::").or(line.strip_prefix("cargo:")));
            let mut says = false;
            for line in lines {
                says |= line.starts_with("rerun-if-");
                if let Some(path) = line.strip_prefix("rerun-if-changed=") {
                    self.add_cargo_file(&root.join(path), &what, target_dir);
                }
            }
            if !says {
                let what = format!("the build script of {name} does not say what it reads");
                self.unsaid.insert(root, what);
            }
        }
    }

    /// A crate that acts on the program by way of cargo only, and the user's crates beneath it.
    fn add_outsider(
        &mut self,
        record: &RustcInvocation,
        crate_args: &CrateArgs,
        what: &str,
        captures: &Captures,
        target_dir: &Path,
    ) {
        for file in depinfo::read(&crate_args.dep_info(), &record.cwd).unwrap_or_default() {
            self.add_cargo_file(&file, what, target_dir);
        }
        if let Some(root) = self.package_of(record) {
            self.add_cargo_file(&root.join("Cargo.toml"), "a manifest", target_dir);
        }
        for used in crate_args.externs.iter().filter_map(|path| key_of_artifact(path)) {
            let Some(used) = captures.get(&used) else { continue };
            if let Some(crate_args) = used.crate_args().filter(|_| self.package_of(&used).is_some())
            {
                self.add_outsider(&used, &crate_args, what, captures, target_dir);
            }
        }
    }

    /// Hot itself: its rlib, and those of its own that it was given.
    fn add_runtime(&mut self, crate_args: &CrateArgs, captures: &Captures) {
        self.runtime.insert(crate_args.rlib());
        for used in crate_args.externs.iter().filter_map(|path| key_of_artifact(path)) {
            let Some(record) = captures.get(&used) else { continue };
            if let Some(crate_args) = record.crate_args().filter(CrateArgs::is_rlib)
                && self.package_of(&record).is_some()
            {
                self.runtime.insert(crate_args.rlib());
            }
        }
    }

    /// The folder of the user's package that a command compiles, if it is one.
    fn package_of(&self, record: &RustcInvocation) -> Option<PathBuf> {
        self.user.get(record.manifest_dir()?).cloned()
    }

    fn add_cargo_file(&mut self, path: &Path, what: &str, target_dir: &Path) {
        let path = normal(path);
        if path.starts_with(target_dir) || path.starts_with(&self.build_dir) {
            return;
        }
        if !path.is_dir() {
            self.cargo_files.insert(path, what.to_owned());
            return;
        }
        for entry in std::fs::read_dir(&path).into_iter().flatten().flatten() {
            // Links are not followed: one may lead upwards.
            if entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_file()) {
                self.add_cargo_file(&entry.path(), what, target_dir);
            }
        }
        self.cargo_folders.insert(path, what.to_owned());
    }
}

/// A crate on the way from the executable, seen directly or beneath a foreign crate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    key: String,
    beneath: bool,
}

struct Walk<'a> {
    captures: &'a Captures,
    target_dir: &'a Path,
    seen: BTreeMap<Seen, Option<usize>>,
    graph: Graph,
}

impl Walk<'_> {
    /// Visits a crate after all that it uses; its index if it is one of the user's.
    fn visit(&mut self, key: &str, beneath: bool) -> Option<usize> {
        let seen = Seen { key: key.to_owned(), beneath };
        if let Some(unit) = self.seen.get(&seen) {
            return *unit;
        }
        let record = self.captures.get(key)?;
        let crate_args = record.crate_args()?;
        let root = self.graph.package_of(&record);
        if root.is_some() && is_runtime(&crate_args) {
            let what = "hot itself, which is not replaced while it runs";
            self.graph.add_outsider(&record, &crate_args, what, self.captures, self.target_dir);
            self.graph.add_runtime(&crate_args, self.captures);
            self.graph.is_runtime_shared |= !self.graph.linkage.holds(&crate_args.rlib());
            self.seen.insert(seen, None);
            return None;
        }
        if root.is_some()
            && !crate_args.is_binary()
            && !self.graph.linkage.holds(&crate_args.rlib())
        {
            self.outsider(key);
            self.seen.insert(seen, None);
            return None;
        }
        let mut uses = Vec::new();
        for path in crate_args.externs.clone() {
            let Some(used) = key_of_artifact(&path) else { continue };
            match path.extension().and_then(|e| e.to_str()) {
                Some("rlib" | "rmeta") => {
                    uses.extend(self.visit(&used, beneath || root.is_none()));
                }
                _ if self.is_static(&crate_args, &path) => {}
                _ => self.outsider(&used),
            }
        }
        let record = self.without_unused(record, &crate_args);
        let unit = root.map(|root| {
            self.graph.packages.insert(root);
            // The same crate may have been reached the other way before.
            let known = self.graph.units.iter().position(|unit| unit.key == key);
            known.unwrap_or_else(|| {
                let mut unit = Unit {
                    key: key.to_owned(),
                    name: crate_args.crate_name.clone(),
                    record,
                    crate_args,
                    uses,
                    sources: Vec::new(),
                };
                unit.refresh_sources(self.target_dir);
                self.graph.units.push(unit);
                self.graph.units.len() - 1
            })
        });
        self.seen.insert(seen, unit);
        unit
    }

    /// Reports whether a crate was given as a dynamic library too, and the executable holds its
    /// rlib.
    fn is_static(&self, crate_args: &CrateArgs, shared: &Path) -> bool {
        let rlib = shared.with_extension("rlib");
        crate_args.externs.contains(&rlib) && self.graph.linkage.holds(&rlib)
    }

    /// Takes from a command the dynamic libraries that the program does not use. They are not made
    /// again with the rlibs beside them, and rustc takes two of one name only if they are alike.
    fn without_unused(
        &self,
        mut record: RustcInvocation,
        crate_args: &CrateArgs,
    ) -> RustcInvocation {
        let mut args = Vec::with_capacity(record.args.len());
        for arg in std::mem::take(&mut record.args) {
            let path = arg.rsplit_once('=').map(|(_, path)| record.cwd.join(path));
            let unused = path.is_some_and(|path| {
                path.extension().is_some_and(|end| end == "so") && self.is_static(crate_args, &path)
            });
            if !unused {
                args.push(arg);
            } else if args.last().is_some_and(|before| before == "--extern") {
                args.pop();
            }
        }
        record.args = args;
        record
    }

    /// A procedural macro, or a dynamic library and what it was linked with.
    fn outsider(&mut self, key: &str) {
        let Some(record) = self.captures.get(key) else { return };
        let Some(crate_args) = record.crate_args() else { return };
        if let Some(root) = self.graph.package_of(&record) {
            self.graph.packages.insert(root);
            let is = |wanted: &str| crate_args.crate_types.iter().any(|kind| kind == wanted);
            let what = match &crate_args.crate_name {
                name if is("proc-macro") => format!("the procedural macros of {name}"),
                name if is("dylib") => format!("the dynamic library {name}"),
                name => format!("{name}, which is in a dynamic library"),
            };
            self.graph.add_outsider(&record, &crate_args, &what, self.captures, self.target_dir);
        }
    }
}

/// Reports whether a crate is hot's runtime, rather than another of that name.
fn is_runtime(crate_args: &CrateArgs) -> bool {
    let uses = |name: &str| {
        crate_args
            .externs
            .iter()
            .filter_map(|path| key_of_artifact(path))
            .any(|key| name_of_key(&key) == name)
    };
    crate_args.crate_name == "hot" && uses("hot_macros") && uses("hot_patch")
}
