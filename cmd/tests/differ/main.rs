//! The differ against objects that rustc makes of small sources: what is judged, and what binds
//! where, without a process.

mod advice;
mod assembler;
mod baseline;
mod debug;
mod effect;
mod fixture;
mod guards;
mod hostile;
mod locals;
mod moved;
mod native;
mod once;
mod release;

use fixture::Program;
use hot_cli::diff::{DiffSession, Prepared, Verdict};

const LIBRARY: &str = r#"
use std::sync::atomic::{AtomicU64, Ordering};
static COUNT: AtomicU64 = AtomicU64::new(0);
static RATES: [u64; 3] = [1, 2, 3];
std::thread_local! { static SEEN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) }; }
pub mod deep {
    pub fn fee(n: u64) -> u64 { level(n) + 1 }
    fn level(n: u64) -> u64 { n * 2 }
    pub fn unused_by_hot(n: u64) -> u64 { n ^ 5 }
}
hot! { pub fn price / __hot_price(n: u64) -> u64 {
    COUNT.fetch_add(1, Ordering::Relaxed);
    SEEN.with(|s| s.set(s.get() + 1));
    deep::fee(n) + RATES[(n % 3) as usize]
} }
hot! { pub fn label / __hot_label(n: u64) -> String { format!("n = {n}") } }
hot! { pub fn half / __hot_half(n: u64) -> f64 { n as f64 * 0.5 } }
"#;
const MAIN: &str = "fn main() { println!(\"{} {} {} {}\", shop::price(3), shop::label(4), shop::half(5), shop::deep::unused_by_hot(1)) }";

fn judge(world: &mut DiffSession, program: &Program, from: &str, to: &str) -> Verdict {
    assert!(LIBRARY.contains(from), "the edit must apply");
    world.judge(vec![program.library(&LIBRARY.replace(from, to))]).expect("a verdict")
}

fn patch(verdict: Verdict) -> Box<Prepared> {
    match verdict {
        Verdict::Patch(prepared) => prepared,
        other => panic!("not a patch: {other:?}"),
    }
}

/// The demangled functions in a patch.
fn carried(prepared: &Prepared) -> Vec<String> {
    let mut all: Vec<String> = prepared
        .patch
        .functions
        .iter()
        .map(|f| format!("{:#}", rustc_demangle::demangle(&f.name)))
        .filter(|f| !f.starts_with("core::") && !f.starts_with('<'))
        .collect();
    all.sort();
    all
}

#[test]
fn an_edit_carries_what_changed_and_its_callers_up_to_the_hot_function() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    assert_eq!(world.hot_functions(), 3);
    let mut edit = |from, to| patch(judge(&mut world, &program, from, to));

    let body = edit("n * 2", "n * 3");
    assert_eq!(body.functions, ["shop/price"]);
    assert_eq!(
        carried(&body),
        ["shop::deep::fee", "shop::deep::level", "shop::price::__hot_price"]
    );
    assert!(body.not_applied.not_live.is_empty());
    // Its statics are those that run: nothing writable comes with it.
    assert_eq!((body.patch.data.len(), body.patch.zeroed, body.new_statics), (0, 0, 0));

    let string = edit("n = {n}", "number {n}!");
    assert_eq!(string.functions, ["shop/label"]);
    assert_eq!(carried(&string), ["shop::label::__hot_label"]);
    assert!(
        string.not_applied.not_live.is_empty(),
        "the edit before never went live, and is undone"
    );

    // A float is a piece of a mergeable section.
    assert_eq!(carried(&edit("* 0.5", "* 0.25")), ["shop::half::__hot_half"]);
    // A constant table is new when it changed, and so is whoever reads it.
    assert_eq!(carried(&edit("[1, 2, 3]", "[1, 2, 4]")), ["shop::price::__hot_price"]);
}

#[test]
fn functions_that_the_executable_lacks_come_out_of_the_archives() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let with_std = patch(judge(
        &mut world,
        &program,
        "format!(\"n = {n}\")",
        "format!(\"{:?}\", \"x\".to_uppercase().parse::<f64>())",
    ));
    assert_eq!(with_std.functions, ["shop/label"]);
    let functions = &with_std.patch.functions;
    let pulled = |path: &str| {
        functions.iter().any(|f| format!("{:#}", rustc_demangle::demangle(&f.name)) == path)
    };
    assert!(pulled("<str>::to_uppercase"), "{functions:#?}");
    assert_eq!(with_std.patch.data.len(), 0);
}

#[test]
fn what_no_hot_function_reaches_is_no_patch() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let mut no_effect = |from, to| match judge(&mut world, &program, from, to) {
        Verdict::NoEffect { changed, why } => (changed, why),
        other => panic!("{other:?}"),
    };
    let (changed, why) = no_effect("n ^ 5", "n ^ 6");
    assert_eq!(
        (changed, why.as_str()),
        (
            vec!["shop::deep::unused_by_hot".into()],
            "no #[hot] function reaches it: nothing in the program calls shop::deep::unused_by_hot"
        )
    );
    // Taken back before it went live: what runs is what the source says.
    let (changed, _) = no_effect("n ^ 5", "n ^ 5");
    assert_eq!(changed, [""; 0]);
    // Every line moves, and with it every panic location; nothing has changed.
    let (changed, why) = no_effect("pub mod deep", "// moved\n\npub mod deep");
    assert_eq!((changed, why.as_str()), (vec![], "the compiled code is the same as what runs"));
    let (changed, why) = no_effect("AtomicU64::new(0)", "AtomicU64::new(1)");
    assert_eq!(changed, ["shop::COUNT (its initial value)"]);
    assert_eq!(why, "a static that exists keeps its value");
}

#[test]
fn a_signature_or_a_static_of_another_type_is_refused() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let mut refused = |source: String| match world.judge(vec![program.library(&source)]) {
        Ok(Verdict::Refused { why, details }) => (why, details),
        other => panic!("{other:?}"),
    };
    let (why, details) = refused(LIBRARY.replace("(n: u64) -> f64", "(n: u32) -> f64"));
    assert_eq!(why.word(), "signature");
    assert_eq!(
        (details[0].item.as_str(), details[0].was.as_deref()),
        ("shop/half", Some("fn(u64) -> f64"))
    );
    assert_eq!(details[0].now.as_deref(), Some("fn(u32) -> f64"));
    let (why, details) = refused(LIBRARY.replace(
        "COUNT: AtomicU64 = AtomicU64::new",
        "COUNT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new",
    ));
    assert_eq!((why.word(), details[0].item.as_str()), ("static", "shop::COUNT"));
    let (why, details) = refused(
        LIBRARY
            .replace("SEEN: std::cell::Cell<u64>", "SEEN: std::cell::Cell<i64>")
            .replace("n * 2", "n * 3"),
    );
    assert_eq!(
        (why.word(), details[0].item.as_str()),
        ("thread-local", "shop::SEEN"),
        "{details:?}"
    );
}

#[test]
fn what_a_patch_holds_is_what_later_patches_bind_to() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let with_static = "{ static TOLD: AtomicU64 = AtomicU64::new(9); TOLD.fetch_add(1, Ordering::Relaxed); format!(\"n = {n}\") }";
    let first = patch(judge(&mut world, &program, "{ format!(\"n = {n}\") }", with_static));
    assert_eq!((first.new_statics, first.patch.data.len()), (1, 8));
    world.committed(first.patch.id);
    let second = patch(judge(
        &mut world,
        &program,
        "{ format!(\"n = {n}\") }",
        &with_static.replace("n = ", "told "),
    ));
    assert_eq!((second.new_statics, second.patch.data.len()), (0, 0));
    assert_eq!(second.patch.requires, [first.patch.id]);
    // A patch that was not loaded is not built upon.
    world.rejected(second.patch.id);
    let third = patch(judge(
        &mut world,
        &program,
        "{ format!(\"n = {n}\") }",
        &with_static.replace("n = ", "tell "),
    ));
    assert_eq!(third.patch.requires, [first.patch.id]);
}

#[test]
fn a_caller_that_was_left_behind_is_not_bound_to_later() {
    // `outer` is called by no hot function at first, so it goes on calling the old `level`; when
    // a hot function begins to call it, it must come along although it has not changed itself.
    let source = LIBRARY.replace(
        "pub fn unused_by_hot(n: u64) -> u64 { n ^ 5 }",
        "pub fn unused_by_hot(n: u64) -> u64 { level(n) }",
    );
    let program = Program::new();
    let mut world = program.world(&source, MAIN);
    let edited = source.replace("n * 2", "n * 3");
    let first = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(
        carried(&first),
        ["shop::deep::fee", "shop::deep::level", "shop::price::__hot_price"]
    );
    world.committed(first.patch.id);
    let edited = edited.replace("n as f64 * 0.5", "deep::unused_by_hot(n) as f64");
    let second = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(carried(&second), ["shop::deep::unused_by_hot", "shop::half::__hot_half"]);
}

#[test]
fn a_constructor_runs_once_with_the_first_patch_that_brings_it() {
    let constructor = r#"
fn begin() { COUNT.store(100, Ordering::Relaxed); }
#[used] #[unsafe(link_section = ".init_array")] static BEGIN: fn() = begin;
"#;
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let with = format!("{}{constructor}", LIBRARY.replace("n = {n}", "N = {n}"));
    let first = patch(world.judge(vec![program.library(&with)]).expect("a verdict"));
    assert_eq!(first.patch.constructors.len(), 1);
    assert_eq!(carried(&first), ["shop::begin", "shop::label::__hot_label"]);
    world.committed(first.patch.id);
    let again = with.replace("N = {n}", "{n}");
    let second = patch(world.judge(vec![program.library(&again)]).expect("a verdict"));
    assert_eq!(second.patch.constructors.len(), 0);
}

#[test]
fn a_shared_type_of_another_layout_is_refused() {
    let source = format!(
        "{LIBRARY}{}",
        r#"
pub struct Order { pub id: u32, pub qty: u32 }
static OPEN: std::sync::Mutex<Vec<Order>> = std::sync::Mutex::new(Vec::new());
hot! { pub fn count / __hot_count() -> usize { OPEN.lock().map_or(0, |o| o.len()) } }
"#
    );
    let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::count() as u64");
    let program = Program::new();
    let mut world = program.world(&source, &main);
    let edited = source.replace("qty: u32", "qty: u64").replace("o.len()", "o.len() + 1");
    let Ok(Verdict::Refused { why, details }) = world.judge(vec![program.library(&edited)]) else {
        panic!("not refused");
    };
    assert_eq!((why.word(), details[0].item.as_str()), ("layout", "shop::Order"));
    assert!(details[0].lines.iter().any(|l| l.contains("qty: u32 at 4")), "{details:#?}");
    assert!(details[0].lines.iter().any(|l| l.contains("static shop::OPEN")), "{details:#?}");
    // So is the type of an argument, although the signature reads as before.
    let with_argument = format!(
        "{LIBRARY}{}",
        r#"
pub struct Cart { pub lines: u32 }
hot! { pub fn lines / __hot_lines(cart: &Cart) -> u32 { cart.lines } }
"#
    );
    let main = MAIN
        .replace("shop::price(3)", "shop::price(3) + shop::lines(&shop::Cart { lines: 4 }) as u64");
    let program = Program::new();
    let mut cart = program.world(&with_argument, &main);
    let edited = with_argument.replace("pub lines: u32", "pub lines: u32, extra: u64");
    let Ok(Verdict::Refused { why, details }) = cart.judge(vec![program.library(&edited)]) else {
        panic!("not refused");
    };
    assert_eq!((why.word(), details[0].item.as_str()), ("layout", "shop::Cart"));
    // Its symbol is another, since the fields have other names; what is told are the fields.
    assert_eq!(
        details[0].lines,
        [
            "lines: u32 at 0    →  u32 at 8",
            "+ extra: u64 at 0",
            "reached from: argument 1 of shop/lines"
        ]
    );
    let program = Program::new();
    let mut world = program
        .world(&source, &main.replace("shop::lines(&shop::Cart { lines: 4 })", "shop::count()"));
    // The same edit without the field goes through.
    let body = source.replace("o.len()", "o.len() + 1");
    patch(world.judge(vec![program.library(&body)]).expect("a verdict"));
}

#[test]
fn without_descriptions_of_types_bodies_go_live_and_it_is_told() {
    for debug in ["-Cdebuginfo=0", "-Cdebuginfo=1", "-Cdebuginfo=line-tables-only"] {
        let program = Program::with(&[debug]);
        let mut world = program.world(LIBRARY, MAIN);
        assert_eq!(world.undescribed().expect("they are read"), ["shop"], "{debug}");
        let prepared = patch(judge(&mut world, &program, "n as f64 * 0.5", "n as f64 * 0.25"));
        assert_eq!(prepared.functions, ["shop/half"], "{debug}");
    }
    let described = Program::new().world(LIBRARY, MAIN);
    assert!(described.undescribed().expect("they are read").is_empty());
}

#[test]
fn a_static_that_becomes_mutable_is_not_bound_to_the_sealed_one() {
    let source = format!(
        "{LIBRARY}{}",
        r#"
pub static LIMIT: u64 = 5;
hot! { pub fn limit / __hot_limit() -> u64 { LIMIT } }
"#
    );
    let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::limit()");
    let program = Program::new();
    let mut world = program.world(&source, &main);
    // Its symbol stays as it was, since its type does.
    let mutable = source
        .replace("pub static LIMIT", "pub static mut LIMIT")
        .replace("{ LIMIT }", "{ unsafe { LIMIT += 1; LIMIT } }");
    let verdict = world.judge(vec![program.library(&mutable)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!((why.word(), details[0].item.as_str()), ("static", "shop::LIMIT"));
}

#[test]
fn a_constant_that_looks_like_a_panic_location_is_compared_in_full() {
    let source = format!(
        "{LIBRARY}{}",
        r#"
const SIZES: &[(&str, u64)] = &[("lib.rs", 42)];
hot! { pub fn size / __hot_size() -> u64 { std::hint::black_box(SIZES)[0].1 } }
"#
    );
    let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::size()");
    let program = Program::new();
    let mut world = program.world(&source, &main);
    let edited = source.replace("42", "43");
    let size = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(size.functions, ["shop/size"]);
}

#[test]
fn a_hot_method_is_found_again_when_its_impl_block_has_another_number() {
    let source = format!(
        "{LIBRARY}{}",
        r#"
pub struct Wide { pub n: u32 }
// here
pub struct Cart;
impl Cart { hot! { pub fn tax / __hot_tax(wide: &Wide) -> u32 { wide.n + 1 } } }
"#
    );
    let main = MAIN
        .replace("shop::price(3)", "shop::price(3) + shop::Cart::tax(&shop::Wide { n: 1 }) as u64");
    let program = Program::new();
    let mut world = program.world(&source, &main);
    let edit = |source: &str, here: &str| {
        let edited = source.replace("// here", here).replace("wide.n + 1", "wide.n + 2");
        vec![program.library(&edited)]
    };
    let block = "pub struct More(u32); impl More { pub fn get(&self) -> u32 { self.0 } }";
    let first = patch(world.judge(edit(&source, block)).expect("a verdict"));
    assert_eq!(first.functions, ["shop/tax"]);
    // The slot is the running one.
    assert!(matches!(first.patch.swaps[0].slot.base, hot_patch::patch::Base::Host));
    assert_eq!((first.patch.data.len(), first.patch.entries.len()), (0, 0));
    world.committed(first.patch.id);
    // When the block goes again, nothing has changed; with another edit, the slot is still that
    // one.
    let verdict = world.judge(edit(&source, "// here")).expect("a verdict");
    assert!(matches!(&verdict, Verdict::NoEffect { changed, .. } if changed.is_empty()));
    let edited = source.replace("// here", block).replace("wide.n + 1", "wide.n + 3");
    let third = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(third.patch.swaps[0].slot, first.patch.swaps[0].slot);

    // What it takes is compared although its symbol is another.
    let other = source.replace("n: u32 }", "n: u32, m: u64 }");
    let verdict = world.judge(edit(&other, "impl Wide {}")).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!((why.word(), details[0].item.as_str()), ("layout", "shop::Wide"));
}

#[test]
fn an_optimised_program_may_run_copies_of_std_other_than_its_own() {
    let program = Program::with(&["-g", "-Copt-level=3"]);
    let debug = "pub fn show(n: u64) -> String { format!(\"{n:?}\") } pub fn never(n: &[u64]) -> String { format!(\"{n:?}\") }";
    let source = format!("{LIBRARY}{debug}");
    let main = MAIN;
    let mut world = program.world(&source, main);
    let edited = source.replace("n as f64 * 0.5", "n as f64 * 0.25");
    let half = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(half.functions, ["shop/half"]);
}

/// A generic hot function, as the macro writes it.
const GENERIC: &str = r#"
pub trait Tag { fn tag() -> u64; }
pub struct A;
pub struct B;
pub struct C;
impl Tag for A { #[inline(never)] fn tag() -> u64 { std::hint::black_box(1) } }
impl Tag for B { #[inline(never)] fn tag() -> u64 { std::hint::black_box(2) } }
impl Tag for C { #[inline(never)] fn tag() -> u64 { std::hint::black_box(3) } }
pub fn tagged<T: Tag>() -> u64 {
    fn __hot_tagged<T: Tag>() -> u64 { std::hint::black_box(7) * 3 }
    #[unsafe(link_section = "hot_slots")] static __HOT_SLOT: crate::Slot = crate::Slot(std::sync::atomic::AtomicPtr::new(std::ptr::null_mut()));
    const TEXT: &str = "shop\0\0tagged\0fn() -> u64\0shop.rs\0";
    #[used] #[unsafe(link_section = "hot_entries")] static __HOT_ENTRY: crate::Entry = crate::Entry {
        abi: 4, kind: 2, line: 1, slot: &__HOT_SLOT, original: std::ptr::null(), text: TEXT.as_ptr(), len: TEXT.len(), identity: None, sizes: std::ptr::null(), sizes_len: 0, mocks: [0; 5] };
    unsafe { std::arch::asm!(".pushsection hot_instances,\"aw\",@progbits", ".balign 8", ".quad {slot}", ".quad {body}", ".popsection",
        slot = sym __HOT_SLOT, body = sym __hot_tagged::<T>, options(nomem, nostack, preserves_flags)) }
    let code = __hot_tagged::<T> as fn() -> u64;
    if __HOT_SLOT.0.load(std::sync::atomic::Ordering::Relaxed).is_null() { code() } else { std::hint::black_box(code)() }
}
pub fn all() -> u64 { tagged::<A>() + tagged::<B>() }
hot! { pub fn third / __hot_third() -> u64 { 0 } }
"#;

#[test]
fn every_instance_of_a_generic_function_is_swapped() {
    let source = format!("{LIBRARY}{GENERIC}");
    let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::all() + shop::third()");
    let program = Program::new();
    let mut world = program.world(&source, &main);
    let edited = source.replace("black_box(7) * 3", "black_box(7) * 3 + T::tag()");
    let both = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    let instances = |prepared: &Prepared| {
        let mut places: Vec<_> = prepared.patch.swaps.iter().filter_map(|s| s.instance).collect();
        places.sort();
        places.dedup();
        places
    };
    assert_eq!(both.functions, ["shop/tagged"]);
    assert_eq!(instances(&both).len(), 2, "{:?}", both.patch.swaps);
    world.committed(both.patch.id);
    // An instance that is new is known by the place where it was loaded.
    let third = edited.replace("-> u64 { 0 }", "-> u64 { tagged::<C>() }");
    let new = patch(world.judge(vec![program.library(&third)]).expect("a verdict"));
    assert_eq!((new.functions.as_slice(), instances(&new).len()), (&["shop/third".into()][..], 0));
    world.committed(new.patch.id);
    let again = third.replace("* 3 + T::tag()", "* 4 + T::tag()");
    let three = patch(world.judge(vec![program.library(&again)]).expect("a verdict"));
    assert_eq!(three.functions, ["shop/tagged"]);
    assert_eq!(instances(&three).len(), 3, "{:?}", three.patch.swaps);
    assert_eq!(&instances(&three)[..2], &instances(&both)[..]);
}

#[test]
fn instances_that_the_optimiser_has_merged_are_not_swapped_for_one_another() {
    let source = format!("{LIBRARY}{GENERIC}");
    let main = MAIN.replace("shop::price(3)", "shop::price(3) + shop::all() + shop::third()");
    let program = Program::with(&["-g", "-Copt-level=3"]);
    let mut world = program.world(&source, &main);
    let edited = source.replace("black_box(7) * 3", "black_box(7) * 3 + T::tag()");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!((why.word(), details[0].item.as_str()), ("symbol", "shop::tagged"));
}

/// A patch is mapped at a page, so that nothing in it can be aligned to more.
#[test]
fn what_wants_more_than_a_page_is_refused() {
    let program = Program::new();
    let mut world = program.world(LIBRARY, MAIN);
    let wide = LIBRARY.replace(
        "deep::fee(n) +",
        "#[repr(align(8192))] struct Wide([u8; 8192]);
         static WIDE: Wide = Wide([7; 8192]);
         u64::from(WIDE.0[n as usize]) + deep::fee(n) +",
    );
    let refused = world.judge(vec![program.library(&wide)]).expect("a verdict");
    let Verdict::Refused { why, details } = refused else { panic!("{refused:?}") };
    assert_eq!(why.word(), "alignment");
    assert!(details[0].item.ends_with("WIDE"), "{details:?}");
    // One of a page goes through.
    let page = wide.replace("8192", "4096");
    patch(world.judge(vec![program.library(&page)]).expect("a verdict"));
}

/// Cases that go live, or do not, by whether a changed type may be met.
const LOCALS: &str = r#"
#[derive(Debug, Clone)]
struct Line { n: u32 }
enum Step { Up(u32), Down }
#[inline(never)] fn step(n: u64) -> Step { if n > 2 { Step::Up(n as u32) } else { Step::Down } }
fn lines(n: u64) -> String {
    let lines: Vec<Line> = (0..n).map(|n| Line { n: n as u32 }).collect();
    let last = lines.last().cloned();
    format!("{lines:?} {last:?}")
}
hot! { pub fn shown / __hot_shown(n: u64) -> String { lines(n) } }
hot! { pub fn steps / __hot_steps(n: u64) -> u64 { match step(n) { Step::Up(n) => n as u64, Step::Down => 0 } } }
pub struct Order { pub qty: u32 }
#[inline(never)] pub fn place(order: &Order) -> usize { std::ptr::from_ref(order) as usize % 2 }
hot! { pub fn even / __hot_even(order: &Order) -> usize { place(order) } }
hot! { pub fn fresh / __hot_fresh(n: u32) -> u64 { Order { qty: n }.qty as u64 } }
"#;
const LOCALS_MAIN: &str = "fn main() { println!(\"{} {} {} {}\", shop::shown(3), shop::steps(4), \
    shop::even(&shop::Order { qty: 1 }), shop::fresh(1)) }";

#[test]
fn a_type_of_which_nothing_is_alive_may_change() {
    let program = Program::new();
    let mut world = program.world(LOCALS, LOCALS_MAIN);
    let mut source = LOCALS.to_owned();
    let mut live = |edits: &[(&str, &str)], function: &str| {
        for (from, to) in edits {
            assert!(source.contains(from), "{from}");
            source = source.replace(from, to);
        }
        let prepared = patch(world.judge(vec![program.library(&source)]).expect("a verdict"));
        assert_eq!(prepared.functions, [function]);
        world.committed(prepared.patch.id);
    };
    // With what `derive` makes of it, a collection and closures; and once more.
    live(
        &[("n: u32 }", "n: u32, twice: u64 }"), ("n as u32 }", "n as u32, twice: n * 2 }")],
        "shop/shown",
    );
    live(&[("twice: u64 }", "twice: String }"), ("n * 2 }", "n.to_string() }")], "shop/shown");
    live(
        &[
            ("Up(u32), Down }", "Up(u32), Down, Far([u64; 4]) }"),
            ("Step::Down => 0", "Step::Down => 0, Step::Far(all) => all[3]"),
        ],
        "shop/steps",
    );
}

#[test]
fn every_version_that_was_live_counts() {
    let program = Program::new();
    let mut world = program.world(LOCALS, LOCALS_MAIN);
    // `even` does not look into the order, so that it stays as it is, for old and new callers.
    let wider =
        LOCALS.replace("pub qty: u32", "pub qty: u64").replace("qty: n }", "qty: n.into() }");
    let first = patch(world.judge(vec![program.library(&wider)]).expect("a verdict"));
    assert_eq!(first.functions, ["shop/fresh"]);
    world.committed(first.patch.id);
    // Now it does. The order is what it was at the last patch; the first callers are still there.
    let looks = wider.replace("{ place(order) }", "{ place(order) + order.qty as usize }");
    let verdict = world.judge(vec![program.library(&looks)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!((why.word(), details[0].item.as_str()), ("layout", "shop::Order"));
    assert_eq!(
        (details[0].was.as_deref(), details[0].now.as_deref()),
        (Some("4 bytes aligned to 4"), Some("8 bytes aligned to 8"))
    );
    assert_eq!(
        details[0].lines,
        ["qty: u32 at 0    →  u64 at 0", "reached from: argument 1 of shop/even"]
    );
}
