//! Objects, executables and archives with bytes changed or cut off: each is answered with a verdict
//! or an error, without a panic, an endless loop, or memory out of proportion.
//!
//! Damage is spread over the parts of a file (its header, its table of sections, each section)
//! rather than over its bytes, so that small tables are hit as often as long ones: symbols,
//! relocations, unwind tables, debug information. `PROPTEST_CASES` sets how many are tried; the
//! cost of one is a judgement.

use crate::fixture::Program;
use crate::{LIBRARY, MAIN};
use hot_cli::diff::{Archives, CrateObjects, DiffSession};
use hot_cli::layout::ObjectLayouts;
use object::read::elf::{ElfFile64, FileHeader as _};
use object::{Object as _, ObjectSection as _};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::ops::Range;
use std::path::PathBuf;

/// More than any judgement of these small programs takes, in bytes.
const TOO_MUCH: usize = 512 << 20;

/// Which part, where in it, and the new byte; and where the file is cut, if it is.
type Damage = (Vec<(Index, Index, u8)>, Option<Index>);

fn damage() -> impl Strategy<Value = Damage> {
    // What lengths, offsets and indices break on.
    let value = prop_oneof![any::<u8>(), Just(0), Just(1), Just(0x7f), Just(0x80), Just(0xff)];
    let change = (any::<Index>(), any::<Index>(), value);
    (vec(change, 1..12), proptest::option::weighted(0.1, any::<Index>()))
}

/// The parts of an ELF file.
fn parts(file: &[u8]) -> Vec<Range<usize>> {
    let elf = ElfFile64::<object::Endianness>::parse(file).expect("a good file");
    let header = elf.elf_header();
    let (endian, table) = (elf.endian(), header.e_shoff(elf.endian()) as usize);
    let entries = usize::from(header.e_shnum.get(endian)) * 64;
    let mut parts = vec![0..64, table..table + entries];
    for section in elf.sections() {
        if let Some((start, size)) = section.file_range().filter(|(_, size)| *size > 0) {
            parts.push(start as usize..(start + size) as usize);
        }
    }
    parts
}

fn damaged(good: &[u8], parts: &[Range<usize>], (changes, cut): &Damage) -> Vec<u8> {
    let mut bad = good.to_vec();
    for (part, at, value) in changes {
        let part = part.get(parts);
        bad[part.start + at.index(part.len())] = *value;
    }
    if let Some(cut) = cut {
        bad.truncate(cut.index(good.len()));
    }
    bad
}

fn runner() -> TestRunner {
    // Nothing is written beside the sources: a failure prints the damage.
    let config = Config { failure_persistence: None, ..Config::default() };
    // The environment's number counts, if it is given; otherwise fewer than for cheap tests.
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { config.cases } else { 64 };
    TestRunner::new(Config { cases, ..config })
}

/// Runs the cases of a test.
fn try_all(test: impl Fn(Damage)) {
    let result = runner().run(&damage(), |damage| {
        test(damage);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn damaged_objects_are_answered() {
    let program = Program::new();
    let world = RefCell::new(program.world(LIBRARY, MAIN));
    let edited = program.library(&LIBRARY.replace("n * 2", "n * 3"));
    let all: Vec<_> = edited.objects.iter().map(|(_, object)| parts(object)).collect();
    try_all(|damage| {
        let mut bad: CrateObjects = edited.clone();
        for ((_, object), parts) in bad.objects.iter_mut().zip(&all) {
            *object = damaged(object, parts, &damage);
        }
        let verdict = world.borrow_mut().judge(vec![bad]);
        if let Ok(hot_cli::diff::Verdict::Patch(prepared)) = &verdict {
            assert!(prepared.patch.image_size() < TOO_MUCH as u64);
            assert!(prepared.patch.data.len() < TOO_MUCH);
        }
    });
    // None of it has left a trace: the good objects are judged as ever.
    let verdict = world.borrow_mut().judge(vec![edited]).expect("a verdict");
    assert_eq!(crate::patch(verdict).functions, ["shop/price"]);
}

#[test]
fn damaged_debug_information_is_answered() {
    let program = Program::new();
    let library = program.library(LIBRARY);
    let largest = library.objects.iter().map(|(_, object)| object).max_by_key(|o| o.len());
    let good = largest.expect("an object");
    ObjectLayouts::read(good).expect("the good one is read");
    let elf = ElfFile64::<object::Endianness>::parse(good.as_slice()).expect("a good file");
    let debug: Vec<Range<usize>> = elf
        .sections()
        .filter(|section| section.name().is_ok_and(|name| name.contains(".debug_")))
        .filter_map(|section| section.file_range())
        .map(|(start, size)| start as usize..(start + size) as usize)
        .collect();
    assert!(debug.len() > 5, "there is something to damage");
    try_all(|damage| {
        let _ = ObjectLayouts::read(&damaged(good, &debug, &damage));
    });
}

#[test]
fn damaged_executables_are_answered() {
    let program = Program::new();
    let library = program.library(LIBRARY);
    drop(program.world(LIBRARY, MAIN));
    let good = std::fs::read(program.executable()).expect("the executable");
    let parts = parts(&good);
    let bad = program.executable().with_extension("bad");
    try_all(|damage| {
        std::fs::write(&bad, damaged(&good, &parts, &damage)).expect("written");
        let _ = DiffSession::new(&bad, vec![library.clone()], Archives::default());
    });
}

/// An archive is opened when something is missing in the process.
#[test]
fn damaged_archives_are_answered() {
    let program = Program::new();
    let library = program.library(LIBRARY);
    drop(program.world(LIBRARY, MAIN));
    let edited = LIBRARY
        .replace("format!(\"n = {n}\")", "String::from_utf8_lossy(&[n as u8; 9]).into_owned()");
    assert_ne!(edited, LIBRARY);
    let edited = program.library(&edited);
    let is_alloc = |path: &PathBuf| path.to_string_lossy().contains("liballoc-");
    let found = program.archives().paths.into_iter().find(is_alloc).expect("the crate alloc");
    let good = std::fs::read(found).expect("its archive");
    // Its index and its first members' headers, and all of it.
    let parts = [0..1 << 12, 0..1 << 16, 0..good.len()];
    let path = program.executable().with_extension("rlib");
    let judge = |archive: &[u8]| {
        std::fs::write(&path, archive).expect("written");
        let archives = Archives { paths: vec![path.clone()], shared: Vec::new() };
        let world = DiffSession::new(&program.executable(), vec![library.clone()], archives);
        world.expect("archives are not read at the start").judge(vec![edited.clone()])
    };
    crate::patch(judge(&good).expect("the good one is read"));
    try_all(|damage| {
        let _ = judge(&damaged(&good, &parts, &damage));
    });
}
