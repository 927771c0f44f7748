//! Thread-locals that patches bring.

use super::*;
use hot_patch::patch::LOCALS;

/// Counts in a thread-local: `add qword fs:[0], 1; mov rax, fs:[0]`, then adds `version` << 32:
/// `movabs rcx, …; or rax, rcx; ret`. The two fields are at 5 and 15.
fn count(version: u32) -> Vec<u8> {
    let mut code = vec![0x64, 0x48, 0x83, 0x04, 0x25, 0, 0, 0, 0, 1];
    code.extend_from_slice(&[0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0x48, 0xb9]);
    code.extend_from_slice(&(u64::from(version) << 32).to_le_bytes());
    code.extend_from_slice(&[0x48, 0x09, 0xc8, 0xc3]);
    code
}

/// Returns a patch that counts in the thread-local at an offset.
fn counting(name: &str, version: u32, base: Base, addend: i64) -> Patch {
    let mut patch = patch(name, count(version));
    patch.relocations =
        [5, 15].map(|at| Relocation { at, width: Width::Thread32, base, addend }).into();
    patch
}

#[hot]
fn local() -> u64 {
    0
}

#[test]
fn a_new_thread_local_is_each_threads_own_and_later_patches_use_it() {
    use std::sync::mpsc::channel;
    // A thread that runs before the patch is loaded, and asks when it is told to.
    let (ask, asked) = channel::<()>();
    let (answer, answers) = channel::<u64>();
    let old = std::thread::spawn(move || asked.iter().for_each(|()| answer.send(local()).unwrap()));
    let older = || {
        ask.send(()).unwrap();
        answers.recv().unwrap()
    };
    assert_eq!((local(), older()), (0, 0));

    let mut first = counting(name!("locals/local"), 0, Base::Locals, 16);
    first.locals = Locals { size: 24, align: 64 };
    load_patch(&first).expect("it loads");
    assert_eq!([local(), local(), local()], [1, 2, 3]);
    assert_eq!([older(), older()], [1, 2]);
    let newer = || std::thread::spawn(|| [local(), local()]).join().expect("it does not panic");
    assert_eq!(newer(), [1, 2]);
    let ledger = loaded_patches::list();
    let room = &ledger.iter().find(|i| i.id == first.id).expect("it is listed").locals;
    assert_eq!((room.end - room.start, room.start.rem_euclid(64)), (24, 0));

    // Another patch has other bytes; one that builds on the first has the first one's.
    let mut other = counting(name!("locals/local"), 1, Base::Locals, 16);
    other.locals = Locals { size: 24, align: 1 };
    load_patch(&other).expect("it loads");
    assert_eq!([local(), older()], [(1 << 32) + 1; 2]);
    let mut second = counting(name!("locals/local"), 2, Base::LocalsOf(0), 16);
    second.requires = vec![first.id];
    load_patch(&second).expect("it loads");
    assert_eq!([local(), older()], [(2 << 32) + 4, (2 << 32) + 3]);
    assert_eq!(newer(), [(2 << 32) + 1, (2 << 32) + 2]);

    drop(ask);
    old.join().expect("it does not panic");
}

#[hot]
fn crowded() -> u64 {
    0
}

#[test]
fn thread_locals_that_have_no_room_are_refused_and_a_failed_load_takes_none() {
    let wanting = |size| {
        let mut patch = counting(name!("locals/crowded"), 9, Base::Locals, 0);
        patch.locals = Locals { size, align: 8 };
        patch
    };
    let refused = |patch: &Patch, says: &str| {
        let error = load_patch(patch).expect_err(says).to_string();
        assert!(error.contains(says), "{error:?} does not say {says:?}");
        assert_eq!(crowded(), 0);
    };
    // More often than would fit, had they kept their room.
    for _ in 0..10 {
        let mut patch = wanting(LOCALS / 4);
        patch.swaps[0].slot.offset += 1;
        refused(&patch, "no hot function has its slot");
    }
    let mut patch = wanting(16);
    patch.relocations[0].addend = 17;
    refused(&patch, "outside");
    patch.relocations[0].addend = -1;
    refused(&patch, "outside");
    // The other test's patches have none, or other ones.
    let mut stranger = counting(name!("locals/crowded"), 9, Base::LocalsOf(0), 0);
    stranger.relocations[0].addend = 1;
    let empty = self::patch(name!("locals/bystander"), answer(2));
    load_patch(&empty).expect("it loads");
    assert_eq!(bystander(), 2);
    stranger.requires = vec![empty.id];
    refused(&stranger, "outside");

    load_patch(&wanting(8)).expect("it loads");
    assert_eq!(crowded(), (9 << 32) + 1);
    let error = load_patch(&wanting(LOCALS)).expect_err("the pool is not empty").to_string();
    assert!(error.contains("keeps 4096 bytes") && error.contains("restart"), "{error}");
    assert_eq!(crowded(), (9 << 32) + 2);
}

#[hot]
fn bystander() -> u32 {
    0
}

#[hot]
fn spawning() -> u64 {
    0
}

#[test]
fn threads_begin_and_end_while_thread_locals_are_loaded() {
    const LOADS: u32 = 100;
    let done = AtomicBool::new(false);
    let began = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // Relaxed: the flag only ends the loop, the number only counts.
                while !done.load(Ordering::Relaxed) {
                    began.fetch_add(1, Ordering::Relaxed);
                    let life = || {
                        let (mut version, mut count) = (0, 0);
                        for _ in 0..50 {
                            let now = spawning();
                            let (of, counted) = (now >> 32, now & 0xffff_ffff);
                            assert!(of >= version, "{of} after {version}");
                            count = if of == version { count } else { 0 };
                            version = of;
                            if of > 0 {
                                count += 1;
                                assert_eq!(counted, count, "in version {of}");
                            }
                        }
                    };
                    std::thread::spawn(life).join().expect("it counts right");
                }
            });
        }
        let _end = EndWith(&done);
        for version in 1..=LOADS {
            let mut patch = counting(name!("locals/spawning"), version, Base::Locals, 0);
            patch.locals = Locals { size: 8, align: 8 };
            load_patch(&patch).expect("it loads");
            assert_eq!(spawning(), (u64::from(version) << 32) + 1);
            std::thread::yield_now();
        }
    });
    assert!(began.load(Ordering::Relaxed) > 0);
}
