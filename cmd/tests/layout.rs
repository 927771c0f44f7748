//! The layout guard on objects that rustc has just written: what an edit leaves alone passes, and
//! each kind of change is told exactly, as the type that was changed and no other.

use hot_cli::layout::{Bound, Difference, LayoutError, Layouts, ObjectLayouts, compare};
use object::{Object as _, ObjectSymbol as _};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The shop that most tests edit. Everything in it is used, so that it is described.
const SHOP: &str = r#"
    use std::collections::HashMap;
    use std::sync::{LazyLock, Mutex};
    use std::rc::Rc;
    #[derive(Clone, Debug)]
    pub struct Order { pub id: u64, pub qty: u32 }
    pub enum Shape { Circle(f64), Rect { w: u32, h: u32 } }
    #[derive(Clone, Copy, PartialEq)]
    pub enum Level { Low = 1, High = 5 }
    pub trait Priced { fn price(&self) -> u64; }
    impl Priced for Order { fn price(&self) -> u64 { self.id + self.qty as u64 } }
    static OPEN: LazyLock<Mutex<HashMap<u64, Order>>> = LazyLock::new(Default::default);
    static LAST: Mutex<Option<Box<Order>>> = Mutex::new(None);
    static TABLE: Mutex<[Option<Shape>; 4]> = Mutex::new([const { None }; 4]);
    static LEVEL: Mutex<(u8, Level)> = Mutex::new((0, Level::Low));
    static OBJECTS: Mutex<Vec<Box<dyn Priced + Send>>> = Mutex::new(Vec::new());
    static BARE: Mutex<u64> = Mutex::new(0);
    thread_local! { static SHARED: std::cell::RefCell<Vec<Rc<Order>>> = const { std::cell::RefCell::new(Vec::new()) }; }
    pub struct Cart { pub orders: Vec<Order>, pub first: Option<Order> }
    impl Cart {
        pub fn total(&self, level: Level) -> u64 {
            let extra = 1;
            OPEN.lock().unwrap().insert(1, self.orders[0].clone());
            *LAST.lock().unwrap() = Some(Box::new(self.orders[0].clone()));
            TABLE.lock().unwrap()[0] = Some(Shape::Circle(1.0));
            TABLE.lock().unwrap()[1] = Some(Shape::Rect { w: 1, h: 2 });
            LEVEL.lock().unwrap().1 = if level == Level::Low { Level::High } else { level };
            OBJECTS.lock().unwrap().push(Box::new(self.orders[0].clone()));
            *BARE.lock().unwrap() += OBJECTS.lock().unwrap()[0].price();
            SHARED.with(|s| s.borrow_mut().push(Rc::new(self.orders[0].clone())));
            self.orders.iter().map(|o| o.qty as u64 + extra).sum()
        }
    }
"#;

/// Compiles a library crate `shop` to one object file.
fn compile_with(source: &str, options: &[&str]) -> Vec<u8> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("layout-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shop.rs"), source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .current_dir(&folder)
        .args(["--crate-name=shop", "--crate-type=lib", "--edition=2024", "--emit=obj=shop.o"])
        .args(["-Ccodegen-units=1", "-Awarnings", "shop.rs"])
        .args(options)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let object = std::fs::read(folder.join("shop.o")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    object
}

fn compile(source: &str) -> Vec<u8> {
    compile_with(source, &["-g"])
}

/// The symbols whose path, without its hash, is the given one.
fn symbols(object: &[u8], path: &str) -> Vec<String> {
    let file = object::File::parse(object).unwrap();
    let names = file.symbols().filter_map(|symbol| symbol.name().ok().map(str::to_string));
    let found: Vec<String> =
        names.filter(|name| format!("{:#}", rustc_demangle::demangle(name)) == path).collect();
    assert!(!found.is_empty(), "{path} is not in the object");
    found
}

/// Compares two versions, with statics and functions bound by their paths.
fn differences_with(
    old: &str,
    new: &str,
    statics: &[&str],
    functions: &[&str],
    options: &[&str],
) -> Vec<Difference> {
    let (old, new) = (compile_with(old, options), compile_with(new, options));
    let bind = |paths: &[&str]| -> Vec<String> {
        paths.iter().flat_map(|path| symbols(&old, path)).collect()
    };
    let (statics, functions) = (bind(statics), bind(functions));
    let bound = Bound {
        statics: statics.iter().map(String::as_str).collect(),
        functions: functions.iter().map(String::as_str).collect(),
    };
    let read = |object: &[u8]| Layouts::read([object]).unwrap();
    compare(&[&read(&old)], &[&read(&new)], &bound)
}

fn differences(old: &str, new: &str, statics: &[&str], functions: &[&str]) -> Vec<Difference> {
    differences_with(old, new, statics, functions, &["-g"])
}

fn edit(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "{from} is not in the source");
    source.replace(from, to)
}

const STATICS: [&str; 7] = [
    "shop::OPEN",
    "shop::LAST",
    "shop::TABLE",
    "shop::LEVEL",
    "shop::OBJECTS",
    "shop::BARE",
    "shop::SHARED::{{constant}}::{{closure}}::__RUST_STD_INTERNAL_VAL",
];

/// Edits the shop, with everything bound, and gives what is told as text.
fn told(edits: &[(&str, &str)]) -> Vec<String> {
    let new = edits.iter().fold(SHOP.to_string(), |new, (from, to)| edit(&new, from, to));
    let found = differences(SHOP, &new, &STATICS, &["shop::Cart::total"]);
    found.iter().map(ToString::to_string).collect()
}

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

/// The one difference that an edit makes.
fn only(edits: &[(&str, &str)]) -> String {
    let told = told(edits);
    let [only] = told.as_slice() else { panic!("{told:#?}") };
    only.clone()
}

#[test]
fn a_field_is_told_once_with_all_that_leads_to_it() {
    let told = only(&[
        ("pub qty: u32", "pub qty: u64, pub note: Option<String>"),
        ("self.id + self.qty as u64", "self.id + self.qty + self.note.is_some() as u64"),
    ]);
    let wanted = "shop::Order changed: was 16 bytes, is 40\n  \
        id: u64 at 0 → u64 at 24\n  \
        qty: u32 at 8 → u64 at 32\n  \
        + note: Option<String> at 0\n  \
        reached from: static shop::OPEN (LazyLock<Mutex<HashMap<u64, Order>>>), \
        static shop::LAST (Mutex<Option<Box<Order>>>), ";
    assert!(told.starts_with(wanted), "{told}");
}

#[test]
fn printing() {
    println!("{}", only(&[("pub qty: u32", "pub qty: u64")]));
    println!("{}", only(&[("Circle(f64)", "Circle(f64), Square([u64; 5])")]));
    println!("{}", only(&[("Rect { w: u32, h: u32 }", "Rect { w: u32, h: u64 }")]));
    println!("{}", only(&[("Low = 1, High = 5", "Low = 1, High = 6")]));
    println!("{}", only(&[("pub struct Order", "#[repr(align(32))] pub struct Order")]));
    println!("{}", only(&[("fn price(&self)", "fn name(&self) -> u64 { 3 } fn price(&self)")]));
    println!("{}", only(&[("Priced + Send", "Priced + Send + Sync")]));
}
