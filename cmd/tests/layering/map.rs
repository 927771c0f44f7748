//! The tables of ARCHITECTURE.md, and how they differ from the code.
//!
//! A table has a line for each room: its name, and the rooms that it imports.

use crate::graph::Graph;
use std::collections::BTreeSet;

/// Returns the lines of the table under a heading, if there is such a heading.
pub fn table(map: &str, heading: &str) -> Option<Graph> {
    let mut lines = map.lines().skip_while(|line| line.trim_end() != heading);
    lines.next()?;
    let section = lines.take_while(|line| !line.starts_with('#'));
    let mut rooms = Graph::new();
    for row in section.filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = row.split('|').collect();
        let [_, room, imports, ..] = cells[..] else { panic!("too few cells: {row}") };
        let [room] = &names(room)[..] else { panic!("one room in each line: {row}") };
        let twice = rooms.insert(room.clone(), names(imports).into_iter().collect());
        assert!(twice.is_none(), "{heading}: {room} has two lines");
    }
    Some(rooms)
}

/// Returns the folders of a crate that have a table: `diff` for `#### hot-cli: diff`.
pub fn folders(map: &str, name: &str) -> BTreeSet<String> {
    let heading = format!("#### {name}: ");
    map.lines().filter_map(|line| line.strip_prefix(&heading)).map(str::to_owned).collect()
}

/// Returns a line for each difference between a table and the code.
pub fn differences(name: &str, allowed: &Graph, made: &Graph) -> Vec<String> {
    let mut wrong = Vec::new();
    for room in allowed.keys().filter(|room| !made.contains_key(*room)) {
        wrong.push(format!("{name}: {room} has a line in the table, but there is no such room"));
    }
    for (room, imports) in made {
        let Some(allowed) = allowed.get(room) else {
            wrong.push(format!("{name}: no line in the table: {}", line(room, imports)));
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

/// Writes the line of a room.
fn line(room: &str, imports: &BTreeSet<String>) -> String {
    let imports: Vec<String> = imports.iter().map(|import| format!("`{import}`")).collect();
    format!("| `{room}` | {} | |", imports.join(" "))
}

/// Returns the names between backticks.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
