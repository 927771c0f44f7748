//! A small shop, compiled as it is and as it is edited, and what the guard tells of the two.

use hot_cli::layout::{Bound, Difference, HotFunction, Layouts, ObjectLayouts, compare};
use object::{Object as _, ObjectSymbol as _};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The shop that most tests edit. Everything in it is used, so that it is described.
pub const SHOP: &str = r#"
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

/// One object file, and what was split off it.
pub struct Compiled {
    pub object: Vec<u8>,
    pub split: Option<Vec<u8>>,
}

impl Compiled {
    /// What they tell together.
    pub fn layouts(&self) -> Layouts {
        let read = ObjectLayouts::read_split(&self.object, self.split.as_deref());
        std::iter::once(read.unwrap()).collect()
    }
}

/// Compiles a library crate `shop` to one object file.
pub fn compile_with(source: &str, options: &[&str]) -> Vec<u8> {
    compile_all(source, options).object
}

/// The same, and keeps what was split off.
pub fn compile_all(source: &str, options: &[&str]) -> Compiled {
    compile_as("shop", source, options)
}

/// Compiles a library crate.
pub fn compile_as(krate: &str, source: &str, options: &[&str]) -> Compiled {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("layout-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("shop.rs"), source).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .current_dir(&folder)
        .args(["--crate-name", krate, "--crate-type=lib", "--edition=2024", "--emit=obj=shop.o"])
        .args(["-Ccodegen-units=1", "-Awarnings", "shop.rs"])
        .args(options)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let object = std::fs::read(folder.join("shop.o")).unwrap();
    let mut files = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path());
    let split = files.find(|file| file.extension().is_some_and(|end| end == "dwo"));
    let split = split.map(|file| std::fs::read(file).unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    Compiled { object, split }
}

pub fn compile(source: &str) -> Vec<u8> {
    compile_with(source, &["-g"])
}

pub fn demangled(symbol: &str) -> String {
    format!("{:#}", rustc_demangle::demangle(symbol))
}

/// The symbols whose path, without its hash, is the given one.
pub fn symbols(object: &[u8], path: &str) -> Vec<String> {
    let file = object::File::parse(object).unwrap();
    let names = file.symbols().filter_map(|symbol| symbol.name().ok().map(str::to_string));
    let found: Vec<String> = names.filter(|name| demangled(name) == path).collect();
    assert!(!found.is_empty(), "{path} is not in the object");
    found
}

/// Compares two versions, with statics and functions bound by their paths.
pub fn differences_with(
    old: &str,
    new: &str,
    statics: &[&str],
    functions: &[&str],
    options: &[&str],
) -> Vec<Difference> {
    let (old, new) = (compile_all(old, options), compile_all(new, options));
    let bind = |paths: &[&str]| -> Vec<String> {
        paths.iter().flat_map(|path| symbols(&old.object, path)).collect()
    };
    let (statics, functions) = (bind(statics), bind(functions));
    let names: Vec<String> = functions.iter().map(|f| demangled(f)).collect();
    let functions = functions.iter().zip(&names);
    let bound = Bound {
        statics: statics.iter().map(String::as_str).collect(),
        functions: functions
            .map(|(was, name)| HotFunction { was: vec![was], now: was, name })
            .collect(),
        own: vec!["shop"],
        ..Bound::default()
    };
    compare(&[&old.layouts()], &[&new.layouts()], &[], &bound)
}

pub fn differences(old: &str, new: &str, statics: &[&str], functions: &[&str]) -> Vec<Difference> {
    differences_with(old, new, statics, functions, &["-g"])
}

pub fn edit(source: &str, from: &str, to: &str) -> String {
    assert!(source.contains(from), "{from} is not in the source");
    source.replace(from, to)
}

pub const STATICS: [&str; 7] = [
    "shop::OPEN",
    "shop::LAST",
    "shop::TABLE",
    "shop::LEVEL",
    "shop::OBJECTS",
    "shop::BARE",
    "shop::SHARED::{{constant}}::{{closure}}::__RUST_STD_INTERNAL_VAL",
];

/// Edits the shop, with everything bound, and gives what is told as text.
pub fn told(edits: &[(&str, &str)]) -> Vec<String> {
    let new = edits.iter().fold(SHOP.to_string(), |new, (from, to)| edit(&new, from, to));
    let found = differences(SHOP, &new, &STATICS, &["shop::Cart::total"]);
    found.iter().map(ToString::to_string).collect()
}

/// The one difference that an edit makes.
pub fn only(edits: &[(&str, &str)]) -> String {
    let told = told(edits);
    let [only] = told.as_slice() else { panic!("{told:#?}") };
    only.clone()
}
