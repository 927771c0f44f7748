use super::*;

pub(crate) fn sample() -> Patch {
    Patch {
        architecture: Architecture::X86_64,
        build_id: vec![1, 2, 3],
        id: PatchId(7),
        requires: vec![PatchId(5)],
        symbols: vec!["memcpy".into()],
        text: vec![0xc3; 20],
        read_only: vec![0; 64],
        data: vec![9; 16],
        zeroed: 100,
        relocations: vec![
            Relocation { at: 4, width: Width::Relative32, base: Base::Host, addend: -4 },
            Relocation { at: 4096, width: Width::Absolute64, base: Base::Symbol(0), addend: 0 },
            Relocation { at: 8192 + 8, width: Width::Absolute64, base: Base::Patch(0), addend: 3 },
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
        functions: vec![Symbol { offset: 0, size: 20, name: "_ZN4shop5totalE".into() }],
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
    assert!(refused(|p| p.constructors = vec![20]));
    assert!(refused(|p| p.entries = vec![4096 + 24]));
    assert!(refused(|p| p.swaps[0].target = 20));
    assert!(refused(|p| p.swaps[0].slot.base = Base::Patch(9)));
    assert!(refused(|p| p.zeroed = u64::MAX - 5));
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
