//! The model as Rust source.

use crate::model::{Field, Function, Item, Kind, Model, Module, Operand, Step};
use std::fmt::Write;

/// All generated files: path in the project, content.
pub fn files(model: &Model) -> Vec<(String, String)> {
    let generated = (0..model.modules.len()).map(|m| {
        let module = &model.modules[m];
        (format!("{}/src/{}.rs", module.krate, module.name), file(model, m))
    });
    let state = include_str!("../fixtures/stock/stock/src/state.rs");
    let was = "const REVISION: u64 = 0;";
    assert!(state.contains(was), "the state has a revision");
    let state = state.replace(was, &format!("const REVISION: u64 = {};", model.revision));
    generated.chain([("stock/src/state.rs".to_owned(), state)]).collect()
}

fn file(model: &Model, m: usize) -> String {
    let module = &model.modules[m];
    let mut out = String::from("//! Generated.\n");
    for line in &module.comments[0] {
        let _ = writeln!(out, "// {line}");
    }
    out.push_str(
        "\nuse hot::hot;\nuse std::cell::Cell;\nuse std::sync::Mutex;\n\
         use std::sync::atomic::{AtomicU64, Ordering};\n",
    );
    if module.name == "price" {
        out.push_str("\npub struct Cart {\n    pub factor: u64,\n}\n");
    }
    for item in &module.items {
        out.push('\n');
        out.push_str(&render(model, m, item));
    }
    out.push('\n');
    out.push_str(&counts(module));
    if module.name == "keep" {
        out.push_str(&keep(model, m));
    }
    if model.broken == Some(m) {
        out.push_str("\nfn broken() -> u64 {\n    \"not a number\"\n}\n");
    }
    for line in &module.comments[1] {
        let _ = writeln!(out, "// {line}");
    }
    out
}

/// The path of an item as it is written in a module.
fn path(model: &Model, from: usize, name: &str) -> String {
    let (m, _) = model.find(name).unwrap_or_else(|| panic!("no item is called {name}"));
    let module = &model.modules[m];
    if m == from {
        return name.to_owned();
    }
    let krate = if module.krate == model.modules[from].krate { "crate" } else { module.krate };
    format!("{krate}::{}::{name}", module.name)
}

fn weigh(model: &Model, from: usize) -> &'static str {
    if model.modules[from].krate == "stock" { "crate::weigh" } else { "stock::weigh" }
}

fn render(model: &Model, m: usize, item: &Item) -> String {
    let name = &item.name;
    // Private unless another module names it: an edit elsewhere can change that, as in real life.
    let shared = model.users(name).iter().any(|(user, _)| *user != m);
    let vis = if shared { "pub " } else { "" };
    match &item.kind {
        Kind::Function(function) => self::function(model, m, name, function, vis),
        Kind::Constant(value) => format!("{vis}const {name}: u64 = {value};\n"),
        Kind::Table(values) => {
            format!("{vis}static {name}: [u64; {}] = {values:?};\n", values.len())
        }
        Kind::Counter(first) => {
            format!("{vis}static {name}: AtomicU64 = AtomicU64::new({first});\n")
        }
        Kind::Local(first, lazy) => {
            let first = format!("Cell::new({first})");
            let first = if *lazy { first } else { format!("const {{ {first} }}") };
            format!("thread_local! {{\n    {vis}static {name}: Cell<u64> = {first};\n}}\n")
        }
        Kind::Record { fields, derives, .. } => record(model, m, name, fields, derives),
        Kind::Choice { variants, .. } => choice(model, m, name, variants),
        Kind::Shape { fields, hot, dropped, steps, .. } => {
            let mut out = format!("pub struct {name} {{\n    side: [u64; {fields}],\n}}\n\n");
            if *hot {
                out.push_str("#[hot]\n");
            }
            let _ = writeln!(
                out,
                "impl {} for {name} {{\n    fn area(&self, n: u64) -> u64 {{\n        \
                 let mut v = n ^ self.side[0];",
                shape_trait(model, m)
            );
            for (index, step) in steps.iter().enumerate() {
                let _ = writeln!(out, "        {}", self::step(model, m, step, index));
            }
            out.push_str("        v\n    }\n}\n");
            if *dropped {
                let _ = writeln!(
                    out,
                    "\nimpl Drop for {name} {{\n    fn drop(&mut self) {{\n        \
                     std::hint::black_box(self.side[0]);\n    }}\n}}"
                );
            }
            let _ = writeln!(
                out,
                "\nimpl {name} {{\n    pub fn make(v: u64) -> {name} {{\n        \
                 {name} {{ side: [v; {fields}] }}\n    }}\n}}"
            );
            out
        }
    }
}

fn shape_trait(model: &Model, from: usize) -> &'static str {
    match model.modules[from] {
        Module { name: "keep", .. } => "Shape",
        Module { krate: "stock", .. } => "crate::keep::Shape",
        _ => "stock::keep::Shape",
    }
}

fn function(model: &Model, m: usize, name: &str, function: &Function, vis: &str) -> String {
    let mut out = String::new();
    if function.hot {
        out.push_str("#[hot]\n");
    }
    if let Some(inline) = function.inline {
        let _ = writeln!(out, "#[inline{inline}]");
    }
    if function.method {
        out.push_str("impl Cart {\n");
    }
    let vis = if function.hot || function.aloof { "pub " } else { vis };
    let receiver = if function.method { "&self, " } else { "" };
    let (parameters, number) =
        if function.generic { ("<T: Copy + std::fmt::Debug>", "T") } else { ("", "u64") };
    let mut extra = String::new();
    for index in 0..function.extra {
        let _ = write!(extra, ", p{index}: u64");
    }
    let _ = writeln!(out, "{vis}fn {name}{parameters}({receiver}n: {number}{extra}) -> u64 {{");
    if function.generic {
        let weigh = weigh(model, m);
        let _ = writeln!(
            out,
            "    let mut v = {weigh}(&format!(\"{{n:?}}\")) ^ size_of::<T>() as u64;"
        );
    } else if function.method {
        out.push_str("    let mut v = n ^ self.factor;\n");
    } else {
        out.push_str("    let mut v = n;\n");
    }
    for index in 0..function.extra {
        let _ = writeln!(out, "    v = v.rotate_left(3) ^ p{index};");
    }
    for (index, step) in function.steps.iter().enumerate() {
        let _ = writeln!(out, "    {}", self::step(model, m, step, index));
    }
    out.push_str("    v\n}\n");
    if function.method {
        out.push_str("}\n");
    }
    out
}

fn operation(op: &str, value: &str, by: &str) -> String {
    match op {
        "xor" => format!("{value} ^ {by}"),
        "rotate" => format!("{value}.rotate_left(({by} % 64) as u32)"),
        "divide" => format!("{value} / ({by} | 1)"),
        _ => format!("{value}.wrapping_{op}({by})"),
    }
}

fn operand(model: &Model, m: usize, operand: &Operand) -> String {
    match operand {
        Operand::Literal(value) => format!("{value}_u64"),
        Operand::Constant(name) => path(model, m, name),
    }
}

fn step(model: &Model, m: usize, step: &Step, index: usize) -> String {
    let weigh = weigh(model, m);
    match step {
        Step::Op(op, by) => format!("v = {};", operation(op, "v", &operand(model, m, by))),
        Step::Call(name, instance) => {
            let Kind::Function(function) = &model.item(name).kind else {
                unreachable!("only functions are called")
            };
            let extra: String = (0..function.extra).map(|i| format!(", {}", 11 + i)).collect();
            let path = path(model, m, name);
            if function.generic {
                format!("v ^= {path}::<{instance}>(v as {instance}{extra});")
            } else {
                format!("v = {path}(v{extra});")
            }
        }
        Step::Closure { op, by, captures, boxed } => {
            let by = operand(model, m, by);
            let (held, by) = if *captures {
                (format!("let held = v ^ {by}; "), "held".to_owned())
            } else {
                (String::new(), by)
            };
            let body = operation(op, "x", &by);
            if *boxed {
                format!(
                    "{held}let work{index}: Box<dyn Fn(u64) -> u64> = Box::new(move |x: u64| {body}); \
                     v = work{index}(v);"
                )
            } else {
                format!("{held}let work{index} = |x: u64| {body}; v = work{index}(v);")
            }
        }
        Step::Match { modulus, arms } => {
            let mut out = format!("v = match v % {modulus} {{\n");
            for (value, op, by) in arms {
                let by = format!("{by}_u64");
                let _ = writeln!(out, "        {value} => {},", operation(op, "v", &by));
            }
            out.push_str("        _ => v,\n    };");
            out
        }
        Step::Text(text) => format!("v ^= {weigh}(&format!(\"{text} {{v}}\"));"),
        Step::Make(name) => format!("v ^= {}::make(v).weigh();", path(model, m, name)),
        Step::Choose(name) => format!("v ^= {}::any(v).weigh();", path(model, m, name)),
        Step::Dyn(name) => format!(
            "let shape{index}: Box<dyn {}> = Box::new({}::make(v)); v = shape{index}.twice(v);",
            shape_trait(model, m),
            path(model, m, name)
        ),
        Step::Std(which) => match which % 6 {
            0 => format!("v ^= {weigh}(&format!(\"{{v:x}}\").to_uppercase());"),
            1 => "v ^= [v, 3, v >> 7].iter().copied().collect::<std::collections::BTreeSet<u64>>()\
                  .iter().fold(0, |sum: u64, x| sum.rotate_left(9) ^ x);"
                .to_owned(),
            2 => "let mut sorted = vec![v % 11, v % 7, v % 13, v % 3]; sorted.sort_unstable(); \
                  v ^= sorted[1] << 8 | sorted[3];"
                .to_owned(),
            3 => "v ^= v.to_string().parse::<f64>().map_or(1, |x| (x / 3.0).to_bits());".to_owned(),
            4 => "v = std::thread::spawn(move || v ^ 99).join().unwrap_or(4);".to_owned(),
            _ => {
                "v ^= v.to_string().chars().rev().filter(|c| *c != '3').count() as u64;".to_owned()
            }
        },
        Step::Count(name) => {
            format!("{}.fetch_add(1, Ordering::Relaxed);", path(model, m, name))
        }
        Step::Local(name) => {
            let name = path(model, m, name);
            format!("{name}.set({name}.get() + 1);")
        }
        Step::Lookup(name) => {
            let name = path(model, m, name);
            format!("v ^= {name}[v as usize % {name}.len()];")
        }
        Step::Unwind(modulus) => format!(
            "v = std::panic::catch_unwind(|| {{ if v % {modulus} == 0 {{ \
             std::panic::resume_unwind(Box::new(v)) }} v ^ {modulus} }})\
             .unwrap_or_else(|e| e.downcast_ref::<u64>().map_or(8, |x| x ^ 5));"
        ),
    }
}

fn field_type(model: &Model, m: usize, field: &Field) -> String {
    match field {
        Field::U8 => "u8".into(),
        Field::U32 => "u32".into(),
        Field::U64 => "u64".into(),
        Field::Bool => "bool".into(),
        Field::Text => "String".into(),
        Field::Maybe => "Option<u16>".into(),
        Field::Bytes => "Vec<u8>".into(),
        Field::Choice(name) => path(model, m, name),
    }
}

fn field_value(model: &Model, m: usize, field: &Field) -> String {
    match field {
        Field::U8 => "v as u8".into(),
        Field::U32 => "v as u32".into(),
        Field::U64 => "v".into(),
        Field::Bool => "v % 2 == 1".into(),
        Field::Text => "v.to_string()".into(),
        Field::Maybe => "Some(v as u16)".into(),
        Field::Bytes => "vec![v as u8; 3]".into(),
        Field::Choice(name) => format!("{}::make(v)", path(model, m, name)),
    }
}

/// An expression for the weight of a field, given one for a reference to it.
fn field_weight(model: &Model, m: usize, field: &Field, at: &str) -> String {
    let weigh = weigh(model, m);
    match field {
        Field::U8 | Field::U32 | Field::U64 | Field::Bool => format!("(*{at}) as u64"),
        Field::Text => format!("{weigh}({at})"),
        Field::Maybe => format!("{at}.map_or(9, u64::from)"),
        Field::Bytes => format!("{at}.iter().map(|b| u64::from(*b)).sum::<u64>()"),
        Field::Choice(_) => format!("{at}.weigh()"),
    }
}

fn record(
    model: &Model,
    m: usize,
    name: &str,
    fields: &[(String, Field)],
    derives: &[&str],
) -> String {
    let mut out = String::new();
    if !derives.is_empty() {
        let _ = writeln!(out, "#[derive({})]", derives.join(", "));
    }
    let _ = writeln!(out, "pub struct {name} {{");
    for (field, of) in fields {
        let _ = writeln!(out, "    {field}: {},", field_type(model, m, of));
    }
    let _ = writeln!(out, "}}\n\nimpl {name} {{\n    pub fn make(v: u64) -> {name} {{");
    let _ = writeln!(out, "        {name} {{");
    for (field, of) in fields {
        let _ = writeln!(out, "            {field}: {},", field_value(model, m, of));
    }
    out.push_str("        }\n    }\n\n    pub fn weigh(&self) -> u64 {\n");
    let _ = writeln!(out, "        let mut w = size_of::<{name}>() as u64;");
    for (field, of) in fields {
        let weight = field_weight(model, m, of, &format!("(&self.{field})"));
        let _ = writeln!(out, "        w = w.rotate_left(7) ^ {weight};");
    }
    let weigh = weigh(model, m);
    if derives.contains(&"Debug") {
        let _ = writeln!(out, "        w ^= {weigh}(&format!(\"{{self:?}}\"));");
    }
    if derives.contains(&"Clone") && derives.contains(&"PartialEq") {
        out.push_str("        w ^= u64::from(self.clone() == *self) << 5;\n");
    }
    if derives.contains(&"Hash") {
        out.push_str(
            "        let mut hasher = std::hash::DefaultHasher::new();\n        \
             std::hash::Hash::hash(self, &mut hasher);\n        \
             w ^= std::hash::Hasher::finish(&hasher);\n",
        );
    }
    out.push_str("        w\n    }\n}\n");
    out
}

fn choice(model: &Model, m: usize, name: &str, variants: &[(String, Option<Field>)]) -> String {
    let mut out = format!("#[derive(Debug, Clone, PartialEq, Hash)]\npub enum {name} {{\n");
    for (variant, field) in variants {
        let of = field.as_ref().map_or(String::new(), |f| format!("({})", field_type(model, m, f)));
        let _ = writeln!(out, "    {variant}{of},");
    }
    let _ = writeln!(out, "}}\n\nimpl {name} {{");
    for (function, count) in [("make", 2), ("any", variants.len())] {
        let _ = writeln!(out, "    pub fn {function}(v: u64) -> {name} {{");
        let _ = writeln!(out, "        match v % {count} {{");
        for (index, (variant, field)) in variants.iter().take(count).enumerate() {
            let value =
                field.as_ref().map_or(String::new(), |f| format!("({})", field_value(model, m, f)));
            let pattern = if index + 1 == count { "_".to_owned() } else { index.to_string() };
            let _ = writeln!(out, "            {pattern} => {name}::{variant}{value},");
        }
        out.push_str("        }\n    }\n\n");
    }
    out.push_str("    pub fn weigh(&self) -> u64 {\n        match self {\n");
    for (index, (variant, field)) in variants.iter().enumerate() {
        let (pattern, weight) = match field {
            Some(f) => ("(inner)", field_weight(model, m, f, "inner")),
            None => ("", "5".to_owned()),
        };
        let _ =
            writeln!(out, "            {name}::{variant}{pattern} => {weight} ^ {},", 64 + index);
    }
    out.push_str("        }\n    }\n}\n");
    out
}

/// The hot function that shows the module's counters.
fn counts(module: &Module) -> String {
    let mut out =
        String::from("#[hot]\npub fn counts() -> String {\n    let mut text = String::new();\n");
    for item in &module.items {
        let name = &item.name;
        match item.kind {
            Kind::Counter(_) => {
                let _ = writeln!(
                    out,
                    "    text += &format!(\"static {name} {{}};\", {name}.load(Ordering::Relaxed));"
                );
            }
            Kind::Local(..) => {
                let _ =
                    writeln!(out, "    text += &format!(\"local {name} {{}};\", {name}.get());");
            }
            _ => {}
        }
    }
    out.push_str("    text\n}\n");
    out
}

/// What the module `keep` has besides its items: the trait, and the values from the start.
fn keep(model: &Model, m: usize) -> String {
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
    out.push_str(
        "}\n\nstatic ORDERS: Mutex<Vec<Order>> = Mutex::new(Vec::new());\n\
         static HOT_SHAPES: Mutex<Vec<Box<dyn Shape>>> = Mutex::new(Vec::new());\n\
         static OLD_SHAPES: Mutex<Vec<Box<dyn Shape>>> = Mutex::new(Vec::new());\n\n\
         /// Makes what is kept from the start.\npub fn open() {\n    \
         ORDERS.lock().expect(\"a lock\").extend((1..4).map(Order::make));\n",
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
         let orders = ORDERS.lock().expect(\"a lock\");\n    \
         orders.iter().fold(n, |sum, order| sum.rotate_left(5) ^ order.weigh())\n}\n",
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
