//! The rules for the files of one crate: tables, circles, ancestors.

use crate::{
    graph::{Graph, circles},
    imports::{Crate, File, Imports, from_ancestors, is_ancestor},
    map,
};
use std::collections::BTreeSet;

/// Returns a sentence for each rule that a crate breaks.
pub fn broken(name: &str, map: &str, sources: &Crate) -> Vec<String> {
    let imports = sources.imports();
    let files = sources.files();
    let mut wrong = Vec::new();
    for sentence in from_ancestors(&imports) {
        wrong.push(format!("{name}: {sentence}"));
    }
    for circle in circles(&between_files(&imports)) {
        let steps = circle.windows(2).map(|step| because(&imports, &step[0], &step[1]));
        let steps: Vec<String> = steps.collect();
        wrong.push(format!("{name}: a circle of files: {}", steps.join("; ")));
    }

    // The root has a table even without folders; so may any folder.
    let mut folders: BTreeSet<Vec<String>> = map::folders(map, name)
        .iter()
        .map(|folder| folder.split('/').map(str::to_owned).collect())
        .collect();
    folders.insert(Vec::new());
    folders.extend(files.iter().filter(|file| file.module.len() > 2).map(|file| {
        // Not for the folder of the file, but for the one around it.
        file.module[..file.module.len() - 2].to_vec()
    }));
    for folder in folders {
        let heading = if folder.is_empty() {
            format!("### `{name}`")
        } else {
            format!("#### {name}: {}", folder.join("/"))
        };
        let label = [&[name.to_owned()], &folder[..]].concat().join("/");
        let Some(allowed) = map::table(map, &heading) else {
            let lines = map::differences(&label, &Graph::new(), &between_rooms(sources, &folder));
            let lines = format!("ARCHITECTURE.md has no heading {heading}\n{}", lines.join("\n"));
            wrong.push(lines);
            continue;
        };
        let circles = circles(&allowed).into_iter();
        let circles = circles.map(|circle| format!("{label}: a circle: {}", circle.join(" → ")));
        let different = map::differences(&label, &allowed, &between_rooms(sources, &folder));
        wrong.extend(circles.chain(different));
    }
    wrong
}

/// Returns the graph of files, without the imports that are wrong for another reason.
fn between_files(imports: &Imports) -> Graph {
    let mut graph = Graph::new();
    for (from, to) in imports.keys().filter(|(from, to)| !is_ancestor(to, from)) {
        graph.entry(from.name.clone()).or_default().insert(to.name.clone());
    }
    graph
}

/// Returns the rooms in a folder and what each imports of the others.
fn between_rooms(sources: &Crate, folder: &[String]) -> Graph {
    let room = |file: &File| file.module.strip_prefix(folder)?.first().cloned();
    let rooms = sources.files().into_iter().filter_map(room);
    let mut graph: Graph = rooms.map(|room| (room, BTreeSet::new())).collect();
    for (from, to) in sources.imports().keys() {
        if let (Some(from), Some(to)) = (room(from), room(to))
            && from != to
        {
            graph.entry(from).or_default().insert(to);
        }
    }
    graph
}

/// Says which names make one file import another.
fn because(imports: &Imports, from: &str, to: &str) -> String {
    let step = imports.iter().find(|((a, b), _)| a.name == from && b.name == to);
    let names: Vec<&str> = step.iter().flat_map(|(_, names)| *names).map(String::as_str).collect();
    format!("{from} → {to} ({})", names.join(", "))
}
