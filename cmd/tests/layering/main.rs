//! The map in ARCHITECTURE.md and the code are held together, and no files import in a circle.
//!
//! ARCHITECTURE.md has one table of the workspace's crates, one for each crate of the rooms at its
//! root, and one for each folder that has folders in it. A room is a module, and its line says
//! which rooms of the same table it may import. What is not in the table is an error, and so is a
//! room without a line, a line without a room, an import that the table allows but no file makes,
//! and a circle.
//!
//! The files, modules and tests that ARCHITECTURE.md names exist.
//!
//! Below that, file by file: no circle, and no import of a name that a module around the file
//! defines (its `mod.rs`, or the crate's root): a face looks down on what is in its folder, and is
//! not looked up to.

mod graph;
mod imports;
mod map;
mod names;
mod rules;
mod source;

use graph::Graph;
use imports::Crate;
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The crates whose files are looked at, and where their sources are.
const CRATES: [(&str, &str); 4] = [
    ("hot-patch", "hot-patch/src"),
    ("hot-macros", "hot-macros/src"),
    ("hot", "hot/src"),
    ("hot-cli", "cmd/src"),
];

#[test]
fn the_map_is_what_the_code_does() {
    let root = repository();
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the map");
    let crates = CRATES.map(|(name, folder)| (name, Crate::read(&root.join(folder))));
    let mut wrong = names::missing(&map, &root, &crates);
    for (name, sources) in &crates {
        wrong.extend(rules::broken(name, &map, sources));
    }
    // Circles between crates are cargo's business.
    let table = map::table(&map, "## The crates").expect("a table of crates");
    wrong.extend(map::differences("the workspace", &table, &packages()));
    assert!(wrong.is_empty(), "ARCHITECTURE.md and the code disagree:\n{}", wrong.join("\n"));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// Returns the crates of the workspace and which of them each one is built on.
fn packages() -> Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .expect("cargo to start");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let on = |package: &Value| {
        let all = list(&package["dependencies"]).into_iter();
        all.filter(|d| d["path"].is_string() && d["kind"].is_null()).map(|d| name(&d)).collect()
    };
    list(&metadata["packages"]).iter().map(|package| (name(package), on(package))).collect()
}

mod tests;
