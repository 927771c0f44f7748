//! Why a change is not live, and where `#[hot]` would make it so.
//!
//! A changed item is in the program because something refers to it:
//!
//! - **code**, which goes on with what it was built to call until it is replaced: `#[hot]` on the
//!   item, or on a function that leads to it, makes that possible, unless the function has begun
//!   and is not called again (`main`, a loop without an end);
//! - **a static**, which keeps its value, and with it the address of the old code: a table of
//!   functions, a slice that a linker has put together, the function that makes a `LazyLock`'s
//!   value;
//! - **what runs before `main`**, which has run;
//! - **nothing**, as far as objects show: a function that C calls by its name is not seen.
//!
//! A closure, an iterator or a future that a `#[hot]` function *returns* is run by whoever called
//! that, in code that was compiled into the caller: no slot leads there, and a mark on the function
//! itself does not help. The caller has to be marked.

use super::changed::changed_item;
use super::control_flow::never_returns;
use super::item::item;
use super::owners::owners;
use crate::diff::change::{Analysis, spreads};
use crate::diff::object::{AtomKind, AtomRef, SymbolId};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Says why changes have no effect where no hot function reaches them, and what would change that.
pub fn why_not(analysis: &Analysis<'_>, wanted: impl Fn(SymbolId) -> bool) -> String {
    const MOST: usize = 2;
    let mut items: BTreeMap<String, Vec<SymbolId>> = BTreeMap::new();
    let mut states = false;
    for (name, kind) in analysis.changed.iter().copied().filter(|(name, _)| wanted(*name)) {
        if spreads(name, kind, analysis.symbols) {
            let item = changed_item(analysis, name, kind);
            item.into_iter().for_each(|item| items.entry(item).or_default().push(name));
        } else {
            states = true;
        }
    }
    let more = items.len().saturating_sub(MOST);
    let mut why: Vec<String> =
        items.iter().take(MOST).map(|(item, names)| why_not_one(analysis, item, names)).collect();
    if let Some(first) = why.first_mut() {
        first.insert_str(0, "no #[hot] function reaches it: ");
    }
    if more > 0 {
        why.push(format!("the same goes for {more} more"));
    }
    if states {
        why.push("a static that exists keeps its value".to_owned());
    }
    why.join("; ")
}

fn why_not_one(analysis: &Analysis<'_>, item: &str, names: &[SymbolId]) -> String {
    let is_hot = hot_items(analysis).contains(item);
    let callers: Vec<String> = callers(analysis, names, item).into_keys().collect();
    let hot_on = hot_on(analysis, names, item);
    // What is built to call it still does, past the slot that it will have.
    let advice = |on: &[String]| match on {
        [] => String::new(),
        on => format!(" (#[hot] on {} makes it live from a restart on)", on.join(" or ")),
    };
    if !callers.is_empty() {
        return match (is_hot, hot_on.is_empty()) {
            (false, _) => format!("{item} is used by {}{}", and(&callers), advice(&hot_on)),
            (true, false) => format!(
                "{item} is #[hot], but what it returns runs in {}{}",
                and(&callers),
                advice(&hot_on)
            ),
            (true, true) => format!(
                "{item} is #[hot], but what it returns runs in {} (a #[hot] function that calls \
                 {item} and uses up what it returns makes it live from a restart on)",
                and(&callers)
            ),
        };
    }
    if is_begun(analysis, names.iter().copied(), item) {
        return format!("{item} has begun and is not called again; what it calls can be #[hot]");
    }
    match state_users(analysis, names, item) {
        State { before_main: true, .. } => format!("{item} runs before main, and has run"),
        State { own: true, .. } => {
            format!("static {item} keeps the value that it has, or the code that makes it")
        }
        State { statics, .. } if !statics.is_empty() => {
            let keeps = if statics.len() == 1 { "keeps" } else { "keep" };
            let statics: Vec<String> = statics.into_iter().collect();
            format!("static {} {keeps} the old {item}{}", and(&statics), advice(&hot_on))
        }
        _ if names.iter().any(|name| !analysis.symbols.is_mangled(*name)) => {
            format!("nothing in the program's own crates calls {item}")
        }
        _ => format!("nothing in the program calls {item}"),
    }
}

/// Returns the functions on which `#[hot]` would bring these to life: on the item itself, or on who
/// calls it.
pub fn hot_on(analysis: &Analysis<'_>, names: &[SymbolId], of: &str) -> Vec<String> {
    const MOST: usize = 3;
    let mut found = Vec::new();
    let hot = hot_items(analysis);
    let is_hot = hot.contains(of) || names.iter().any(|name| is_hot(analysis, *name));
    if !is_hot && is_markable(analysis, names, of) {
        found.push(of.to_owned());
    }
    let callers = callers(analysis, names, of).into_iter();
    let callers = callers.filter(|(caller, helps)| *helps && !hot.contains(caller));
    found.extend(callers.map(|(caller, _)| caller));
    found.truncate(MOST);
    found
}

/// Returns the items that are hot functions.
fn hot_items(analysis: &Analysis<'_>) -> BTreeSet<String> {
    let bodies = analysis.registry.bodies.iter();
    bodies.filter_map(|body| item(&analysis.symbols.path(*body), &analysis.crates)).collect()
}

/// Reports whether it is a part of a hot function: its body, or what calls that through the slot.
fn is_hot(analysis: &Analysis<'_>, name: SymbolId) -> bool {
    let of = |name: SymbolId| item(&analysis.symbols.path(name), &analysis.crates);
    // An optimised caller may have the call through the slot in it.
    let is_own =
        |slot: &SymbolId| analysis.registry.functions.contains_key(slot) && of(*slot) == of(name);
    let out_edges = |atom: &AtomRef| atom.object.out_edges[atom.index as usize].iter().any(is_own);
    analysis.registry.bodies.contains(&name)
        || analysis.definitions().one(name).is_some_and(out_edges)
}

/// Reports whether the item is not called again once it runs: `main`, or a loop without an end.
/// There `#[hot]` is of no use.
fn is_begun(
    analysis: &Analysis<'_>,
    mut names: impl Iterator<Item = SymbolId>,
    item: &str,
) -> bool {
    let is_main = analysis.crates.iter().any(|name| item == format!("{name}::main"));
    is_main || names.any(|name| analysis.definitions().all(name).iter().any(never_returns))
}

/// Reports whether a person can write `#[hot]` on the item, and that would help: it is a function
/// that is called again, and no macro has made it.
fn is_markable(analysis: &Analysis<'_>, names: &[SymbolId], item: &str) -> bool {
    let is_code = |name: &SymbolId| {
        analysis.definitions().one(*name).is_some_and(|atom| atom.atom().kind == AtomKind::Text)
    };
    let is_made = item.split("::").any(|part| part == "_" || part.starts_with("__"));
    names.iter().any(is_code) && !is_made && !is_begun(analysis, names.iter().copied(), item)
}

/// Returns the items that call these, and of each whether a mark on it would help. What a hot
/// function returns is run by the callers of that one.
fn callers(analysis: &Analysis<'_>, names: &[SymbolId], of: &str) -> BTreeMap<String, bool> {
    let hot = hot_items(analysis);
    let mut callers = BTreeMap::new();
    let mut seen: HashSet<SymbolId> = names.iter().copied().collect();
    let mut open = names.to_vec();
    while !open.is_empty() {
        let led = std::mem::take(&mut open);
        let users = led.iter().flat_map(|&name| analysis.reverse_refs.of(name)).copied();
        for (item, names) in owners(analysis, users, &analysis.dirty) {
            let is_returned =
                hot.contains(&item) && !names.iter().any(|name| is_hot(analysis, *name));
            if is_returned || item == of {
                open.extend(names.into_iter().filter(|name| seen.insert(*name)));
            } else {
                let helps = is_markable(analysis, &names, &item);
                callers.insert(item, helps);
            }
        }
    }
    callers
}

/// Returns what refers to these and is no code.
fn state_users(analysis: &Analysis<'_>, names: &[SymbolId], of: &str) -> State {
    let mut state = State::default();
    // Code without an item, an instance of a function of std, may stand between.
    let mut leading: HashSet<SymbolId> = names.iter().copied().collect();
    let mut open = names.to_vec();
    while let Some(name) = open.pop() {
        open.extend(analysis.reverse_refs.of(name).iter().filter(|user| leading.insert(**user)));
    }
    for (name, atoms) in analysis.definitions().iter() {
        for atom in atoms {
            let kind = atom.atom().kind;
            if !matches!(kind, AtomKind::Data | AtomKind::ThreadLocal | AtomKind::Constructor)
                || !atom.object.out_edges[atom.index as usize].iter().any(|n| leading.contains(n))
            {
                continue;
            }
            match item(&analysis.symbols.path(name), &analysis.crates) {
                _ if kind == AtomKind::Constructor => state.before_main = true,
                Some(item) if item == of => state.own = true,
                Some(item) => _ = state.statics.insert(item),
                None => {}
            }
        }
    }
    state
}

/// The users of an item that are no code.
#[derive(Default)]
struct State {
    /// The statics.
    statics: BTreeSet<String>,
    /// Set if the item is a static itself.
    own: bool,
    /// Set if it is called before `main`.
    before_main: bool,
}

/// Joins items: `a, b and 3 more`.
fn and(items: &[String]) -> String {
    const MOST: usize = 3;
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if items.len() <= MOST => format!("{} and {last}", first.join(", ")),
        _ => format!("{} and {} more", items[..MOST].join(", "), items.len() - MOST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_with_and() {
        let all = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(and(&all[..1]), "a");
        assert_eq!(and(&all[..2]), "a and b");
        assert_eq!(and(&all[..3]), "a, b and c");
        assert_eq!(and(&all), "a, b, c and 2 more");
    }
}
