//! A graph of names, and the circles in it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// For each name, the names that it imports.
pub type Graph = BTreeMap<String, BTreeSet<String>>;

/// Returns a shortest circle of each knot (of names each of which leads to all others).
pub fn circles(graph: &Graph) -> Vec<Vec<String>> {
    let mut done = BTreeSet::new();
    let mut circles = Vec::new();
    for start in graph.keys() {
        if done.contains(start) {
            continue;
        }
        if let Some(circle) = circle(graph, start) {
            let there = reached(graph, start);
            let back = |name: &&String| reached(graph, name).contains(start);
            done.extend(there.iter().filter(back).cloned());
            circles.push(circle);
        }
    }
    circles
}

/// Returns the names that can be reached from one, by one step at least.
fn reached(graph: &Graph, start: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![start.to_owned()];
    while let Some(name) = open.pop() {
        for next in graph.get(&name).into_iter().flatten() {
            if found.insert(next.clone()) {
                open.push(next.clone());
            }
        }
    }
    found
}

/// Returns a shortest way from a name back to itself.
fn circle(graph: &Graph, start: &str) -> Option<Vec<String>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([start]);
    while let Some(name) = open.pop_front() {
        for next in graph.get(name).into_iter().flatten() {
            if next == start {
                let mut way = vec![start.to_owned(), name.to_owned()];
                while way.last().is_some_and(|last| last != start) {
                    way.push(before[way[way.len() - 1].as_str()].to_owned());
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(next.as_str()) {
                before.insert(next, name);
                open.push_back(next);
            }
        }
    }
    None
}
