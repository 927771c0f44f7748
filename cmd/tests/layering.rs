//! The map in ARCHITECTURE.md and the code are held together.
//!
//! ARCHITECTURE.md has one table of the workspace's crates, and one for each crate that has rooms:
//! a room is a module at the crate's root, and the table says which rooms it may import. The test reads the tables, then the
//! sources: every path that begins with `crate::`, or with enough `super::`, imports what it names.
//! Tests inside the sources may import anything; macros, exported ones included, belong to no room.
//! What is not in the table is an error, and so is a room without a line, a line without a room,
//! an import that the table allows but nobody makes, and a circle.

use proc_macro2::{TokenStream, TokenTree};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// For each room, the rooms that it imports.
type Rooms = BTreeMap<String, BTreeSet<String>>;

/// Where the sources of a table's crate are.
const CRATES: [(&str, &str); 3] =
    [("hot-patch", "hot-patch/src"), ("hot", "hot/src"), ("hot-cli", "cmd/src")];

/// Files that stand above all rooms of their crate: they may import any, and none imports them.
const ROOTS: [&str; 3] = ["lib.rs", "main.rs", "bin"];

#[test]
fn the_map_is_what_the_code_does() {
    let root = repository();
    let map = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the map");
    let mut wrong = Vec::new();
    for (name, folder) in CRATES {
        let allowed = table(&map, &format!("### `{name}`"));
        let made = imports(&root.join(folder));
        wrong.extend(differences(name, &allowed, &made));
        wrong.extend(circle(&allowed).map(|circle| format!("{name}: a circle: {circle}")));
    }
    // Circles between crates are cargo's business.
    wrong.extend(differences("the workspace", &table(&map, "## The crates"), &crates()));
    assert!(wrong.is_empty(), "ARCHITECTURE.md and the code disagree:\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_map_is_noticed() {
    let map = "### `toy`\n\n| room | imports | |\n| --- | --- | --- |\n\
               | `high` | `low` | up |\n| `low` | | down |\n| `gone` | `high` | away |\n";
    let allowed = table(map, "### `toy`");
    assert_eq!(allowed.len(), 3);
    let made = Rooms::from([
        ("high".to_owned(), BTreeSet::new()),
        ("low".to_owned(), BTreeSet::from(["high".to_owned()])),
        ("new".to_owned(), BTreeSet::new()),
    ]);
    let found = differences("toy", &allowed, &made);
    for part in
        ["gone has a line", "new has no line", "low imports high", "high does not import low"]
    {
        assert!(found.iter().any(|line| line.contains(part)), "{part}: {found:?}");
    }
    assert_eq!(found.len(), 4, "{found:?}");

    assert_eq!(circle(&allowed), None);
    let mut round = allowed;
    round.insert("low".to_owned(), BTreeSet::from(["gone".to_owned()]));
    assert!(circle(&round).is_some_and(|circle| circle.matches(" → ").count() == 3));
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let source = "
        //! crate::comment
        use crate::one;
        use crate::{two::Thing, three::{self, Other}, four as five};
        use super::super::eight;
        /// [`crate::doc`]
        fn f(x: crate::six::X) { let _ = \"crate::text\"; other_crate::no(); crate::seven() }
        macro_rules! listed { () => { $crate::face!() } }
        mod tests { use crate::anything; }
        pub(crate) fn g() {}
        pub(in crate::nine) fn h() { super::sibling() }
        mod inner { use super::*; use super::super::uncle; use super::super::super::{ten, eleven}; }
    ";
    let mut found = BTreeSet::new();
    named_rooms(source.parse().expect("tokens"), 2, &mut found);
    let expected = "one two three four six seven eight nine ten eleven";
    assert_eq!(found, expected.split(' ').map(str::to_owned).collect());
    let mut macros = BTreeSet::new();
    defined_macros(source.parse().expect("tokens"), &mut macros);
    assert_eq!(macros, BTreeSet::from(["listed".to_owned()]));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The crates of the workspace and which of them each one is built on.
fn crates() -> Rooms {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(repository())
        .output()
        .expect("cargo to start");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let name = |value: &Value| value["name"].as_str().expect("a name").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let on = |package: &Value| {
        let all = list(&package["dependencies"]).into_iter();
        all.filter(|d| d["path"].is_string() && d["kind"].is_null()).map(|d| name(&d)).collect()
    };
    list(&metadata["packages"]).iter().map(|package| (name(package), on(package))).collect()
}

/// The lines of the table under a heading.
fn table(map: &str, heading: &str) -> Rooms {
    let mut lines = map.lines().skip_while(|line| !line.starts_with(heading));
    assert!(lines.next().is_some(), "ARCHITECTURE.md has no heading {heading}");
    let section = lines.take_while(|line| !line.starts_with('#'));
    let rows = section.filter(|line| line.starts_with("| `"));
    let names = |cell: &str| -> Vec<String> {
        cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let mut rooms = Rooms::new();
    for row in rows {
        let cells: Vec<&str> = row.split('|').collect();
        let [_, room, imports, ..] = cells[..] else { panic!("too few cells: {row}") };
        let [room] = &names(room)[..] else { panic!("one room in each line: {row}") };
        let twice = rooms.insert(room.clone(), names(imports).into_iter().collect());
        assert!(twice.is_none(), "{heading}: {room} has two lines");
    }
    assert!(!rooms.is_empty(), "no table under {heading}");
    rooms
}

/// The rooms of a crate and what they import.
fn imports(folder: &Path) -> Rooms {
    let mut rooms = Rooms::new();
    let mut macros = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("an entry").path();
        let file = path.file_name().and_then(|name| name.to_str()).expect("a name in UTF-8");
        if ROOTS.contains(&file) {
            continue;
        }
        // `load.rs` and `load/` are one room.
        let room = file.trim_end_matches(".rs").to_owned();
        let mut named = BTreeSet::new();
        visit(&path, 1, &mut |tokens, depth| {
            defined_macros(tokens.clone(), &mut macros);
            named_rooms(tokens, depth, &mut named);
        });
        named.remove(&room);
        rooms.entry(room).or_default().extend(named);
    }
    for named in rooms.values_mut() {
        named.retain(|name| !macros.contains(name));
    }
    rooms
}

/// Reads the sources of one room, but for its tests. `depth` is the number of modules from the
/// crate's root to the modules that stand in the folder.
fn visit(path: &Path, depth: usize, found: &mut impl FnMut(TokenStream, usize)) {
    if path.file_stem().is_some_and(|stem| stem == "tests") {
        return;
    }
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder of sources") {
            let entry = entry.expect("an entry").path();
            let is_root = entry.file_name().is_some_and(|name| name == "mod.rs");
            visit(&entry, if is_root { depth } else { depth + 1 }, found);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        let source = fs::read_to_string(path).expect("a source");
        let tokens = source.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        found(tokens, depth);
    }
}

/// Adds the name of every `macro_rules!`.
fn defined_macros(tokens: TokenStream, macros: &mut BTreeSet<String>) {
    let mut before = [None, None];
    for token in tokens {
        match token {
            TokenTree::Group(group) => defined_macros(group.stream(), macros),
            TokenTree::Ident(name) if before == [Some("macro_rules".into()), Some("!".into())] => {
                macros.insert(name.to_string());
                before = [None, None];
            }
            other => before = [before[1].take(), Some(other.to_string())],
        }
    }
}

/// Adds the first segment below the crate's root of every path that begins with `crate::`, or with
/// as many `super::` as lead there from a module `depth` levels below it.
fn named_rooms(tokens: TokenStream, depth: usize, named: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: usize, name| matches!(tokens.get(at), Some(TokenTree::Ident(i)) if i == name);
    let colons = |at| is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1));
    let mut at = 0;
    while at < tokens.len() {
        let mut end = at;
        let in_a_macro = at > 0 && tokens[at - 1].to_string() == "$";
        if is(at, "crate") && colons(at + 1) && !in_a_macro {
            end = at + 3;
        }
        let mut supers = 0;
        while is(at + 3 * supers, "super") && colons(at + 3 * supers + 1) {
            supers += 1;
        }
        if supers == depth {
            end = at + 3 * supers;
        }
        match tokens.get(end) {
            Some(TokenTree::Ident(room)) if end > at => _ = named.insert(room.to_string()),
            Some(TokenTree::Group(group)) if end > at => first_segments(group.stream(), named),
            Some(TokenTree::Group(group)) => {
                let is_module = at >= 2 && is(at - 2, "mod");
                if !is_module || !is(at - 1, "tests") {
                    named_rooms(group.stream(), depth + usize::from(is_module), named);
                }
            }
            _ => {}
        }
        at = at.max(end.max(at + 3 * supers)) + 1;
    }
}

/// Adds the first identifier of each element of `{a::B, c::{…}, d as e}`.
fn first_segments(group: TokenStream, named: &mut BTreeSet<String>) {
    let mut begins = true;
    for token in group {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => begins = true,
            TokenTree::Ident(ident) if begins => {
                named.insert(ident.to_string());
                begins = false;
            }
            _ => {}
        }
    }
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}

fn differences(name: &str, allowed: &Rooms, made: &Rooms) -> Vec<String> {
    let mut wrong = Vec::new();
    for room in allowed.keys().filter(|room| !made.contains_key(*room)) {
        wrong.push(format!("{name}: {room} has a line in the table, but there is no such room"));
    }
    for (room, imports) in made {
        let Some(allowed) = allowed.get(room) else {
            wrong.push(format!("{name}: {room} has no line in the table"));
            continue;
        };
        for import in imports.difference(allowed) {
            wrong.push(format!("{name}: {room} imports {import}, which the table does not allow"));
        }
        for import in allowed.difference(imports) {
            wrong.push(format!(
                "{name}: {room} does not import {import}, although the table says so"
            ));
        }
    }
    wrong
}

/// A circle in the table, if there is one.
fn circle(rooms: &Rooms) -> Option<String> {
    fn follow(
        rooms: &Rooms,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<String> {
        let room = path.last().expect("a path begins somewhere").clone();
        if path[..path.len() - 1].contains(&room) {
            return Some(path.join(" → "));
        }
        if !done.insert(room.clone()) {
            // Walked before, and there was no circle.
            return None;
        }
        for next in rooms.get(&room).into_iter().flatten() {
            path.push(next.clone());
            if let Some(circle) = follow(rooms, path, done) {
                return Some(circle);
            }
            path.pop();
        }
        None
    }
    let mut done = BTreeSet::new();
    rooms.keys().find_map(|room| follow(rooms, &mut vec![room.clone()], &mut done))
}
