//! Structs, enums, and types with traits.

use super::{function, of_keep, path};
use crate::model::{Field, Kind, Model};
use std::fmt::Write;

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
fn field_weight(field: &Field, at: &str) -> String {
    match field {
        Field::U8 | Field::U32 | Field::U64 | Field::Bool => format!("(*{at}) as u64"),
        Field::Text => format!("base::weigh({at})"),
        Field::Maybe => format!("{at}.map_or(9, u64::from)"),
        Field::Bytes => format!("{at}.iter().map(|b| u64::from(*b)).sum::<u64>()"),
        Field::Choice(_) => format!("{at}.weigh()"),
    }
}

fn destructor(name: &str, dropped: Option<u64>, out: &mut String) {
    if let Some(by) = dropped {
        let _ = writeln!(
            out,
            "\nimpl Drop for {name} {{\n    fn drop(&mut self) {{\n        base::dropped({by});\n    \
             }}\n}}"
        );
    }
}

/// A struct.
pub fn record(
    model: &Model,
    m: usize,
    name: &str,
    fields: &[(String, Field)],
    derives: &[&str],
    dropped: Option<u64>,
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
        let weight = field_weight(of, &format!("(&self.{field})"));
        let _ = writeln!(out, "        w = w.rotate_left(7) ^ {weight};");
    }
    if derives.contains(&"Debug") {
        out.push_str("        w ^= base::weigh(&format!(\"{self:?}\"));\n");
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
    destructor(name, dropped, &mut out);
    out
}

/// An enum.
pub fn choice(model: &Model, m: usize, name: &str, variants: &[(String, Option<Field>)]) -> String {
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
            Some(f) => ("(inner)", field_weight(f, "inner")),
            None => ("", "5".to_owned()),
        };
        let _ =
            writeln!(out, "            {name}::{variant}{pattern} => {weight} ^ {},", 64 + index);
    }
    out.push_str("        }\n    }\n}\n");
    out
}

/// A type with the traits `Shape` and `Rule`.
pub fn shape(model: &Model, m: usize, name: &str, kind: &Kind) -> String {
    let Kind::Shape { fields, hot, dropped, weight, steps, .. } = kind else {
        panic!("{name} is no shape")
    };
    let mut out = format!("pub struct {name} {{\n    side: [u64; {fields}],\n}}\n\n");
    if *hot {
        out.push_str("#[hot]\n");
    }
    let _ = writeln!(
        out,
        "impl {} for {name} {{\n    fn area(&self, n: u64) -> u64 {{\n    \
         let mut v = n ^ self.side[0];",
        of_keep(model, m, "Shape")
    );
    function::steps(model, m, steps, &mut out);
    out.push_str("    v\n    }\n}\n");
    let weight = weight.map_or(String::new(), |w| format!("\n    const WEIGHT: u64 = {w};\n"));
    let _ = writeln!(out, "\nimpl {} for {name} {{{weight}}}", of_keep(model, m, "Rule"));
    destructor(name, *dropped, &mut out);
    let _ = writeln!(
        out,
        "\nimpl {name} {{\n    pub fn make(v: u64) -> {name} {{\n        \
         {name} {{ side: [v; {fields}] }}\n    }}\n}}"
    );
    out
}
