//! The reader and the rules, on sources that are made up: each fault is seen.

use crate::{
    graph::{Graph, circles},
    imports::{Crate, Imports},
    map::{differences, folders, table},
    names, rules, source,
};
use std::collections::BTreeSet;

/// Makes a crate of files: each its name and its source.
fn sources(files: &[(&str, &str)]) -> Crate {
    let mut made = Crate::default();
    if files[0].0 != "lib.rs" {
        made.add("lib.rs", Vec::new(), "mod a;".parse().expect("tokens"));
    }
    for (name, source) in files {
        let stem = name.trim_end_matches(".rs").trim_end_matches("lib").trim_end_matches("/mod");
        let module = stem.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        made.add(name, module, source.parse().expect("tokens"));
    }
    made
}

/// Returns the imports between files as `a.rs → b.rs`.
fn arrows(imports: &Imports) -> Vec<String> {
    let arrows = imports.keys().map(|(from, to)| format!("{} → {}", from.name, to.name));
    let mut arrows: Vec<String> = arrows.collect();
    arrows.sort();
    arrows
}

/// Returns the sentences about a crate called toy, whose table of rooms is this one.
fn broken(rooms: &str, files: &[(&str, &str)]) -> Vec<String> {
    let map = format!("### `toy`\n\n| room | imports | |\n| --- | --- | --- |\n{rooms}\n");
    rules::broken("toy", &map, &sources(files))
}

#[test]
fn paths_are_found_in_all_their_forms() {
    let source = "
        //! crate::comment
        use crate::one;
        use crate::{two::Thing, three::{self, Other}, four as five};
        use super::super::eight;
        /// [`crate::doc`]
        #[attribute(crate::six)]
        fn f(x: crate::six::X) { let _ = \"crate::text\"; ::other::no(); crate::seven() }
        macro_rules! listed { () => { $crate::face!() } }
        mod tests { use crate::anything; }
        #[cfg(test)]
        mod tried { use crate::anything; }
        pub(in crate::nine) fn h() { super::sibling(|x: &'static T| x.len::<u8>()) }
        mod inner { pub use super::*; const fn c() {} const D: u8 = 1; static mut E: u8 = 1; }
        extern \"C\" { fn foreign(); }
        thread_local! { static LOCAL: u8 = 1 }
    ";
    let modules = source::read(vec!["here".to_owned()], source.parse().expect("tokens"));
    let [here, inner] = &modules[..] else { panic!("{modules:?}") };
    let mentions: Vec<String> = here.mentions.iter().map(|path| path.join("::")).collect();
    let expected = "crate::four crate::one crate::seven crate::six::X crate::three \
                    crate::three::Other crate::two::Thing super::sibling super::super::eight";
    assert_eq!(mentions, expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!(here.uses["five"], [["crate", "four"]]);
    assert_eq!(here.items, ["LOCAL", "f", "foreign", "h"].map(str::to_owned).into());
    assert_eq!(here.macros, BTreeSet::from(["listed".to_owned()]));
    assert_eq!(inner.path, ["here", "inner"]);
    assert_eq!(inner.globs, [["super"]]);
    assert_eq!(inner.items, ["D", "E", "c"].map(str::to_owned).into());
}

#[test]
fn an_import_is_followed_to_the_file_that_defines() {
    let toy = sources(&[
        (
            "lib.rs",
            "mod a; pub mod b; pub use b::Deep; #[macro_export] macro_rules! b { () => {} }",
        ),
        (
            "a.rs",
            "use crate::Deep; use crate::b; fn f() { b::c::g(); std::mem::take(); crate::b!() }",
        ),
        ("b/mod.rs", "pub mod c; mod d; pub use d::{Deep as Renamed, *}; use Renamed as Deep;"),
        ("b/c.rs", "use super::Renamed; pub fn g() { Renamed::new(); super::made_by_a_macro() }"),
        ("b/d.rs", "pub struct Deep; mod inside { use super::Deep; }"),
    ]);
    let expected = [
        "a.rs → b/c.rs",
        "a.rs → b/d.rs",
        "b/c.rs → b/d.rs",
        "b/c.rs → b/mod.rs",
        "b/mod.rs → b/d.rs",
    ];
    let found = arrows(&toy.imports());
    // The root looks down.
    let (root, found): (Vec<_>, Vec<_>) = found.into_iter().partition(|a| a.starts_with("lib.rs"));
    assert_eq!(found, expected);
    assert_eq!(root, ["lib.rs → b/d.rs"]);
}

#[test]
fn a_module_and_a_function_of_one_name_are_told_apart_by_their_use() {
    let with = |user: &str| {
        let toy = sources(&[
            ("a/mod.rs", "mod both; mod front; mod user; pub use front::both;"),
            ("a/both.rs", "pub fn inner() {}"),
            ("a/front.rs", "pub fn both() {}"),
            ("a/user.rs", user),
        ]);
        let all = arrows(&toy.imports()).into_iter();
        all.filter(|arrow| arrow.starts_with("a/user")).collect::<Vec<_>>()
    };
    assert_eq!(with("use super::both; fn f() { both::inner() }"), ["a/user.rs → a/both.rs"]);
    assert_eq!(with("use super::both; fn f() { both() }"), ["a/user.rs → a/front.rs"]);
}

#[test]
fn a_circle_of_files_is_seen() {
    let files = [
        ("a/mod.rs", "mod x; mod y; mod z; pub use y::Y;"),
        ("a/x.rs", "use super::Y; pub struct X;"),
        ("a/y.rs", "use super::z; pub struct Y(z::Z);"),
        ("a/z.rs", "pub struct Z(crate::a::x::X);"),
    ];
    let found = broken("| `a` | | |", &files);
    let [circle] = &found[..] else { panic!("{found:?}") };
    assert!(circle.contains("a/x.rs → a/y.rs (super::Y); a/y.rs → a/z.rs (z::Z); a/z.rs → a/x.rs"));
    let cut = [&files[..3], &[("a/z.rs", "pub struct Z;")]].concat();
    assert_eq!(broken("| `a` | | |", &cut), [""; 0]);
}

#[test]
fn a_child_that_imports_from_its_face_is_seen() {
    let face = ("a/mod.rs", "mod x; mod y; pub use y::Y; pub struct Mine;");
    let found = broken("| `a` | | |", &[face, ("a/x.rs", "use super::Mine;"), ("a/y.rs", "")]);
    assert_eq!(found, ["toy: a/x.rs imports super::Mine, which a/mod.rs defines"]);
    let found = broken("| `a` | | |", &[face, ("a/x.rs", "use super::*;"), ("a/y.rs", "")]);
    assert_eq!(found, ["toy: a/x.rs imports super::*, which a/mod.rs defines"]);
    let root = ("lib.rs", "mod a; fn f() {}");
    let found = broken("| `a` | | |", &[root, ("a.rs", "fn g() { crate::f() }")]);
    assert_eq!(found, ["toy: a.rs imports crate::f, which lib.rs defines"]);
    let fine = [face, ("a/x.rs", "use super::Y;"), ("a/y.rs", "pub struct Y;")];
    assert_eq!(broken("| `a` | | |", &fine), [""; 0]);
}

#[test]
fn rooms_in_a_folder_have_a_table_of_their_own() {
    let files = [
        ("a/mod.rs", "mod low; mod high;"),
        ("a/low/mod.rs", "mod deep;"),
        ("a/low/deep.rs", "pub struct D;"),
        ("a/high.rs", "use super::low::deep::D;"),
    ];
    let found = broken("| `a` | | |", &files);
    assert!(found.len() == 1 && found[0].contains("no heading #### toy: a\n"), "{found:?}");
    assert!(found[0].contains("no line in the table: | `high` | `low` | |"), "{found:?}");
    let with = |rows: &str| broken(&format!("| `a` | | |\n\n#### toy: a\n{rows}"), &files);
    assert_eq!(with("| `low` | | |\n| `high` | `low` | |"), [""; 0]);
    assert_eq!(
        with("| `low` | `high` | |\n| `high` | `low` | |"),
        [
            "toy/a: a circle: high → low → high",
            "toy/a: low does not import high, although the table says so"
        ]
    );
}

#[test]
fn a_wrong_map_is_noticed() {
    let map = "### `toy`\n\n| room | imports | |\n| --- | --- | --- |\n\
               | `high` | `low` | up |\n| `low` | | down |\n| `gone` | `high` | away |\n\
               #### toy: high\n";
    let allowed = table(map, "### `toy`").expect("a table");
    assert_eq!(allowed.len(), 3);
    assert_eq!(folders(map, "toy"), BTreeSet::from(["high".to_owned()]));
    let made = Graph::from([
        ("high".to_owned(), BTreeSet::new()),
        ("low".to_owned(), BTreeSet::from(["high".to_owned()])),
        ("new".to_owned(), BTreeSet::new()),
    ]);
    let found = differences("toy", &allowed, &made);
    for part in [
        "gone has a line",
        "toy: no line in the table: | `new` |",
        "low imports high",
        "high does not import low",
    ] {
        assert!(found.iter().any(|line| line.contains(part)), "{part}: {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");

    assert!(circles(&allowed).is_empty());
    let mut round = allowed;
    round.insert("low".to_owned(), BTreeSet::from(["gone".to_owned()]));
    assert_eq!(circles(&round), [["gone", "high", "low", "gone"]]);
}

#[test]
fn a_name_that_leads_to_nothing_is_noticed() {
    let crates = [("toy-box", sources(&[("a/mod.rs", "mod b;"), ("a/b.rs", "fn f() {}")]))];
    let map = "`a::b` and `toy_box::a::b::f`, `a::c` and `a::b::g`\n\
               `Thing::new`, `hot/` and `cmd/no`\n\
               | `a` | `cmd/tests/layering/tests.rs` `a_wrong_map_is_noticed` `no_such_test` |\n";
    let expected = [
        "there is no module a::c",
        "there is no module a::b::g",
        "there is no cmd/no",
        "there is no test no_such_test in cmd/tests/layering/tests.rs",
    ];
    assert_eq!(names::missing(map, &crate::repository(), &crates), expected);
}
