//! The model as Rust source.

mod fixed;
mod function;
mod types;

pub use function::STD;

use crate::model::{Broken, Item, Kind, Model};
use std::fmt::Write;

/// All files that depend on the model, and those that all programs share: path in the project,
/// content.
pub fn files(model: &Model) -> Vec<(String, String)> {
    let program = model.program;
    let mut files: Vec<(String, String)> =
        (0..model.modules.len()).map(|m| (file_of(model, m), module(model, m))).collect();
    files.extend(fixed::files(model));
    for krate in program.crates {
        let (name, text) = krate.root;
        files.push((format!("{}/{name}", krate.folder), fixed::root(model, krate, text)));
    }
    files
}

fn file_of(model: &Model, m: usize) -> String {
    let module = &model.modules[m];
    let krate = &model.program.crates[model.program.rank(module.krate)];
    format!("{}/{}.rs", krate.folder, module.name)
}

fn module(model: &Model, m: usize) -> String {
    let module = &model.modules[m];
    let mut out = String::from("//! Generated.\n");
    for line in &module.comments[0] {
        let _ = writeln!(out, "// {line}");
    }
    out.push_str(
        "\nuse hot::hot;\nuse std::cell::Cell;\nuse std::sync::Mutex;\n\
         use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};\n",
    );
    let _ = writeln!(out, "use {}::base;", ground(model, m));
    for item in &module.items {
        out.push('\n');
        out.push_str(&render(model, m, item));
    }
    out.push('\n');
    out.push_str(&fixed::counts(module));
    out.push_str(&fixed::answers(model, m));
    if module.name == "keep" {
        out.push_str(&fixed::keep(model, m));
    }
    match model.broken {
        Some(Broken::Type(at)) if at == m => {
            out.push_str("\nfn broken() -> u64 {\n    \"not a number\"\n}\n");
        }
        Some(Broken::Syntax(at)) if at == m => out.push_str("\nfn broken() {{\n"),
        _ => {}
    }
    for line in &module.comments[1] {
        let _ = writeln!(out, "// {line}");
    }
    out
}

/// The crate that all use, as it is written in a module.
fn ground(model: &Model, m: usize) -> String {
    krate(model.program.ground().name, model.modules[m].krate)
}

/// A crate as it is written in another.
fn krate(name: &str, from: &str) -> String {
    // A module may have the same name.
    if name == from { "crate".to_owned() } else { format!("::{name}") }
}

/// The path of an item as it is written in a module.
fn path(model: &Model, from: usize, name: &str) -> String {
    let (m, i) = model.find(name).unwrap_or_else(|| panic!("no item is called {name}"));
    let module = &model.modules[m];
    let krate = krate(module.krate, model.modules[from].krate);
    if matches!(module.items[i].kind, Kind::Macro(..)) {
        return format!("{krate}::{name}");
    }
    if m == from {
        return name.to_owned();
    }
    format!("{krate}::{}::{name}", module.name)
}

/// The path of something in the module `keep` that is no item of the model.
fn of_keep(model: &Model, m: usize, name: &str) -> String {
    if model.modules[m].name == "keep" {
        return name.to_owned();
    }
    format!("{}::keep::{name}", ground(model, m))
}

fn render(model: &Model, m: usize, item: &Item) -> String {
    let name = &item.name;
    // Private unless another module names it: an edit elsewhere can change that, as in real life.
    let shared = model.users(name).iter().any(|(user, _)| *user != m);
    let hidden = matches!(&model.broken, Some(Broken::Hidden(hidden)) if hidden == name);
    let vis = if shared && !hidden { "pub " } else { "" };
    match &item.kind {
        Kind::Function(function) => {
            let vis = if (function.hot || function.public) && !hidden { "pub " } else { vis };
            function::function(model, m, name, function, vis)
        }
        Kind::Constant(value, None) => format!("{vis}const {name}: u64 = {value};\n"),
        Kind::Constant(value, Some(of)) => {
            format!("{vis}const {name}: u64 = {value} ^ {};\n", path(model, m, of))
        }
        Kind::Table(values) => {
            format!("{vis}static {name}: [u64; {}] = {values:?};\n", values.len())
        }
        Kind::Dispatch(functions) => {
            let calls: Vec<String> =
                functions.iter().map(|name| function::through(model, m, name)).collect();
            format!(
                "{vis}static {name}: [fn(u64) -> u64; {}] = [{}];\n",
                calls.len(),
                calls.join(", ")
            )
        }
        Kind::Counter(first, bits) => {
            format!("{vis}static {name}: AtomicU{bits} = AtomicU{bits}::new({first});\n")
        }
        Kind::Local(first, lazy) => {
            let first = format!("Cell::new({first})");
            let first = if *lazy { first } else { format!("const {{ {first} }}") };
            format!("thread_local! {{\n    {vis}static {name}: Cell<u64> = {first};\n}}\n")
        }
        Kind::Macro(op, by) => format!(
            "#[macro_export]\nmacro_rules! {name} {{\n    ($v:expr) => {{\n        \
             {{ let v: u64 = $v; {} }}\n    }};\n}}\n",
            function::operation(op, "v", &format!("{by}_u64"))
        ),
        Kind::Record { fields, derives, dropped, .. } => {
            types::record(model, m, name, fields, derives, *dropped)
        }
        Kind::Choice { variants, .. } => types::choice(model, m, name, variants),
        Kind::Shape { .. } => types::shape(model, m, name, &item.kind),
    }
}
