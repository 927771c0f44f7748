//! Shared libraries by path: a program on a pipe, and a cdylib built, rebuilt and broken.
#![cfg(all(target_os = "linux", feature = "enabled"))]

mod fixture;

use fixture::Fixture;
use std::fs;
use std::path::Path;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

static FIXTURE: LazyLock<Mutex<Fixture>> = LazyLock::new(|| Mutex::new(Fixture::new("library")));

/// The path of the library is one for all tests: each has it for itself.
fn fixture() -> MutexGuard<'static, Fixture> {
    FIXTURE.lock().unwrap_or_else(PoisonError::into_inner)
}

const START: &str =
    "now: price=300 total=9 larger=100 label=100 EUR checksum=7 signal=9 banner=plain";

/// Replacements of every kind.
const ALL: &str = r#"
use shop::{Cart, Order};
type Labelled = Result<String, Box<dyn std::error::Error>>;

hot::replace! {
    "shop/price" => new::price as fn(&Order) -> u64,
    "shop::Cart::total" => total as fn(&Cart) -> u64,
    "shop/larger" => larger as for<'a> fn(&'a Order, &'a Order) -> &'a Order,
    "shop/label" => label as fn(&Order, &str) -> Result<String, Box<dyn std::error::Error>>,
    "shop/checksum" => checksum as unsafe fn(u32) -> u32,
    "shop/on_signal" => on_signal as extern "C" fn(i32) -> i32,
    "main/banner" => banner as fn() -> String,
}

mod new {
    pub fn price(order: &shop::Order) -> u64 { order.amount * 4 }
}
fn total(cart: &Cart) -> u64 { cart.orders.len() as u64 }
fn larger<'a>(_: &'a Order, or: &'a Order) -> &'a Order { or }
fn label(order: &Order, currency: &str) -> Labelled { Ok(format!("{currency} {}.00", order.amount)) }
unsafe fn checksum(number: u32) -> u32 { number + 1 }
extern "C" fn on_signal(number: i32) -> i32 { -number }
fn banner() -> String { "new".to_owned() }
"#;

fn one(line: &str, function: &str) -> String {
    format!("use shop::*;\nhot::replace! {{ {line} }}\n{function}\n")
}

fn price(body: &str) -> String {
    one(
        r#""shop/price" => price as fn(&Order) -> u64"#,
        &format!("fn price(order: &Order) -> u64 {{ {body} }}"),
    )
}

#[test]
fn every_kind_of_function_is_replaced_and_the_same_path_loads_again() {
    let fixture = fixture();
    let mut program = fixture.start("loop");
    program.expect(START);
    let path = fixture.library(ALL);
    program.load(&path);
    assert_eq!(
        program.expect("Hot reload"),
        "out: Hot reload was successful: shop/price, shop/*Cart.total, shop/larger, \
         shop/label, shop/checksum, shop/on_signal, main/banner"
    );
    program
        .expect("now: price=400 total=2 larger=2 label=EUR 100.00 checksum=8 signal=-9 banner=new");
    for (body, answer) in [("order.amount + 1", "price=101 "), ("order.amount + 2", "price=102 ")] {
        assert_eq!(fixture.library(&price(body)), path);
        program.load(&path);
        program.expect("out: Hot reload was successful: shop/price");
        program.expect(answer);
    }
    // The same file again is the same code at another place.
    program.load(&path);
    program.expect("out: Hot reload was successful: shop/price");
    let (status, rest) = program.finish();
    assert!(status.success(), "{status}: {rest:?}");
    assert!(rest.iter().any(|line| line == "out: ended"), "{rest:?}");
    assert!(!rest.iter().any(|line| line.contains("now:")), "{rest:?}");
}

#[test]
fn a_panic_in_new_code_is_caught_by_the_program() {
    let fixture = fixture();
    let mut program = fixture.start("spawn");
    program.expect(START);
    program.load(&fixture.library(&price(r#"panic!("no price for {}", order.amount)"#)));
    program.expect("out: Hot reload was successful: shop/price");
    program.expect("price=panic(no price for 100)");
    program.load(&fixture.library(&price("order.amount")));
    program.expect("price=100 ");
}

#[test]
fn backtraces_in_a_library_have_names_and_lines() {
    let fixture = fixture();
    let mut program = fixture.start("spawn");
    program.expect(START);
    let body = r#"
        let trace = std::backtrace::Backtrace::force_capture().to_string();
        let own = trace.contains("::price\n") && trace.contains("patch/src/lib.rs:4");
        order.amount + if own && trace.contains("host/src/main.rs") { 1 } else { 2 }"#;
    // The second time too: what a backtrace has seen of the first is kept.
    for body in [body.to_owned(), format!("\n\n{body}").replace("rs:4", "rs:6")] {
        program.load(&fixture.library(&price("order.amount")));
        program.expect("price=100 ");
        program.load(&fixture.library(&price(&body)));
        program.expect("price=101 ");
    }
}

#[test]
fn what_cannot_work_does_not_compile() {
    let fixture = fixture();
    let cases = [
        (
            one(
                r#""shop/fetch" => new as async fn(u32) -> u32"#,
                "async fn new(number: u32) -> u32 { number }",
            ),
            "an async function cannot be replaced from a library",
        ),
        (one(r#""shop/price" = new"#, "fn new() {}"), "each replacement is written `"),
        (
            one(r#""shop/price" => new as fn() -> u64"#, "fn new() -> u32 { 0 }"),
            "expected `u64`, found `u32`",
        ),
        (
            one(
                r#""shop/price" => new as fn(&Order) -> u64"#,
                "fn new(_: &'static Order) -> u64 { 0 }",
            ),
            "borrowed data escapes",
        ),
        (
            one(
                r#""shop/checksum" => new as fn(u32) -> u32"#,
                "unsafe fn new(_: u32) -> u32 { 0 }",
            ),
            "call to unsafe function",
        ),
        (one("", "hot::replace! {}"), "__hot_replacements_v1"),
    ];
    for (source, message) in cases {
        fixture.write("patch/src/lib.rs", &source);
        let errors = fixture.build().expect_err(&source);
        assert!(errors.contains(message), "{source}{errors}");
    }
}

#[test]
fn wrong_names_and_types_are_refused_and_nothing_changes() {
    let fixture = fixture();
    let mut program = fixture.start("tokio");
    program.expect(START);
    // One that fits beside each that does not: none is taken.
    let fits = r#""main/banner" => banner as fn() -> String, "#;
    let banner = "fn banner() -> String { \"taken\".to_owned() }\n";
    let cases = [
        (
            r#""shop/price" => new as fn(&Order) -> u32"#,
            "fn new(_: &Order) -> u32 { 0 }",
            "`shop/price` is `fn(&'_ shop::Order) -> u64`, its replacement is `fn(&'_ shop::Order) \
             -> u32`",
        ),
        (
            r#""shop/price" => new as fn(&'static Order) -> u64"#,
            "fn new(_: &'static Order) -> u64 { 0 }",
            "its replacement is `fn(&shop::Order) -> u64`",
        ),
        (
            r#""shop/prise" => new as fn(&Order) -> u64"#,
            "fn new(_: &Order) -> u64 { 0 }",
            "there is no hot function `shop/prise`; did you mean `shop/price`",
        ),
        (r#""shop/generic" => new as fn(u32) -> u32"#, "fn new(_: u32) -> u32 { 0 }", "is generic"),
        (r#""shop/fetch" => new as fn(u32) -> u32"#, "fn new(_: u32) -> u32 { 0 }", "is async"),
        (
            r#""shop/numbers" => new as fn() -> std::ops::Range<u32>"#,
            "fn new() -> std::ops::Range<u32> { 0..1 }",
            "cannot be checked",
        ),
        (
            r#""host_library::banner" => banner as fn() -> String"#,
            "",
            "it replaces `main/banner` twice",
        ),
    ];
    for (line, function, refusal) in cases {
        let path = fixture.library(&one(&format!("{fits}{line}"), &format!("{banner}{function}")));
        program.load(&path);
        let line = program.expect("Hot reload");
        let begin = format!("err: Hot reload failed: failed to load `{}`: ", path.display());
        assert!(line.starts_with(&begin), "{line}");
        assert!(line.contains(refusal), "{line}");
    }
    let two =
        one(r#""shop/none" => price as fn(), "shop/nil" => price as fn(), "#, "fn price() {}");
    program.load(&fixture.library(&two));
    program.expect("none of it was taken, since");
    program.expect("`shop/none`");
    program.expect("`shop/nil`");

    let (_, rest) = program.finish();
    assert!(rest.iter().all(|line| line == "out: ended"), "{rest:?}");
}

#[test]
fn files_that_are_no_whole_library_are_refused() {
    let fixture = fixture();
    let mut program = fixture.start("loop");
    program.expect(START);
    let folder = fixture.folder("broken");
    let broken = folder.0.join("broken library.so");
    let mut refused = |content: &[u8], why: &str| {
        fs::write(&broken, content).unwrap();
        program.load(&broken);
        let line = program.expect("Hot reload");
        assert!(line.contains("broken library.so`: ") && line.contains(why), "{why}: {line}");
    };
    let whole = fs::read(fixture.library(&price("order.amount"))).unwrap();
    let lengths = [4, 5, 16, 63, 64, 65, 120, 1000, 4096, 5000, 65536];
    let near_end = [whole.len() / 4, whole.len() / 2, whole.len() - 65, whole.len() - 1];
    for length in lengths.into_iter().chain(near_end) {
        refused(&whole[..length], "it is cut off");
    }
    refused(b"", "the file is empty");
    refused(&whole[..3], "neither a hot patch nor a shared library");
    refused(b"!<arch>\n", "neither a hot patch nor a shared library");
    refused(
        b"\x7fELF rubbish that goes on for more than a header, as long as one or two of them",
        "another kind of machine",
    );
    let changed = |at: usize, value: u64| {
        let mut file = whole.clone();
        file[at..at + 8].copy_from_slice(&value.to_le_bytes());
        file
    };
    refused(&changed(32, u64::MAX - 3), "it is damaged");
    refused(&changed(32, whole.len() as u64), "it is cut off");
    let host = fs::read(fixture.command("loop").get_program()).unwrap();
    refused(&host, "names no replacements");

    let unnamed = fs::read(fixture.library("pub fn nothing() {}")).unwrap();
    refused(&unnamed, "write `hot::replace! {");
    // Tables of other versions of hot.
    let table = b"__hot_replacements_v1";
    let mut other = whole.clone();
    let at = |bytes: &[u8]| bytes.windows(table.len()).position(|window| window == table);
    while let Some(at) = at(&other) {
        other[at + table.len() - 1] = b'9';
    }
    refused(&other, "a version of hot whose replacements this program cannot read");

    program.load(&fixture.library(&price("order.amount + 5")));
    program.expect("out: Hot reload was successful: shop/price");
    program.expect("price=105 ");
}

#[test]
fn a_library_compiled_in_another_way_is_refused() {
    let fixture = fixture();
    let mut program = fixture.start("loop");
    program.expect(START);
    // Other features of hot: another crate to the compiler.
    let own = "patch-apart/";
    let manifest = format!(
        "[package]\nname = \"patch-apart\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[lib]\n\
         crate-type = [\"cdylib\"]\n\n[dependencies]\nhot = {{ path = {:?}, default-features = \
         false }}\n\n[workspace]\n",
        env!("CARGO_MANIFEST_DIR")
    );
    fixture.write(&format!("{own}Cargo.toml"), &manifest);
    fixture.write(
        &format!("{own}src/lib.rs"),
        "hot::replace! { \"main/banner\" => banner as fn() -> String }\n\
         fn banner() -> String { String::new() }\n",
    );
    program.load(&fixture.build_apart(own, "libpatch_apart.so"));
    program.expect("the library was not compiled as this program was");
}

#[test]
fn a_folder_is_watched_for_libraries() {
    let fixture = fixture();
    let folder = fixture.folder("watched");
    let put = |name: &str, library: &Path| {
        fs::copy(library, folder.0.join(".part")).unwrap();
        fs::rename(folder.0.join(".part"), folder.0.join(name)).unwrap();
    };
    // There before the program.
    put("1.so", &fixture.library(&price("1")));
    put("2.so", &fixture.library(&price("2")));
    fs::write(folder.0.join("README"), "about these files").unwrap();
    let mut program = fixture::Program::start(fixture.command("echo").env("HOT_WATCH", &folder.0));
    program.say("its own");
    program.expect("out: stdin: its own");
    program.expect("out: Hot reload was successful: shop/price");
    program.expect("out: Hot reload was successful: shop/price");
    program.expect("price=2 ");
    fs::write(folder.0.join("3.so"), "rubbish").unwrap();
    program.expect("3.so`: it is neither a hot patch nor a shared library");
    // Changed under its name, and it counts though its name is not the last.
    put("1.so", &fixture.library(&price("11")));
    program.expect("out: Hot reload was successful: shop/price");
    program.expect("price=11 ");
    fs::remove_dir_all(&folder.0).unwrap();
    program.expect("err: Hot reload: failed to read the folder");
    fs::create_dir(&folder.0).unwrap();
    put("1.so", &fixture.library(&price("12")));
    program.expect("price=12 ");
    let (status, _) = program.finish();
    assert!(status.success());
}
