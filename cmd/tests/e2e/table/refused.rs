//! Edits that cannot go live. With `--no-restart` the old code runs on; without it the program is
//! begun anew.

use super::{Case, Put, Refused, run};

#[test]
fn refused_edits_and_the_old_code() {
    run(CASES, &["--no-restart"]);
}

#[test]
fn edits_refused_out_of_caution() {
    run(CAUTIOUS, &["--no-restart"]);
}

#[test]
fn refused_edits_and_a_restart() {
    run(&CASES[..3], &[]);
}

const CASES: &[Case] = &[
    Case {
        name: "a variant of an enum that a static holds",
        edits: &[
            Put(
                "wares/enums.rs",
                "    Calm,\n    Busy(u64),\n",
                "    Glad,\n    Calm,\n    Busy(u64),\n",
            ),
            Put(
                "wares/enums.rs",
                "        Mood::Busy(_) => Mood::Calm,",
                "        Mood::Busy(_) | Mood::Glad => Mood::Calm,",
            ),
            Put(
                "wares/enums.rs",
                "        Mood::Calm => \"calm\"",
                "        Mood::Glad | Mood::Calm => \"calm\"",
            ),
            Put("wares/enums.rs", "\"busy {n}\"", "\"very busy {n}\""),
        ],
        outcome: Refused("layout", &["@::enums::Mood", "Glad"]),
        answers: &[("@ mood 5", "busy 5", "very busy 5")],
    },
    Case {
        name: "a field of a struct that a hot function is given",
        edits: &[
            Put("wares/structs.rs", "    left: u64,\n", "    left: u64,\n    right: u32,\n"),
            Put("wares/structs.rs", "Wide { left: n }", "Wide { left: n, right: 3 }"),
            Put("wares/structs.rs", "wide.left + 1", "wide.left + u64::from(wide.right)"),
        ],
        outcome: Refused("layout", &["@::structs::Wide", "right: u32"]),
        answers: &[("@ wide 5", "6", "8")],
    },
    Case {
        name: "another signature of a hot function",
        edits: &[
            Put(
                "wares/hots.rs",
                "pub fn signed(n: u64) -> u64 {\n    n + 5",
                "pub fn signed(n: u32) -> u64 {\n    u64::from(n) + 6",
            ),
            Put("wares/mod.rs", "hots::signed(n)", "hots::signed(n as u32)"),
        ],
        outcome: Refused("signature", &["@/hots/signed"]),
        answers: &[("@ signed 1", "6", "7")],
    },
    Case {
        name: "another result of an async hot function",
        edits: &[Put(
            "wares/asynchronous.rs",
            "pub async fn fixed(n: u64) -> u64 {\n    ready(n + 4).await",
            "pub async fn fixed(n: u64) -> u32 {\n    ready(n as u32 + 5).await",
        )],
        outcome: Refused("signature", &["@/asynchronous/fixed"]),
        answers: &[("@ fixed 1", "5", "6")],
    },
    Case {
        name: "a method of a trait of which objects are kept",
        edits: &[
            Put(
                "wares/traits.rs",
                "    fn area(&self) -> u64;\n",
                "    fn side(&self) -> u64 {\n        8\n    }\n    fn area(&self) -> u64;\n",
            ),
            Put(
                "wares/traits.rs",
                "shelf.iter().map(|shape| shape.area())",
                "shelf.iter().map(|shape| shape.area() + shape.side())",
            ),
        ],
        outcome: Refused("layout", &["dyn @::traits::Shape", "a method table of 4 words"]),
        answers: &[("@ shelf 3", "[9]", "[17]")],
    },
];

/// Nothing old is alive that the new code could meet, but that is not known.
const CAUTIOUS: &[Case] = &[Case {
    name: "a static in a block, one of its name inserted before",
    edits: &[Put("wares/statics.rs", "[sited!(500)]", "[sited!(700), sited!(500)]")],
    outcome: Refused("static", &["@::statics::sited::SITE", "told apart"]),
    answers: &[("@ sited 1", "[500]", "[700, 500]")],
}];
