//! Thread-locals that the program does not have.

use crate::fixture::Program;
use crate::{LIBRARY, MAIN, patch};
use hot_cli::diff::{DiffSession, Prepared, Verdict};
use hot_cli::refusal::Detail;
use hot_patch::patch::{Base, Locals, Patch, Width};

const COUNTS: &str = "SEEN.with(|s| s.set(s.get() + 1));";

/// The library, whose function `price` does something with new thread-locals as well.
fn with(locals: &str, uses: &str) -> String {
    assert!(LIBRARY.contains(COUNTS));
    let declared = format!("std::thread_local! {{ {locals} }}\nhot! {{ pub fn price");
    LIBRARY.replace("hot! { pub fn price", &declared).replace(COUNTS, &format!("{COUNTS} {uses}"))
}

fn judge(world: &mut DiffSession, program: &Program, source: &str) -> Verdict {
    world.judge(vec![program.library(source)]).expect("a verdict")
}

fn applied(world: &mut DiffSession, program: &Program, source: &str) -> Box<Prepared> {
    let prepared = patch(judge(world, program, source));
    world.committed(prepared.patch.id);
    prepared
}

fn refused(world: &mut DiffSession, program: &Program, source: &str) -> Vec<Detail> {
    match judge(world, program, source) {
        Verdict::Refused { why, details } if why.word() == "thread-local" => details,
        other => panic!("not refused for a thread-local: {other:?}"),
    }
}

/// How many guards there are: `cmp byte fs:[…], 0`.
fn guards(patch: &Patch) -> usize {
    patch.text.windows(4).filter(|code| *code == [0x64, 0x80, 0x3c, 0x25]).count()
}

/// The thread-locals that are accessed: their base, and the offset.
fn accessed(patch: &Patch) -> Vec<(Base, i64)> {
    let mut all: Vec<(Base, i64)> = patch
        .relocations
        .iter()
        .filter(|r| r.base.is_thread_local())
        .inspect(|r| assert_eq!(r.width, Width::Thread32))
        .map(|r| (r.base, r.addend))
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

#[test]
fn one_that_begins_as_zeroes_has_room_and_is_bound_to_later() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let zero = "static ZERO: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };";
    let first = applied(&mut world, &program, &with(zero, "ZERO.set(ZERO.get() + 1);"));
    assert_eq!((first.functions.as_slice(), first.new_statics), (&["shop/price".into()][..], 1));
    assert_eq!(first.patch.locals, Locals { size: 8, align: 8 });
    assert_eq!(accessed(&first.patch), [(Base::Locals, 0)]);
    // Nothing of it is in the image.
    assert_eq!((guards(&first.patch), first.patch.data.len(), first.patch.zeroed), (0, 0, 0));

    // The next version of the accessor's user needs no accessor: it calls the one that runs. With
    // another one inlined by hand, the old one is accessed where it is.
    let uses = "ZERO.with(|z| z.set(z.get() + 2));";
    let second = applied(&mut world, &program, &with(zero, uses));
    assert_eq!((second.new_statics, second.patch.locals), (0, Locals::default()));
    assert_eq!(second.patch.requires, [first.patch.id]);

    // Gone, and there again: the running one is used.
    applied(&mut world, &program, LIBRARY);
    let again = applied(&mut world, &program, &with(zero, "ZERO.set(ZERO.get() + 3);"));
    assert_eq!((again.new_statics, again.patch.locals), (0, Locals::default()));
    assert!(again.patch.requires.contains(&first.patch.id));

    // Under the same name, with another type.
    let other = with(&zero.replace("u64", "u32"), "ZERO.set(ZERO.get() + 4);");
    let details = refused(&mut world, &program, &other);
    assert_eq!(details[0].item, "shop::ZERO");
    assert!(details[0].now.as_ref().unwrap().contains("another type"), "{details:?}");
}

#[test]
fn one_that_does_not_is_filled_in_before_each_function_that_accesses_it() {
    // Everything inlined, so that one function accesses several, the running one among them.
    let program = Program::with(&["-g", "-Copt-level=3"]);
    let mut world = program.world(LIBRARY, MAIN);
    let both = "static FIVE: std::cell::Cell<u64> = const { std::cell::Cell::new(5) };
        static NAME: std::cell::Cell<&'static str> = const { std::cell::Cell::new(\"five\") };
        static ZERO: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };";
    let uses = "FIVE.set(FIVE.get() + NAME.get().len() as u64); NAME.set(\"six\"); ZERO.set(ZERO.get() + n);";
    let first = applied(&mut world, &program, &with(both, uses));
    assert_eq!(first.new_statics, 3);
    // Two flags, then the values.
    assert_eq!(first.patch.locals, Locals { size: 40, align: 8 });
    assert_eq!(guards(&first.patch), 2);
    let body = first.patch.functions.iter().find(|f| f.name.contains("__hot_price"));
    let body = body.expect("it is carried").offset;
    // Whoever enters it passes both guards.
    assert_eq!(first.patch.swaps[0].target, body - 2 * 56);
    assert_eq!(guards_at(&first.patch, body), 2);

    // A later patch fills them in as well: another thread may run its code first.
    let second = applied(
        &mut world,
        &program,
        &with(
            both,
            &format!("{uses} let _ = FIVE.get();").replace("ZERO.get() + n", "ZERO.get() * n"),
        ),
    );
    assert_eq!((second.new_statics, second.patch.locals), (0, Locals::default()));
    assert_eq!(
        (second.patch.requires.as_slice(), guards(&second.patch)),
        (&[first.patch.id][..], 2)
    );
    assert!(accessed(&second.patch).iter().all(|(base, _)| *base == Base::LocalsOf(0)));
    assert_eq!(accessed(&second.patch).len(), accessed(&first.patch).len());
    let images = second.patch.relocations.iter().filter(|r| r.base == Base::Patch(0));
    assert_eq!(images.filter(|r| r.width == Width::Relative32).count(), 2);
}

/// How many guards end one after the other at the beginning of a body.
fn guards_at(patch: &Patch, body: u64) -> usize {
    let is_guard = |end: &u64| {
        let code = &patch.text[(end - 56) as usize..*end as usize];
        code.starts_with(&[0x64, 0x80, 0x3c, 0x25]) && code.ends_with(&[0x59, 0x5e, 0x5f])
    };
    (1..=body / 56).map(|n| body - (n - 1) * 56).take_while(is_guard).count()
}

#[test]
fn one_that_the_pool_cannot_hold_is_refused_by_name() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let small = "static SMALL: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };";
    let large =
        "static LARGE: std::cell::Cell<[u8; 4090]> = const { std::cell::Cell::new([0; 4090]) };";
    let uses = "SMALL.set(1); LARGE.set([1; 4090]);";
    let details = refused(&mut world, &program, &with(&format!("{small} {large}"), uses));
    assert_eq!(details[0].item, "shop::LARGE");
    assert!(
        details[0].now.as_ref().unwrap().contains("4090 bytes")
            && details[0].now.as_ref().unwrap().contains("4096"),
        "{details:?}"
    );
    // Alone it fits.
    let alone = applied(&mut world, &program, &with(large, "LARGE.set([1; 4090]);"));
    assert_eq!(alone.patch.locals, Locals { size: 4090, align: 1 });

    let wide =
        "static WIDE: std::cell::Cell<Wide> = const { std::cell::Cell::new(Wide([0; 256])) };";
    let source = with(wide, "WIDE.set(Wide([1; 256]));");
    let source = format!("{source}\n#[repr(align(256))] struct Wide([u8; 256]);");
    let mut world = program.world(LIBRARY, MAIN);
    let details = refused(&mut world, &program, &source);
    assert_eq!(details[0].item, "shop::WIDE");
    assert!(details[0].now.as_ref().unwrap().contains("aligned to 256"), "{details:?}");
}

#[test]
fn one_of_std_comes_with_the_function_that_uses_it() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    // The keys of a hash map, which are each thread's own.
    let source = LIBRARY.replace(
        "format!(\"n = {n}\")",
        "format!(\"{:?}\", std::collections::HashMap::from([(n, n)]))",
    );
    let prepared = applied(&mut world, &program, &source);
    assert_eq!(
        (prepared.functions.as_slice(), prepared.new_statics),
        (&["shop/label".into()][..], 0)
    );
    assert!(prepared.patch.locals.size > 0, "{:?}", prepared.patch.locals);
}

#[test]
fn a_destructor_more_or_less_is_another_storage() {
    for mangling in ["-Cdebug-assertions=on", "-Csymbol-mangling-version=v0"] {
        let program = Program::with(&["-g", mangling]);
        a_destructor_is_another_storage_in(&program);
    }
}

fn a_destructor_is_another_storage_in(program: &Program) {
    for storage in ["const { Held(std::cell::Cell::new(0)) }", "Held(std::cell::Cell::new(0))"] {
        let source = |drop: &str, by: u64| {
            let held = format!("static HELD: Held = {storage};");
            let uses = format!("HELD.with(|h| h.0.set(h.0.get() + {by}));");
            format!("{}\nstruct Held(std::cell::Cell<u64>); {drop}", with(&held, &uses))
        };
        let plain = |by| source("", by);
        let dropped = |by| source("impl Drop for Held { fn drop(&mut self) {} }", by);
        for [was, now] in [[plain(1), dropped(2)], [dropped(1), plain(2)]] {
            let mut world = program.world(&was, MAIN);
            let details = refused(&mut world, program, &now);
            assert_eq!(details[0].item, "shop::HELD");
            assert!(details[0].now.as_ref().unwrap().contains("another type"), "{details:?}");
        }
        let mut world = program.world(&dropped(1), MAIN);
        assert_eq!(applied(&mut world, program, &dropped(2)).new_statics, 0);
    }
}
