//! Fetches the crates, and copies them into a workspace in which each depends on `hot`.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A crate in the scratch workspace.
pub struct Source {
    pub name: String,
    pub folder: PathBuf,
    /// Those that cargo has resolved for it.
    pub features: Vec<String>,
}

/// Fetches what the package in `list` depends on and copies it to `scratch`.
pub fn fetch(list: &Path, scratch: &Path, hot: &Path) -> Result<Vec<Source>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version=1", "--locked", "--manifest-path"])
        .arg(list.join("Cargo.toml"))
        .output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout)?;

    fs::create_dir_all(scratch)?;
    let scratch = &scratch.canonicalize()?;
    let mut sources = Vec::new();
    for id in direct_dependencies(&metadata)? {
        let package = find(&metadata["packages"], &id)?;
        let node = find(&metadata["resolve"]["nodes"], &id)?;
        let name = text(&package["name"])?;
        let manifest = PathBuf::from(text(&package["manifest_path"])?);
        let folder = scratch.join(&name);
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        copy(manifest.parent().context("a manifest stands in a folder")?, &folder)?;
        depend_on_hot(&folder.join("Cargo.toml"), hot)?;
        let features = node["features"].as_array().context("a node has features")?;
        let features = features.iter().map(text).collect::<Result<_>>()?;
        sources.push(Source { name, folder, features });
    }
    let members: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    fs::write(
        scratch.join("Cargo.toml"),
        format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"),
    )?;
    // The dependencies' versions; those of `hot` come to them.
    fs::copy(list.join("Cargo.lock"), scratch.join("Cargo.lock"))?;
    Ok(sources)
}

fn direct_dependencies(metadata: &Value) -> Result<Vec<String>> {
    let root = text(&metadata["resolve"]["root"])?;
    let node = find(&metadata["resolve"]["nodes"], &root)?;
    node["dependencies"].as_array().context("a node has dependencies")?.iter().map(text).collect()
}

fn find<'a>(list: &'a Value, id: &str) -> Result<&'a Value> {
    let list = list.as_array().context("a list in the metadata")?;
    list.iter().find(|item| item["id"] == id).with_context(|| format!("no {id} in the metadata"))
}

fn text(value: &Value) -> Result<String> {
    Ok(value.as_str().with_context(|| format!("{value} is no text"))?.to_owned())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => fs::write(&target, fs::read(entry.path())?)?,
        }
    }
    Ok(())
}

/// Adds `hot` to the dependencies; what is not the library goes.
fn depend_on_hot(manifest: &Path, hot: &Path) -> Result<()> {
    let mut table: toml::Table = fs::read_to_string(manifest)?.parse()?;
    for key in ["dev-dependencies", "test", "bench", "example", "bin", "lints"] {
        table.remove(key);
    }
    if let Some(targets) = table.get_mut("target").and_then(toml::Value::as_table_mut) {
        for target in targets.iter_mut().filter_map(|(_, target)| target.as_table_mut()) {
            target.remove("dev-dependencies");
        }
    }
    let mut path = toml::Table::new();
    let folder = hot.canonicalize()?;
    path.insert("path".into(), folder.to_str().context("the path is no UTF-8")?.into());
    let dependencies = table.entry("dependencies").or_insert_with(|| toml::Table::new().into());
    let dependencies = dependencies.as_table_mut().context("dependencies are a table")?;
    dependencies.insert("hot".into(), path.into());
    Ok(fs::write(manifest, table.to_string())?)
}
