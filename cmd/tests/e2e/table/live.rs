//! Edits of one crate that go live, or have no effect, on a library and a binary at once.

use super::{Beside, Case, CompileError, Live, New, NoEffect, Put, run};

#[test]
fn edits_of_one_crate() {
    run(FUNCTIONS, &[]);
}

#[test]
fn edits_of_types() {
    run(TYPES, &[]);
}

const FUNCTIONS: &[Case] = &[
    Case {
        name: "a closure inserted before others",
        edits: &[
            Put(
                "wares/closures.rs",
                "    let odd = ",
                "    let half = |x: u64| x / 2;\n    let odd = ",
            ),
            Put("wares/closures.rs", "odd(n), scaled(n))", "odd(half(n)), scaled(n) + half(n))"),
        ],
        outcome: Live(&["@/closures/closures"]),
        answers: &[("@ closures 7", "true 56", "true 59")],
    },
    Case {
        name: "a closure inserted before one that is kept",
        edits: &[
            Put(
                "wares/closures.rs",
                "    if kept.is_empty() {",
                "    let (more, text) = (n + 1, format!(\"still {n}\"));\n    \
                 let note = move || format!(\"{text} {more}\");\n    if kept.is_empty() {",
            ),
            Put("wares/closures.rs", "\"kept {}\", kept[0](n)", "\"{} {}\", note(), kept[0](n)"),
        ],
        outcome: Live(&["@/closures/kept"]),
        answers: &[("@ kept 4", "kept 20", "still 4 5 20")],
    },
    Case {
        name: "a field renamed, of what a hot function is given and of what a static holds",
        edits: &[
            Put("wares/structs.rs", "pub struct Wide {\n    left", "pub struct Wide {\n    taken"),
            Put("wares/structs.rs", "Wide { left: n }", "Wide { taken: n }"),
            Put("wares/structs.rs", "wide.left + 1", "wide.taken + 2"),
            Put("wares/structs.rs", "struct Purse {\n    coins", "struct Purse {\n    pub held"),
            Put("wares/structs.rs", "Purse { coins: 0 }", "Purse { held: 0 }"),
            Put("wares/structs.rs", "purse.coins = n", "purse.held = n"),
            Put("wares/structs.rs", "purse.clone().coins", "purse.clone().held + 1"),
        ],
        outcome: Live(&["@/structs/narrow", "@/structs/purse"]),
        answers: &[("@ wide 5", "6", "7"), ("@ purse 5", "5", "6")],
    },
    Case {
        name: "a hot function added",
        edits: &[
            Put("wares/hots.rs", "    callee(n) + 1", "    added(callee(n)) + 1"),
            Put(
                "wares/hots.rs",
                "/// Its signature is edited.",
                "/// New.\n#[hot]\npub fn added(n: u64) -> u64 {\n    n + 1000\n}\n\n\
                 /// Its signature is edited.",
            ),
        ],
        outcome: Live(&["@/hots/caller"]),
        answers: &[("@ caller 3", "7", "1007")],
    },
    Case {
        name: "a hot function removed",
        edits: &[
            Put("wares/hots.rs", "    callee(n) + 1", "    n * 3 + 1"),
            Put(
                "wares/hots.rs",
                "/// Called by another hot function.\n#[hot]\npub fn callee(n: u64) -> u64 {\n    \
                 n * 2\n}\n\n",
                "",
            ),
        ],
        outcome: Live(&["@/hots/caller"]),
        answers: &[("@ caller 3", "7", "10")],
    },
    Case {
        name: "a hot function renamed",
        edits: &[
            Put("wares/hots.rs", "    callee(n) + 1", "    called(n) + 1"),
            Put("wares/hots.rs", "pub fn callee(n: u64)", "pub fn called(n: u64)"),
            Put("wares/hots.rs", "    n * 2", "    n * 4"),
        ],
        outcome: Live(&["@/hots/caller"]),
        answers: &[("@ caller 3", "7", "13")],
    },
    Case {
        name: "a hot function moved to another module",
        edits: &[
            Put("wares/hots.rs", "    callee(n) + 1", "    super::elsewhere::callee(n) + 1"),
            Put(
                "wares/hots.rs",
                "/// Called by another hot function.\n#[hot]\npub fn callee(n: u64) -> u64 {\n    \
                 n * 2\n}\n\n",
                "",
            ),
            Put(
                "wares/elsewhere.rs",
                "/// It stays.",
                "/// It came.\n#[hot]\npub fn callee(n: u64) -> u64 {\n    n * 5\n}\n\n\
                 /// It stays.",
            ),
        ],
        outcome: Live(&["@/hots/caller"]),
        answers: &[("@ caller 3", "7", "16"), ("@ elsewhere 1", "101", "101")],
    },
    Case {
        name: "an unannotated function given another signature",
        edits: &[
            Put("wares/plain.rs", "below(n) + 1", "u64::from(below(n as u32, &[1, 2])) + 1"),
            Put(
                "wares/plain.rs",
                "fn below(n: u64) -> u64 {\n    n * 7",
                "fn below(n: u32, more: &[u32]) -> u32 {\n    n * 7 + more[1]",
            ),
            Put(
                "wares/plain.rs",
                "below(n).checked_sub(7)",
                "u64::from(below(n as u32, &[0; 2])).checked_sub(7)",
            ),
        ],
        outcome: Live(&["@/plain/above", "@/plain/panics"]),
        answers: &[("@ above 3", "22", "24"), ("@ panics 3", "14", "14")],
    },
    Case {
        name: "both instances of a generic hot function",
        edits: &[Put("wares/generic.rs", "    n + n", "    n + n + n")],
        outcome: Live(&["@/generic/doubled"]),
        answers: &[("@ doubled 3", "6 3", "9 4.5")],
    },
    Case {
        name: "a third instance of a generic hot function",
        edits: &[Put(
            "wares/elsewhere.rs",
            "    n + 100",
            "    u64::from(super::generic::doubled(n as u16))",
        )],
        outcome: Live(&["@/elsewhere/elsewhere"]),
        answers: &[("@ elsewhere 4", "104", "8"), ("@ doubled 3", "6 3", "6 3")],
    },
    Case {
        name: "a function that is always inlined",
        edits: &[Put("wares/attributes.rs", "    n + 10", "    n + 11")],
        outcome: Live(&["@/attributes/inlined"]),
        answers: &[("@ inlined 1", "11", "12")],
    },
    Case {
        name: "#[inline(always)] taken away",
        edits: &[Put("wares/attributes.rs", "#[inline(always)]\n", "// As it comes.\n")],
        outcome: Live(&["@/attributes/inlined"]),
        answers: &[("@ inlined 1", "11", "11")],
    },
    Case {
        name: "lines added under #[track_caller]",
        edits: &[Put(
            "wares/attributes.rs",
            "    (Location::caller",
            "    // More.\n    // And more.\n    (Location::caller",
        )],
        outcome: Live(&["@/attributes/located"]),
        answers: &[],
    },
    Case {
        name: "#[track_caller] added below",
        edits: &[
            Put("wares/attributes.rs", "#[inline(always)]\n", "#[track_caller]\n"),
            Put("wares/attributes.rs", "    n + 10", "    n + Location::caller().column() as u64"),
        ],
        outcome: Live(&["@/attributes/inlined"]),
        answers: &[("@ inlined 1", "11", "6")],
    },
    Case {
        name: "#[track_caller] on a hot function",
        edits: &[Put(
            "wares/attributes.rs",
            "#[hot]\npub fn inlined",
            "#[hot]\n#[track_caller]\npub fn inlined",
        )],
        outcome: CompileError("`#[track_caller]` function cannot be `#[hot]`"),
        answers: &[("@ inlined 1", "11", "12")],
    },
    Case {
        name: "a new await point, below",
        edits: &[Put(
            "wares/asynchronous.rs",
            "    ready(n + 1).await",
            "    let n = ready(n + 1).await;\n    gate.passed().await;\n    ready(n * 2).await",
        )],
        outcome: Live(&["@/asynchronous/later"]),
        answers: &[("@ later 3", "4", "8")],
    },
    Case {
        name: "a new await point in a hot function",
        edits: &[Put(
            "wares/asynchronous.rs",
            "    below(n).await\n",
            "    let first = below(n).await;\n    first + below(n + 1).await\n",
        )],
        outcome: Live(&["@/asynchronous/later"]),
        answers: &[("@ later 3", "4", "9")],
    },
    Case {
        name: "a new local across an await",
        edits: &[
            Put(
                "wares/asynchronous.rs",
                "    let gate = Gate",
                "    let held = vec![n; 3];\n    let gate = Gate",
            ),
            Put(
                "wares/asynchronous.rs",
                "    ready(n + 1).await",
                "    ready(n + 1).await + held[2] * held.len() as u64",
            ),
        ],
        outcome: Live(&["@/asynchronous/later"]),
        answers: &[("@ later 3", "4", "13")],
    },
    Case {
        name: "the body of a macro",
        edits: &[Put("wares/macros.rs", "        $n * 3", "        $n * 3 + 1")],
        outcome: Live(&["@/macros/expanded"]),
        answers: &[("@ expanded 2", "1006", "1007")],
    },
    Case {
        name: "a file included as text, beside the source",
        edits: &[Put("wares/near.txt", "near", "nearer")],
        outcome: Live(&["@/texts/text"]),
        answers: &[("@ text 1", "near far 1", "nearer far 1")],
    },
    Case {
        name: "a file included as text, outside of any crate",
        edits: &[Put("notes/far.txt", "far", "farther")],
        outcome: Live(&["@/texts/text"]),
        answers: &[("@ text 1", "near far 1", "near farther 1")],
    },
    Case {
        name: "a function beside a static mut",
        edits: &[
            Put("wares/statics.rs", "COUNT += 1;", "COUNT += 2;"),
            Put("wares/statics.rs", "(count > 30) * n", "(count > 31) * n"),
        ],
        outcome: Live(&["@/statics/counted"]),
        answers: &[("@ counted 5", "5", "5")],
    },
    Case {
        name: "the initial value of a static mut",
        edits: &[Put("wares/statics.rs", "COUNT: u64 = 30", "COUNT: u64 = 20")],
        outcome: NoEffect(&["@::statics::COUNT (its initial value)"]),
        answers: &[("@ counted 5", "5", "5")],
    },
    Case {
        name: "a function that no hot function reaches, and one that is reached",
        edits: &[
            Put(
                "wares/mod.rs",
                "\"later\" => ",
                "\"nothing\" => String::new(),\n        \"later\" => ",
            ),
            Put("wares/elsewhere.rs", "n + 100", "n + 200"),
        ],
        outcome: Beside { live: &["@/elsewhere/elsewhere"], not: &["@::answer"] },
        answers: &[("@ elsewhere 1", "101", "201")],
    },
    Case {
        name: "a hot function removed that code calls which is not hot",
        edits: &[
            Put("wares/mod.rs", "        \"told\" => hots::told(n).to_string(),\n", ""),
            Put(
                "wares/hots.rs",
                "\n/// Asked for, and called by code that is not hot.\n#[hot]\npub fn told(n: u64) -> u64 {\n    n + 6\n}\n",
                "",
            ),
        ],
        outcome: NoEffect(&["@::answer"]),
        answers: &[("@ told 1", "7", "7")],
    },
    Case {
        name: "comments",
        edits: &[
            Put("wares/elsewhere.rs", "/// It stays.", "/// It stays here."),
            Put("wares/plain.rs", "fn below", "// Seven times.\nfn below"),
        ],
        outcome: NoEffect(&[]),
        answers: &[("@ above 3", "22", "22")],
    },
    Case {
        name: "formatting",
        edits: &[Put(
            "wares/enums.rs",
            "    if n < 3 { Size::Small } else { Size::Large(n) }",
            "    if n < 3 {\n        Size::Small\n    } else {\n        Size::Large(n)\n    }",
        )],
        outcome: NoEffect(&[]),
        answers: &[("@ local 2", "small", "small")],
    },
    Case {
        name: "lines moved that a panic would name",
        edits: &[Put(
            "wares/plain.rs",
            "/// Calls what is not hot.",
            "\n\n/// Calls what is not hot.",
        )],
        outcome: NoEffect(&[]),
        answers: &[("@ panics 0", "panicked", "panicked")],
    },
    Case {
        name: "another type of an async function's result, below",
        edits: &[
            Put("wares/asynchronous.rs", "    below(n).await", "    below(n).await.len() as u64"),
            Put(
                "wares/asynchronous.rs",
                "async fn below(n: u64) -> u64",
                "async fn below(n: u64) -> String",
            ),
            Put("wares/asynchronous.rs", "ready(n + 1).await", "ready(format!(\"{n:>9}\")).await"),
        ],
        outcome: Live(&["@/asynchronous/later"]),
        answers: &[("@ later 3", "4", "9")],
    },
    Case {
        name: "an impl inserted before one whose method has a static",
        edits: &[
            Put(
                "wares/statics.rs",
                "struct Meter;",
                "struct Meter;\n\nimpl Clone for Meter {\n    fn clone(&self) -> Meter {\n        Meter\n    }\n}",
            ),
            Put("wares/statics.rs", "Meter.read()", "Meter.clone().read()"),
        ],
        outcome: Live(&["@/statics/metered"]),
        answers: &[("@ metered 0", "true", "true"), ("@ metered 1", "true", "true")],
    },
    Case {
        name: "a macro's description of a place",
        edits: &[Put("wares/statics.rs", "described!(\"one\")", "described!(\"one\", \"two\")")],
        outcome: Live(&["@/statics/described"]),
        answers: &[("@ described 1", "1", "2")],
    },
    Case {
        name: "a macro's description inserted before another",
        edits: &[Put(
            "wares/statics.rs",
            "described!(\"one\")",
            "described!(\"one\", \"two\", \"three\") * 10 + described!(\"one\")",
        )],
        outcome: Live(&["@/statics/described"]),
        answers: &[("@ described 1", "1", "31")],
    },
];

const TYPES: &[Case] = &[
    Case {
        name: "a new trait, with its objects",
        edits: &[
            Put(
                "wares/traits.rs",
                "    let shapes: [Box",
                "    let named: [Box<dyn Named>; 2] = [Box::new(Square(n)), Box::new(n)];\n    let names: String = named.iter().map(|named| named.name()).collect();\n    let shapes: [Box",
            ),
            Put(
                "wares/traits.rs",
                "/// Trait objects that live in the call only.",
                "trait Named {\n    fn name(&self) -> String;\n}\n\nimpl Named for Square {\n    fn name(&self) -> String {\n        format!(\"square of {};\", self.0)\n    }\n}\n\nimpl Named for u64 {\n    fn name(&self) -> String {\n        format!(\"number {self};\")\n    }\n}\n\n/// Trait objects that live in the call only.",
            ),
            Put(
                "wares/traits.rs",
                "Box::new(Square(n))];\n    let areas: Vec<u64> = shapes.iter().map(|shape| shape.area()).collect();\n    format!(\"{areas:?}\")",
                "Box::new(Square(n))];\n    let areas: Vec<u64> = shapes.iter().map(|shape| shape.area()).collect();\n    format!(\"{names} {areas:?}\")",
            ),
        ],
        outcome: Live(&["@/traits/shapes"]),
        answers: &[("@ shapes 3", "[9]", "square of 3;number 3; [9]"), ("@ shelf 3", "[9]", "[9]")],
    },
    Case {
        name: "a new impl, and its objects beside one from before",
        edits: &[
            Put(
                "wares/traits.rs",
                "static SHELF",
                "struct Strip(u64, u64);\n\nimpl Shape for Strip {\n    fn area(&self) -> u64 {\n        self.0 * self.1\n    }\n}\n\nstatic SHELF",
            ),
            Put(
                "wares/traits.rs",
                "    shelf.truncate(1);\n",
                "    shelf.truncate(1);\n    shelf.push(Box::new(Strip(n, 10)));\n",
            ),
        ],
        outcome: Live(&["@/traits/shelf"]),
        answers: &[("@ shelf 3", "[9]", "[9, 30]")],
    },
    Case {
        name: "a method of a trait, on an object from before",
        edits: &[Put("wares/traits.rs", "        self.0 * self.0", "        self.0 * self.0 + 1")],
        outcome: Live(&["@/traits/shapes", "@/traits/shelf"]),
        answers: &[("@ shapes 3", "[9]", "[10]"), ("@ shelf 3", "[9]", "[9]")],
    },
    Case {
        name: "a derive added, and used",
        edits: &[
            Put(
                "wares/structs.rs",
                "#[derive(Clone)]\nstruct Coin",
                "#[derive(Clone, Debug, PartialEq, Hash)]\nstruct Coin",
            ),
            Put(
                "wares/structs.rs",
                "format!(\"{}\", coin.clone().worth)",
                "format!(\"{:?} {}\", coin.clone(), coin == coin.clone())",
            ),
        ],
        // Later impls of the module get other symbols; `purse`, which calls one, stays as it is.
        outcome: Live(&["@/structs/coin"]),
        answers: &[("@ coin 3", "3", "Coin { worth: 3 } true")],
    },
    Case {
        name: "a derive added to a type that a static holds",
        edits: &[
            Put(
                "wares/structs.rs",
                "#[derive(Clone)]\nstruct Purse",
                "#[derive(Clone, Debug)]\nstruct Purse",
            ),
            Put(
                "wares/structs.rs",
                "    purse.clone().coins",
                "    format!(\"{purse:?}\").len() as u64",
            ),
        ],
        outcome: Live(&["@/structs/purse"]),
        answers: &[("@ purse 3", "3", "18")],
    },
    Case {
        name: "a derive removed",
        edits: &[
            Put("wares/structs.rs", "#[derive(Clone)]\nstruct Coin", "struct Coin"),
            Put("wares/structs.rs", "coin.clone().worth", "coin.worth"),
        ],
        // Later impls of the module get other symbols; `purse`, which calls one, stays as it is.
        outcome: Live(&["@/structs/coin"]),
        answers: &[("@ coin 3", "3", "3")],
    },
    Case {
        name: "a derive replaced by an impl",
        edits: &[Put(
            "wares/structs.rs",
            "#[derive(Clone)]\nstruct Coin {\n    worth: u64,\n}",
            "struct Coin {\n    worth: u64,\n}\n\nimpl Clone for Coin {\n    fn clone(&self) -> Coin {\n        Coin { worth: self.worth + 1 }\n    }\n}",
        )],
        outcome: Live(&["@/structs/coin"]),
        answers: &[("@ coin 3", "3", "4")],
    },
    Case {
        name: "a variant of an enum that lives in calls only",
        edits: &[
            Put("wares/enums.rs", "    Small,\n", "    Tiny,\n    Small,\n"),
            Put("wares/enums.rs", "    if n < 3 {", "    if n < 1 { Size::Tiny } else if n < 3 {"),
            Put(
                "wares/enums.rs",
                "        Size::Small => ",
                "        Size::Tiny => \"tiny\".to_owned(),\n        Size::Small => ",
            ),
        ],
        outcome: Live(&["@/enums/local"]),
        answers: &[
            ("@ local 0", "small", "tiny"),
            ("@ local 2", "small", "small"),
            ("@ local 5", "large 5", "large 5"),
        ],
    },
    Case {
        name: "impl Drop changed",
        edits: &[Put("wares/droplets.rs", "WEIGHT.store(self.0, ", "WEIGHT.store(self.0 * 10, ")],
        outcome: Live(&["@/droplets/boxed", "@/droplets/dropped"]),
        answers: &[("@ dropped 3", "3 3", "30 3")],
    },
    Case {
        name: "impl Drop added",
        edits: &[Put(
            "wares/droplets.rs",
            "struct Dry(u64);",
            "struct Dry(u64);\n\nimpl Drop for Dry {\n    fn drop(&mut self) {\n        WEIGHT.fetch_add(100, Ordering::Relaxed);\n    }\n}",
        )],
        outcome: Live(&["@/droplets/dropped"]),
        answers: &[("@ dropped 3", "3 3", "103 3")],
    },
    Case {
        name: "impl Drop taken away",
        edits: &[Put(
            "wares/droplets.rs",
            "impl Drop for Droplet {\n    fn drop(&mut self) {\n        WEIGHT.store(self.0, Ordering::Relaxed);\n    }\n}\n\n",
            "",
        )],
        outcome: Live(&["@/droplets/dropped", "@/droplets/boxed"]),
        answers: &[("@ dropped 3", "3 3", "0 3")],
    },
    Case {
        name: "a new module in a new file",
        edits: &[
            New("wares/fresh.rs", "//! New.\n\npub fn fresh(n: u64) -> u64 {\n    n + 300\n}\n"),
            Put("wares/mod.rs", "mod generic;", "mod fresh;\nmod generic;"),
            Put("wares/elsewhere.rs", "n + 100", "super::fresh::fresh(n)"),
        ],
        outcome: Beside { live: &["@/elsewhere/elsewhere"], not: &[] },
        answers: &[("@ elsewhere 1", "101", "301")],
    },
];
