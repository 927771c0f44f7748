//! The code around the generated items: it asks them, and keeps values from the start.

use super::{function, ground, path};
use crate::{
    model::{Form, Function, Generic, Item, Kind, Model, Module},
    program::Crate,
};
use std::fmt::Write;

const BASE: &str = include_str!("../../fixtures/oracle/ground/base.rs");
const STATE: &str = include_str!("../../fixtures/oracle/ground/state.rs");
const FRONT: &str = include_str!("../../fixtures/oracle/ground/front.rs");

/// The files besides the modules of the model and the roots.
pub fn files(model: &Model) -> Vec<(String, String)> {
    let program = model.program;
    let (ground, last) = (program.ground(), program.crates.last().expect("a crate"));
    let name = super::krate(ground.name, last.name);
    let replace = |text: &str, was: &str, now: &str| {
        assert!(text.contains(was), "{was} is in the text");
        text.replace(was, now)
    };
    let front = format!("{}// {}\n", replace(FRONT, "GROUND", &name), model.marks);
    let revision = format!("const REVISION: u64 = {};", model.revision);
    vec![
        (format!("{}/base.rs", ground.folder), BASE.to_owned()),
        (
            format!("{}/state.rs", ground.folder),
            replace(STATE, "const REVISION: u64 = 0;", &revision),
        ),
        (format!("{}/front.rs", last.folder), front),
        (format!("{}/ask.rs", last.folder), ask(model, last.name)),
    ]
}

/// The root of a crate.
pub fn root(model: &Model, krate: &Crate, text: &str) -> String {
    let program = model.program;
    let mut modules: Vec<&str> = Vec::new();
    if krate.name == program.ground().name {
        modules.extend(["base", "state"]);
    }
    if krate.name == program.crates.last().expect("a crate").name {
        modules.extend(["front", "ask"]);
    }
    let mine = model.modules.iter().filter(|module| module.krate == krate.name);
    modules.extend(mine.map(|module| module.name.as_str()));
    let list: Vec<String> = modules.iter().map(|name| format!("pub mod {name};")).collect();
    assert!(text.contains("// modules"), "the root has a place for its modules");
    text.replace("// modules", &list.join("\n"))
}

/// The hot functions that ask all others.
fn ask(model: &Model, krate: &str) -> String {
    let mut out = String::from(
        "//! Generated: what all modules answer.\n\nuse hot::hot;\n\n\
         #[hot]\npub fn all(n: u64) -> String {\n    let mut text = String::new();\n",
    );
    let path = |module: &Module| format!("{}::{}", super::krate(module.krate, krate), module.name);
    for module in &model.modules {
        let _ = writeln!(out, "    {}::answers(n, &mut text);", path(module));
    }
    out.push_str(
        "    text\n}\n\n#[hot]\npub fn counts() -> String {\n    let mut text = String::new();\n",
    );
    for module in &model.modules {
        let _ = writeln!(out, "    text += &{}::counts();", path(module));
    }
    out.push_str(
        "    text\n}\n\n/// What the main thread does all the time.\n#[hot]\npub fn pulse() {\n    \
         std::hint::black_box(all(5));\n}\n",
    );
    out
}

/// The hot function that shows a module's counters.
pub fn counts(module: &Module) -> String {
    let mut out =
        String::from("#[hot]\npub fn counts() -> String {\n    let mut text = String::new();\n");
    for item in &module.items {
        let name = &item.name;
        let place = format!("{}::{name}", module.name);
        match item.kind {
            Kind::Counter(..) => {
                let _ = writeln!(
                    out,
                    "    text += &format!(\"static {place} {{}};\", {name}.load(Ordering::Relaxed));"
                );
            }
            Kind::Local(..) => {
                let _ =
                    writeln!(out, "    text += &format!(\"local {place} {{}};\", {name}.get());");
            }
            _ => {}
        }
    }
    out.push_str("    text\n}\n");
    out
}

/// The hot function that asks a module's hot functions.
pub fn answers(model: &Model, m: usize) -> String {
    let module = &model.modules[m];
    let mut out = String::from("\n#[hot]\npub fn answers(n: u64, text: &mut String) {\n");
    let mut asked: Vec<(&str, String)> = Vec::new();
    for Item { name, kind } in &module.items {
        if let Kind::Function(function) = kind
            && function.hot
        {
            asked.push((name, question(model, m, name, function)));
        }
    }
    if module.name == "keep" {
        for function in ["orders", "areas", "old_areas", "old_work"] {
            asked.push((function, format!("{function}(n)")));
        }
        asked.push(("work", "work(job(n))".to_owned()));
        asked.push(("worker", "worker()(n)".to_owned()));
    }
    for (name, expression) in asked {
        let _ = writeln!(
            out,
            "    let value = {expression};\n    \
             *text += &format!(\"{}/{name}@{{n}}={{value:x}} \");",
            module.name
        );
    }
    out.push_str("}\n");
    out
}

fn question(model: &Model, m: usize, name: &str, function: &Function) -> String {
    let extra = function::arguments(function);
    let call = match (function.form, function.generic) {
        (Form::Method, _) => format!("(Cart {{ factor: 3 }}).{name}(n{extra})"),
        (_, Generic::Number) => {
            return format!(
                "{name}::<u64>(n{extra}) ^ {name}::<u8>(n as u8{extra}).rotate_left(1)"
            );
        }
        (_, Generic::Length) => format!("{name}::<3>(n{extra})"),
        (_, Generic::Shape) => {
            let shape = super::of_keep(model, m, "Stone");
            format!("{name}(&{shape}, n{extra})")
        }
        _ => format!("{name}(n{extra})"),
    };
    if function.task { format!("{}::runtime::wait({call})", ground(model, m)) } else { call }
}

/// Returns the rest of the module `keep`, besides its items: the traits, and the values from the start.
pub fn keep(model: &Model, m: usize) -> String {
    let mut out = String::from(
        "\npub trait Shape: Send {\n    fn area(&self, n: u64) -> u64;\n\n    \
         fn twice(&self, n: u64) -> u64 {\n        self.area(self.area(n))\n    }\n",
    );
    for (name, by) in &model.methods {
        let _ = writeln!(
            out,
            "\n    fn {name}(&self, n: u64) -> u64 {{\n        self.area(n) ^ {by}\n    }}"
        );
    }
    let _ = writeln!(
        out,
        "}}\n\npub trait Rule {{\n    const WEIGHT: u64 = {};\n\n    fn rule(n: u64) -> u64 {{\n        \
         n.rotate_left(3) ^ Self::WEIGHT\n    }}\n}}\n\npub struct Stone;\n\n\
         impl Shape for Stone {{\n    fn area(&self, n: u64) -> u64 {{\n        n ^ 2\n    }}\n}}\n\n\
         impl Rule for Stone {{}}",
        model.weight
    );
    out.push_str(
        "\nstatic ORDERS: Mutex<Vec<Order>> = Mutex::new(Vec::new());\n\
         static HOT_SHAPES: Mutex<Vec<Box<dyn Shape>>> = Mutex::new(Vec::new());\n\
         static OLD_SHAPES: Mutex<Vec<Box<dyn Shape>>> = Mutex::new(Vec::new());\n\
         static WORK: Mutex<Vec<Box<dyn Fn(u64) -> u64 + Send>>> = Mutex::new(Vec::new());\n\n\
         /// Makes what is kept from the start.\npub fn open() {\n    \
         ORDERS.lock().expect(\"a lock\").extend((1..4).map(Order::make));\n    \
         WORK.lock().expect(\"a lock\").push(worker());\n",
    );
    for (shelf, of) in [("HOT_SHAPES", true), ("OLD_SHAPES", false)] {
        let _ = writeln!(out, "    let mut shapes = {shelf}.lock().expect(\"a lock\");");
        let stored = |_, item: &Item| matches!(item.kind, Kind::Shape { stored: true, hot, .. } if hot == of);
        for name in model.all(stored) {
            let _ = writeln!(out, "    shapes.push(Box::new({}::make(7)));", path(model, m, &name));
        }
        out.push_str("    drop(shapes);\n");
    }
    out.push_str(
        "}\n\n#[hot]\npub fn orders(n: u64) -> u64 {\n    \
         let mut orders = ORDERS.lock().expect(\"a lock\");\n    \
         let sum = orders.iter().fold(n, |sum, order| sum.rotate_left(5) ^ order.weigh());\n    \
         drop(orders.pop());\n    orders.push(Order::make(3));\n    sum ^ base::drops()\n}\n\n\
         #[hot]\npub fn old_work(n: u64) -> u64 {\n    \
         WORK.lock().expect(\"a lock\").iter().fold(n, |sum, work| sum.rotate_left(5) ^ work(n))\n}\n\n\
         #[hot]\npub fn job(n: u64) -> Job {\n    Job::any(n)\n}\n\n\
         #[hot]\npub fn work(job: Job) -> u64 {\n    labour(job.weigh())\n}\n",
    );
    for (function, shelf) in [("areas", "HOT_SHAPES"), ("old_areas", "OLD_SHAPES")] {
        let _ = write!(
            out,
            "\n#[hot]\npub fn {function}(n: u64) -> u64 {{\n    \
             let shapes = {shelf}.lock().expect(\"a lock\");\n    \
             shapes.iter().fold(n, |sum, shape| sum.rotate_left(5) ^ shape.twice(n)"
        );
        for (name, _) in &model.methods {
            let _ = write!(out, " ^ shape.{name}(n)");
        }
        out.push_str(")\n}\n");
    }
    out
}
