//! Patches that were damaged on the way, or are none: one sentence, and the code as it was.

use super::*;
use crate::reload::{Reloader, Report, load_path};
use std::path::Path;
use std::sync::{Arc, Mutex};

#[hot]
fn spared() -> u32 {
    1
}

/// A patch with something in each of its parts.
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
