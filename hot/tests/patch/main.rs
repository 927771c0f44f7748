//! Hot patches made by hand: a program on a pipe, and a cdylib built, rebuilt and broken.
#![cfg(all(target_os = "linux", feature = "patch"))]

#[path = "../fixture/mod.rs"]
mod fixture;

use fixture::{Fixture, Program};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::{fs, process::Command};

static FIXTURE: LazyLock<Mutex<Fixture>> =
    LazyLock::new(|| Mutex::new(Fixture::of("patch", include_str!("host.rs"), "[\"patch\"]")));

/// The path of the library is one for all tests: each has it for itself.
fn fixture() -> MutexGuard<'static, Fixture> {
    FIXTURE.lock().unwrap_or_else(PoisonError::into_inner)
}

const START: &str = "now: price=300 total=9 label=100 EUR banner=plain";

/// A patch with these items.
fn source(items: &str) -> String {
    format!(
        "#![allow(dead_code, unused_imports)]\nuse shop::{{Cart, Order}};\nhot::patch!();\n{items}\n"
    )
}

/// A patch with a new price, and hooks that say their names.
fn price(body: &str, more: &str) -> String {
    source(&format!(
        "#[hot::patch_fn]\npub fn new_price(order: &Order) -> u64 {{ {body} }}\n{more}"
    ))
}

const HOOKS: &str = r#"
type Done = Result<(), hot::patch::HookError>;
#[hot::patch_fn] fn hp_before_load() -> Done { println!("hook: before load"); Ok(()) }
#[hot::patch_fn] fn hp_after_load() -> Done { println!("hook: after load"); Ok(()) }
#[hot::patch_fn] fn hp_before_unload() -> Done { println!("hook: before unload"); Ok(()) }
#[hot::patch_fn] fn hp_after_unload() -> Done { println!("hook: after unload"); Ok(()) }
"#;

/// Builds a patch and gives it a place of its own.
fn built(fixture: &Fixture, folder: &Path, name: &str, source: &str) -> PathBuf {
    let path = folder.join(name);
    fs::copy(fixture.library(source), &path).unwrap();
    path
}

/// Has the program load a patch; returns its ID.
#[track_caller]
fn load(program: &mut Program, path: &Path, assigned: &str) -> String {
    program.say(&format!("load {} {assigned}", path.display()));
    program.expect("out: loaded ").trim_start_matches("out: loaded ").to_owned()
}

#[track_caller]
fn refuse(program: &mut Program, path: &Path, assigned: &str) -> String {
    program.say(&format!("load {} {assigned}", path.display()));
    program.expect("out: error: ")
}

#[test]
fn patches_of_one_function_are_a_stack_and_come_out_in_any_order() {
    let fixture = fixture();
    let folder = fixture.folder("stack");
    let mut program = fixture.start("");
    program.expect(START);
    let assigned = "new_price=shop/price";
    let ids: Vec<String> = (1..=3)
        .map(|n| {
            let source = price(&n.to_string(), HOOKS);
            let path = built(&fixture, &folder.0, &format!("{n}.so"), &source);
            let id = load(&mut program, &path, assigned);
            program.expect(&format!("now: price={n} "));
            let sum = Command::new("sha256sum").arg(&path).output().unwrap();
            assert!(String::from_utf8_lossy(&sum.stdout).starts_with(&id), "{id}");
            id
        })
        .collect();
    program.say("list");
    program.expect("list: 3");
    for id in &ids {
        program.expect(&format!("out: patch {id} shop/price"));
    }
    program.say("layer");
    program.expect("layer: patch None");
    let mut unload = |id: &str| {
        program.say(&format!("unload {id}"));
        program.expect("hook: before unload");
        program.expect("hook: after unload");
        program.expect("out: unloaded");
    };
    // The middle one first: what is on top stays.
    unload(&ids[1]);
    unload(&ids[2]);
    program.expect("now: price=1 ");
    program.say("mock");
    program.expect("mocked");
    program.say(&format!("unload {}", ids[0]));
    program.expect("unloaded");
    program.say("layer");
    program.expect("layer: mock");
    program.say("reset");
    program.expect(START);
    program.say(&format!("unload {}", ids[0]));
    program.expect(&format!("error: no patch {} is loaded", ids[0]));
    // It may come again, and is the same patch.
    program.say(&format!("load {} {assigned}", folder.0.join("1.so").display()));
    program.expect("hook: before load");
    program.expect("hook: after load");
    program.expect(&format!("loaded {}", ids[0]));
    program.expect("now: price=1 ");
    let (status, _) = program.finish();
    assert!(status.success());
}

#[test]
fn what_one_side_allocates_the_other_frees() {
    let fixture = fixture();
    let folder = fixture.folder("allocator");
    let mut program = fixture.start("");
    program.expect(START);
    let items = r#"
        #[hot::patch_fn]
        fn new_label(order: &Order, currency: &str) -> Result<String, Box<dyn std::error::Error>> {
            if currency.is_empty() { return Err("no currency".into()) }
            Ok(format!("{currency} {}.00", order.amount))
        }
        #[hot::patch_fn]
        #[cfg(not(unix))]
        fn new_total() {}
        #[hot::patch_fn]
        #[cfg(unix)]
        fn new_total(cart: &Cart) -> u64 { cart.orders.len() as u64 }
        #[hot::patch_fn]
        fn new_price(order: &Order) -> u64 { panic!("no price for {}", order.amount) }
        hot::replace! { "main/banner" => banner as fn() -> String }
        fn banner() -> String { "new".repeat(2) }
        static BEFORE: [String; 0] = [];
        #[used]
        #[unsafe(link_section = ".init_array")]
        static CONSTRUCTOR: extern "C" fn() = {
            extern "C" fn construct() { drop(format!("{}", std::process::id())); }
            construct
        };
    "#;
    let path = built(&fixture, &folder.0, "all.so", &source(items));
    let assigned = "new_label=shop/label new_total=shop::Cart::total new_price=shop/price";
    let id = load(&mut program, &path, assigned);
    program.expect("now: price=panic(no price for 100) total=2 label=EUR 100.00 banner=newnew");
    program.say("list");
    program.expect(&format!("patch {id} main/banner,shop/*Cart.total,shop/label,shop/price"));
    program.say(&format!("unload {id}"));
    program.expect(START);
    let (status, rest) = program.finish();
    assert!(status.success(), "{status} {rest:?}");
}

#[test]
fn hooks_that_fail_stop_or_undo_and_tell() {
    let fixture = fixture();
    let folder = fixture.folder("hooks");
    let mut program = fixture.start("");
    program.expect(START);
    let assigned = "new_price=shop/price";
    let failing = |hook: &str, body: &str| {
        let good = format!("fn {hook}() -> Done {{ println!(");
        let bad =
            format!("fn {hook}() -> Done {{ {body} }} fn unused_{hook}() -> Done {{ println!(");
        assert!(HOOKS.contains(&good));
        price("9", &HOOKS.replace(&good, &bad))
    };
    let ways = [
        ("Err(\"not today\".into())", "not today"),
        ("panic!(\"broken {}\", 3)", "it panicked: broken 3"),
        (
            "loop { std::thread::sleep(std::time::Duration::from_secs(9)) }",
            "did not return within 2s",
        ),
        (
            "struct E; impl std::fmt::Debug for E { fn fmt(&self, _: &mut std::fmt::Formatter) -> \
             std::fmt::Result { Ok(()) } } impl std::fmt::Display for E { fn fmt(&self, _: &mut \
             std::fmt::Formatter) -> std::fmt::Result { panic!(\"no words\") } } impl \
             std::error::Error for E {} Err(E.into())",
            "it panicked: no words",
        ),
    ];
    for (n, (body, told)) in ways.iter().enumerate() {
        let name = format!("before{n}.so");
        let path = built(&fixture, &folder.0, &name, &failing("hp_before_load", body));
        let error = refuse(&mut program, &path, assigned);
        assert!(error.contains("`hp_before_load` of the patch") && error.contains(told), "{error}");
    }
    program.say("list");
    program.expect("list: 0");

    let path = built(&fixture, &folder.0, "after.so", &failing("hp_after_load", ways[0].0));
    program.say(&format!("load {} {assigned}", path.display()));
    program.expect("hook: before load");
    program.expect("hook: before unload");
    program.expect("hook: after unload");
    program.expect("it is out again: not today");
    let both = failing("hp_after_load", ways[0].0)
        .replace("println!(\"hook: before unload\"); Ok(())", "Err(\"stays\".into())");
    let path = built(&fixture, &folder.0, "both.so", &both);
    let error = refuse(&mut program, &path, assigned);
    let told = "it is out again: not today; while undoing: `hp_before_unload`: stays";
    assert!(error.contains(told), "{error}");
    program.say("list");
    program.expect("list: 0");

    // An unload that is stopped leaves the patch in; one whose last hook fails has taken it out.
    let path = built(&fixture, &folder.0, "stays.so", &failing("hp_before_unload", ways[0].0));
    let id = load(&mut program, &path, assigned);
    program.expect("now: price=9 ");
    program.say(&format!("unload {id}"));
    program.expect("error: `hp_before_unload` of the patch");
    program.say("list");
    program.expect("list: 1");
    let path = built(&fixture, &folder.0, "out.so", &failing("hp_after_unload", ways[1].0));
    let id = load(&mut program, &path, assigned);
    program.say(&format!("unload {id}"));
    program.expect(&format!("error: the patch {id} is out, and its `hp_after_unload` failed"));
    program.say("list");
    program.expect("list: 1");
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_changes() {
    let fixture = fixture();
    let folder = fixture.folder("refused");
    let mut program = fixture.start("");
    program.expect(START);
    let assigned = "new_price=shop/price";
    let path = built(&fixture, &folder.0, "good.so", &price("8", HOOKS));
    for (assigned, told) in [
        ("", "the patch would replace nothing"),
        ("", "it has hp_after_load, hp_after_unload, hp_before_load, hp_before_unload, new_price"),
        ("new_prise=shop/price", "the patch has no function `new_prise`: it has hp_after_load"),
        (
            "new_price=shop/prise",
            "there is no hot function `shop/prise`; did you mean `shop/price`",
        ),
        ("new_price=shop/label", "its replacement is `fn(&'_ shop::Order) -> u64`"),
        ("new_price=shop/generic", "is generic"),
        ("new_price=shop/fetch", "is async"),
    ] {
        let error = refuse(&mut program, &path, assigned);
        assert!(error.contains(told), "{told}: {error}");
    }
    let typed = "#[hot::patch_fn] fn other() {}\nhot::replace! { \"shop/price\" => again as fn(&Order) -> u64 }\nfn again(_: &Order) -> u64 { 5 }";
    let twice = built(&fixture, &folder.0, "twice.so", &price("8", typed));
    let error = refuse(&mut program, &twice, assigned);
    assert!(error.contains("it replaces `shop/price` twice"), "{error}");

    let alone = price("8", "").replace("hot::patch!();", "");
    let alone = built(&fixture, &folder.0, "alone.so", &alone);
    let error = refuse(&mut program, &alone, assigned);
    assert!(error.contains("write `hot::patch!();` once"), "{error}");

    let missing = folder.0.join("none.so");
    assert!(refuse(&mut program, &missing, assigned).contains("failed to read"));
    assert!(refuse(&mut program, &folder.0, assigned).contains("it is a folder"));
    assert!(Command::new("mkfifo").arg(folder.0.join("pipe")).status().unwrap().success());
    assert!(refuse(&mut program, &folder.0.join("pipe"), assigned).contains("pipe or socket"));
    let whole = fs::read(&path).unwrap();
    for length in [0, 3, 64, 5000, whole.len() / 2, whole.len() - 1] {
        let cut = folder.0.join("cut.so");
        fs::write(&cut, &whole[..length]).unwrap();
        let error = refuse(&mut program, &cut, assigned);
        assert!(error.contains("cut.so: it is cut off"), "{length}: {error}");
    }
    program.say("list");
    program.expect("list: 0");
    let (status, rest) = program.finish();
    assert!(status.success() && !rest.iter().any(|line| line.contains("hook:")), "{rest:?}");
}

#[test]
fn of_two_loads_of_one_file_one_is_refused_and_a_new_file_is_another_patch() {
    let fixture = fixture();
    let folder = fixture.folder("twice");
    let mut program = fixture.start("");
    program.expect(START);
    let path = built(&fixture, &folder.0, "one.so", &price("7", ""));
    program.say(&format!("race {} new_price=shop/price", path.display()));
    program.expect("race: 1 loaded, 1 refused");
    let again = refuse(&mut program, &path, "new_price=shop/price");
    assert!(again.contains("is loaded already: unload "), "{again}");
    built(&fixture, &folder.0, "one.so", &price("6", ""));
    load(&mut program, &path, "new_price=shop/price");
    program.expect("now: price=6 ");
    program.say("list");
    program.expect("list: 2");
}

#[test]
fn callers_on_eight_threads_see_the_old_code_or_the_new() {
    let fixture = fixture();
    let folder = fixture.folder("storm");
    let mut program = fixture.start("");
    program.expect(START);
    let path = built(&fixture, &folder.0, "storm.so", &price("7", ""));
    program.say(&format!("storm {} new_price=shop/price", path.display()));
    program.expect("storm: 100 rounds, 0 wrong, called: true");
}

#[test]
fn what_cannot_be_patched_does_not_compile() {
    let fixture = fixture();
    for (items, told) in [
        ("#[hot::patch_fn] async fn f() {}", "an async function cannot be patched in"),
        ("#[hot::patch_fn] fn f<T>(_: T) {}", "a generic function has no one type"),
        ("#[hot::patch_fn(shop)] fn f() {}", "`#[hot::patch_fn]` takes no arguments"),
        ("#[hot::patch_fn] struct F;", "`#[hot::patch_fn]` works on functions"),
        (
            "trait T { fn f(&self); } impl T for u8 { #[hot::patch_fn] fn f(&self) {} }",
            "a method is patched by",
        ),
        ("#[hot::patch_fn] fn hp_after_load() -> u8 { 0 }", "expected fn pointer"),
        ("hot::patch!();", "__hot_host_v1"),
    ] {
        fixture.write("patch/src/lib.rs", &source(items));
        let errors = fixture.build().expect_err(items);
        assert!(errors.contains(told), "{items}: {errors}");
    }
}
