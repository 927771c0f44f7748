//! The names in ARCHITECTURE.md: each file, module and test that is named there exists.
//!
//! Names stand between backticks: `cmd/src/run` is a file or a folder of the repository,
//! `diff::link` a module of one of the crates or an item in it, and in a table, a word with an
//! underscore behind a file is a test in that file.

use crate::imports::Crate;
use std::{fs, path::Path};

/// Returns a sentence for each name that leads to nothing.
pub fn missing(map: &str, repository: &Path, crates: &[(&str, Crate)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in map.lines().filter(|line| !line.starts_with("    ")) {
        let mut file = None;
        for name in line.split('`').skip(1).step_by(2) {
            if is_path(name) {
                if !repository.join(name).exists() {
                    wrong.push(format!("there is no {name}"));
                }
                file = name.ends_with(".rs").then_some(name);
            } else if name.contains("::") && name.bytes().all(is_of_a_module) {
                if !crates.iter().any(|(krate, sources)| knows(krate, sources, name)) {
                    wrong.push(format!("there is no module {name}"));
                }
            } else if let Some(file) = file.filter(|_| line.starts_with('|'))
                && name.contains('_')
                && name.bytes().all(is_of_a_module)
            {
                let source = fs::read_to_string(repository.join(file)).unwrap_or_default();
                if !source.contains(&format!("fn {name}(")) {
                    wrong.push(format!("there is no test {name} in {file}"));
                }
            }
        }
    }
    wrong
}

fn is_path(name: &str) -> bool {
    const FOLDERS: [&str; 8] =
        ["cmd/", "hot/", "hot-macros/", "hot-patch/", "benches/", "docs/", "examples/", ".ci/"];
    FOLDERS.iter().any(|folder| name.starts_with(folder)) && !name.contains(['*', ' '])
}

fn is_of_a_module(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_:".contains(&byte)
}

fn knows(krate: &str, sources: &Crate, name: &str) -> bool {
    let path: Vec<String> = name.split("::").map(str::to_owned).collect();
    let below = (path[0] == krate.replace('-', "_")).then(|| &path[1..]);
    sources.knows(&path) || below.is_some_and(|path| sources.knows(path))
}
