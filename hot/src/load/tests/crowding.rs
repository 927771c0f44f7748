//! Memory that is taken: all that is near the executable, or all that the system gives.

use super::*;
use std::ops::Range;

/// More than a relative field reaches.
const FAR: u64 = (2 << 30) + (64 << 20);

/// Takes every free page in a range. What was taken.
fn fill(around: Range<u64>) -> Vec<Range<u64>> {
    let mut taken = Vec::new();
    // Again, since reading what is used may itself use some.
    for _ in 0..10 {
        let mut start = around.start;
        for used in Platform::mappings().expect("/proc is mounted") {
            let gap = start.max(around.start)..used.start.min(around.end);
            start = used.end;
            if gap.start < gap.end && Platform::reserve(gap.clone()).is_ok() {
                taken.push(gap);
            }
        }
    }
    taken
}

fn free(range: &Range<u64>) {
    // SAFETY: the test has mapped it and nothing is in it.
    let failed = unsafe {
        libc::munmap(range.start as *mut _, (range.end - range.start).try_into().expect("64 bits"))
    };
    assert_eq!(failed, 0);
}

static ASKED: AtomicU64 = AtomicU64::new(40);

#[hot]
fn distant() -> u64 {
    1
}

#[hot]
fn free_of_distances() -> u64 {
    1
}

/// Answers a word that lies at a distance: `mov rax, [rip + …]; ret`.
fn reading(name: &str, base: Base, offset: u64) -> Patch {
    let mut patch = patch(name, vec![0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xc3]);
    let addend = offset as i64 - 4;
    patch.relocations = vec![Relocation { at: 3, width: Width::Relative32, base, addend }];
    patch
}

fn base_of(patch: &Patch) -> u64 {
    loaded_patches::list().iter().find(|image| image.id == patch.id).expect("it is listed").base
}

#[test]
fn a_patch_goes_further_away_where_it_can_and_is_refused_where_it_cannot() {
    if !is_alone("crowding::a_patch_goes_further_away_where_it_can_and_is_refused_where_it_cannot")
    {
        return;
    }
    let executable = Platform::host().span.clone();
    let asked = host(&raw const ASKED as usize).offset;
    let near = || reading(name!("crowding/distant"), Base::Host, asked);
    let refused = |patch: &Patch| {
        let error = load_patch(patch).expect_err("there is no room").to_string();
        assert!(error.contains("within 2 GiB of what it refers to"), "{error}");
        assert!(error.contains("restart the program"), "{error}");
        assert!(!super::loaded().contains(&patch.id));
    };
    let taken = fill(executable.start.saturating_sub(FAR).max(1 << 16)..executable.end + FAR);
    assert!(taken.iter().any(|range| range.end - range.start > 64 << 20), "{taken:x?}");
    refused(&near());
    assert_eq!(distant(), 1);

    // It refers to nothing, so that it may lie anywhere.
    let name = name!("crowding/free_of_distances");
    let mut far = patch(name, answer(7));
    far.read_only = vec![1; 8];
    far.data = 5u64.to_le_bytes().to_vec();
    load_patch(&far).expect("it lies further away");
    assert_eq!(free_of_distances(), 7);
    let away = base_of(&far);
    assert!(away + (2 << 30) < executable.start || away > executable.end + (2 << 30), "{away:x}");
    // One that refers to that one lies near it; one that refers to both would lie between them.
    let mut beside = reading(name, Base::Patch(0), far.data_offset());
    beside.requires = vec![far.id];
    load_patch(&beside).expect("it lies near the other");
    assert_eq!(free_of_distances(), 5);
    assert!(base_of(&beside).abs_diff(away) < 2 << 30);
    let mut both = near();
    both.requires = vec![far.id];
    both.text.extend_from_slice(&[0; 8]);
    let there = Relocation { at: 8, width: Width::Relative32, base: Base::Patch(0), addend: 0 };
    both.relocations.push(there);
    refused(&both);
    assert_eq!(distant(), 1);

    // A gap of a page and one on each side holds one patch of a page.
    let large = taken.iter().max_by_key(|range| range.end - range.start).expect("some");
    // Its ends may be out of reach.
    let middle = ((large.start + large.end) / 2) & !4095;
    free(&(middle..middle + 3 * 4096));
    load_patch(&near()).expect("there is a gap");
    assert_eq!(distant(), 40);
    refused(&near());
    free(&(middle + 3 * 4096..large.end));
    load_patch(&near()).expect("there is room");
    // Relaxed: one thread.
    ASKED.store(41, Ordering::Relaxed);
    assert_eq!(distant(), 41);
}

#[hot]
fn starved() -> u32 {
    1
}

/// At the system's limit of mappings each step of a load may be the one that fails.
#[test]
fn a_load_that_fails_for_want_of_mappings_leaves_nothing_behind() {
    if !is_alone("crowding::a_load_that_fails_for_want_of_mappings_leaves_nothing_behind") {
        return;
    }
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").expect("the limit");
    let limit: usize = limit.trim().parse().expect("a number");
    if limit > 300_000 {
        println!("the limit of mappings is {limit}: too many to use up");
        return;
    }
    let name = name!("crowding/starved");
    load_patch(&patch(name, answer(2))).expect("it loads");
    // Each second page of a range with another access is two mappings more.
    let size = 2 * 4096 * limit;
    // SAFETY: fresh pages at an address of the system's choice.
    let pages = unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        libc::mmap(std::ptr::null_mut(), size, libc::PROT_NONE, flags, -1, 0)
    };
    assert_ne!(pages, libc::MAP_FAILED);
    let protect = |page: usize, access| {
        // SAFETY: the page is one of those above, and nothing is in it.
        unsafe { libc::mprotect(pages.byte_add(page * 4096), 4096, access) == 0 }
    };
    let split = (1..limit).step_by(2).take_while(|&page| protect(page, libc::PROT_READ)).count();
    assert!(split > 0 && 2 * split < limit, "the limit was not met");

    // It fills three parts, so that pages which were not given back show below.
    let mut full = patch(name, answer(3));
    full.read_only = vec![0xff; 4096];
    full.data = vec![0xff; 4096];
    // mov eax, [rip + zeroed]; add eax, 4; ret
    let mut text = vec![0x8b, 0x05];
    text.extend_from_slice(&(4096u32 - 6).to_le_bytes());
    text.extend_from_slice(&[0x83, 0xc0, 0x04, 0xc3]);
    let mut zeroed = patch(name, text);
    zeroed.zeroed = 8192;
    let (mut failed, mut before) = (0, 2);
    for freed in 0..split {
        for (patch, answers) in [(&full, 3), (&zeroed, 4)] {
            if super::loaded().contains(&patch.id) {
                continue;
            }
            match load_patch(patch) {
                Ok(_) => before = answers,
                Err(error) => {
                    failed += 1;
                    let error = error.to_string();
                    assert!(error.contains("restart the program"), "{error}");
                }
            }
            assert_eq!(starved(), before, "after {failed} failures");
        }
        if super::loaded().len() == 3 {
            break;
        }
        // One mapping less, then two less each time.
        assert!(match freed {
            0 => protect(0, libc::PROT_READ),
            more => protect(1 + 2 * more, libc::PROT_NONE),
        });
    }
    assert!(failed > 0, "it never failed");
    assert_eq!(super::loaded().len(), 3);
}
