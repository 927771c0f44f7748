//! Hot functions whose signature is another: old callers would pass old arguments to new code.
//!
//! A signature is told three times: by its text in the registry entry, by the types that the debug
//! information describes, and, lifetimes included, by the hash in the symbols of the body and of the
//! instance that tells the function's type. Where the text differs, that is the answer. Where only the
//! hash does, the types of one name are others, or their lifetimes; unless names of fields explain it
//! ([`crate::layout::only_renamed`]).

use crate::diff::live::LiveSymbols;
use crate::diff::object::{HotRegistry, SizeAlign, SymbolId};
use crate::diff::policy::Guard;
use crate::diff::session::DiffSession;
use crate::diff::verdict::Verdict;
use crate::layout;
use crate::refusal::{Detail, Refusal};
use std::collections::{BTreeSet, HashMap};

/// A hot function of another signature, with the body that runs and the new one, and their sizes.
pub type Retyped = (Detail, Option<(SymbolId, SymbolId)>, [Option<Vec<SizeAlign>>; 2]);

/// Hot functions whose slot runs but whose signature is another now: old callers would pass old
/// arguments to new code.
pub fn changed(
    world: &DiffSession,
    hot: &HotRegistry,
    renamed: &HashMap<SymbolId, SymbolId>,
    loaded: &LiveSymbols,
) -> Vec<Retyped> {
    let DiffSession { running, names, guards, .. } = world;
    let mut changed: Vec<_> = hot
        .functions
        .iter()
        .filter(|(slot, _)| loaded.contains(**slot))
        .filter_map(|(slot, now)| {
            let was = running.functions.get(renamed.get(slot).unwrap_or(slot))?;
            // The body of a renamed function is renamed with it; the layout guard compares the
            // types that the two take and give. The body alone goes by another symbol when its
            // nameless lifetimes are numbered anew: that is so where what tells its type, lifetimes
            // included, is the same instance as before. In the newer mangling a body's symbol says
            // nothing of its type, and that of the instance says it in words.
            let identities = was.identity.zip(now.identity);
            let same_type = identities.is_some_and(|(was, now)| was == now);
            let retyped = identities.is_some_and(|(was, now)| names.says_other_types(was, now));
            let moved = was.body != now.body && !renamed.contains_key(slot);
            let other = retyped
                || moved
                    && !same_type
                    && !is_only_renamed(was.body.zip(now.body), &was.signature, world);
            let refused = was.signature != now.signature && guards.on(Guard::Signature)
                || other && guards.on(Guard::BodyType);
            let [before, after] = [was, now].map(|function| function.signature.clone());
            let detail = Detail::changed(now.name.clone(), before, after);
            let sizes = [was.sizes.clone(), now.sizes.clone()];
            refused.then_some((detail, was.body.zip(now.body), sizes))
        })
        .collect();
    changed.sort_by(|a, b| a.0.item.cmp(&b.0.item));
    changed
}

/// Returns whether the hash in a body's symbol is explained by the names of fields.
fn is_only_renamed(body: Option<(SymbolId, SymbolId)>, text: &str, world: &DiffSession) -> bool {
    let told = |(was, now): (SymbolId, SymbolId)| {
        let (old, new) = (world.loaded.copies(was).first()?, world.definitions.one(now)?);
        let [was, now] = [was, now].map(|name| world.names.text(name));
        // Under the symbol that it had when its object was compiled.
        let was = old.atom().name.map_or(was, |then| world.names.text(then));
        let (old, new) = (old.object.layouts().ok()?, new.object.layouts().ok()?);
        Some(layout::only_renamed((old, was), (new, now), text))
    };
    body.and_then(told).unwrap_or(false)
}

/// Adds to a signature that reads as before what tells the two apart.
pub fn tell_apart(detail: &mut Detail, body: Option<(SymbolId, SymbolId)>, world: &DiffSession) {
    if detail.was != detail.now {
        return;
    }
    let types = body.and_then(|(was, now)| {
        let (old, new) = (world.loaded.copies(was).first()?, world.definitions.one(now)?);
        let was = old.atom().name.unwrap_or(was);
        let was = layout::described(old.object.layouts().ok()?, world.names.text(was))?;
        let now = layout::described(new.object.layouts().ok()?, world.names.text(now))?;
        (was != now).then_some((was, now))
    });
    match types {
        Some((was, now)) => (detail.was, detail.now) = (Some(was), Some(now)),
        None => {
            if let Some(now) = &mut detail.now {
                *now += " with a type in it that is defined otherwise, or with other lifetimes";
            }
        }
    }
}

/// Refuses hot functions that go by other symbols and cannot be told apart by name.
pub fn unclear(names: Vec<String>, running: &HotRegistry, hot: &HotRegistry) -> Verdict {
    let signatures = |hot: &HotRegistry, name: &str| -> BTreeSet<String> {
        let all = hot.functions.values().filter(|function| function.name == name);
        all.map(|function| function.signature.clone()).collect()
    };
    let mut why = Refusal::Symbol;
    let mut details = Vec::new();
    for item in names {
        let [was, now] = [signatures(running, &item), signatures(hot, &item)];
        details.push(match was == now {
            true => {
                let now = "has been moved behind another impl block or item, which gives its \
                           instances other symbols: the running ones cannot be told apart by name";
                Detail::of(item, now.to_owned())
            }
            false => {
                why = Refusal::Signature;
                let listed = |all: BTreeSet<String>| Vec::from_iter(all).join(" and ");
                Detail::changed(item, listed(was), listed(now))
            }
        });
    }
    Verdict::Refused { why, details }
}
