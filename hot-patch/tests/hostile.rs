//! Whatever the bytes, the readers answer: no panic, no endless loop, no memory out of proportion.
//!
//! Three ways to make bytes: any at all; any behind a header whose checksum is right, so that the
//! body's reader sees them; and a good file or message with a few bytes changed, which goes deepest.
//! `PROPTEST_CASES` sets how many of each are tried (default 256). Memory is counted by the
//! allocator of this test: a reader that would reserve what a length claims is caught.

use hot_patch::message::{FunctionInfo, PatchInfo, Reply, Request, read_frame, write_frame};
use hot_patch::patch::{
    Architecture, Base, HEADER, Locals, Patch, PatchId, Place, Relocation, Swap, Symbol, Width,
};
use proptest::collection::vec;
use proptest::prelude::*;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which notes the largest piece that a thread asks for.
struct Counting;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is done by the system's allocator; a cell of the thread without a destructor is
// written besides, which allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs a reader over bytes and checks the largest piece of memory that it asked for. The elements
/// of a list are larger in memory than in a file, by less than this factor.
fn in_proportion<T>(bytes: &[u8], read: impl FnOnce(&[u8]) -> T) -> T {
    LARGEST.set(0);
    let read = read(bytes);
    let largest = LARGEST.get();
    assert!(largest <= 16 * bytes.len() + 4096, "{largest} bytes for a file of {}", bytes.len());
    read
}

fn place() -> impl Strategy<Value = Place> {
    let base = prop_oneof![Just(Base::Image), Just(Base::Host), Just(Base::Patch(0))];
    (base, 0..4096u64).prop_map(|(base, offset)| Place { base, offset })
}

fn patch() -> impl Strategy<Value = Patch> {
    let parts = (vec(any::<u8>(), 32..64), vec(any::<u8>(), 32..64), vec(any::<u8>(), 0..64));
    let kind = prop_oneof![
        Just((Width::Absolute64, Base::Symbol(0))),
        Just((Width::Absolute64, Base::LocalsOf(0))),
        Just((Width::Relative32, Base::Host)),
        Just((Width::Thread32, Base::Locals)),
    ];
    let relocation = (0..3u64, kind, any::<i64>())
        .prop_map(|(n, (width, base), addend)| Relocation { at: 8 * n, width, base, addend });
    let swap = ("[a-z/*.]{0,20}", place(), proptest::option::of(place()))
        .prop_map(|(name, slot, instance)| Swap { name, slot, instance, target: 8 });
    let symbol = "[a-zA-Z0-9_]{1,20}".prop_map(|name| Symbol { offset: 0, size: 16, name });
    (parts, vec(relocation, 0..4), vec(swap, 0..4), vec(symbol, 0..4), any::<u64>()).prop_map(
        |((text, read_only, data), relocations, swaps, functions, id)| Patch {
            architecture: Architecture::X86_64,
            build_id: vec![7; 20],
            id: PatchId(id),
            requires: vec![PatchId(!id)],
            symbols: vec!["memcpy".into()],
            text,
            read_only,
            data,
            zeroed: 100,
            locals: Locals { size: 16, align: 8 },
            relocations,
            unwind: Some(4096),
            constructors: vec![0],
            entries: Vec::new(),
            swaps,
            functions,
            debug: None,
        },
    )
}

/// A file with this body, whose header is right.
fn file(body: &[u8]) -> Vec<u8> {
    let mut file = b"hotpatch".to_vec();
    file.extend(hot_patch::patch::FORMAT.to_le_bytes());
    file.extend((Architecture::X86_64 as u32).to_le_bytes());
    file.extend(crc32fast::hash(body).to_le_bytes());
    file.extend((body.len() as u64).to_le_bytes());
    file.extend(body);
    file
}

/// Some bytes changed, then maybe cut: where, and to what. Small numbers and all ones are what
/// lengths and indices break on.
fn damage() -> impl Strategy<Value = (Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>)>
{
    let value = prop_oneof![any::<u8>(), Just(0), Just(1), Just(0x7f), Just(0x80), Just(0xff)];
    (
        vec((any::<prop::sample::Index>(), value), 1..8),
        proptest::option::weighted(0.2, any::<prop::sample::Index>()),
    )
}

fn damaged(
    good: &[u8],
    (changes, cut): &(Vec<(prop::sample::Index, u8)>, Option<prop::sample::Index>),
) -> Vec<u8> {
    let mut bad = good.to_vec();
    for (at, value) in changes {
        bad[at.index(good.len())] = *value;
    }
    if let Some(cut) = cut {
        bad.truncate(cut.index(good.len()));
    }
    bad
}

proptest! {
    #[test]
    fn a_patch_is_read_back(patch in patch()) {
        prop_assert_eq!(Patch::from_bytes(&patch.to_bytes()).expect("it is good"), patch);
    }

    #[test]
    fn any_bytes_are_no_patch(bytes in vec(any::<u8>(), 0..512)) {
        prop_assert!(in_proportion(&bytes, Patch::from_bytes).is_err());
    }

    #[test]
    fn any_body_is_answered(body in vec(any::<u8>(), 0..512)) {
        let _ = in_proportion(&file(&body), Patch::from_bytes);
    }

    /// An accepted patch lies within its own image, and is written as it was read.
    #[test]
    fn a_damaged_body_is_refused_or_consistent(patch in patch(), damage in damage()) {
        let body = damaged(&patch.to_bytes()[HEADER..], &damage);
        let bytes = file(&body);
        if let Ok(read) = in_proportion(&bytes, Patch::from_bytes) {
            prop_assert!(read.relocations.iter().all(|r| r.at < read.image_size()));
            prop_assert!(read.swaps.iter().all(|s| s.target < read.text.len() as u64));
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_message_is_answered(bytes in vec(any::<u8>(), 0..512), tag in 0..6u8) {
        let tagged = [&[tag][..], &bytes].concat();
        for bytes in [bytes.as_slice(), &tagged] {
            if let Ok(request) = in_proportion(bytes, Request::from_bytes) {
                prop_assert_eq!(request.to_bytes(), bytes);
            }
            if let Ok(reply) = in_proportion(bytes, Reply::from_bytes) {
                prop_assert_eq!(reply.to_bytes(), bytes);
            }
        }
    }

    #[test]
    fn a_damaged_message_is_answered(damage in damage(), id in any::<u64>(), names in vec("[a-z/]{0,12}", 0..4)) {
        let hello = Reply::Hello {
            protocol: 1, pid: 2, build_id: vec![3; 20], functions: 4,
            patches: vec![PatchId(id), PatchId(5)],
        };
        let loaded = Reply::Loaded { id: PatchId(id), number: 7, functions: names, micros: 6 };
        let function = |patch| FunctionInfo {
            name: "a/b".into(), signature: "fn()".into(), file: "a.rs".into(), line: 3,
            layer: "live".into(), patch,
        };
        let patch = PatchInfo { number: 1, id: PatchId(id), age: 9 };
        let list = Reply::Functions(vec![function(Some(patch)), function(None)]);
        for good in [hello, loaded, list] {
            let bytes = damaged(&good.to_bytes(), &damage);
            if let Ok(read) = in_proportion(&bytes, Reply::from_bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }

    /// A stream of frames, cut or not: each whole frame comes out, then an end or an error.
    #[test]
    fn any_stream_is_answered(bytes in vec(any::<u8>(), 0..512)) {
        in_proportion(&bytes, |mut stream| while let Ok(Some(_)) = read_frame(&mut stream) {});
    }

    #[test]
    fn frames_come_out_as_they_went_in(frames in vec(vec(any::<u8>(), 0..64), 0..5), cut in any::<prop::sample::Index>()) {
        let mut stream = Vec::new();
        let mut ends = vec![0];
        for frame in &frames {
            write_frame(&mut stream, frame).expect("memory takes it");
            ends.push(stream.len());
        }
        let cut = cut.index(stream.len() + 1);
        let whole = ends.iter().rposition(|end| *end <= cut).expect("the first is 0");
        let mut rest = &stream[..cut];
        for frame in &frames[..whole] {
            prop_assert_eq!(&read_frame(&mut rest).expect("whole").expect("there"), frame);
        }
        match read_frame(&mut rest) {
            Ok(None) => prop_assert_eq!(cut, ends[whole]),
            Err(_) => prop_assert_ne!(cut, ends[whole]),
            Ok(Some(frame)) => prop_assert!(false, "a frame out of nothing: {:?}", frame),
        }
    }
}

#[test]
fn a_length_over_the_limit_costs_nothing() {
    let claims = (hot_patch::message::MAX_FRAME as u32 + 1).to_le_bytes();
    in_proportion(&claims, |mut stream| {
        let error = read_frame(&mut stream).expect_err("it is over the limit");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    });
    let claims = (hot_patch::message::MAX_FRAME as u32).to_le_bytes();
    in_proportion(&claims, |mut stream| {
        let error = read_frame(&mut stream).expect_err("it is cut");
        assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    });
}
