//! Hot functions called in the midst of a load: by a constructor of the patch, by who hears the
//! report.

use super::*;
use crate::reload::{Reloader, Report, load_path};
use std::sync::{Arc, Mutex};

#[hot]
fn constructed() -> u32 {
    1
}

/// Calls the function through its slot and keeps the answer; then the function, which answers what
/// was kept.
fn asking() -> Patch {
    // push rax; mov rax, [rip + slot]; call rax; mov [rip + data], eax; pop rax; ret
    let mut text = vec![0x50, 0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xff, 0xd0, 0x89, 0x05];
    text.extend_from_slice(&(4096u32 - 16).to_le_bytes());
    text.extend_from_slice(&[0x58, 0xc3]);
    text.resize(32, 0xcc);
    // mov eax, [rip + data]; add eax, 10; ret
    text.extend_from_slice(&[0x8b, 0x05]);
    text.extend_from_slice(&(4096u32 - 38).to_le_bytes());
    text.extend_from_slice(&[0x83, 0xc0, 0x0a, 0xc3]);
    let mut patch = patch(name!("within/constructed"), text);
    let addend = slot_of(name!("within/constructed")).offset as i64 - 4;
    patch.relocations =
        vec![Relocation { at: 4, width: Width::Relative32, base: Base::Host, addend }];
    patch.data = vec![0; 8];
    patch.constructors = vec![0];
    patch.swaps[0].target = 32;
    patch
}

#[test]
fn a_constructor_calls_the_code_from_before_the_commit_or_its_mock() {
    load_patch(&asking()).expect("it loads");
    assert_eq!(constructed(), 11, "the original");
    load_patch(&asking()).expect("it loads");
    assert_eq!(constructed(), 21, "the first patch");
    #[cfg(feature = "mock")]
    {
        let five = Box::new(5);
        crate::mock!(constructed, move || -> u32 { *five }).expect("a mock");
        load_patch(&asking()).expect("it loads");
        assert_eq!(constructed(), 5, "the mock stays on top");
        crate::reset(constructed).expect("it was mocked");
        assert_eq!(constructed(), 15, "the mock, as the constructor saw it");
    }
}

#[hot]
fn reported() -> u32 {
    1
}

#[test]
fn who_hears_of_a_patch_may_call_what_it_replaced_and_ask_what_runs() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let told = heard.clone();
    let reloader = Reloader::new().on_report(move |report: &Report| {
        let functions = crate::functions();
        let name = name!("within/reported");
        let function = functions.iter().find(|f| f.name() == name).expect("it is listed");
        let live = matches!(report, Report::Reloaded { .. });
        told.lock().expect("nobody panics").push((live, reported(), function.patch().is_some()));
    });
    let file = std::env::temp_dir().join(format!("hot-within-{}.patch", std::process::id()));
    for bytes in [b"hotpatch and no more".to_vec(), file_that_answers(name!("within/reported"), 2)]
    {
        std::fs::write(&file, bytes).expect("it is written");
        load_path(&reloader, &file);
    }
    std::fs::remove_file(&file).expect("it is removed");
    assert_eq!(*heard.lock().expect("nobody panics"), [(false, 1, false), (true, 2, true)]);
}
