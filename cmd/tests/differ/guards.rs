//! Each guard is missed when it is taken away: an edit that it refuses would go live, and would be
//! wrong in the running program.

use super::fixture::Program;
use hot_cli::diff::{DiffSession, Guard, Guards, Verdict};
use hot_cli::layout::Check;

/// An edit that a guard refuses.
struct Case {
    guard: Guard,
    /// How everything is compiled.
    flags: &'static [&'static str],
    /// Guards that are off with it and without it, since they would refuse as well.
    off: &'static [Guard],
    /// What the program calls, for the linker to keep it.
    calls: &'static str,
    library: &'static str,
    /// The edits, each a text and what it becomes.
    edits: &'static [(&'static str, &'static str)],
    /// What stands in the refusal.
    refused: (&'static str, &'static str),
}

const DEBUG: &[&str] = &["-g"];
const BLIND: &[&str] = &["-Cdebuginfo=0"];

/// Stands in every library: an order, and its field that the edits widen. The symbol of whatever
/// has it in its signature stays, since the names of the fields do.
const ORDER: &str = "\
use std::sync::{Mutex, atomic::{AtomicPtr, AtomicU64, Ordering}};
pub struct Order { pub id: u32, pub qty: u32 }
impl Order { pub fn new(n: u32) -> Order { Order { id: n, qty: n.into() } } }
";
const WIDER: (&str, &str) = ("qty: u32", "qty: u64");

const CASES: &[Case] = &[
    // New code would pass what lives as long as the call to callers that keep it for ever.
    Case {
        guard: Guard::Signature,
        // In the older scheme the body's symbol moves with the lifetime.
        flags: &["-g", "-Csymbol-mangling-version=v0"],
        off: &[Guard::BodyType],
        calls: "shop::pick(\"a\").len()",
        library: "hot! { pub fn pick / __hot_pick(name: &str) -> &'static str { let _ = name; \"none\" } }",
        edits: &[("-> &'static str { let _ = name; \"none\" }", "-> &str { name }")],
        refused: ("signature", "shop/pick"),
    },
    // The text is the same, the type another. (The layout guard compares the two types as well.)
    Case {
        guard: Guard::BodyType,
        flags: DEBUG,
        off: &[Guard::Layout(Check::Calls)],
        calls: "shop::size(&shop::a::Item(1))",
        library: "pub mod a { pub struct Item(pub u8); } pub mod b { pub struct Item(pub [u64; 9]); } \
                  use a::Item; \
                  hot! { pub fn size / __hot_size(item: &Item) -> usize { size_of_val(item) } } \
                  pub fn both(a: &a::Item, b: &b::Item) -> u64 { a.0 as u64 + b.0[8] }",
        edits: &[("use a::Item", "use b::Item")],
        refused: ("signature", "shop/size"),
    },
    // The instances have other symbols behind another block, and one of them is not found again:
    // its callers would be left with old code.
    Case {
        guard: Guard::Renamed,
        flags: DEBUG,
        off: &[],
        calls: "shop::all() + shop::other()",
        library: GENERIC,
        edits: &[
            ("// here", "pub struct More(u8); impl More { pub fn get(&self) -> u8 { self.0 } }"),
            ("black_box(7)", "black_box(8)"),
            (" + Shop::tagged::<B>()", ""),
            ("u64 { 1 }", "u64 { 2 }"),
        ],
        refused: ("symbol", "shop/tagged"),
    },
    // Both instances are one place in the program: one of them would be given the other's code.
    Case {
        guard: Guard::Merged,
        flags: &["-g", "-Copt-level=3"],
        off: &[],
        calls: "shop::all() + shop::other()",
        library: GENERIC,
        edits: &[("black_box(7)", "black_box(8) + T::tag()")],
        refused: ("symbol", "Shop::tagged"),
    },
    // What runs is sealed: writing to it ends the process.
    Case {
        guard: Guard::StateKind,
        flags: DEBUG,
        off: &[],
        calls: "shop::limit()",
        library: "pub static LIMIT: u64 = 5; hot! { pub fn limit / __hot_limit() -> u64 { LIMIT } }",
        edits: &[
            ("pub static LIMIT", "pub static mut LIMIT"),
            ("{ LIMIT }", "{ unsafe { LIMIT += 1; LIMIT } }"),
        ],
        refused: ("static", "shop::LIMIT"),
    },
    // New code would write past the end. (With types described the layout guard sees it first.)
    Case {
        guard: Guard::StateSize,
        flags: DEBUG,
        off: &[Guard::Layout(Check::State)],
        calls: "shop::last()",
        library: "#[unsafe(no_mangle)] static mut ROOM: [u64; 2] = [1; 2]; \
                  hot! { pub fn last / __hot_last() -> u64 { unsafe { ROOM[1] += 1; ROOM[1] } } }",
        edits: &[("[u64; 2] = [1; 2]", "[u64; 4] = [1; 4]"), ("ROOM[1]", "ROOM[3]")],
        refused: ("static", "ROOM"),
    },
    // New code may use instructions that fault on what is aligned to less.
    Case {
        guard: Guard::StateAlignment,
        flags: DEBUG,
        off: &[Guard::Layout(Check::State)],
        calls: "shop::last()",
        library: "#[unsafe(no_mangle)] static mut ROOM: [u64; 2] = [1; 2]; \
                  hot! { pub fn last / __hot_last() -> u64 { unsafe { ROOM[1] += 1; ROOM[1] as u64 } } }",
        edits: &[("[u64; 2] = [1; 2]", "[u128; 1] = [1; 1]"), ("ROOM[1]", "ROOM[0]")],
        refused: ("static", "ROOM"),
    },
    // The same two where no types are described.
    Case {
        guard: Guard::StateSize,
        flags: BLIND,
        off: &[],
        calls: "shop::last()",
        library: "#[unsafe(no_mangle)] static mut ROOM: [u64; 2] = [1; 2]; \
                  hot! { pub fn last / __hot_last() -> u64 { unsafe { ROOM[1] += 1; ROOM[1] } } }",
        edits: &[("[u64; 2] = [1; 2]", "[u64; 4] = [1; 4]"), ("ROOM[1]", "ROOM[3]")],
        refused: ("layout", "static ROOM changed: was 16 bytes, is 32"),
    },
    Case {
        guard: Guard::StateAlignment,
        flags: BLIND,
        off: &[],
        calls: "shop::last()",
        library: "#[unsafe(no_mangle)] static mut ROOM: [u64; 2] = [1; 2]; \
                  hot! { pub fn last / __hot_last() -> u64 { unsafe { ROOM[1] += 1; ROOM[1] as u64 } } }",
        edits: &[("[u64; 2] = [1; 2]", "[u128; 1] = [1; 1]"), ("ROOM[1]", "ROOM[0]")],
        refused: ("layout", "static ROOM changed: was 16 bytes aligned to 8"),
    },
    // An unchanged function hands out the state, of which the patch knows nothing by name.
    Case {
        guard: Guard::StateSize,
        flags: BLIND,
        off: &[Guard::StateAlignment],
        calls: "shop::sum()",
        library: "static OPEN: Mutex<[Order; 2]> = Mutex::new([Order { id: 1, qty: 1 }, Order { id: 2, qty: 2 }]); \
                  pub fn open() -> &'static Mutex<[Order; 2]> { &OPEN } \
                  hot! { pub fn sum / __hot_sum() -> u64 { open().lock().map_or(0, |o| o.iter().map(|o| o.qty as u64).sum()) } }",
        edits: &[WIDER],
        refused: ("layout", "static shop::OPEN changed: was "),
    },
    // The count would silently begin anew.
    Case {
        guard: Guard::Retyped,
        flags: DEBUG,
        off: &[],
        calls: "shop::count()",
        library: "static COUNT: AtomicU64 = AtomicU64::new(0); \
                  hot! { pub fn count / __hot_count() -> u64 { COUNT.fetch_add(1, Ordering::Relaxed) as u64 } }",
        edits: &[(
            "COUNT: AtomicU64 = AtomicU64::new",
            "COUNT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new",
        )],
        refused: ("static", "shop::COUNT"),
    },
    // What the program's own allocator gave would be freed by the new one.
    Case {
        guard: Guard::Allocator,
        flags: DEBUG,
        off: &[],
        calls: "shop::sum(3)",
        library: "use std::alloc::{GlobalAlloc, Layout, System}; pub struct Mine; \
                  unsafe impl GlobalAlloc for Mine { \
                  unsafe fn alloc(&self, l: Layout) -> *mut u8 { unsafe { System.alloc(l) } } \
                  unsafe fn dealloc(&self, p: *mut u8, l: Layout) { unsafe { System.dealloc(p, l) } } } \
                  /* here */ \
                  hot! { pub fn sum / __hot_sum(n: u64) -> u64 { let all = vec![n, 1]; all[0] + all[1] } }",
        edits: &[("/* here */", "#[global_allocator] static MINE: Mine = Mine;")],
        refused: ("allocator", "__rust_alloc"),
    },
    // The same, for what has no name to find the running one by.
    Case {
        guard: Guard::Unnamed,
        flags: DEBUG,
        off: &[],
        calls: "shop::count()",
        library: "hot! { pub fn count / __hot_count() -> u64 { \
                  let at: *mut u64; \
                  unsafe { std::arch::asm!(\".pushsection .data\", \".balign 8\", \"77: .quad 5\", \".popsection\", \
                  \"lea {0}, [rip + 77b]\", out(reg) at); *at += 1; *at } } }",
        edits: &[("*at += 1", "*at += 2")],
        refused: ("static", "shop::count"),
    },
    // Old callers would pass an order of 8 bytes in a register, where new code expects an address.
    Case {
        guard: Guard::Sizes,
        flags: BLIND,
        off: &[],
        calls: "shop::qty(shop::Order::new(1)).0",
        library: "hot! { pub fn qty / __hot_qty(order: Order) -> (u64, u64) { (order.qty as u64, 0) } }",
        edits: &[WIDER],
        refused: ("layout", "argument 1 of shop/qty changed: was 8 bytes, is 16 bytes"),
    },
    // The same for what is given back. Lines alone describe no types; and a single pair of numbers
    // stands among the constants that the linker may merge.
    Case {
        guard: Guard::Sizes,
        flags: &["-Cdebuginfo=line-tables-only", "-Copt-level=3"],
        off: &[],
        calls: "shop::make().qty as u64",
        library: "hot! { pub fn make / __hot_make() -> Order { Order::new(1) } }",
        edits: &[WIDER, ("Order::new(1)", "Order::new(2)")],
        refused: ("layout", "result of shop/make changed: was 8 bytes, is 16 bytes"),
    },
    // Alignment alone.
    Case {
        guard: Guard::Sizes,
        flags: BLIND,
        off: &[],
        calls: "shop::first(shop::Pair { a: [1; 16] })",
        library: "pub struct Pair { pub a: [u8; 16] } \
                  hot! { pub fn first / __hot_first(pair: Pair) -> u64 { pair.a[0] as u64 } }",
        edits: &[("pub a: [u8; 16]", "pub a: u128"), ("pair.a[0] as u64", "pair.a as u64")],
        refused: (
            "layout",
            "argument 1 of shop/first changed: was 16 bytes aligned to 1, is 16 bytes aligned to 16",
        ),
    },
    // An instance of a generic function takes a value of a type that nothing tells of.
    Case {
        guard: Guard::SizesTold,
        flags: BLIND,
        off: &[],
        calls: "shop::all() + shop::other()",
        library: GENERIC,
        edits: &[("black_box(7)", "black_box(8)")],
        refused: ("layout", "shop/tagged"),
    },
    // New code would count in what was made for signed numbers.
    Case {
        guard: Guard::Nameless,
        flags: BLIND,
        off: &[],
        calls: "shop::count()",
        library: "static COUNT: AtomicU64 = AtomicU64::new(0); \
                  hot! { pub fn count / __hot_count() -> u64 { COUNT.fetch_add(1, Ordering::Relaxed) as u64 } }",
        edits: &[(
            "COUNT: AtomicU64 = AtomicU64::new",
            "COUNT: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new",
        )],
        refused: ("static", "shop::COUNT"),
    },
    // The callers of one instance would be given the code of the other.
    Case {
        guard: Guard::Nameless,
        flags: BLIND,
        off: &[Guard::SizesTold],
        calls: "shop::all() + shop::other()",
        library: GENERIC,
        edits: &[
            ("// here", "pub struct More(u8); impl More { pub fn get(&self) -> u8 { self.0 } }"),
            ("black_box(7)", "black_box(8)"),
        ],
        refused: ("symbol", "shop/tagged"),
    },
    // `first` would call `second`.
    Case {
        guard: Guard::Places,
        flags: BLIND,
        off: &[],
        calls: "{ shop::begin(); shop::ask() }",
        library: PAIR,
        edits: &[(
            "fn first(&self) -> u64; fn second(&self) -> u64;",
            "fn second(&self) -> u64; fn first(&self) -> u64;",
        )],
        refused: (
            "layout",
            "trait shop::Pair changed: was methods first, second, is methods second, first",
        ),
    },
    // Supertraits change places, whose methods are of one name.
    Case {
        guard: Guard::Places,
        flags: BLIND,
        off: &[],
        calls: "{ shop::begin(); shop::ask() }",
        library: "pub trait First { fn get(&self) -> u64; } pub trait Second { fn get(&self) -> u64; } \
                  pub trait Both: First + Second + Send { fn both(&self) -> u64; } \
                  impl First for Order { fn get(&self) -> u64 { 1 } } \
                  impl Second for Order { fn get(&self) -> u64 { 2 } } \
                  impl Both for Order { fn both(&self) -> u64 { 3 } } \
                  static MADE: Mutex<Vec<Box<dyn Both>>> = Mutex::new(Vec::new()); \
                  pub fn begin() { MADE.lock().unwrap().push(Box::new(Order::new(1))); } \
                  hot! { pub fn ask / __hot_ask() -> u64 { let made = MADE.lock().unwrap(); \
                  Second::get(&*made[0]) + made[0].both() } }",
        edits: &[("First + Second + Send", "Second + First + Send")],
        refused: (
            "layout",
            "trait shop::Both changed: was methods shop::First::get, shop::Second::get",
        ),
    },
    // Objects made before would take the address for the number.
    Case {
        guard: Guard::Places,
        flags: BLIND,
        off: &[],
        calls: "{ shop::begin(); shop::ask() }",
        library: GIVEN,
        edits: &[("n: u64", "n: &u64"), ("give(1)", "give(&1)")],
        refused: ("layout", "trait shop::Given"),
    },
    // An unchanged function hands out the state, of which the patch knows nothing by name.
    Case {
        guard: Guard::Layout(Check::State),
        flags: DEBUG,
        off: &[],
        calls: "shop::sum()",
        library: "static OPEN: Mutex<Vec<Order>> = Mutex::new(Vec::new()); \
                  pub fn open() -> &'static Mutex<Vec<Order>> { &OPEN } \
                  hot! { pub fn sum / __hot_sum() -> u64 { open().lock().map_or(0, |o| o.iter().map(|o| o.qty as u64).sum()) } }",
        edits: &[WIDER],
        refused: ("layout", "static shop::OPEN (Mutex<Vec<Order>>)"),
    },
    Case {
        guard: Guard::Layout(Check::Calls),
        flags: DEBUG,
        off: &[],
        calls: "shop::qty(&shop::Order::new(1))",
        library: "hot! { pub fn qty / __hot_qty(order: &Order) -> u64 { order.qty as u64 } }",
        edits: &[WIDER],
        refused: ("layout", "argument 1 of shop/qty"),
    },
    // A cast finds the type behind the object again, without any `TypeId`.
    Case {
        guard: Guard::Layout(Check::Behind),
        flags: DEBUG,
        off: &[],
        calls: "{ shop::ALL.lock().unwrap().push(Box::new(shop::Order::new(1))); shop::first() }",
        library: "pub trait Priced: Send { fn price(&self) -> u64; } \
                  impl Priced for Order { fn price(&self) -> u64 { 3 } } \
                  pub fn boxed() -> Box<dyn Priced> { Box::new(Order::new(1)) } \
                  pub static ALL: Mutex<Vec<Box<dyn Priced>>> = Mutex::new(Vec::new()); \
                  hot! { pub fn first / __hot_first() -> u64 { \
                  ALL.lock().unwrap().first().map_or(0, |p| unsafe { (*std::ptr::from_ref(&**p).cast::<Order>()).qty as u64 }) } }",
        edits: &[WIDER],
        refused: ("layout", "trait objects (<Order as Priced>)"),
    },
    // Old visitors would be shown new orders.
    Case {
        guard: Guard::Layout(Check::Methods),
        flags: DEBUG,
        off: &[],
        calls: "{ shop::begin(); shop::show(1) }",
        library: "pub trait Visit: Send { fn visit(&self, order: &Order) -> u64; } \
                  pub struct Sum; impl Visit for Sum { fn visit(&self, order: &Order) -> u64 { order.qty as u64 } } \
                  static ALL: Mutex<Vec<Box<dyn Visit>>> = Mutex::new(Vec::new()); \
                  pub fn begin() { ALL.lock().unwrap().push(Box::new(Sum)); } \
                  hot! { pub fn show / __hot_show(n: u32) -> u64 { \
                  ALL.lock().unwrap().iter().map(|v| v.visit(&Order::new(n))).sum() } }",
        edits: &[WIDER],
        refused: ("layout", "trait objects, through Visit::visit"),
    },
    // `first` would call `second`.
    Case {
        guard: Guard::Layout(Check::Tables),
        flags: DEBUG,
        off: &[],
        calls: "{ shop::begin(); shop::ask() }",
        library: PAIR,
        edits: &[(
            "fn first(&self) -> u64; fn second(&self) -> u64;",
            "fn second(&self) -> u64; fn first(&self) -> u64;",
        )],
        refused: ("layout", "trait shop::Pair"),
    },
    // A value is found by its type's id, and the address is only a number.
    Case {
        guard: Guard::Layout(Check::TypeIds),
        flags: DEBUG,
        off: &[],
        calls: "{ shop::put(Box::new(shop::Order::new(1))); shop::get() }",
        library: "use std::any::TypeId; \
                  static KEPT: Mutex<Vec<(TypeId, usize)>> = Mutex::new(Vec::new()); \
                  pub fn put(order: Box<Order>) { KEPT.lock().unwrap().push((TypeId::of::<Order>(), Box::into_raw(order) as usize)); } \
                  hot! { pub fn get / __hot_get() -> u64 { \
                  let kept = KEPT.lock().unwrap(); let found = kept.iter().find(|k| k.0 == TypeId::of::<Order>()).unwrap(); \
                  unsafe { (*(found.1 as *const Order)).qty as u64 } } }",
        edits: &[WIDER],
        refused: ("layout", "what `TypeId` may find again by its type"),
    },
    // Old closures would be given new orders; their types are nowhere but in a name.
    Case {
        guard: Guard::Layout(Check::Mentions),
        flags: DEBUG,
        off: &[],
        calls: "{ shop::begin(); shop::tell(1) }",
        library: "type Told = Box<dyn Fn(&Order) -> u64 + Send>; \
                  static TOLD: Mutex<Vec<Told>> = Mutex::new(Vec::new()); \
                  pub fn begin() { TOLD.lock().unwrap().push(Box::new(|o| o.qty as u64)); } \
                  hot! { pub fn tell / __hot_tell(n: u32) -> u64 { \
                  TOLD.lock().unwrap().iter().map(|told| told(&Order::new(n))).sum() } }",
        edits: &[WIDER],
        refused: (
            "layout",
            "static shop::TOLD (Mutex<Vec<Box<(dyn Fn<(&Order), Output=u64> + Send)>>>)",
        ),
    },
    // What is behind the pointer is known to nobody but the code.
    Case {
        guard: Guard::Layout(Check::Untyped),
        flags: DEBUG,
        off: &[],
        calls: "{ shop::put(Box::new(shop::Order::new(1))); shop::get() }",
        library: "static KEPT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut()); \
                  pub fn put(order: Box<Order>) { KEPT.store(Box::into_raw(order).cast(), Ordering::Release); } \
                  hot! { pub fn get / __hot_get() -> u64 { \
                  unsafe { (*KEPT.load(Ordering::Acquire).cast::<Order>()).qty as u64 } } }",
        edits: &[WIDER],
        refused: ("layout", "what is not described: static shop::KEPT (AtomicPtr<()>)"),
    },
];

/// A trait of two methods, and an object of it that is kept.
const PAIR: &str = "pub trait Pair: Send { fn first(&self) -> u64; fn second(&self) -> u64; } \
    pub struct P; impl Pair for P { fn first(&self) -> u64 { 1 } fn second(&self) -> u64 { 2 } } \
    static ALL: Mutex<Vec<Box<dyn Pair>>> = Mutex::new(Vec::new()); \
    pub fn begin() { ALL.lock().unwrap().push(Box::new(P)); } \
    hot! { pub fn ask / __hot_ask() -> u64 { ALL.lock().unwrap()[0].first() } }";

/// A trait whose method is given something, and an object of it that is kept.
const GIVEN: &str = "pub trait Given: Send { fn give(&self, n: u64) -> u64; } \
    pub struct P; impl Given for P { fn give(&self, n: u64) -> u64 { n + 1 } } \
    static ALL: Mutex<Vec<Box<dyn Given>>> = Mutex::new(Vec::new()); \
    pub fn begin() { ALL.lock().unwrap().push(Box::new(P)); } \
    hot! { pub fn ask / __hot_ask() -> u64 { ALL.lock().unwrap()[0].give(1) } }";

/// A generic hot function in an impl block, as the macro writes it.
const GENERIC: &str = r#"
pub trait Tag { fn tag() -> u64; }
pub struct A;
pub struct B;
impl Tag for A { #[inline(never)] fn tag() -> u64 { std::hint::black_box(1) } }
impl Tag for B { #[inline(never)] fn tag() -> u64 { std::hint::black_box(2) } }
// here
pub struct Shop;
impl Shop {
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
}
pub fn all() -> u64 { Shop::tagged::<A>() + Shop::tagged::<B>() }
hot! { pub fn other / __hot_other() -> u64 { 1 } }
"#;

fn main_calling(calls: &str) -> String {
    format!("fn main() {{ println!(\"{{:?}}\", {calls}) }}")
}

/// The refusal as one text.
fn refusal(verdict: &Verdict) -> Option<(&str, String)> {
    let Verdict::Refused { why, details } = verdict else { return None };
    let text = details.iter().map(|d| {
        let [was, now] = [&d.was, &d.now].map(|text| text.as_deref().unwrap_or_default());
        format!("{} changed: was {was}, is {now}\n{}\n", d.item, d.lines.join("\n"))
    });
    Some((why.word(), text.collect()))
}

/// What is wrong with a case.
fn check(case: &Case) -> Option<String> {
    let Case { guard, flags, off, calls, library, edits, refused } = case;
    let program = Program::with(flags);
    let library = format!("{ORDER}{library}");
    let objects = program.link(&library, &main_calling(calls));
    let edited = edits.iter().fold(library.clone(), |edited, (from, to)| {
        assert!(edited.contains(from), "{guard:?}: {from} is not in the source");
        edited.replace(from, to)
    });
    let edited = program.library(&edited);
    let judge = |off: Vec<Guard>| {
        let mut world: DiffSession =
            program.guarded(objects.clone(), Guards::without(off)).expect("the world is read");
        world.judge(vec![edited.clone()]).expect("a verdict")
    };
    let verdict = judge(off.to_vec());
    match refusal(&verdict) {
        None => return Some(format!("{guard:?} does not refuse: {verdict:?}")),
        Some((why, text)) if why != refused.0 || !text.contains(refused.1) => {
            return Some(format!("{guard:?} refuses as {why}: {text}"));
        }
        Some(_) => {}
    }
    let without = judge([off, &[*guard][..]].concat());
    (!matches!(without, Verdict::Patch(_))).then(|| format!("without {guard:?}: {without:?}"))
}

#[test]
fn each_guard_is_missed_when_it_is_taken_away() {
    let halves = CASES.split_at(CASES.len() / 2);
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let half = |half: &'static [Case]| scope.spawn(|| half.iter().filter_map(check).collect());
        let both: [std::thread::ScopedJoinHandle<'_, Vec<String>>; 2] =
            [half(halves.0), half(halves.1)];
        both.into_iter().flat_map(|half| half.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_holds_every_guard() {
    // It is asked when the world is read; its test is below.
    let elsewhere = [Guard::Stale];
    for guard in Guard::ALL {
        let cases = CASES.iter().filter(|case| case.guard == guard).count();
        assert_eq!(cases == 0, elsewhere.contains(&guard), "{guard:?} has {cases} cases");
    }
}

/// A program with an order as an argument, whose objects are then those of another state.
const QTY: &str = "hot! { pub fn qty / __hot_qty(order: &Order) -> u64 { order.qty as u64 } } \
                   hot! { pub fn one / __hot_one() -> u64 { 1 } }";
const CALLS: &str = "shop::qty(&shop::Order::new(1)) + shop::one()";

#[test]
fn objects_that_were_not_linked_are_missed_by_nobody_but_the_guard() {
    let program = Program::new();
    let library = format!("{ORDER}{QTY}");
    program.link(&library, &main_calling(CALLS));
    // What is in the folder is wider than what runs: it would be taken for what runs.
    let wider = library.replace(WIDER.0, WIDER.1);
    let objects = program.library(&wider);
    let error = program.guarded(objects.clone(), Guards::default()).err().expect("refused");
    assert!(error.to_string().contains("build it anew"), "{error}");
    let stale = Guards::without([Guard::Stale]);
    let mut world = program.guarded(objects, stale).expect("nobody else sees it");
    let edited = wider.replace("order.qty as u64", "order.qty as u64 + 1");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    assert!(matches!(verdict, Verdict::Patch(_)), "{verdict:?}");
}

#[test]
fn without_descriptions_a_trait_may_get_another_type() {
    const LIBRARY: &str = "pub trait Priced { fn price(&self) -> u64; fn tax(&self) -> u64 { self.price() / 5 } } \
        pub struct A; impl Priced for A { fn price(&self) -> u64 { 10 } } \
        /* here */ \
        hot! { pub fn all / __hot_all() -> u64 { let all: [Box<dyn Priced>; 1] = [Box::new(A)]; all.iter().map(|p| p.tax()).sum() } }";
    let program = Program::with(BLIND);
    let objects = program.link(LIBRARY, &main_calling("shop::all()"));
    let mut world = program.guarded(objects, Guards::default()).expect("the world is read");
    let edited = LIBRARY
        .replace("/* here */", "pub struct B; impl Priced for B { fn price(&self) -> u64 { 20 } }")
        .replace("; 1] = [Box::new(A)]", "; 2] = [Box::new(A), Box::new(B)]");
    let verdict = world.judge(vec![program.library(&edited)]).expect("a verdict");
    assert!(matches!(verdict, Verdict::Patch(_)), "{verdict:?}");
}
