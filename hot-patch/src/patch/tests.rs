use super::*;

pub(crate) fn sample() -> Patch {
    Patch {
        architecture: Architecture::X86_64,
        build_id: vec![1, 2, 3],
        id: PatchId(7),
        requires: vec![PatchId(5)],
        symbols: vec!["memcpy".into()],
        text: vec![0xc3; 20],
        read_only: vec![0; 80],
        data: vec![9; 16],
        zeroed: 100,
        locals: Locals { size: 24, align: 8 },
        relocations: vec![
            Relocation { at: 4, width: Width::Relative32, base: Base::Host, addend: -4 },
            Relocation { at: 4096, width: Width::Absolute64, base: Base::Symbol(0), addend: 0 },
            Relocation { at: 8192 + 8, width: Width::Absolute64, base: Base::Patch(0), addend: 3 },
            Relocation { at: 12, width: Width::Thread32, base: Base::Locals, addend: 8 },
            Relocation { at: 8192, width: Width::Absolute64, base: Base::LocalsOf(0), addend: 0 },
        ],
        unwind: Some(4096 + 16),
        constructors: vec![0],
        entries: vec![4096 + 8],
        swaps: vec![Swap {
            name: "shop/total".into(),
            slot: Place { base: Base::Host, offset: 0x1000 },
            instance: Some(Place { base: Base::Image, offset: 0 }),
            target: 8,
        }],
        functions: vec![Symbol { offset: 0, size: 20, name: "shop::total".into() }],
        debug: Some(Debug { elf: vec![1; 24], addresses: vec![3, 16] }),
    }
}

#[test]
fn what_is_written_is_read_back() {
    let patch = sample();
    assert_eq!(Patch::from_bytes(&patch.to_bytes()).unwrap(), patch);
    assert_eq!(patch.read_only_offset(), 4096);
    assert_eq!(patch.data_offset(), 8192);
    assert_eq!(patch.image_size(), 12288);
}

#[test]
fn every_flipped_bit_and_every_cut_is_an_error() {
    let good = sample().to_bytes();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[at] ^= 1 << bit;
            // The architecture's number is the one field that a flip can turn into another valid
            // value; the loader compares it with its own.
            if let Ok(patch) = Patch::from_bytes(&bad) {
                assert_ne!(patch.architecture, Architecture::X86_64, "byte {at} bit {bit}");
            }
        }
        assert!(Patch::from_bytes(&good[..at]).is_err(), "cut at {at}");
    }
    let mut long = good.clone();
    long.push(0);
    assert!(matches!(Patch::from_bytes(&long), Err(PatchError::Length { .. })));
}

#[test]
fn offsets_outside_the_image_are_refused() {
    let refused = |change: fn(&mut Patch)| {
        let mut patch = sample();
        change(&mut patch);
        matches!(Patch::from_bytes(&patch.to_bytes()), Err(PatchError::Inconsistent(_)))
    };
    assert!(refused(|p| p.relocations[0].at = 17));
    assert!(refused(|p| p.relocations[0].at = u64::MAX));
    assert!(refused(|p| p.relocations[1].base = Base::Symbol(1)));
    assert!(refused(|p| p.relocations[2].base = Base::Patch(1)));
    assert!(refused(|p| p.unwind = Some(0)));
    assert!(refused(|p| p.unwind = Some(8192)));
    assert!(refused(|p| p.constructors = vec![20]));
    assert!(refused(|p| p.entries = vec![4096 + 24]));
    assert!(refused(|p| p.swaps[0].target = 20));
    assert!(refused(|p| p.swaps[0].slot.base = Base::Patch(9)));
    assert!(refused(|p| p.zeroed = u64::MAX - 5));
}

#[test]
fn thread_locals_fit_the_pool_and_are_never_taken_for_addresses() {
    let refused = |change: fn(&mut Patch)| {
        let mut patch = sample();
        change(&mut patch);
        matches!(Patch::from_bytes(&patch.to_bytes()), Err(PatchError::Inconsistent(_)))
    };
    assert!(!refused(|p| p.locals = Locals { size: LOCALS, align: LOCALS_ALIGN }));
    assert!(refused(|p| p.locals.size = LOCALS + 1));
    assert!(refused(|p| p.locals.align = LOCALS_ALIGN * 2));
    assert!(refused(|p| p.locals.align = 24));
    assert!(refused(|p| p.locals = Locals { size: 8, align: 0 }));
    assert!(refused(|p| p.locals = Locals { size: 0, align: 8 }));
    assert!(refused(|p| p.locals = Locals::default()), "one of its fields refers to them");
    assert!(refused(|p| p.relocations[3].base = Base::Host));
    assert!(refused(|p| p.relocations[0].base = Base::LocalsOf(0)));
    assert!(refused(|p| p.relocations[4].base = Base::LocalsOf(1)));
    assert!(refused(|p| p.swaps[0].slot.base = Base::Locals));
    assert!(refused(|p| p.swaps[0].instance = Some(Place { base: Base::LocalsOf(0), offset: 0 })));
}

#[test]
fn a_body_that_lies_about_its_lengths_is_malformed() {
    let good = sample().to_bytes();
    for at in HEADER..good.len() - 4 {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        let checksum = crc32fast::hash(&bad[HEADER..]);
        bad[16..20].copy_from_slice(&checksum.to_le_bytes());
        // Either an error, or a patch whose offsets have been checked: never a panic.
        let _ = Patch::from_bytes(&bad);
    }
}

#[test]
fn whatever_a_body_says_is_an_error_or_a_patch_within_bounds() {
    let good = sample().to_bytes();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let edges = [0, 1, 0x7fff_ffff, 1 << 31, u32::MAX.into(), 1 << 63, u64::MAX - 4096, u64::MAX];
    let mut accepted = 0;
    for round in 0..60_000 {
        let mut bad = good.clone();
        for _ in 0..=round % 3 {
            let at = HEADER + random() as usize % (bad.len() - HEADER - 8);
            let value = match random() % 3 {
                0 => random(),
                1 => edges[random() as usize % edges.len()],
                _ => edges[random() as usize % edges.len()].wrapping_add(random() % 9000),
            };
            let width = [1, 4, 8][random() as usize % 3];
            bad[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        let checksum = crc32fast::hash(&bad[HEADER..]);
        bad[16..20].copy_from_slice(&checksum.to_le_bytes());
        let Ok(patch) = Patch::from_bytes(&bad) else { continue };
        accepted += 1;
        let size = patch.image_size();
        assert!(size <= MAX_IMAGE + PAGE && size.is_multiple_of(PAGE), "{patch:?}");
        let inside = |at: u64, length: u64| at.checked_add(length).is_some_and(|end| end <= size);
        assert!(patch.relocations.iter().all(|r| inside(r.at, 4)), "{patch:?}");
        assert!(patch.entries.iter().all(|&at| inside(at, 48) && at % 8 == 0), "{patch:?}");
        assert!(patch.swaps.iter().all(|s| s.target < patch.text.len() as u64), "{patch:?}");
        let read_only = patch.read_only_offset()..patch.data_offset();
        assert!(patch.unwind.is_none_or(|at| read_only.contains(&at)), "{patch:?}");
    }
    // Names and addends mean nothing to the format.
    assert!(accepted > 0);
}

#[test]
fn addresses_in_debug_information_get_the_base_and_nothing_else_does() {
    let debug = Debug { elf: (0..24).collect(), addresses: vec![8] };
    let mut expected: Vec<u8> = (0..24).collect();
    let field = u64::from_le_bytes(expected[8..16].try_into().unwrap());
    expected[8..16].copy_from_slice(&(field + 0x5555_0000_0000).to_le_bytes());
    assert_eq!(debug.at(0x5555_0000_0000), expected);

    let mut patch = sample();
    patch.debug.as_mut().unwrap().addresses.push(17);
    assert!(Patch::from_bytes(&patch.to_bytes()).is_err(), "an address outside of the file");
    patch.debug = None;
    assert_eq!(Patch::from_bytes(&patch.to_bytes()).unwrap(), patch, "it may be left out");
}
