//! Hot functions whose signature is another: old callers would pass old arguments to new code.
//!
//! A signature is there three times: in its text in the registry entry, by the types that the debug
//! information describes, and, lifetimes included, by the hash in the symbols of the body and of
//! the instance that tells the function's type. Where the text differs, that is the answer. Where
//! only the hash does, the types of one name are others, or their lifetimes; unless names of fields
//! explain it ([`crate::layout::only_renamed`]).

use super::layout;
use super::refused::Refused;
use crate::diff::change::{Analysis, Swapped, Unclear};
use crate::diff::live::Baseline;
use crate::diff::object::{DiffError, HotFunction, HotRegistry, SymbolId};
use crate::diff::policy::Guard;
use crate::layout::{described, only_renamed};
use crate::refusal::{Detail, Refusal};
use std::collections::BTreeSet;

/// A hot function of another signature, as it runs and as it is now.
struct Retyped<'a> {
    was: &'a HotFunction,
    now: &'a HotFunction,
}

impl Retyped<'_> {
    /// Returns both bodies, if it is not generic.
    fn bodies(&self) -> Option<(SymbolId, SymbolId)> {
        self.was.body.zip(self.now.body)
    }
}

/// Refuses a save in which a function whose slot runs has another signature.
pub fn check(analysis: &Analysis<'_>) -> Result<Option<Refused>, DiffError> {
    let retyped = retyped(analysis);
    if retyped.is_empty() {
        return Ok(None);
    }
    // A body's symbol contains a hash of its types and of their fields: if the signature reads
    // as before, a type in it may have changed, which is what the person should be shown.
    let reads_alike = retyped.iter().all(|of| of.was.signature == of.now.signature);
    let details: Vec<Detail> = retyped.iter().map(|of| detail(of, analysis)).collect();
    let swapped = |of: &Retyped<'_>| {
        let (was, now) = of.bodies()?;
        let sizes = [of.was.sizes.clone(), of.now.sizes.clone()];
        Some(Swapped { was: analysis.history.all(was), now, name: of.now.name.clone(), sizes })
    };
    let functions: Vec<Swapped> = retyped.iter().filter_map(swapped).collect();
    let layouts = layout::check(analysis, &functions, &BTreeSet::new())?;
    // The same text may name another type.
    let is_named = |layout: &Detail| details.iter().any(|detail| detail.item == layout.item);
    let (why, details) = match (reads_alike, layouts.iter().any(is_named)) {
        (true, false) if !layouts.is_empty() => (Refusal::Layout, layouts),
        (true, true) => (Refusal::Signature, layouts),
        _ => (Refusal::Signature, details),
    };
    Ok(Some(Refused { why, details }))
}

/// Returns the hot functions whose slot runs but whose signature is another now, by name.
fn retyped<'a>(analysis: &'a Analysis<'_>) -> Vec<Retyped<'a>> {
    let functions = analysis.registry.functions.iter();
    let mut retyped: Vec<_> = functions
        .filter(|(slot, _)| analysis.live.contains(**slot))
        .filter_map(|(slot, now)| {
            let of = Retyped { was: analysis.running_function(*slot)?, now };
            is_refused(&of, *slot, analysis).then_some(of)
        })
        .collect();
    retyped.sort_by(|a, b| a.now.name.cmp(&b.now.name));
    retyped
}

/// Returns whether the signature of a function is another, or the type of its body.
///
/// The body of a renamed function is renamed with it; the layout guard compares the types that the
/// two take and give. The body alone goes by another symbol when its nameless lifetimes are
/// numbered otherwise: that is so where what tells its type, lifetimes included, is the same
/// instance as before. In the newer mangling a body's symbol says nothing of its type, and that of
/// the instance says it in words.
fn is_refused(of: &Retyped<'_>, slot: SymbolId, analysis: &Analysis<'_>) -> bool {
    let Retyped { was, now } = of;
    let Baseline { symbols, guards, .. } = analysis.baseline;
    let identities = was.identity.zip(now.identity);
    let same_type = identities.is_some_and(|(was, now)| was == now);
    let retyped = identities.is_some_and(|(was, now)| symbols.says_other_types(was, now));
    let moved = was.body != now.body && !analysis.renamed.contains_key(&slot);
    let other = retyped || moved && !same_type && !is_only_renamed(of, analysis);
    was.signature != now.signature && guards.on(Guard::Signature)
        || other && guards.on(Guard::BodyType)
}

/// Returns whether the hash in a body's symbol is explained by the names of fields.
fn is_only_renamed(of: &Retyped<'_>, analysis: &Analysis<'_>) -> bool {
    let Baseline { symbols, live, .. } = analysis.baseline;
    let explained = |(was, now): (SymbolId, SymbolId)| {
        let (old, new) = (live.copies(was).first()?, analysis.definitions().one(now)?);
        // Under the symbol that it had when its object was compiled.
        let was = symbols.text(old.atom().name.unwrap_or(was));
        let (old, new) = (old.object.layouts().ok()?, new.object.layouts().ok()?);
        Some(only_renamed((old, was), (new, symbols.text(now)), &of.was.signature))
    };
    of.bodies().and_then(explained).unwrap_or(false)
}

/// Returns the two signatures; where they read alike, with the difference between them.
fn detail(of: &Retyped<'_>, analysis: &Analysis<'_>) -> Detail {
    let [was, now] = [of.was, of.now].map(|function| function.signature.clone());
    let (was, now) = if was != now {
        (was, now)
    } else if let Some(described) = described_types(of, analysis) {
        described
    } else {
        let now =
            format!("{now} with a type in it that is defined otherwise, or with other lifetimes");
        (was, now)
    };
    Detail::changed(of.now.name.clone(), was, now)
}

/// Returns the types of both bodies as the debug information has them, if they read otherwise.
fn described_types(of: &Retyped<'_>, analysis: &Analysis<'_>) -> Option<(String, String)> {
    let Baseline { symbols, live, .. } = analysis.baseline;
    let (was, now) = of.bodies()?;
    let (old, new) = (live.copies(was).first()?, analysis.definitions().one(now)?);
    let was = old.atom().name.unwrap_or(was);
    let was = described(old.object.layouts().ok()?, symbols.text(was))?;
    let now = described(new.object.layouts().ok()?, symbols.text(now))?;
    (was != now).then_some((was, now))
}

/// Refuses hot functions that go by other symbols and cannot be told apart by name.
pub fn unclear(unclear: Unclear, running: &HotRegistry) -> Refused {
    let signatures = |registry: &HotRegistry, name: &str| -> BTreeSet<String> {
        let all = registry.functions.values().filter(|function| function.name == name);
        all.map(|function| function.signature.clone()).collect()
    };
    let mut why = Refusal::Symbol;
    let mut details = Vec::new();
    for item in unclear.names {
        let [was, now] = [running, &unclear.registry].map(|of| signatures(of, &item));
        if was == now {
            let now = "has been moved behind another impl block or item, which gives its \
                       instances other symbols: the running ones cannot be told apart by name";
            details.push(Detail::of(item, now.to_owned()));
        } else {
            why = Refusal::Signature;
            let [was, now] = [was, now].map(|all| Vec::from_iter(all).join(" and "));
            details.push(Detail::changed(item, was, now));
        }
    }
    Refused { why, details }
}
