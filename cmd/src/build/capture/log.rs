//! The log of the records that the cargos of a command have made.

use anyhow::{Context, Result};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Notes that there is a record with this key in a folder.
///
/// # Errors
/// When the log cannot be written to.
pub fn note(log: &Path, folder: &Path, key: &str) -> Result<()> {
    // One short write at the end: those of several wrappers do not mix.
    let line = format!("{key}\t{}\n", folder.display());
    File::options()
        .append(true)
        .create(true)
        .open(log)
        .and_then(|mut file| file.write_all(line.as_bytes()))
        .with_context(|| format!("failed to write to {}", log.display()))
}

/// Returns what the log tells: the keys of the records, and the folders that they are in.
pub fn noted(log: &Path) -> Vec<(String, PathBuf)> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let line = |line: &str| {
        let (key, folder) = line.split_once('\t')?;
        Some((key.to_owned(), PathBuf::from(folder)))
    };
    text.lines().filter_map(line).collect()
}
