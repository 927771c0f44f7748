//! Items that rustc has numbered anew: what is found again, and what cannot be told apart.

use crate::fixture::Program;
use crate::{GENERIC, LIBRARY, MAIN, carried, patch};
use hot_cli::diff::{DiffSession, Verdict};

/// What stands behind the place of the edit goes by other symbols afterwards.
const METHODS: &str = r#"
use std::cell::{Cell, RefCell};
// block
pub struct Cart;
pub struct Bag<T>(pub T);
impl Cart {
    hot! { pub fn tax / __hot_tax(n: u64) -> u64 {
        static USES: AtomicU64 = AtomicU64::new(7);
        std::thread_local! {
            static HERE: Cell<u64> = const { Cell::new(3) };
            static LIST: RefCell<Vec<u64>> = RefCell::new(Vec::new());
        }
        LIST.with(|l| l.borrow_mut().push(n));
        HERE.with(|h| h.set(h.get() + 1));
        Cart::plain(n) + USES.fetch_add(1, Ordering::Relaxed)
    } }
    hot! { pub fn other / __hot_other(n: u64) -> u64 { Cart::plain(n) * 5 + Bag(n).show() } }
    fn plain(n: u64) -> u64 {
        static PLAIN: AtomicU64 = AtomicU64::new(9);
        let add = |m: u64| {
            static INNER: AtomicU64 = AtomicU64::new(11);
            INNER.fetch_add(m, Ordering::Relaxed)
        };
        add(n) + PLAIN.fetch_add(n, Ordering::Relaxed)
    }
}
impl<T: std::fmt::Debug> Bag<T> {
    fn show(&self) -> u64 {
        static SHOWN: AtomicU64 = AtomicU64::new(13);
        format!("{:?}", self.0).len() as u64 + SHOWN.fetch_add(1, Ordering::Relaxed)
    }
}
"#;
const BLOCK: &str = "pub struct More(u32); impl More { pub fn get(&self) -> u32 { self.0 } }";

fn world(program: &Program, more: &str, call: &str) -> (DiffSession, String) {
    let source = format!("{LIBRARY}{more}");
    let main = MAIN.replace("shop::price(3)", &format!("shop::price(3) + {call}"));
    (program.world(&source, &main), source)
}

#[test]
fn statics_in_methods_are_found_again_when_their_impl_block_has_another_number() {
    let program = Program::new();
    let (mut world, source) = world(&program, METHODS, "shop::Cart::tax(1) + shop::Cart::other(2)");
    let edited = source.replace("// block", BLOCK).replace("+ USES", "+ 1 + USES");
    let first = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(first.functions, ["shop/tax"], "what has not changed is left alone");
    assert_eq!((first.patch.data.len(), first.patch.zeroed, first.new_statics), (0, 0, 0));
    assert!(first.not_applied.not_live.is_empty(), "{:?}", first.not_applied.not_live);
    world.committed(first.patch.id);
    // The block goes again, and everything else changes.
    let edited = source
        .replace("+ USES", "+ 2 + USES")
        .replace("let add = |m: u64| {", "let add = |m: u64| { let m = m ^ 1;")
        .replace("as u64 + SHOWN", "as u64 + 1 + SHOWN");
    let second = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(second.functions, ["shop/other", "shop/tax"]);
    assert_eq!((second.patch.data.len(), second.patch.zeroed, second.new_statics), (0, 0, 0));
    world.committed(second.patch.id);
    // Only the closure's function reports a change, although all are renamed once more.
    let again = edited.replace("// block", BLOCK).replace("n) * 5", "n) * 6");
    let third = patch(world.judge(vec![program.library(&again)]).expect("a verdict"));
    assert_eq!(carried(&third), ["shop::Cart::other::__hot_other"]);
}

#[test]
fn a_block_more_and_nothing_else_has_no_effect() {
    let program = Program::new();
    let (mut world, source) = world(&program, METHODS, "shop::Cart::tax(1) + shop::Cart::other(2)");
    let edited = source.replace("// block", BLOCK);
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    assert!(matches!(&verdict, Verdict::NoEffect { .. }), "{verdict:?}");
}

#[test]
fn the_type_of_a_renamed_static_is_compared() {
    let program = Program::new();
    let more = METHODS.replace(
        "static PLAIN: AtomicU64 = AtomicU64::new(9);",
        "static ROWS: std::sync::Mutex<Vec<Row>> = std::sync::Mutex::new(Vec::new()); \
         static PLAIN: AtomicU64 = AtomicU64::new(ROWS.lock().unwrap().len() as u64);",
    );
    let more = more
        .replace("new(ROWS.lock().unwrap().len() as u64)", "new(9)")
        .replace("add(n) + PLAIN", "ROWS.lock().unwrap().len() as u64 + add(n) + PLAIN")
        + "pub struct Row { pub id: u32 }";
    let (mut world, source) = world(&program, &more, "shop::Cart::tax(1) + shop::Cart::other(2)");
    let edited = source
        .replace("// block", BLOCK)
        .replace("pub id: u32", "pub id: u64")
        .replace("add(n) + PLAIN", "add(n) + 1 + PLAIN");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!((why.word(), details[0].item.as_str()), ("layout", "shop::Row"));
}

/// Two closures with a counter each, which only their numbers tell apart.
const CLOSURES: &str = r#"
hot! { pub fn pair / __hot_pair(n: u64) -> u64 {
    // closure
    let one = |m: u64| { static TICKS: AtomicU64 = AtomicU64::new(0); TICKS.fetch_add(m, Ordering::Relaxed) };
    let two = |m: u64| { static TICKS: AtomicU64 = AtomicU64::new(0); TICKS.fetch_add(m, Ordering::Relaxed) };
    one(n) * 100 + two(n)
} }
hot! { pub fn single / __hot_single(n: u64) -> u64 {
    // before
    let one = |m: u64| { static ALONE: AtomicU64 = AtomicU64::new(0); ALONE.fetch_add(m, Ordering::Relaxed) };
    one(n) * 100
} }
"#;

#[test]
fn a_static_in_a_closure_is_found_again_when_another_closure_stands_before() {
    let program = Program::new();
    let (mut world, source) = world(&program, CLOSURES, "shop::pair(1) + shop::single(1)");
    let edited =
        source.replace("// before", "let n = (|m: u64| m + 1)(n);").replace("* 100\n", "* 10\n");
    let moved = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(moved.functions, ["shop/single"]);
    assert_eq!((moved.patch.data.len(), moved.patch.zeroed, moved.new_statics), (0, 0, 0));
}

#[test]
fn statics_that_only_numbers_tell_apart_are_not_mistaken_for_one_another() {
    let program = Program::new();
    let (mut world, source) = world(&program, CLOSURES, "shop::pair(1) + shop::single(1)");
    // The first closure now goes by the symbol of none, the second by that of the first.
    let edited = source.replace("// closure", "let n = (|m: u64| m + 1)(n);");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!(why.word(), "static");
    assert!(details[0].item.starts_with("shop::pair::{{closure}}"), "{details:?}");
    assert!(details[0].now.as_ref().unwrap().contains("cannot be told apart"), "{details:?}");
    // Without the shift each is itself.
    let edited = source.replace("* 100 + two", "* 10 + two");
    let same = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!((same.patch.data.len(), same.patch.zeroed, same.new_statics), (0, 0, 0));
}

#[test]
fn the_instances_of_a_generic_method_are_found_again() {
    let program = Program::new();
    let more = GENERIC
        .replace("pub fn tagged", "pub struct Kit; impl Kit { pub fn tagged")
        .replace("pub fn all()", "} pub fn all()")
        .replace("tagged::<A>()", "Kit::tagged::<A>()")
        .replace("tagged::<B>()", "Kit::tagged::<B>()")
        .replace("pub trait Tag", "// block\npub trait Tag");
    let (mut world, source) = world(&program, &more, "shop::all() + shop::third()");
    let edited = source
        .replace("// block", BLOCK)
        .replace("black_box(7) * 3", "black_box(7) * 3 + T::tag()");
    let both = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(both.functions, ["shop/tagged"]);
    let mut places: Vec<_> = both.patch.swaps.iter().map(|swap| swap.instance).collect();
    places.sort();
    places.dedup();
    assert_eq!((places.len(), places.contains(&None)), (2, false), "{:?}", both.patch.swaps);
    let mut targets: Vec<_> = both.patch.swaps.iter().map(|swap| swap.target).collect();
    targets.sort();
    targets.dedup();
    assert_eq!(targets.len(), 2, "each is given its own code");
    world.committed(both.patch.id);
    // And so they are from then on.
    let again = edited.replace(BLOCK, "// block").replace("* 3", "* 4");
    let again = patch(world.judge(vec![program.library(&again)]).expect("a verdict"));
    let mut same: Vec<_> = again.patch.swaps.iter().map(|swap| swap.instance).collect();
    same.sort();
    same.dedup();
    assert_eq!(same, places);
}

/// A function that takes references without named lifetimes.
const NAMELESS: &str = r#"
pub type Word<'a> = &'a str;
hot! { pub fn longest / __hot_longest(all: &[String], other: Word<'_>) -> usize {
    // closure
    all.iter().map(String::len).max().unwrap_or(0) + other.len()
} }
"#;
const NAMELESS_CALL: &str = "shop::longest(&[], \"a\") as u64";

/// Lifetimes in a body come before those of the signature, and shift their numbers.
#[test]
fn a_function_stays_itself_when_nameless_lifetimes_in_its_body_shift_its_symbol() {
    let program = Program::new();
    let (mut world, source) = world(&program, NAMELESS, NAMELESS_CALL);
    let counted = "let long = |word: &str, more: &u8| word.len() > usize::from(*more); \
                   if long(other, &3) { return 77; }";
    let edited = source.replace("// closure", counted);
    let there = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(there.functions, ["shop/longest"]);
    assert!(there.not_applied.not_live.is_empty(), "{:?}", there.not_applied.not_live);
    world.committed(there.patch.id);
    let back = patch(world.judge(vec![program.library(&source)]).expect("a verdict"));
    assert_eq!(back.functions, ["shop/longest"]);
    world.committed(back.patch.id);
    let changed = edited.replace("77", "78");
    let again = patch(world.judge(vec![program.library(&changed)]).expect("a verdict"));
    assert_eq!(again.functions, ["shop/longest"]);
}

/// The text of the signature is the same, the type is not general in the lifetime any more.
#[test]
fn a_lifetime_that_an_alias_hides_is_another_type() {
    for mangling in ["-Cdebug-assertions=on", "-Csymbol-mangling-version=v0"] {
        let program = Program::with(&["-g", mangling]);
        let (mut world, source) = world(&program, NAMELESS, NAMELESS_CALL);
        let edited = source.replace("= &'a str", "= &'static str");
        assert_ne!(edited, source);
        let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
        let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
        assert_eq!((why.word(), details[0].item.as_str()), ("signature", "shop/longest"));
    }
}

/// A body may get another symbol in a save that leaves its code as it is: the types that it was
/// called with under the first one still count.
#[test]
fn the_types_of_a_body_are_known_under_all_its_symbols() {
    let more = r#"
pub struct Item { pub id: u32 }
hot! { pub fn weigh / __hot_weigh(item: &Item) -> u32 {
    // closure
    7
} }
hot! { pub fn other / __hot_other(n: u32) -> u32 { n + 1 } }
"#;
    let program = Program::with(&["-g", "-Copt-level=1"]);
    let call = "(shop::weigh(&shop::Item { id: 1 }) + shop::other(2)) as u64";
    let (mut world, source) = world(&program, more, call);
    // The type changes and the body is renamed, but what is swapped does not meet the type.
    let closure = "let _never = |word: &str, more: &u8| word.len() > usize::from(*more);";
    let edited = source
        .replace("// closure", closure)
        .replace("pub id: u32", "pub id: u64")
        .replace("n + 1", "n + 2");
    let first = patch(world.judge(vec![program.library(&edited)]).expect("a verdict"));
    assert_eq!(first.functions, ["shop/other"]);
    world.committed(first.patch.id);
    // Its old callers pass what they know.
    let edited = edited.replace("    7\n", "    item.id as u32\n");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    let Verdict::Refused { why, details } = verdict else { panic!("not refused: {verdict:?}") };
    assert_eq!((why.word(), details[0].item.as_str()), ("layout", "shop::Item"));
}

/// The hash in a symbol covers the names of fields, and who may name them.
const FIELDS: &str = r#"
pub mod goods {
    pub struct Item { pub id: u32, weight: u32 }
    pub fn item() -> Item { Item { id: 1, weight: 2 } }
    pub fn heavy(item: &Item) -> u32 { item.weight }
}
pub use goods::{Item, heavy, item};
hot! { pub fn weigh / __hot_weigh(item: &Item) -> u32 { item.id + heavy(item) } }
hot! { pub fn heap / __hot_heap(items: &[Item], all: Vec<Item>) -> Option<Item> { all.into_iter().chain(items.iter().map(|_| item())).next() } }
// more
"#;
const FIELDS_CALL: &str =
    "(shop::weigh(&shop::item()) as u64 + shop::heap(&[], vec![]).is_some() as u64)";
const NAMED: [(&str, &str); 3] =
    [("weight: u32", "mass: u32"), ("weight: 2", "mass: 2"), ("item.weight", "item.mass")];
const SHOWN: [(&str, &str); 1] = [(" weight: u32", " pub weight: u32")];

fn edited(source: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(source.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from} is not in the source");
        text.replace(from, to)
    })
}

#[test]
fn another_name_of_a_field_is_no_other_signature() {
    for mangling in ["-Cdebug-assertions=on", "-Csymbol-mangling-version=v0"] {
        let program = Program::with(&["-g", mangling]);
        for names in [&NAMED[..], &SHOWN] {
            let (mut world, source) = world(&program, FIELDS, FIELDS_CALL);
            let mut judge = |edits: &[(&str, &str)]| {
                let source = edited(&edited(&source, names), edits);
                let live = world.judge(vec![program.library(&source)]).expect("a verdict");
                let live = patch(live);
                world.committed(live.patch.id);
                live.functions.clone()
            };
            let first = judge(&[("item.id + heavy", "item.id * 2 + heavy")]);
            assert_eq!(first, ["shop/weigh"], "{mangling} {names:?}");
            // And so it is with what was renamed before.
            let second = judge(&[("item.id + heavy", "item.id * 3 + heavy")]);
            assert_eq!(second, ["shop/weigh"], "{mangling} {names:?}");
        }
    }
}

/// Lifetimes are in the hash as well, and nowhere else.
#[test]
fn another_name_of_a_field_explains_nothing_where_a_lifetime_may_be_hidden() {
    let alias = "pub type Word<'a> = &'a str; hot! { pub fn spell / __hot_spell(item: &Item, \
                 word: Word<'_>) -> u32 { item.id + word.len() as u32 } }";
    let inside = "pub struct Tag { name: &'static str } pub static TAG: Tag = Tag { name: \"a\" }; \
                  hot! { pub fn spell / __hot_spell(item: &Item, tag: &Tag) -> u32 { \
                  item.id + tag.name.len() as u32 } }";
    let program = Program::new();
    for (more, call, hidden) in [
        (alias, "shop::spell(&shop::item(), \"a\")", &[("= &'a str", "= &'static str")][..]),
        (
            inside,
            "shop::spell(&shop::item(), &shop::TAG)",
            &[
                ("struct Tag { name: &'static str }", "struct Tag<'a> { name: &'a str }"),
                ("TAG: Tag =", "TAG: Tag<'static> ="),
            ],
        ),
    ] {
        let call = format!("{FIELDS_CALL} + {call} as u64");
        let source = FIELDS.replace("// more", more);
        let (mut world, source) = world(&program, &source, &call);
        // With the lifetime, and, since that is not seen, without.
        for edits in [&[&NAMED[..], hidden].concat(), &NAMED[..], hidden] {
            let source = edited(&source, edits);
            let verdict = world.judge(vec![program.library(&source)]).expect("a verdict");
            let Verdict::Refused { why, details } = verdict else { panic!("{verdict:?}") };
            let items: Vec<&str> = details.iter().map(|detail| detail.item.as_str()).collect();
            assert_eq!((why.word(), items.as_slice()), ("signature", &["shop/spell"][..]));
            let now = "with a type in it that is defined otherwise, or with other lifetimes";
            assert!(
                details.iter().all(|detail| detail.now.as_ref().unwrap().ends_with(now)),
                "{details:?}"
            );
        }
    }
}

/// An impl block that has moved gives a generic method another symbol, which is no news where its
/// signature is another as well.
#[test]
fn a_generic_method_with_another_signature_is_told_as_that() {
    let program = Program::new();
    let more = GENERIC
        .replace("pub fn tagged", "pub struct Kit; impl Kit { pub fn tagged")
        .replace("pub fn all()", "} pub fn all()")
        .replace("tagged::<A>()", "Kit::tagged::<A>()")
        .replace("tagged::<B>()", "Kit::tagged::<B>()")
        .replace("pub trait Tag", "// block\npub trait Tag");
    let (mut world, source) = world(&program, &more, "shop::all() + shop::third()");
    let retyped = source
        .replace("__hot_tagged<T: Tag>() -> u64 {", "__hot_tagged<T: Tag>(n: u64) -> u64 { n +")
        .replace("pub fn tagged<T: Tag>() -> u64", "pub fn tagged<T: Tag>(n: u64) -> u64")
        .replace("as fn() -> u64", "as fn(u64) -> u64")
        .replace("{ code() }", "{ code(n) }")
        .replace("black_box(code)()", "black_box(code)(n)")
        .replace("::<A>()", "::<A>(1)")
        .replace("::<B>()", "::<B>(1)")
        .replace("\\0fn() -> u64\\0", "\\0fn(u64) -> u64\\0");
    for source in [retyped.replace("// block", BLOCK), retyped] {
        let verdict = world.judge(vec![program.library(&source)]).expect("a verdict");
        let Verdict::Refused { why, details } = verdict else { panic!("{verdict:?}") };
        assert_eq!(why.word(), "signature");
        let told = (details[0].item.as_str(), details[0].was.as_deref(), details[0].now.as_deref());
        assert_eq!(told, ("shop/tagged", Some("fn() -> u64"), Some("fn(u64) -> u64")));
    }
}
