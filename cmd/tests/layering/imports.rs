//! Which file of a crate imports which.
//!
//! Every path that a file mentions is followed as the compiler would: by modules, then by the names
//! that a module defines or brings with `use`, through any number of re-exports, to the file that
//! defines what is meant. Where the last name is not found (a macro has made it), the file of the
//! module counts. A module that is brought by `use` counts where a name in it is mentioned, so that
//! a face (`mod.rs`) stands in the way of nothing.

use crate::source::{self, Module};
use proc_macro2::TokenStream;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The modules of a crate and the files that they stand in.
#[derive(Default)]
pub struct Crate {
    modules: Vec<Module>,
    /// For each module, its file's name below the crate's folder of sources, and the path of the
    /// module that is the file's own.
    files: Vec<File>,
}

/// A file of sources.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// The path of its module below the crate's root.
    pub module: Vec<String>,
    /// Its name below the crate's folder of sources.
    pub name: String,
}

/// An import between two files, and the names for whose sake it is there.
pub type Imports = BTreeMap<(File, File), BTreeSet<String>>;

/// The end of a path: the place of a module, and the name in it unless the module itself is meant.
#[derive(Debug, PartialEq)]
enum Target {
    Item(usize),
    Module(usize),
    /// The name was not found in the module.
    Unknown(usize),
}

/// How many re-exports are followed before a path is taken to lead in a circle.
const REEXPORTS: usize = 16;

impl Crate {
    /// Reads the sources of a folder, but for tests and for programs (`main.rs`, `bin`).
    pub fn read(folder: &Path) -> Crate {
        let mut found = Crate::default();
        found.visit(folder, "", &[]);
        found
    }

    fn visit(&mut self, folder: &Path, name: &str, module: &[String]) {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            let file = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
            let stem = file.trim_end_matches(".rs");
            let is_root = module.is_empty() && ["main.rs", "bin"].contains(&file);
            if is_root || stem == "tests" {
                continue;
            }
            let name = format!("{name}{file}");
            let below = [module, &[stem.to_owned()]].concat();
            if path.is_dir() {
                self.visit(&path, &format!("{name}/"), &below);
            } else if stem != file {
                let is_face = stem == "mod" || (stem == "lib" && module.is_empty());
                let source = fs::read_to_string(&path).expect("a source");
                let tokens = source.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                self.add(&name, if is_face { module.to_vec() } else { below }, tokens);
            }
        }
    }

    /// Adds the modules of one file.
    pub fn add(&mut self, name: &str, module: Vec<String>, tokens: TokenStream) {
        let modules = source::read(module.clone(), tokens);
        let file = File { module, name: name.to_owned() };
        self.files.extend(vec![file; modules.len()]);
        self.modules.extend(modules);
    }

    /// Returns the files of the crate.
    pub fn files(&self) -> BTreeSet<&File> {
        self.files.iter().collect()
    }

    /// Reports whether a path below the root leads to a module or to an item.
    pub fn knows(&self, path: &[String]) -> bool {
        let found = self.find(self.at(&[]).expect("a root"), path, 0);
        !matches!(found[..], [] | [Target::Unknown(_)])
    }

    /// Returns all imports between two files.
    pub fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (at, module) in self.modules.iter().enumerate() {
            // All names of a module stand for one that none of them has.
            let globs = module.globs.iter().map(|glob| all_of(glob));
            for path in module.mentions.iter().cloned().chain(globs) {
                let mut targets = self.lookup(at, &path, 0);
                // A name that is brought may be a module's and a function's; the module is meant
                // where something in it is mentioned.
                let is_module = |target: &Target| matches!(target, Target::Module(_));
                let within =
                    |other: &Vec<String>| other.len() > 1 && other[..1] == path[path.len() - 1..];
                if targets.iter().any(is_module) && module.mentions.iter().any(within) {
                    targets.retain(is_module);
                }
                for target in targets {
                    let (Target::Item(to) | Target::Unknown(to)) = target else { continue };
                    let (from, to) = (self.files[at].clone(), self.files[to].clone());
                    if from != to {
                        imports.entry((from, to)).or_default().insert(path.join("::"));
                    }
                }
            }
        }
        imports
    }

    /// Follows a path that is written in the module `from`. It may lead to more than one place,
    /// where `#[cfg]` chooses, and to none in this crate.
    fn lookup(&self, from: usize, path: &[String], reexports: usize) -> Vec<Target> {
        let mut at = from;
        let mut rest = path;
        while let Some((first, others)) = rest.split_first() {
            at = match first.as_str() {
                "crate" => self.at(&[]).expect("a root"),
                "self" => at,
                "super" => match self.modules[at].path.split_last() {
                    Some((_, parent)) => self.at(parent).expect("a parent"),
                    None => return Vec::new(),
                },
                _ => break,
            };
            rest = others;
        }
        let found = self.find(at, rest, reexports);
        // A first name that is none of the module's is a crate, or of the prelude.
        let outside = rest.len() == path.len() && found == [Target::Unknown(at)];
        if outside { Vec::new() } else { found }
    }

    /// Follows a path by the names that are in the module `at`.
    fn find(&self, at: usize, path: &[String], reexports: usize) -> Vec<Target> {
        let Some((name, rest)) = path.split_first() else { return vec![Target::Module(at)] };
        let module = &self.modules[at];
        let child = self.at(&[&module.path[..], std::slice::from_ref(name)].concat());
        // A name may be both a module's and a function's; `::` behind it means the module.
        match child {
            Some(child) if !rest.is_empty() => return self.find(child, rest, reexports),
            _ if module.items.contains(name) => return vec![Target::Item(at)],
            _ if reexports > REEXPORTS => return vec![Target::Unknown(at)],
            _ => {}
        }
        let itself = child.map(Target::Module);
        if let Some(paths) = module.uses.get(name) {
            // `use name;` in the module `name` itself would be an error: it names a crate.
            let all = paths.iter().filter(|path| **path != [name.clone()]);
            let all =
                all.flat_map(|path| self.lookup(at, &[&path[..], rest].concat(), reexports + 1));
            return all.chain(itself).collect();
        }
        if let Some(itself) = itself {
            return vec![itself];
        }
        for glob in &module.globs {
            let found = self.lookup(at, &[&glob[..], path].concat(), reexports + 1);
            if !matches!(found[..], [] | [Target::Unknown(_)]) {
                return found;
            }
        }
        // A macro is found by its text, wherever it is defined.
        let is_macro = self.modules.iter().any(|module| module.macros.contains(name));
        if is_macro { Vec::new() } else { vec![Target::Unknown(at)] }
    }

    fn at(&self, path: &[String]) -> Option<usize> {
        self.modules.iter().position(|module| module.path == path)
    }
}

/// Returns the path of all names of a module.
fn all_of(glob: &[String]) -> Vec<String> {
    [glob, &["*".to_owned()]].concat()
}

/// Returns every import of a name that an ancestor of the importing file defines, as a sentence. A
/// face may import its children; they import from one another.
pub fn from_ancestors(imports: &Imports) -> Vec<String> {
    let faults = imports.iter().filter(|((from, to), _)| is_ancestor(to, from));
    let sentence = |((from, to), names): (&(File, File), &BTreeSet<String>)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let names = names.join(", ");
        format!("{} imports {names}, which {} defines", from.name, to.name)
    };
    faults.map(sentence).collect()
}

/// Reports whether the module of `above` is around that of `below`.
pub fn is_ancestor(above: &File, below: &File) -> bool {
    below.module.len() > above.module.len() && below.module.starts_with(&above.module)
}
