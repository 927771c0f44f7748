//! The methods behind trait objects, in crates that describe no types.
//!
//! A call through `dyn Priced` takes the method by its place in a table, and objects made before a
//! patch keep the table that they were made with. With debug information
//! [`crate::layout`] knows the tables by name. Without it a table is known by its form
//! ([`crate::layout::Vtable`]). The traits are in the names of the functions in it: a method's
//! own, `<shop::Order as shop::Priced>::price`, and a provided one's, `shop::Priced::tax`. A
//! trait's own methods stand last, behind those of its supertraits.
//!
//! All tables of one trait have the same methods in the same places. So a table of a trait of which
//! there were tables, but none with these methods, is a difference; and so is a method whose
//! symbol, in a place where its path stood before, has another hash, since that covers what it
//! takes and gives; unless the one before is still there: then it is another instance. An impl
//! block that has only another number looks like a change, and is refused as well. Symbols of the
//! newer scheme have no hash: there nothing is seen of a method's types.

use crate::diff::change::Analysis;
use crate::diff::object::{ObjectFile, SymbolId, SymbolTable, read_vtable};
use crate::refusal::Detail;
use crate::symbol::implemented_trait;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The functions of a table by place; none where there is none.
type Methods = Vec<Option<SymbolId>>;

/// Returns what differs between the tables that have been live and those of the newest objects, in
/// the crates with these keys.
pub fn compare(analysis: &Analysis<'_>, undescribed: &BTreeSet<String>) -> Vec<Detail> {
    if undescribed.is_empty() {
        return Vec::new();
    }
    let Analysis { baseline, newest, symbols, .. } = analysis;
    let lived = &baseline.objects;
    // A trait of one crate has tables in any.
    let old: Vec<&Arc<ObjectFile>> =
        undescribed.iter().flat_map(|key| lived.objects(key)).collect();
    let mut known: HashMap<String, HashSet<Methods>> = HashMap::new();
    for table in old.iter().copied().flat_map(tables) {
        if let Some(of) = trait_of(&table, symbols) {
            known.entry(of).or_default().insert(table);
        }
    }
    let units = newest.crates.iter().filter(|(key, _)| undescribed.contains(*key));
    let fresh = units.flat_map(|(_, unit)| &unit.objects);
    let fresh = fresh.filter(|object| !old.iter().any(|known| Arc::ptr_eq(known, object)));
    let definitions = &newest.definitions;
    let is_gone = |name: SymbolId| definitions.one(name).is_none();
    let mut details = Vec::new();
    for table in fresh.flat_map(tables) {
        let Some(of) = trait_of(&table, symbols) else { continue };
        details.extend(
            known.get(&of).and_then(|known| difference(&of, &table, known, &is_gone, symbols)),
        );
    }
    details.sort_by(|a, b| (&a.item, &a.was).cmp(&(&b.item, &b.was)));
    details.dedup();
    details
}

fn difference(
    of: &str,
    now: &Methods,
    known: &HashSet<Methods>,
    is_gone: &dyn Fn(SymbolId) -> bool,
    symbols: &SymbolTable,
) -> Option<Detail> {
    if known.contains(now) {
        return None;
    }
    let detail = |was: String, now: String| {
        let item = format!("trait {of}");
        let more = "without debug information it is not seen whether objects of it are concerned; \
                    debug = true in the profile tells";
        Some(Detail { lines: vec![more.to_owned()], ..Detail::changed(item, was, now) })
    };
    let places = |methods: &Methods| -> String {
        let name = |method: &Option<SymbolId>| match method {
            Some(method) => split(&symbols.path(*method)).1.to_owned(),
            None => "–".to_owned(),
        };
        format!("methods {}", methods.iter().map(name).collect::<Vec<_>>().join(", "))
    };
    let now_places = places(now);
    if !known.iter().any(|was| places(was) == now_places) {
        return detail(known.iter().map(places).min()?, now_places);
    }
    // Supertraits may have methods of one name.
    let traits = |methods: &Methods| -> String {
        let told = |method: &Option<SymbolId>| match method {
            Some(method) => {
                let path = symbols.path(*method);
                let (of, name) = split(&path);
                format!("{}::{name}", implemented_trait(of))
            }
            None => "–".to_owned(),
        };
        format!("methods {}", methods.iter().map(told).collect::<Vec<_>>().join(", "))
    };
    let now_traits = traits(now);
    if !known.iter().any(|was| traits(was) == now_traits) {
        return detail(known.iter().map(traits).min()?, now_traits);
    }
    now.iter().enumerate().find_map(|(place, method)| {
        let method = (*method)?;
        let mut before = known.iter().filter_map(|was| *was.get(place)?);
        let path = symbols.path(method);
        let renamed = !before.clone().any(|was| was == method)
            && before.any(|was| is_gone(was) && symbols.path(was) == path);
        let now = format!(
            "{path} that takes or gives another type, or is in an impl block that \
                           was numbered anew"
        );
        renamed.then(|| detail(path, now)).flatten()
    })
}

/// Returns the tables of an object that have methods.
fn tables(object: &Arc<ObjectFile>) -> impl Iterator<Item = Methods> {
    let tables = object.atoms.iter().filter_map(|atom| read_vtable(object, atom));
    tables.map(|table| table.methods).filter(|methods| methods.iter().any(Option::is_some))
}

/// The trait of a table, if it is not one of the standard library's.
fn trait_of(methods: &Methods, symbols: &SymbolTable) -> Option<String> {
    let last = methods.iter().rev().flatten().next()?;
    let path = symbols.path(*last);
    // The table of a `dyn Fn` or `dyn Future`: it is only ever called.
    if path.ends_with("{{closure}}") {
        return None;
    }
    let of = implemented_trait(split(&path).0);
    // `Priced<shop::Order>` has the methods that `Priced` has.
    let of = of.split('<').next().unwrap_or(of);
    let standard = ["core::", "alloc::", "std::"].iter().any(|krate| of.starts_with(krate));
    (!standard && of.contains("::")).then(|| of.to_owned())
}

/// `<shop::Order as shop::Priced>` and `price`; shims carry what they are in braces.
fn split(path: &str) -> (&str, &str) {
    let path = path.split("{{").next().unwrap_or(path);
    path.rsplit_once("::").unwrap_or(("", path))
}
