//! Builds in which no edit can go live, and what to change so that one can.
//!
//! Each is told before the program is started: what a person would otherwise take for live reload
//! would be a restart at each save.

use super::graph::Graph;
use anyhow::{Context, Result};
use object::read::elf::{ElfFile64, FileHeader as _};
use object::{Object as _, ObjectSymbol as _, elf};
use std::path::Path;

/// Why no edit of this build can go live, if that is so: all reasons, since each that is mended costs
/// a build of everything.
///
/// # Errors
/// When the executable cannot be read.
pub fn of(graph: &Graph, profile: &str, executable: &Path) -> Result<Option<String>> {
    let Some(unit) = graph.binary() else { return Ok(None) };
    let mut all = Vec::new();
    if graph.units.iter().any(|unit| unit.facts.lto) {
        all.push(setting(
            profile,
            "optimises at link time (lto), so that what runs is not what the objects hold",
            ("lto", "\"off\"", "off"),
        ));
    }
    if unit.facts.aborts {
        all.push(setting(
            profile,
            "aborts on panic, and patches are compiled and unwound with the rest of the program",
            ("panic", "\"unwind\"", "unwind"),
        ));
    }
    if graph.is_runtime_shared {
        all.push(
            "hot itself is in a dynamic library, where it sees nothing of the executable's \
             functions: make the crate that brings it along an `rlib` (crate-type in [lib] of its \
             Cargo.toml), or leave out the feature that links it dynamically"
                .to_owned(),
        );
    }
    let bytes = std::fs::read(executable)
        .with_context(|| format!("failed to read {}", executable.display()))?;
    let file = ElfFile64::<object::Endianness>::parse(&*bytes)
        .with_context(|| format!("failed to read {}", executable.display()))?;
    if file.elf_header().e_type(file.endian()) != elf::ET_DYN {
        all.push(
            "the executable is not position independent, and patches are bound to ones that are: \
             take `-C relocation-model=static` or `-no-pie` out of the flags of rustc and the \
             linker"
                .to_owned(),
        );
    }
    if !file.symbols().any(|symbol| symbol.is_definition()) {
        all.push(setting(
            profile,
            "strips the executable of its symbols, by which patches are bound to it",
            ("strip", "\"debuginfo\" or \"none\"", "none"),
        ));
    }
    Ok((!all.is_empty()).then(|| all.join("; besides, ")))
}

/// The sentence about one setting of a profile: what it does, and which value it needs.
fn setting(profile: &str, does: &str, (key, value, variable): (&str, &str, &str)) -> String {
    let name = profile.replace('-', "_").to_uppercase();
    format!(
        "the profile `{profile}` {does}: set {key} = {value} in [profile.{profile}] of Cargo.toml, \
         or CARGO_PROFILE_{name}_{}={variable} in the environment (unless flags of rustc, in \
         RUSTFLAGS or cargo's configuration, say so)",
        key.to_uppercase()
    )
}
