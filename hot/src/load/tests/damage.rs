//! Patches that were damaged on the way, or are none: one sentence, and the code as it was.

use super::*;
use crate::reload::{Reloader, Report, load_path};
use std::path::Path;
use std::sync::{Arc, Mutex};

#[hot]
fn spared() -> u32 {
    1
}

/// Returns a patch with something in each of its parts.
fn full() -> Patch {
    let mut patch = patch(name!("damage/spared"), answer(9));
    patch.symbols = vec!["memcpy".into()];
    patch.read_only = vec![7; 24];
    patch.data = vec![8; 8];
    patch.zeroed = 8;
    patch.relocations =
        vec![Relocation { at: 4096, width: Width::Absolute64, base: Base::Symbol(0), addend: 0 }];
    patch
}

/// Refused with one sentence; the code is that from before.
fn refused(file: &[u8], what: &str) -> String {
    // SAFETY: it is refused before anything of it is used. Were it not, it would hold the code of a
    // function of its type.
    let error = unsafe { load(file) }.expect_err(what).to_string();
    assert!(!error.is_empty() && error.len() < 300 && !error.contains('\n'), "{what}: {error:?}");
    assert_eq!(spared(), 1, "{what}");
    error
}

#[test]
fn a_cut_file_and_one_with_any_byte_changed_leave_the_code_as_it_was() {
    let patch = full();
    let file = patch.to_bytes();
    for length in 0..file.len() {
        refused(&file[..length], "cut");
    }
    for at in 0..file.len() {
        for flip in [0x01, 0x10, 0x80, 0xff] {
            let mut bad = file.clone();
            bad[at] ^= flip;
            refused(&bad, &format!("byte {at} ^ {flip:#x}"));
        }
    }
    assert!(!loaded().contains(&patch.id));
    load_patch(&patch).expect("undamaged it loads");
    assert_eq!(spared(), 9);
}

#[hot]
fn with_entry() -> u32 {
    1
}

/// Returns a patch that brings a registry entry with this text.
fn bringing(text: &[u8]) -> Patch {
    use hot_patch::abi;
    let mut patch = patch(name!("damage/with_entry"), answer(9));
    let mut entry = vec![0; abi::ENTRY_SIZE];
    entry[..2].copy_from_slice(&abi::ENTRY_ABI.to_le_bytes());
    entry[abi::ENTRY_TEXT_LEN..][..8].copy_from_slice(&(text.len() as u64).to_le_bytes());
    patch.read_only = [&entry, text].concat();
    patch.data = vec![0; 8];
    patch.entries = vec![4096];
    let pointer = |field: usize, to: usize| Relocation {
        at: 4096 + field as u64,
        width: Width::Absolute64,
        base: Base::Image,
        addend: to as i64,
    };
    patch.relocations =
        vec![pointer(abi::ENTRY_SLOT, 8192), pointer(abi::ENTRY_TEXT, 4096 + abi::ENTRY_SIZE)];
    patch
}

/// The registry reads it when the patch has its place in the list of those that are loaded.
#[test]
fn a_malformed_text_of_an_entry_is_found_before_anything_is_written_down() {
    let texts: [&[u8]; 4] =
        [b"", b"late\0\0late\0fn()\0late.rs", b"\xff\0\0late\0fn()\0late.rs\0", b"\0\0\0\0\0\0"];
    for text in texts {
        let patch = bringing(text);
        for _ in 0..2 {
            let error = load_patch(&patch).expect_err("malformed").to_string();
            assert!(error.contains("registry entry whose text is malformed"), "{error}");
        }
        assert_eq!(with_entry(), 1);
    }
    let mut cut = bringing(b"late\0\0late\0fn()\0late.rs\0");
    cut.read_only[hot_patch::abi::ENTRY_TEXT_LEN..][..8].copy_from_slice(&[0xff; 8]);
    let error = load_patch(&cut).expect_err("too long").to_string();
    assert!(error.contains("malformed"), "{error}");
    load_patch(&bringing(b"late\0\0late\0fn()\0late.rs\0")).expect("it loads");
    assert_eq!(with_entry(), 9);
    assert!(crate::functions().iter().any(|function| function.name() == "late/late"));
}

#[hot]
fn by_name() -> u32 {
    1
}

/// Whatever is named: one line that says what it is, where, and what to do where that is not plain.
#[test]
fn what_is_no_patch_for_this_program_is_told_in_one_line_with_its_path() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let reloader = Reloader::new().on_report(move |report: &Report| {
        heard.lock().expect("nobody panics").push(report.to_string());
    });
    let folder = std::env::temp_dir().join(format!("hot-damage-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    let path = folder.join("a patch.hot");
    let good = || patch(name!("damage/by_name"), answer(2));
    let bytes = good().to_bytes();
    let told_of = |path: &Path, says: &[&str]| {
        load_path(&reloader, path);
        let lines = std::mem::take(&mut *told.lock().expect("nobody panics"));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.contains("failed to load") && line.contains(path.to_str().unwrap()), "{line}");
        assert!(says.iter().all(|says| line.contains(says)) && !line.contains('\n'), "{line}");
        assert_eq!(by_name(), 1, "{line}");
    };
    told_of(&path, &["No such file"]);
    told_of(&folder, &["it is a folder"]);
    let mut other_build = good();
    other_build.build_id = vec![0xab; 20];
    let mut other_format = bytes.clone();
    other_format[8] += 1;
    let mut changed = bytes.clone();
    changed[60] ^= 1;
    let cases: [(&[u8], &[&str]); 7] = [
        (b"", &["the file is empty"]),
        (b"#!/bin/sh\n", &["neither a hot patch nor a shared library"]),
        (&bytes[..bytes.len() / 2], &["it was cut", "anew"]),
        (&[&bytes[..], &bytes[..]].concat(), &["added to", "anew"]),
        (&changed, &["damaged", "anew"]),
        (&other_format, &["format", "use the hot tool of the version"]),
        (&other_build.to_bytes(), &["another build", "restart the program"]),
    ];
    for (content, says) in cases {
        std::fs::write(&path, content).expect("it is written");
        told_of(&path, says);
    }
    std::fs::write(&path, &bytes).expect("it is written");
    load_path(&reloader, &path);
    assert_eq!(by_name(), 2, "{told:?}");
    std::fs::remove_dir_all(&folder).expect("it goes");
}
