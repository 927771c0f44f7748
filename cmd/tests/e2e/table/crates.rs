//! Edits of one crate that show in another.

use super::{Case, Live, Put, run};

#[test]
fn edits_across_crates() {
    run(CASES, &[]);
}

const CASES: &[Case] = &[
    Case {
        name: "a constant of a library",
        edits: &[Put("goods/src/stock.rs", "RATE: u64 = 3", "RATE: u64 = 4")],
        outcome: Live(&["main/cross/rate"]),
        answers: &[("cross rate 5", "15", "20")],
    },
    Case {
        name: "a constant of a library that is a length and a generic argument",
        edits: &[Put("goods/src/stock.rs", "LENGTH: usize = 4", "LENGTH: usize = 6")],
        outcome: Live(&["main/cross/length"]),
        answers: &[("cross length 5", "24", "36")],
    },
    Case {
        name: "a function of a library that is generic over a constant",
        edits: &[Put(
            "goods/src/stock.rs",
            "[n; N].iter().sum()",
            "[n; N].iter().sum::<u64>() * 100",
        )],
        outcome: Live(&["main/cross/length"]),
        answers: &[("cross length 5", "24", "420")],
    },
    Case {
        name: "a generic function of a library",
        edits: &[Put("goods/src/stock.rs", "if value > best", "if value < best")],
        outcome: Live(&["main/cross/largest"]),
        answers: &[("cross largest 5", "Some(6)", "Some(4)")],
    },
    Case {
        name: "an inline function of a library",
        edits: &[Put("goods/src/stock.rs", "n + 20", "n + 25")],
        outcome: Live(&["main/cross/inlined"]),
        answers: &[("cross inlined 1", "21 31", "26 31")],
    },
    Case {
        name: "an always inlined function of a library",
        edits: &[Put("goods/src/stock.rs", "n + 30", "n + 35")],
        outcome: Live(&["main/cross/inlined"]),
        answers: &[("cross inlined 1", "21 31", "21 36")],
    },
    Case {
        name: "#[inline] taken away from a function of a library",
        edits: &[Put(
            "goods/src/stock.rs",
            "#[inline]\npub fn inlined(n: u64) -> u64 {\n    n + 20",
            "pub fn inlined(n: u64) -> u64 {\n    n + 22",
        )],
        outcome: Live(&["main/cross/inlined"]),
        answers: &[("cross inlined 1", "21 31", "23 31")],
    },
    Case {
        name: "another signature of a library's function, and its caller in the binary",
        edits: &[
            Put(
                "goods/src/stock.rs",
                "pub fn taken(n: u64) -> u64 {\n    n + 40",
                "pub fn taken(n: u64, more: &str) -> u64 {\n    n + more.len() as u64",
            ),
            Put("app/src/cross.rs", "stock::taken(n)", "stock::taken(n, \"seven77\")"),
        ],
        outcome: Live(&["main/cross/taken"]),
        answers: &[("cross taken 1", "41", "8")],
    },
    Case {
        name: "the body of a library's macro",
        edits: &[Put("goods/src/lib.rs", "$n * 4", "$n * 4 + 1")],
        outcome: Live(&["main/cross/priced"]),
        answers: &[("cross priced 2", "8", "9")],
    },
    Case {
        name: "a default method of a library's trait",
        edits: &[Put("goods/src/stock.rs", "self.cost() + 1", "self.cost() + 2")],
        outcome: Live(&["main/cross/cost"]),
        answers: &[("cross cost 2", "3", "4")],
    },
    Case {
        name: "a package outside of the workspace",
        edits: &[Put("../desk/src/lib.rs", "n * 9", "n * 8")],
        outcome: Live(&["main/cross/scaled"]),
        answers: &[("cross scaled 2", "18", "16")],
    },
    Case {
        name: "a crate that a build script uses as well",
        edits: &[Put("numbers/src/lib.rs", "    50", "    51")],
        outcome: super::Restarted("numbers/src/lib.rs changed"),
        answers: &[("cross number 1", "51", "52"), ("cross figure 1", "58", "59")],
    },
    Case {
        name: "a hot function moved to another crate",
        edits: &[
            Put(
                "app/src/cross.rs",
                "/// Moved to the library.\n#[hot]\npub fn moved(n: u64) -> u64 {\n    n + 70\n}\n",
                "use goods::stock::moved;\n",
            ),
            Put(
                "goods/src/stock.rs",
                "/// A constant.\n",
                "/// It came.\n#[hot::hot]\npub fn moved(n: u64) -> u64 {\n    n + 75\n}\n\n/// A constant.\n",
            ),
        ],
        outcome: Live(&["main/cross/mover"]),
        answers: &[("cross mover 1", "72", "77")],
    },
    Case {
        name: "two crates in one save",
        edits: &[
            Put("goods/src/stock.rs", "n + 40", "n + 41"),
            Put("app/src/cross.rs", "n * stock::RATE", "n * stock::RATE + 1"),
        ],
        outcome: Live(&["main/cross/rate", "main/cross/taken"]),
        answers: &[("cross rate 5", "15", "16"), ("cross taken 1", "41", "42")],
    },
];
