//! Marks every function of some published crates with `#[hot]`, checks and builds them, and reports
//! which marks do not compile and why.
//!
//! 1. `sources`: cargo fetches the crates that `crates/Cargo.toml` names; each is copied into a
//!    scratch workspace and made to depend on `hot`.
//! 2. `marks`: the functions of a source file, and the attribute written before each.
//! 3. `compile`: `cargo check`, then `cargo build`; each error is led back to the function it is in.
//! 4. That function loses its mark, and the crate is compiled again, until it compiles.
//!
//! The table counts the marks in the sources, and how many functions are hot in the library: under a
//! `cfg` that does not hold there are none. What had to be left off is compared with `left-off.txt`, a line each: a mark that fails and does
//! not stand there is an error, and so is a line of it that has become untrue. With arguments, only
//! the crates named are looked at.

mod compile;
mod marks;
mod sources;

use anyhow::{Context, Result, ensure};
use marks::{Marks, Untried};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How often a crate is compiled at most: an error may hide others.
const ROUNDS: usize = 20;

/// A mark that did not compile.
struct LeftOff {
    function: String,
    reason: String,
    /// As the compiler words it.
    rendered: String,
    /// `cargo check` had found nothing wrong with it.
    by_build_alone: bool,
}

fn main() -> Result<()> {
    let only: BTreeSet<String> = std::env::args().skip(1).collect();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scratch = here.join("../../target/published");
    let crates = sources::fetch(&here.join("crates"), &scratch, &here.join("../../hot"))?;

    let mut left_off = Vec::new();
    let mut untried = BTreeMap::<Untried, usize>::new();
    let (mut tried, mut hot, mut compiled) = (0, 0, Vec::new());
    println!("{:<14} {:>7} {:>7} {:>9}", "crate", "marks", "hot", "left off");
    for krate in &crates {
        if !only.is_empty() && !only.contains(&krate.name) {
            continue;
        }
        let mut marks = Marks::find(&krate.folder)?;
        let (off, entries) = compile_marked(krate, &mut marks)
            .with_context(|| format!("failed to compile {} with marks", krate.name))?;
        println!("{:<14} {:>7} {entries:>7} {:>9}", krate.name, marks.count(), off.len());
        tried += marks.count();
        hot += entries;
        for (reason, count) in marks.untried() {
            *untried.entry(*reason).or_default() += count;
        }
        left_off.extend(off);
        compiled.push(krate.name.as_str());
    }
    println!("{:<14} {tried:>7} {hot:>7} {:>9}", "all", left_off.len());
    println!();
    for (reason, count) in &untried {
        println!("not marked, {}: {count}", reason.text());
    }
    report(&left_off);
    compare(&left_off, &compiled, &here.join("left-off.txt"))
}

/// Compiles a crate, and takes off the marks that are in the way, until it compiles. Returns those, and
/// how many functions are hot in the end.
fn compile_marked(krate: &sources::Source, marks: &mut Marks) -> Result<(Vec<LeftOff>, usize)> {
    let (mut left_off, mut library) = (Vec::new(), None);
    for by_build in [false, true] {
        for round in 0.. {
            ensure!(round < ROUNDS, "there are errors still after {ROUNDS} rounds");
            marks.write()?;
            let outcome = compile::run(krate, by_build)?;
            library = outcome.library.or(library);
            if outcome.errors.is_empty() {
                break;
            }
            for error in outcome.errors {
                let found = marks.take_off(&error.file, error.line);
                ensure!(
                    !found.is_empty() || !left_off.is_empty(),
                    "an error is in no marked function: {}:{}\n{}",
                    error.file.display(),
                    error.line,
                    error.rendered
                );
                left_off.extend(found.into_iter().map(|function| LeftOff {
                    function: format!("{} {function}", krate.name),
                    reason: error.reason.clone(),
                    rendered: error.rendered.clone(),
                    by_build_alone: by_build,
                }));
            }
        }
    }
    let entries = compile::count_entries(&library.context("cargo has made no library")?)?;
    ensure!(entries > 0, "there are marks in the sources of {} and none in its code", krate.name);
    Ok((left_off, entries))
}

fn report(left_off: &[LeftOff]) {
    let mut by_reason = BTreeMap::<&str, Vec<&LeftOff>>::new();
    for off in left_off {
        by_reason.entry(&off.reason).or_default().push(off);
    }
    for (reason, marks) in by_reason {
        println!("\n{} left off: {reason}", marks.len());
        for mark in &marks {
            let build = if mark.by_build_alone { " (check found nothing)" } else { "" };
            println!("    {}{build}", mark.function);
        }
        println!("the first of them:\n{}", marks[0].rendered);
    }
}

/// Holds what was left off against what is known to be.
fn compare(left_off: &[LeftOff], compiled: &[&str], known: &Path) -> Result<()> {
    let text = std::fs::read_to_string(known)
        .with_context(|| format!("failed to read {}", known.display()))?;
    let of_compiled =
        |line: &&str| line.split(' ').next().is_some_and(|name| compiled.contains(&name));
    let known: BTreeSet<&str> =
        text.lines().filter(|line| !line.starts_with('#')).filter(of_compiled).collect();
    let found: BTreeSet<&str> = left_off.iter().map(|off| off.function.as_str()).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    ensure!(new.is_empty(), "marks that do not compile and are not in left-off.txt: {new:#?}");
    ensure!(gone.is_empty(), "lines of left-off.txt whose marks do compile: {gone:#?}");
    ensure!(
        !left_off.iter().any(|off| off.by_build_alone),
        "`cargo check` passed what `cargo build` does not compile"
    );
    Ok(())
}
