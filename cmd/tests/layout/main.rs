//! The layout guard on objects that rustc has just written: what an edit leaves alone passes, and
//! each kind of change is told exactly, as the type that was changed and no other.

mod boxed;
mod cut;
mod fixture;
mod namesakes;
mod renamed;

use fixture::{
    Compiled, SHOP, STATICS, compile, compile_all, compile_with, differences, differences_with,
    edit, only, symbols, told,
};
use hot_cli::layout::{Bound, LayoutError, Layouts, ObjectLayouts, compare};
use object::{Object as _, ObjectSection as _};

#[test]
fn body_and_line_edits_are_no_difference() {
    let nothing: Vec<String> = Vec::new();
    assert_eq!(
        told(&[("let extra = 1;", "\n\n\n let extra = 2 + self.orders.len() as u64;")]),
        nothing
    );
    let new_things = "pub struct Cart {";
    let inserted = "#[derive(Debug, Default)] pub struct Bag<T> { a: T, b: Vec<T> } \
        static BAGS: Mutex<Vec<Bag<u16>>> = Mutex::new(Vec::new()); \
        pub fn bags() -> String { BAGS.lock().unwrap().push(Bag::default()); \
        format!(\"{:?}\", BAGS.lock().unwrap()) } pub struct Cart {";
    assert_eq!(told(&[(new_things, inserted)]), nothing);
}

#[test]
fn a_closure_inserted_before_others_is_no_difference() {
    let closure = "let extra = 1; let wide = (7u64, self); \
        let first = |n: u64| n + wide.0 + wide.1.orders.len() as u64; let extra = first(extra);";
    assert_eq!(told(&[("let extra = 1;", closure)]), Vec::<String>::new());
}

#[test]
fn a_field_is_told_once_with_all_that_leads_to_it() {
    let told = only(&[
        ("pub qty: u32", "pub qty: u64, pub note: Option<String>"),
        ("self.id + self.qty as u64", "self.id + self.qty + self.note.is_some() as u64"),
    ]);
    let wanted = "shop::Order changed: was 16 bytes, is 40\n  \
        id: u64 at 0     →  u64 at 24\n  \
        qty: u32 at 8    →  u64 at 32\n  \
        + note: Option<String> at 0\n  \
        reached from: static shop::OPEN (LazyLock<Mutex<HashMap<u64, Order>>>), \
        static shop::LAST (Mutex<Option<Box<Order>>>), ";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn each_kind_of_change_is_told_exactly() {
    let expected = [
        // A field of another type, the same size and place: only the padding was overrun.
        (
            ("pub qty: u32", "pub qty: u64"),
            "shop::Order changed: 16 bytes as before\n  qty: u32 at 8    →  u64 at 8",
        ),
        (
            ("pub id: u64, pub qty: u32", "pub id: u64, pub quantity: u32"),
            // Who knows the type behind `dyn Priced` may look for its `TypeId`.
            "shop::Order changed: 16 bytes as before\n  qty renamed to quantity: u32 at 8",
        ),
        (
            ("Circle(f64)", "Circle(f64), Square([u64; 5])"),
            "shop::Shape changed: was 16 bytes, is 48\n  + variant Square",
        ),
        (
            ("Rect { w: u32, h: u32 }", "Rect { w: u32, h: u64 }"),
            "shop::Shape changed: 16 bytes as before\n  Rect.h: u32 at 8    →  u64 at 8",
        ),
        (
            ("Circle(f64)", "Circle(f32)"),
            "shop::Shape changed: was 16 bytes aligned to 8, is 12 bytes aligned to 4\n  \
             Circle.0: f64 at 8    →  f32 at 4",
        ),
        (("High = 5", "High = 6"), "shop::Level changed: 1 byte as before\n  High = 5    →  6"),
        (
            ("pub struct Order", "#[repr(align(32))] pub struct Order"),
            "shop::Order changed: was 16 bytes aligned to 8, is 32 bytes aligned to 32",
        ),
        (
            ("fn price(&self)", "fn name(&self) -> u64 { 3 } fn price(&self)"),
            "(dyn shop::Priced + core::marker::Send) changed: \
             was a method table of 4 words, is a method table of 5 words",
        ),
    ];
    for ((from, to), wanted) in expected {
        let renamed =
            ("qty as u64", if to.contains("quantity") { "quantity as u64" } else { "qty as u64" });
        let told = only(&[(from, to), renamed]);
        let (told, reached) = told.split_once("\n  reached from: ").unwrap_or((&told, ""));
        assert_eq!(told, wanted);
        assert!(reached.contains("static shop::"), "{wanted} is reached from {reached:?}");
    }
}

#[test]
fn the_order_of_fields_counts_where_it_is_the_layout() {
    let source = |attribute: &str, fields: &str| {
        format!(
            "{attribute} pub struct Pair {{ {fields} }} \
             pub static mut PAIR: Pair = Pair {{ a: 1, b: 2 }}; \
             pub fn sum() -> u32 {{ unsafe {{ PAIR.a + PAIR.b }} }}"
        )
    };
    let [ab, ba] = ["a: u32, b: u32", "b: u32, a: u32"];
    let swapped =
        differences(&source("#[repr(C)]", ab), &source("#[repr(C)]", ba), &["shop::PAIR"], &[]);
    let [told] = swapped.as_slice() else { panic!("{swapped:#?}") };
    assert_eq!(told.item, "shop::Pair");
    assert_eq!(told.changes, ["b: u32 at 4    →  u32 at 0", "a: u32 at 0    →  u32 at 4"]);
    assert_eq!(told.reached_from.len(), 1);
    // rustc orders these two as they stand in the source as well; equal offsets would be no
    // difference.
    let to_source = |fields| source("", fields);
    let compared = differences(&to_source(ab), &to_source(ab), &["shop::PAIR"], &[]);
    assert_eq!(compared, []);
}

#[test]
fn the_methods_of_trait_objects_keep_their_places() {
    let source = |methods: &str, implemented: &str| {
        format!(
            "pub trait Priced {{ {methods} }} pub struct Order(u32); \
             impl Priced for Order {{ {implemented} }} \
             pub fn boxed() -> Box<dyn Priced> {{ Box::new(Order(1)) }}"
        )
    };
    let [price, name] = ["fn price(&self) -> u32", "fn name(&self) -> u32"];
    let both = format!("{price} {{ self.0 }} {name} {{ self.0 + 1 }}");
    let old = source(&format!("{price}; {name};"), &both);
    let told = |new: &str, options: &[&str]| -> Vec<String> {
        let found = differences_with(&old, new, &[], &[], options);
        found.iter().map(ToString::to_string).collect()
    };
    for options in [&["-g"][..], &["-g", "-Cdwarf-version=5", "-Csymbol-mangling-version=v0"]] {
        // Another body, and a default one instead of an own.
        let own = source(&format!("{price}; {name} {{ 3 }}"), &format!("{price} {{ self.0 * 2 }}"));
        assert_eq!(told(&own, options), Vec::<String>::new());
        let swapped = source(&format!("{name}; {price};"), &both);
        let wanted = "trait shop::Priced changed: was methods price, name, is methods name, price";
        assert_eq!(told(&swapped, options), [wanted]);
        let wide = old.replace("fn name(&self) -> u32", "fn name(&self) -> u8");
        let wide = wide.replace("self.0 + 1", "self.0 as u8");
        let wanted =
            "trait shop::Priced changed: was name: fn(&Order) -> u32, is name: fn(&Order) -> u8";
        assert_eq!(told(&wide, options), [wanted]);
    }
}

#[test]
fn methods_of_one_name_are_told_apart_by_their_traits() {
    let told = |declared: &str, was: &str, now: &str, options: &[&str]| -> Vec<String> {
        let source = |above: &str| {
            format!(
                "{declared} pub trait Both: {above} {{}} pub struct Order(u32); \
                 impl Both for Order {{}} \
                 pub fn boxed() -> Box<dyn Both> {{ Box::new(Order(1)) }}"
            )
        };
        let found = differences_with(&source(was), &source(now), &[], &[], options);
        found.iter().map(ToString::to_string).collect()
    };
    let two = "pub trait A { fn get(&self) -> u32; } pub trait B { fn get(&self) -> u32; } \
        impl A for Order { fn get(&self) -> u32 { self.0 } } \
        mod other { impl crate::B for crate::Order { fn get(&self) -> u32 { self.0 + 1 } } }";
    let blanket = "pub trait Get<T> { fn get(&self) -> u32; } \
        impl<T> Get<T> for Order { fn get(&self) -> u32 { size_of::<T>() as u32 } }";
    for options in [&["-g"][..], &["-g", "-Csymbol-mangling-version=v0"]] {
        assert_eq!(told(two, "A + B", "A + B + Send", options), Vec::<String>::new());
        let found = told(two, "A + B", "B + A", options);
        assert!(
            found.iter().any(|told| told.starts_with(
                "trait shop::Both changed: was methods shop::A::get, shop::B::get, –, is methods \
             shop::B::get, shop::A::get, –"
            )),
            "{found:?}"
        );
        let found = told(blanket, "Get<u8> + Get<u16>", "Get<u16> + Get<u8>", options);
        assert!(found.iter().any(|told| told.starts_with("trait shop::Both changed")), "{found:?}");
    }
}

#[test]
fn a_trait_without_objects_now_does_not_tell_where_its_methods_are() {
    let source = |methods: &str, made: &str| {
        format!(
            "pub trait Priced {{ {methods} }} pub struct Order(u32); \
             impl Priced for Order {{ fn a(&self) -> u32 {{ self.0 }} fn b(&self) -> u32 {{ 2 }} }} \
             {made}"
        )
    };
    let make = "pub fn boxed() -> Box<dyn Priced> { Box::new(Order(1)) }";
    let call = "pub fn call(one: &dyn Priced) -> u32 { one.a() }";
    let old = source("fn a(&self) -> u32; fn b(&self) -> u32;", &format!("{make} {call}"));
    let swapped = source("fn b(&self) -> u32; fn a(&self) -> u32;", call);
    let found = differences(&old, &swapped, &[], &[]);
    let wanted = "trait shop::Priced changed: was methods a, b, is not told by any object that \
        the new code makes";
    assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), [wanted]);
    // Without a call there is nothing to be told.
    assert_eq!(
        differences(&old, &source("fn b(&self) -> u32; fn a(&self) -> u32;", ""), &[], &[]),
        []
    );
}

#[test]
fn a_pointer_to_what_has_no_size_leads_anywhere() {
    let source = |pointer: &str, field: &str| {
        format!(
            "use std::sync::atomic::AtomicPtr; use std::marker::PhantomData; \
             pub struct Opaque {{ _none: [u8; 0] }} pub struct Order {{ {field} id: u64 }} \
             pub struct Kept({pointer}); unsafe impl Send for Kept {{}} \
             pub static KEPT: std::sync::Mutex<Option<Kept>> = std::sync::Mutex::new(None); \
             pub fn f(order: Order) -> u64 {{ KEPT.lock().unwrap().is_some() as u64 + order.id }}"
        )
    };
    let told = |pointer: &str| -> Vec<String> {
        let (old, new) = (source(pointer, ""), source(pointer, "qty: u64,"));
        let found = differences(&old, &new, &["shop::KEPT"], &[]);
        found.iter().map(|difference| difference.item.clone()).collect()
    };
    for erased in ["*mut Opaque", "AtomicPtr<Opaque>", "*const [u64; 0]", "*mut i8", "*mut ()"] {
        assert_eq!(told(erased), ["shop::Order"], "{erased}");
    }
    for told_by_type in ["PhantomData<*const ()>", "*const dyn Send", "*const u32", "usize"] {
        assert_eq!(told(told_by_type), [""; 0], "{told_by_type}");
    }
}

/// Types of one name, each with a field of one of these types, that are found by their `TypeId`. One
/// without is there, but not told of.
fn namesakes(fields: &[&str]) -> String {
    let block = |field: &&str| match *field {
        "" => "{ #[allow(dead_code)] struct Line; }".to_owned(),
        field => format!(
            "{{ struct Line {{ a: {field} }} keep(bag, Line {{ a: 1 }}, |line| line.a as u64); }}"
        ),
    };
    format!(
        "use std::any::Any; \
         fn keep<T: Any>(bag: &mut Vec<Box<dyn Any>>, new: T, show: fn(&T) -> u64) {{ \
             if let Some(old) = bag[0].downcast_ref::<T>() {{ show(old); }} \
             bag.push(Box::new(new)); }} \
         pub fn f(bag: &mut Vec<Box<dyn Any>>) {{ {} }}",
        fields.iter().map(block).collect::<String>()
    )
}

#[test]
fn a_type_that_another_unit_tells_of_now_has_not_changed() {
    let read = |fields: &[&str]| Layouts::read([&*compile(&namesakes(fields))]).unwrap();
    let old = read(&["u32", "u64"]);
    let told = |now: &[&str], stayed: &[&str]| {
        let found = compare(&[&old], &[&read(now)], &[&read(stayed)], &Bound::default());
        found.into_iter().map(|told| told.item).collect::<Vec<_>>()
    };
    assert_eq!(told(&["", "u64"], &["u32"]), [] as [String; 0]);
    assert_eq!(told(&["", "u64"], &["u32", "u64"]), [] as [String; 0]);
    assert_eq!(told(&["", "u64"], &["", "u64"]), ["shop::f::Line"], "one is nowhere");
    assert_eq!(told(&["", "u64", "u8"], &["u32"]), ["shop::f::Line"], "one is new");
}

#[test]
fn what_leads_to_one_of_several_types_of_a_name_is_compared_with_what_leads_to_the_same() {
    // `Option<Line>` says the same of itself, whichever line is in it.
    let source = |fields: &[&str], other: &str, more: &str| {
        let wrapped = namesakes(fields)
            .replace("keep(bag, Line { a: 1 }, |line| ", "keep(bag, Some(Line { a: 1 }), |line| ")
            .replace("line.a as u64)", "line.as_ref().map_or(0, |line| line.a as u64))");
        format!("{wrapped} pub struct Other(pub {other}); {more}")
    };
    let read = |source: &str| Layouts::read([&*compile(source)]).unwrap();
    // Something else changes, which the unit that stayed mentions only.
    let rebuilt = |fields: &[&str], other: &str| {
        read(&source(fields, other, "pub fn g(other: Other) -> u64 { other.0 as u64 }"))
    };
    let mentions = "pub fn h(f: &dyn Fn(&Other) -> u64) -> usize { size_of_val(f) }";
    let old = rebuilt(&["u32", "i32"], "u8");
    let told = |now: &[&str], stayed: &[&str]| {
        let stayed = read(&source(stayed, "u8", mentions));
        let found = compare(&[&old], &[&rebuilt(now, "u16")], &[&stayed], &Bound::default());
        found.into_iter().map(|told| told.item).collect::<Vec<_>>()
    };
    assert_eq!(told(&["u32", "i32"], &["u32", "i32"]), [] as [String; 0]);
    assert_eq!(told(&["", "i32"], &["u32", "i32"]), [] as [String; 0]);
    assert_eq!(told(&["i32", "u32"], &[]), ["shop::f::Line"], "they have changed places");
    assert_eq!(told(&["u16", "i32"], &["", "i32"]), ["shop::f::Line"]);
}

#[test]
fn types_of_one_name_that_change_places_are_found_by_their_type_id() {
    let source = |first: &str, second: &str| namesakes(&[first, second]);
    assert_eq!(differences(&source("u32", "u64"), &source("u32", "u64"), &[], &[]), []);
    for (first, second) in [("u64", "u32"), ("u32", "u8")] {
        let found = differences(&source("u32", "u64"), &source(first, second), &[], &[]);
        assert!(found.iter().any(|told| told.item == "shop::f::Line"), "{found:?}");
    }
}

#[test]
fn a_bound_static_keeps_its_type_by_name() {
    let source = |alias: &str, length: usize| {
        format!(
            "use std::sync::Mutex; type Count = {alias}; \
             static HITS: Mutex<Count> = Mutex::new(0); \
             static LAST: Mutex<(u8, [u16; {length}])> = Mutex::new((0, [0; {length}])); \
             pub fn hit() {{ *HITS.lock().unwrap() += 1; LAST.lock().unwrap().1[1] += 1; }}"
        )
    };
    // In the legacy scheme the symbol moves with the type, in v0 it stays.
    for mangling in ["-Csymbol-mangling-version=v0", "-g"] {
        let statics = ["shop::HITS", "shop::LAST"];
        let bind =
            |new: &str| differences_with(&source("u32", 3), new, &statics, &[], &["-g", mangling]);
        assert_eq!(bind(&source("u32", 3)), []);
        let found = bind(&source("i32", 4));
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        let wanted = [
            "static shop::HITS changed: was Mutex<u32>, is Mutex<i32>",
            "static shop::LAST changed: was Mutex<(u8, [u16; 3])>, is Mutex<(u8, [u16; 4])>",
        ];
        assert_eq!(told, wanted);
    }
}

#[test]
fn a_static_that_one_side_does_not_describe_is_never_bound() {
    let gone = edit(SHOP, "static BARE: Mutex<u64>", "static NAKED: Mutex<u64>");
    let gone = gone.replace("*BARE", "*NAKED");
    let found = differences(SHOP, &gone, &["shop::BARE"], &[]);
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    let wanted = "static shop::BARE changed: \
        was Mutex<u64>, is not described by any debug information";
    assert_eq!(told, [wanted]);
    // Of what neither side describes nothing can be said.
    let bound = Bound { statics: vec!["elsewhere"], ..Bound::default() };
    let shop = Layouts::read([compile(SHOP).as_slice()]).unwrap();
    assert_eq!(compare(&[&shop], &[&shop.clone()], &[], &bound), []);
}

#[test]
fn a_bound_function_keeps_its_signature() {
    let source = |argument: &str, value: &str| {
        format!(
            "#[unsafe(no_mangle)] pub fn total(n: {argument}) -> u64 {{ n as u64 }} \
             pub fn call() -> u64 {{ total({value}) }}"
        )
    };
    let found = differences(
        &source("u32", "1"),
        &source("&u8", "&1").replace("n as", "*n as"),
        &[],
        &["total"],
    );
    let told: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["total changed: was fn(u32) -> u64, is fn(&u8) -> u64"]);
}

#[test]
fn a_closure_counts_where_a_bound_function_takes_it() {
    let source = |captured: &str| {
        format!(
            "#[inline(never)] pub fn run<F: Fn() -> u64>(f: F) -> u64 {{ f() }} \
             pub fn call(a: u64, b: u32) -> u64 {{ let _ = (a, b); run(move || {captured}) }}"
        )
    };
    let (old, new) = (source("a"), source("a + b as u64"));
    // In v0 the symbol does not tell what a closure captures.
    let options = ["-g", "-Csymbol-mangling-version=v0"];
    assert_eq!(differences_with(&old, &new, &[], &["shop::call"], &options), []);
    let run = "shop::run::<shop::call::{closure#0}>";
    let found = differences_with(&old, &new, &[], &[run], &options);
    let [told] = found.as_slice() else { panic!("{found:#?}") };
    let wanted = "shop::call::{closure_env#0} changed: was 8 bytes, is 16\n  + b: u32 at 8\n  \
        reached from: argument 1 of shop::run::<shop::call::{closure#0}>";
    assert_eq!(told.to_string(), wanted);
}

#[test]
fn a_type_that_nobody_shares_may_change() {
    // In frames, in collections there, shown, cloned, and behind the standard library's traits.
    let source = "use std::fmt::Debug; \
        #[derive(Debug, Clone, PartialEq)] pub struct Local { a: u32 } \
        #[inline(never)] fn show(what: &dyn Debug) -> usize { format!(\"{what:?}\").len() } \
        pub fn run(n: u32) -> usize { \
            let all: Vec<Local> = (0..n).map(|a| Local { a }).collect(); \
            let first = all.first().cloned(); \
            let count: Box<dyn Fn() -> usize> = Box::new(move || first.iter().len()); \
            show(&all) + show(&all.first()) + count() }";
    let wide = edit(source, "{ a: u32 }", "{ b: u64, a: u32 }").replace("{ a })", "{ a, b: 1 })");
    assert_eq!(differences(source, &wide, &[], &["shop::run"]), []);
    // Behind a trait of the program it may be asked for.
    let shop = edit(SHOP, "pub qty: u32", "pub qty: u64");
    let found = differences(SHOP, &shop, &[], &[]);
    let [told] = found.as_slice() else { panic!("{found:#?}") };
    let reached: Vec<String> = told.reached_from.iter().map(ToString::to_string).collect();
    assert_eq!(
        (told.item.as_str(), reached),
        ("shop::Order", vec!["trait objects (<Order as Priced>)".to_string()])
    );
}

#[test]
fn types_that_come_and_go_and_namesakes_are_no_difference() {
    let source = |block: &str| {
        format!(
            "pub fn f() -> usize {{ let mut n = 0; \
             {{ struct Line(u8); let line = Line(1); n += size_of_val(&line) + line.0 as usize; }} \
             {block} n }}"
        )
    };
    let second =
        "{ struct Line(u64); let line = Line(1); n += size_of_val(&line) + line.0 as usize; }";
    assert_eq!(differences(&source(""), &source(second), &[], &["shop::f"]), []);
    assert_eq!(differences(&source(second), &source(""), &[], &["shop::f"]), []);
    // Reached by definition, each is compared with itself and with no namesake.
    let kept = |block: &str| {
        let statics = block
            .replace("let line", "static LINE: std::sync::Mutex<Option<Line>> = std::sync::Mutex::new(None); let line")
            .replace("n += ", "*LINE.lock().unwrap() = Some(line); let line = LINE.lock().unwrap().take().unwrap(); n += ");
        source(&statics)
    };
    let other = kept(&second.replace("u64", "u32"));
    let line = ["shop::f::LINE"];
    assert_eq!(differences(&kept(second), &kept(second), &line, &[]), []);
    let found = differences(&kept(second), &other, &line, &[]);
    assert_eq!(found.iter().map(|d| d.item.as_str()).collect::<Vec<_>>(), ["shop::f::Line"]);
}

#[test]
fn function_pointers_of_types_that_got_another_path_are_no_difference() {
    let source = |module: &str, local: &str| {
        "use std::any::Any; \
         pub fn small(f: fn(u8) -> u8) -> u8 { struct Local(LOCAL); let l = Local(1); f(l.0 as u8) } \
         pub mod NAME { \
             pub struct Cart(pub u64); \
             pub struct Hook(pub fn(&Cart, u64) -> u64); \
             pub fn add(n: u64) -> u64 { let by = move |m: u64| n + m; by(2) } \
         } \
         pub fn run(any: &dyn Any) -> u64 { \
             any.downcast_ref::<NAME::Hook>().map_or(0, |hook| (hook.0)(&NAME::Cart(1), 2)) }"
            .replace("NAME", module)
            .replace("LOCAL", local)
    };
    // Something nobody shares changes too: otherwise nothing is looked for by name.
    assert_eq!(differences(&source("cart", "u8"), &source("basket", "u16"), &[], &[]), []);
}

#[test]
fn every_form_of_debug_information_is_read_alike() {
    let new = edit(SHOP, "pub qty: u32", "pub qty: u64");
    for options in [
        &["-g", "-Cdwarf-version=4"][..],
        &["-g", "-Cdwarf-version=5"],
        &["-g", "-O"],
        &["-g", "-Csymbol-mangling-version=v0"],
        &["-g", "-Crelocation-model=static"],
    ] {
        assert_eq!(differences_with(SHOP, SHOP, &STATICS[..6], &[], options), []);
        let found = differences_with(SHOP, &new, &STATICS[..6], &[], options);
        let [told] = found.as_slice() else { panic!("{options:?}: {found:#?}") };
        assert_eq!(told.changes, ["qty: u32 at 8    →  u64 at 8"], "{options:?}");
        let from = told.reached_from.first().unwrap().to_string();
        assert_eq!(from, "static shop::OPEN (LazyLock<Mutex<HashMap<u64, Order>>>)", "{options:?}");
    }
}

#[test]
fn several_objects_make_one_crate() {
    let [old, new] =
        ["pub qty: u32", "pub qty: u64"].map(|to| compile(&edit(SHOP, "pub qty: u32", to)));
    let other = compile("pub fn other() -> Option<u8> { None }");
    let shared = ObjectLayouts::read(&other).unwrap();
    let read = |object: &[u8]| ObjectLayouts::read(object).unwrap();
    let old: Layouts = [shared.clone(), read(&old)].into_iter().collect();
    let new: Layouts = [read(&new), shared].into_iter().collect();
    let found = compare(&[&old], &[&new], &[], &Bound::default());
    assert_eq!(found.iter().map(|d| d.item.as_str()).collect::<Vec<_>>(), ["shop::Order"]);
    assert_eq!(compare(&[&old], &[&old], &[], &Bound::default()), []);
}

#[test]
fn the_face_tells_types_and_signatures() {
    let object = compile(SHOP);
    let layouts = Layouts::read([object.as_slice()]).unwrap();
    assert!(layouts.has_debug_info());
    let [open] = symbols(&object, "shop::OPEN").try_into().unwrap();
    let ty = layouts.static_type(&open).unwrap();
    assert_eq!(
        (ty.short_name().as_str(), ty.align()),
        ("LazyLock<Mutex<HashMap<u64, Order>>>", Some(8))
    );
    assert_eq!(layouts.static_type(&format!("{open}.llvm.123")).unwrap().name(), ty.name());
    let [total] = symbols(&object, "shop::Cart::total").try_into().unwrap();
    let signature = layouts.signature(&total).unwrap();
    let names: Vec<&str> = signature.arguments.iter().map(|ty| ty.name()).collect();
    assert_eq!(names, ["&shop::Cart", "shop::Level"]);
    assert_eq!(signature.result.unwrap().name(), "u64");
    assert!(layouts.static_type("nothing").is_none() && layouts.signature("nothing").is_none());
}

/// What is split off is read with the object that it belongs to, and with no other.
#[test]
fn debug_information_that_is_split_off_tells_the_same() {
    let edits = [
        ("pub qty: u32", "pub qty: u64"),
        ("High = 5", "High = 6"),
        ("w: u32, h: u32", "h: u32, w: u32"),
        ("trait Priced {", "trait Priced { fn first(&self) -> u64 { 1 }"),
    ];
    for version in ["-Cdwarf-version=4", "-Cdwarf-version=5"] {
        // Without a link, rustc keeps what it has split off among other files.
        let options = ["-g", "-Csplit-debuginfo=unpacked", "-Csave-temps", version];
        for (from, to) in edits {
            let edited = edit(SHOP, from, to);
            let tells = |options: &[&str]| -> Vec<String> {
                let found =
                    differences_with(SHOP, &edited, &STATICS, &["shop::Cart::total"], options);
                found.iter().map(|difference| difference.to_string()).collect()
            };
            let told = tells(&options);
            assert!(!told.is_empty(), "{from}");
            assert_eq!(told, tells(&["-g", version]), "{from}");
        }
        let (shop, other) = (compile_all(SHOP, &options), compile_all("pub fn f() {}", &options));
        assert!(shop.split.is_some() && shop.layouts().has_debug_info());
        assert!(!Layouts::read([&*shop.object]).unwrap().has_debug_info(), "nothing is left");
        let strange = Compiled { object: shop.object, split: other.split };
        assert!(!strange.layouts().has_debug_info());
    }
}

#[test]
fn without_types_there_is_no_debug_information() {
    for options in [&["-Cdebuginfo=0"][..], &["-Cdebuginfo=1"], &["-Cdebuginfo=line-tables-only"]] {
        let layouts = Layouts::read([compile_with(SHOP, options).as_slice()]).unwrap();
        assert!(!layouts.has_debug_info(), "{options:?}");
    }
}

#[test]
fn damage_is_an_error_and_no_panic() {
    assert!(matches!(ObjectLayouts::read(b"no object"), Err(LayoutError::Object(_))));
    let whole =
        compile("pub struct P(u8, [u16; 3]); pub fn f(p: &P) -> u16 { p.0 as u16 + p.1[0] }");
    let file = object::File::parse(whole.as_slice()).unwrap();
    let section = file.section_by_name(".debug_info").unwrap();
    let (start, length) = section.file_range().unwrap();
    let mut failed = 0;
    for step in 0..length {
        // One byte of the debug entries, and one of the whole file, is another.
        for place in [start + step, (step * whole.len() as u64) / length] {
            let mut damaged = whole.clone();
            damaged[place as usize] ^= 0xff;
            match ObjectLayouts::read(&damaged) {
                Ok(read) => {
                    let (old, new) =
                        ([read].into_iter().collect(), Layouts::read([whole.as_slice()]).unwrap());
                    let old: Layouts = old;
                    compare(&[&old], &[&new], &[], &Bound::default());
                }
                Err(error) => {
                    assert!(error.to_string().starts_with("failed to read"), "{error}");
                    failed += 1;
                }
            }
        }
        let cut = &whole[..(step * whole.len() as u64 / length) as usize];
        failed += u64::from(ObjectLayouts::read(cut).is_err());
    }
    assert!(failed > length, "damage is noticed: {failed} of {}", 3 * length);
}
