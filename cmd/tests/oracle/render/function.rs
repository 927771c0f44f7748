//! Functions and their steps.

use super::{of_keep, path};
use crate::model::{Form, Function, Generic, Kind, Model, Operand, Step};
use std::fmt::Write;

/// A function.
pub fn function(model: &Model, m: usize, name: &str, function: &Function, vis: &str) -> String {
    let mut out = String::new();
    if function.hot {
        out.push_str("#[hot]\n");
    }
    if let Some(inline) = function.inline {
        let _ = writeln!(out, "#[inline{inline}]");
    }
    if function.tracked {
        out.push_str("#[track_caller]\n");
    }
    let method = function.form == Form::Method;
    if method {
        out.push_str("impl Cart {\n");
    }
    let vis = if matches!(function.form, Form::Aloof) { "pub " } else { vis };
    if function.form == Form::Worker {
        return worker(model, m, name, function);
    }
    let (parameters, first) = match function.generic {
        Generic::No => (String::new(), "n: u64".to_owned()),
        Generic::Number => ("<T: Copy + std::fmt::Debug>".into(), "n: T".into()),
        Generic::Length => ("<const N: usize>".into(), "n: u64".into()),
        Generic::Shape => {
            let (shape, rule) = (of_keep(model, m, "Shape"), of_keep(model, m, "Rule"));
            (format!("<S: {shape} + {rule}>"), "shape: &S, n: u64".into())
        }
    };
    let receiver = if method { "&self, " } else { "" };
    let task = if function.task { "async " } else { "" };
    let mut extra = String::new();
    for index in 0..function.extra {
        let _ = write!(extra, ", p{index}: u64");
    }
    let _ = writeln!(out, "{vis}{task}fn {name}{parameters}({receiver}{first}{extra}) -> u64 {{");
    if function.form == Form::Waiting {
        let wait = if function.task { "passed(n).await" } else { "pause(n)" };
        let _ = writeln!(out, "    base::{wait};");
    }
    let first = match function.generic {
        Generic::Number => "base::weigh(&format!(\"{n:?}\")) ^ size_of::<T>() as u64",
        Generic::Length => "[n; N].iter().fold(7, |sum: u64, x| sum.rotate_left(3) ^ x)",
        Generic::Shape => "shape.twice(n) ^ S::WEIGHT ^ S::rule(n)",
        Generic::No if method => "n ^ self.factor",
        Generic::No => "n",
    };
    let _ = writeln!(out, "    let mut v = {first};");
    if function.tracked {
        // Not the line: a function is not replaced because lines above it were added, and reports
        // those that it was compiled with until it is.
        out.push_str("    v ^= base::weigh(std::panic::Location::caller().file());\n");
    }
    for index in 0..function.extra {
        let _ = writeln!(out, "    v = v.rotate_left(3) ^ p{index};");
    }
    steps(model, m, &function.steps, &mut out);
    out.push_str("    v\n}\n");
    if method {
        out.push_str("}\n\npub struct Cart {\n    pub factor: u64,\n}\n");
    }
    out
}

fn worker(model: &Model, m: usize, name: &str, function: &Function) -> String {
    let mut out = format!(
        "pub fn {name}() -> Box<dyn Fn(u64) -> u64 + Send> {{\n    let held = base::weigh(\"held\");\n    \
         Box::new(move |n| {{\n    let mut v = n ^ held;\n"
    );
    steps(model, m, &function.steps, &mut out);
    out.push_str("    v\n    })\n}\n");
    out
}

/// All steps of an item.
pub fn steps(model: &Model, m: usize, steps: &[Step], out: &mut String) {
    for (index, step) in steps.iter().enumerate() {
        let _ = writeln!(out, "    {}", self::step(model, m, step, index));
    }
}

/// An operator on two expressions.
pub fn operation(op: &str, value: &str, by: &str) -> String {
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

/// The arguments of a call besides the number.
pub fn arguments(function: &Function) -> String {
    (0..function.extra).map(|i| format!(", {}", 11 + i)).collect()
}

/// A closure that only calls a function.
pub fn through(model: &Model, m: usize, name: &str) -> String {
    let (function, path) = (callee(model, name), path(model, m, name));
    let instance = if function.generic == Generic::Number { "::<u64>" } else { "" };
    format!("|n| {path}{instance}(n{})", arguments(function))
}

fn callee<'a>(model: &'a Model, name: &str) -> &'a Function {
    match &model.item(name).kind {
        Kind::Function(function) => function,
        _ => panic!("{name} is called, but no function"),
    }
}

fn step(model: &Model, m: usize, step: &Step, index: usize) -> String {
    match step {
        Step::Op(op, by) => format!("v = {};", operation(op, "v", &operand(model, m, by))),
        Step::Call(name, instance) => {
            let (function, path) = (callee(model, name), path(model, m, name));
            let extra = arguments(function);
            if function.generic == Generic::Number {
                format!("v ^= {path}::<{instance}>(v as {instance}{extra});")
            } else {
                format!("v = {path}(v{extra});")
            }
        }
        Step::Sized(name, by) => {
            let extra = arguments(callee(model, name));
            let by = operand(model, m, by);
            format!("v ^= {}::<{{ ({by} % 7 + 1) as usize }}>(v{extra});", path(model, m, name))
        }
        Step::Measure(name, shape) => {
            let extra = arguments(callee(model, name));
            let (name, shape) = (path(model, m, name), path(model, m, shape));
            format!("v = {name}(&{shape}::make(v), v{extra}); v ^= base::drops();")
        }
        Step::Await(name, how) => {
            let extra = arguments(callee(model, name));
            let call = format!("{}(v{extra})", path(model, m, name));
            match how % 6 {
                0 => format!("v ^= tokio::spawn({call}).await.unwrap_or(3);"),
                1 => format!("v = {call}.await;"),
                2 => {
                    format!("let (a, b) = tokio::join!({call}, {call}); v = a ^ b.rotate_left(1);")
                }
                3 => format!(
                    "let future{index}: std::pin::Pin<Box<dyn Future<Output = u64> + Send>> = \
                     Box::pin({call}); v = future{index}.await;"
                ),
                4 => format!(
                    "let block{index} = async {{ {call}.await ^ 5 }}; v = block{index}.await;"
                ),
                _ => format!(
                    "let work{index} = async |v: u64| {call}.await ^ v; v = work{index}(v).await;"
                ),
            }
        }
        Step::Yield(false) => "tokio::task::yield_now().await;".to_owned(),
        Step::Yield(true) => format!(
            "let kept{index} = v.to_string(); tokio::task::yield_now().await; \
             v ^= base::weigh(&kept{index});"
        ),
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
                    "{held}let work{index}: Box<dyn Fn(u64) -> u64 + Send> = \
                     Box::new(move |x: u64| {body}); v = work{index}(v);"
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
        Step::Text(text) => format!("v ^= base::weigh(&format!(\"{text} {{v}}\"));"),
        Step::Expand(name) => format!("v = {}!(v);", path(model, m, name)),
        Step::Make(name) => {
            format!("v ^= {}::make(v).weigh(); v ^= base::drops();", path(model, m, name))
        }
        Step::Choose(name) => format!("v ^= {}::any(v).weigh();", path(model, m, name)),
        Step::Send(name) => {
            let name = path(model, m, name);
            format!(
                "let (sender, receiver) = std::sync::mpsc::channel::<(u64, {name})>(); \
                 let sum{index} = std::thread::spawn(move || \
                 receiver.iter().map(|(n, x)| n ^ x.weigh()).fold(0, u64::wrapping_add)); \
                 for n in 0..3 {{ let _ = sender.send((n, {name}::make(v ^ n))); }} drop(sender); \
                 v ^= sum{index}.join().unwrap_or(2);"
            )
        }
        Step::Dyn(name) => format!(
            "let shape{index}: Box<dyn {}> = Box::new({}::make(v)); v = shape{index}.twice(v); \
             drop(shape{index}); v ^= base::drops();",
            of_keep(model, m, "Shape"),
            path(model, m, name)
        ),
        // In a block: nothing of it may live across an await.
        Step::Std(which) => format!("{{ {} }}", std(*which)),
        Step::Here(true) => "v ^= u64::from(line!());".to_owned(),
        Step::Here(false) => "v ^= base::weigh(module_path!()) ^ base::weigh(file!());".to_owned(),
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
        Step::Own(id) => format!(
            "{{ static OWN: AtomicU64 = AtomicU64::new(0); base::counted({id}, \
             std::any::type_name_of_val(&|| ()), || OWN.fetch_add(1, Ordering::Relaxed)); }}"
        ),
        Step::Jump(name) => {
            let name = path(model, m, name);
            format!("v = {name}[v as usize % {name}.len()](v);")
        }
        Step::Unwind(modulus) => format!(
            "v = std::panic::catch_unwind(|| {{ if v % {modulus} == 0 {{ \
             std::panic::resume_unwind(Box::new(v)) }} v ^ {modulus} }})\
             .unwrap_or_else(|e| e.downcast_ref::<u64>().map_or(8, |x| x ^ 5));"
        ),
    }
}

/// How many things of std there are.
pub const STD: usize = 13;

fn std(which: usize) -> &'static str {
    match which % STD {
        0 => "v ^= base::weigh(&format!(\"{v:x}\").to_uppercase());",
        1 => {
            "v ^= [v, 3, v >> 7].iter().copied().collect::<std::collections::BTreeSet<u64>>()\
             .iter().fold(0, |sum: u64, x| sum.rotate_left(9) ^ x);"
        }
        2 => {
            "let mut sorted = vec![v % 11, v % 7, v % 13, v % 3]; sorted.sort_unstable(); \
             v ^= sorted[1] << 8 | sorted[3];"
        }
        3 => "v ^= v.to_string().parse::<f64>().map_or(1, |x| (x / 3.0).to_bits());",
        4 => "v = std::thread::spawn(move || v ^ 99).join().unwrap_or(4);",
        5 => "v ^= v.to_string().chars().rev().filter(|c| *c != '3').count() as u64;",
        6 => {
            "let map: std::collections::HashMap<u64, String> = \
             (0..4).map(|k| (k ^ v, k.to_string())).collect(); \
             v ^= map.values().map(|x| base::weigh(x)).fold(0, u64::wrapping_add);"
        }
        7 => {
            "let many: Vec<std::sync::Arc<dyn Fn(u64) -> u64>> = vec![std::sync::Arc::new(|x| x ^ 6), \
             std::sync::Arc::new(move |x| x.wrapping_add(v))]; v = many.iter().fold(v, |x, f| f(x));"
        }
        8 => {
            "let any: Box<dyn std::any::Any> = Box::new((v, 3_u8)); \
             v ^= any.downcast_ref::<(u64, u8)>().map_or(0, |x| x.0 >> 3);"
        }
        9 => {
            "v ^= (0..v % 5).map(|x| x.wrapping_mul(v)).filter(|x| x % 3 != 1)\
             .fold(4, |sum: u64, x| sum.rotate_left(3) ^ x);"
        }
        10 => {
            "let mut by_key = vec![v, v >> 3, v >> 9]; by_key.sort_by_key(|x| (x % 7, *x)); \
             by_key.retain(|x| x % 2 == 0 || *x > 9); v ^= by_key.first().copied().unwrap_or(6);"
        }
        11 => {
            "let (one, two): (Vec<u64>, Vec<u64>) = (0..6).map(|x| x ^ v).partition(|x| x % 3 == 0); \
             v ^= one.iter().chain(&two).rev().fold(2, |sum: u64, x| sum.rotate_left(11) ^ x);"
        }
        _ => {
            "v ^= u64::from(v as u32).checked_rem(v % 3).ok_or(\"none\")\
             .map_err(|e| base::weigh(e)).unwrap_or_else(|e| e);"
        }
    }
}
