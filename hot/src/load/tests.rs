//! The loader on patches made by hand, in this process: x86-64 code of a few bytes each.
//!
//! - `locals`: new thread-locals; `damage`: files that are no patch for this process any more;
//! - `crowding`: memory that is taken, near the executable or altogether;
//! - `within`: hot functions called by what runs in the midst of a load.

mod crowding;
mod damage;
mod locals;
mod within;

use super::*;
use crate::hot;
use hot_patch::patch::{Architecture, Base, Locals, Place, Relocation, Swap, Width};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Returns `mov eax, value; ret`
fn answer(value: u32) -> Vec<u8> {
    let mut code = vec![0xb8];
    code.extend_from_slice(&value.to_le_bytes());
    code.push(0xc3);
    code
}

/// Returns an offset of the executable from an address in it.
fn host(address: usize) -> Place {
    Place { base: Base::Host, offset: address as u64 - Platform::host().bias }
}

fn slot_of(name: &str) -> Place {
    let entry = crate::registry::find(name).expect("it is registered");
    host(std::ptr::from_ref(entry.slot()) as usize)
}

fn fresh_id() -> PatchId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: only distinct numbers are wanted.
    PatchId(NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Returns a patch that puts `text` into the slot of `name`.
fn patch(name: &str, text: Vec<u8>) -> Patch {
    Patch {
        architecture: Architecture::X86_64,
        build_id: build_id().to_vec(),
        id: fresh_id(),
        requires: vec![],
        symbols: vec![],
        text,
        read_only: vec![],
        data: vec![],
        zeroed: 0,
        locals: Locals::default(),
        relocations: vec![],
        unwind: None,
        constructors: vec![],
        entries: vec![],
        swaps: vec![Swap { name: name.into(), slot: slot_of(name), instance: None, target: 0 }],
        functions: vec![],
        debug: None,
    }
}

fn load_patch(patch: &Patch) -> Result<Loaded, LoadError> {
    // SAFETY: the patches here hold code of the type of the function whose slot they swap.
    unsafe { load(&patch.to_bytes()) }
}

/// Returns the file of a patch that makes the function answer this; for the tests of who hands it
/// on.
pub(crate) fn file_that_answers(name: &str, value: u32) -> Vec<u8> {
    patch(name, answer(value)).to_bytes()
}

/// Runs a test once more, alone in a process of its own. Whether this is that process.
fn is_alone(test: &str) -> bool {
    const CHILD: &str = "HOT_TEST_ALONE";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let output = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("load::tests::{test}"), "--nocapture"])
        .env(CHILD, "1")
        .env_remove("HOT_SOCKET")
        .env_remove("HOT_WATCH")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{}: {said}{told}",
        output.status
    );
    false
}

macro_rules! name {
    ($function:literal) => {
        concat!("hot/load/tests/", $function)
    };
}
use name;

#[hot]
fn fresh() -> u32 {
    1
}

#[test]
fn a_patch_is_live_when_load_returns() {
    assert_eq!(fresh(), 1);
    let patch = patch(name!("fresh"), answer(2));
    let loaded = load_patch(&patch).expect("it loads");
    assert_eq!((loaded.id, loaded.functions), (patch.id, vec![name!("fresh").to_owned()]));
    assert_eq!(fresh(), 2);
    assert!(super::loaded().contains(&patch.id));
    let function = || {
        let all = crate::functions();
        all.into_iter().find(|f| f.name() == name!("fresh")).expect("it is registered")
    };
    assert_eq!(function().patch(), Some(loaded.number));
    assert_eq!(super::patch(loaded.number).expect("it is listed").0, patch.id);
    assert!(super::patch(0).is_none() && super::patch(u32::MAX).is_none());
    let again = load_patch(&patch).expect_err("twice");
    assert!(again.to_string().contains("already loaded"), "{again}");
}

#[hot]
fn relocated() -> u64 {
    1
}

static TARGET: AtomicU64 = AtomicU64::new(77);

#[test]
fn every_base_is_bound_and_data_is_writable() {
    // mov rax, [rip + host]; mov rcx, [rip + word]; add rax, [rcx]; add qword [rcx], 1; ret
    let mut text = vec![0x48, 0x8b, 0x05, 0, 0, 0, 0, 0x48, 0x8b, 0x0d];
    text.extend_from_slice(&(4096u32 - 14).to_le_bytes());
    text.extend_from_slice(&[0x48, 0x03, 0x01, 0x48, 0x83, 0x01, 0x01, 0xc3]);
    let mut patch = patch(name!("relocated"), text);
    patch.read_only = vec![0; 16];
    patch.data = 5u64.to_le_bytes().to_vec();
    patch.symbols = vec!["memcpy".into()];
    let target = host(&raw const TARGET as usize);
    patch.relocations = vec![
        Relocation {
            at: 3,
            width: Width::Relative32,
            base: Base::Host,
            addend: target.offset as i64 - 4,
        },
        Relocation { at: 4096, width: Width::Absolute64, base: Base::Image, addend: 8192 },
        Relocation { at: 4104, width: Width::Absolute64, base: Base::Symbol(0), addend: 0 },
    ];
    load_patch(&patch).expect("it loads");
    assert_eq!((relocated(), relocated()), (77 + 5, 77 + 6));

    // A later patch refers to the first one's data.
    let mut text = vec![0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xc3];
    text.resize(16, 0xcc);
    let mut second = self::patch(name!("relocated"), text);
    second.requires = vec![patch.id];
    second.relocations = vec![Relocation {
        at: 3,
        width: Width::Relative32,
        base: Base::Patch(0),
        addend: 8192 - 4,
    }];
    load_patch(&second).expect("it loads");
    assert_eq!(relocated(), 7);
}

#[hot]
fn guarded() -> u32 {
    1
}

#[test]
fn what_is_not_for_this_process_is_refused_and_nothing_changes() {
    let refused = |change: &dyn Fn(&mut Patch), says: &str| {
        let mut patch = patch(name!("guarded"), answer(9));
        change(&mut patch);
        let error = load_patch(&patch).expect_err(says).to_string();
        assert!(error.contains(says), "{error:?} does not say {says:?}");
        assert!(!super::loaded().contains(&patch.id));
        assert_eq!(guarded(), 1);
    };
    refused(&|p| p.build_id[0] ^= 1, "another build");
    refused(&|p| p.architecture = Architecture::Aarch64, "another processor");
    refused(&|p| p.requires = vec![PatchId(u64::MAX)], "not loaded");
    refused(&|p| p.symbols = vec!["no_such_symbol".into()], "no_such_symbol");
    refused(&|p| p.swaps.clear(), "no effect");
    refused(&|p| p.swaps[0].slot.offset += 1, "no hot function has its slot");
    refused(&|p| p.swaps[0].slot = host(&raw const TARGET as usize), "no hot function");
    refused(&|p| p.swaps[0].slot.offset = u64::MAX / 2, "outside");
    refused(&|p| p.swaps[0].instance = Some(p.swaps[0].slot), "generic");
    refused(
        &|p| {
            p.read_only = vec![0; hot_patch::abi::ENTRY_SIZE];
            p.entries = vec![4096];
        },
        "registry entry",
    );
    refused(
        &|p| {
            p.relocations = vec![Relocation {
                at: 1,
                width: Width::Relative32,
                base: Base::Host,
                addend: 1 << 40,
            }];
        },
        "too far",
    );
    let mut cut = patch(name!("guarded"), answer(9)).to_bytes();
    cut.truncate(cut.len() - 1);
    // SAFETY: it is refused before anything of it is used.
    let error = unsafe { load(&cut) }.expect_err("cut").to_string();
    assert!(error.contains("cut"), "{error}");
    assert_eq!(guarded(), 1);
}

#[hot]
fn sealed() -> u32 {
    1
}

#[test]
fn no_page_is_writable_and_executable() {
    let mut patch = patch(name!("sealed"), answer(2));
    patch.read_only = vec![1; 8];
    patch.data = vec![1; 8];
    load_patch(&patch).expect("it loads");
    assert_eq!(sealed(), 2);
    let base = loaded_patches::list().iter().find(|i| i.id == patch.id).expect("it is listed").base;
    let maps = std::fs::read_to_string("/proc/self/maps").expect("/proc is mounted");
    let access = |address: u64| {
        let line = maps.lines().find(|line| {
            let (range, _) = line.split_once(' ').expect("a range");
            let (start, end) = range.split_once('-').expect("two ends");
            let number = |text| u64::from_str_radix(text, 16).expect("hexadecimal");
            (number(start)..number(end)).contains(&address)
        });
        line.expect("it is mapped").split(' ').nth(1).expect("the access").to_owned()
    };
    assert_eq!(access(base), "r-xp");
    assert_eq!(access(base + 4096), "r--p");
    assert_eq!(access(base + 8192), "rw-p");
    assert!(!maps.lines().any(|line| line.contains("rwx")), "{maps}");
}

#[hot]
fn constructed() -> u32 {
    1
}

#[test]
fn constructors_run_once_before_the_commit() {
    // mov dword [rip + data], 3; ret (padded to 16) ; mov eax, [rip + data]; ret
    let mut text = vec![0xc7, 0x05];
    text.extend_from_slice(&(4096u32 - 10).to_le_bytes());
    text.extend_from_slice(&3u32.to_le_bytes());
    text.push(0xc3);
    text.resize(16, 0xcc);
    text.extend_from_slice(&[0x8b, 0x05]);
    text.extend_from_slice(&(4096u32 - 22).to_le_bytes());
    text.push(0xc3);
    let mut patch = patch(name!("constructed"), text);
    patch.data = vec![0; 8];
    patch.constructors = vec![0];
    patch.swaps[0].target = 16;
    load_patch(&patch).expect("it loads");
    assert_eq!(constructed(), 3);
}

#[hot]
fn hammered() -> u32 {
    0
}

/// How many patches the stress test loads: `HOT_STRESS_LOADS`, or 500.
fn loads() -> u32 {
    let text = std::env::var("HOT_STRESS_LOADS").unwrap_or_else(|_| "500".to_owned());
    text.parse().expect("a number of loads")
}

/// Bytes of the process that are in memory (`/proc/self/statm`, in pages of 4 KiB).
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("what the kernel tells");
    let pages = text.split(' ').nth(1).expect("the second field");
    pages.parse::<u64>().expect("a number") * 4096
}

/// Four threads call without pause and one lists, while patch after patch is loaded. Versions only
/// rise, and the list never runs ahead of what calls answer.
#[test]
fn callers_see_one_version_or_the_other_during_many_loads() {
    let loads = loads();
    let done = AtomicBool::new(false);
    let before = resident();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut last = 0;
                // Relaxed: the flag only ends the loop.
                while !done.load(Ordering::Relaxed) {
                    let now = hammered();
                    assert!((last..=loads).contains(&now), "{now} after {last}");
                    last = now;
                }
            });
        }
        scope.spawn(|| {
            let name = name!("hammered");
            let mut last = None;
            // Relaxed: the flag only ends the loop.
            while !done.load(Ordering::Relaxed) {
                let all = crate::functions();
                let number = all.iter().find(|f| f.name() == name).expect("it is listed").patch();
                assert!(number >= last, "{number:?} after {last:?}");
                last = number;
            }
        });
        let _end = EndWith(&done);
        for version in 1..=loads {
            load_patch(&patch(name!("hammered"), answer(version))).expect("it loads");
            assert_eq!(hammered(), version);
        }
    });
    let kept = resident().saturating_sub(before);
    println!("{loads} loads: {} bytes kept each", kept / u64::from(loads));
}

/// Ends the callers, also when a load has failed: the scope waits for them.
struct EndWith<'a>(&'a AtomicBool);

impl Drop for EndWith<'_> {
    fn drop(&mut self) {
        // Relaxed: the flag only ends the loops.
        self.0.store(true, Ordering::Relaxed);
    }
}

#[hot]
fn by_path() -> u32 {
    1
}

#[test]
fn a_patch_file_given_by_path_goes_live_and_is_told_by_name() {
    use crate::reload::{Reloader, Report};
    use std::sync::{Arc, Mutex};

    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let reloader = Reloader::new().on_report(move |report: &Report| {
        heard.lock().expect("nobody panics").push(report.to_string());
    });
    let file = std::env::temp_dir().join(format!("hot-by-path-{}.patch", std::process::id()));
    for (version, code) in [(2, answer(2)), (3, answer(3))] {
        // The same path, with another patch in it.
        std::fs::write(&file, patch(name!("by_path"), code).to_bytes()).expect("it is written");
        crate::reload::load_path(&reloader, &file);
        assert_eq!(by_path(), version);
    }
    std::fs::write(&file, b"hotpatch and no more").expect("it is written");
    crate::reload::load_path(&reloader, &file);
    std::fs::remove_file(&file).expect("it is removed");
    assert_eq!(by_path(), 3);
    let told = told.lock().expect("nobody panics");
    let success = format!("Hot reload was successful: {}", name!("by_path"));
    assert_eq!(told[..2], [success.clone(), success]);
    assert!(told[2].contains("failed to load") && told.len() == 3, "{told:?}");
}

/// Returns the objects that `dl_iterate_phdr` names: files and the addresses of their segments.
#[cfg(feature = "backtraces")]
fn objects() -> Vec<(String, std::ops::Range<u64>)> {
    unsafe extern "C" fn collect(
        info: *mut libc::dl_phdr_info,
        _: usize,
        data: *mut std::ffi::c_void,
    ) -> i32 {
        // SAFETY: the description is valid during the call, and `data` is what is passed below.
        unsafe {
            let (info, all) = (&*info, &mut *data.cast::<Vec<(String, std::ops::Range<u64>)>>());
            let name = std::ffi::CStr::from_ptr(info.dlpi_name).to_string_lossy().into_owned();
            for header in std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) {
                let start = info.dlpi_addr.wrapping_add(header.p_vaddr);
                all.push((name.clone(), start..start.wrapping_add(header.p_memsz)));
            }
        }
        0
    }
    let mut all = Vec::new();
    // SAFETY: the callback takes the list that is passed with it.
    unsafe { libc::dl_iterate_phdr(Some(collect), (&raw mut all).cast()) };
    all
}

#[cfg(feature = "backtraces")]
#[hot]
fn named() -> u32 {
    1
}

/// In a process of its own, since it fills the room.
#[cfg(feature = "backtraces")]
#[test]
fn a_patch_has_its_file_under_all_its_slots_until_the_room_is_full() {
    const CHILD: &str = "HOT_TEST_FILLS_THE_ROOM";
    if std::env::var_os(CHILD).is_none() {
        let test = "load::tests::a_patch_has_its_file_under_all_its_slots_until_the_room_is_full";
        let status = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", test, "--nocapture"])
            .env(CHILD, "1")
            .env_remove("HOT_SOCKET")
            // Announced before main, so before the test harness could make a backtrace.
            .env("HOT_WATCH", "nowhere")
            .status();
        assert!(status.expect("it starts").success());
        return;
    }
    let describe = |patch: &mut Patch| {
        let elf = [0x5000u64.to_le_bytes(), 7u64.to_le_bytes()].concat();
        patch.debug = Some(hot_patch::patch::Debug { elf, addresses: vec![0] });
    };
    let slots: Vec<_> =
        objects().into_iter().filter(|(name, _)| name.contains("hot-debug-")).collect();
    assert_eq!(slots.len() as u64, 256);
    assert!(slots.windows(2).all(|pair| pair[0].1.end == pair[1].1.start), "one after the other");
    assert!(slots.iter().all(|(name, _)| !std::path::Path::new(name).exists()), "no file yet");
    let base = |patch: &Patch| {
        loaded_patches::list().iter().find(|image| image.id == patch.id).expect("it is listed").base
    };
    let slot_at = |address: u64| slots.iter().position(|(_, range)| range.contains(&address));

    // A patch of three slots, then one of one.
    let mut wide = patch(name!("named"), answer(2));
    wide.zeroed = 130 << 10;
    describe(&mut wide);
    load_patch(&wide).expect("it loads");
    assert_eq!(named(), 2);
    assert_eq!(slot_at(base(&wide)), Some(0));
    let mut small = patch(name!("named"), answer(3));
    describe(&mut small);
    load_patch(&small).expect("it loads");
    assert_eq!(slot_at(base(&small)), Some(3));
    let file = |slot: usize| std::fs::read(&slots[slot].0).expect("a file");
    // The room is at 0x10000000 in the files.
    let address = |slot: u64| (0x1000_5000 + slot * (64 << 10)).to_le_bytes().to_vec();
    for (slot, first) in [(0, 0), (1, 0), (2, 0), (3, 3)] {
        assert_eq!(file(slot)[..8], address(first), "slot {slot}");
        assert_eq!(file(slot)[8..], 7u64.to_le_bytes());
    }
    assert!(!std::path::Path::new(&slots[4].0).exists());

    // A patch that is refused leaves its slot to the next.
    let mut refused = patch(name!("named"), answer(4));
    describe(&mut refused);
    refused.swaps.clear();
    load_patch(&refused).expect_err("it swaps nothing");
    for slot in 4..256 {
        let mut next = patch(name!("named"), answer(slot));
        describe(&mut next);
        load_patch(&next).expect("it loads");
        assert_eq!(slot_at(base(&next)), Some(slot as usize));
    }
    for version in 1000..1003 {
        let mut outside = patch(name!("named"), answer(version));
        describe(&mut outside);
        load_patch(&outside).expect("a full room refuses nothing");
        assert_eq!(named(), version);
        assert_eq!(slot_at(base(&outside)), None);
    }
    assert!(std::backtrace::Backtrace::force_capture().to_string().contains("until_the_room"));
}
