//! Sizes and alignments, which are compared in crates that describe no types.
//!
//! Without debug information the layout guard has nothing to look at. What is left is the size and
//! the alignment of each argument and of the result of a hot function, which its registry entry
//! has, and those of each static, which are the object's own. Names are compared elsewhere: the
//! signature as it is written, and the symbols, whose hash covers the types by name. A type that
//! keeps its size, and one that is behind a pointer, may have changed without being seen.
//!
//! Of a function without sizes nothing is known, so it is not replaced: a generic function, whose
//! instances have other sizes each, and the few for which the macro writes none.

use crate::diff::change::{Analysis, Swapped};
use crate::diff::object::{Atom, AtomKind, AtomRef, SizeAlign, SymbolId};
use crate::diff::policy::Guard;
use crate::refusal::Detail;
use std::collections::BTreeSet;

/// Returns what differs in the crates with these keys, which describe no types.
pub fn check(
    analysis: &Analysis<'_>,
    undescribed: &BTreeSet<String>,
    functions: &[Swapped],
) -> Vec<Detail> {
    if undescribed.is_empty() {
        return Vec::new();
    }
    let sizes = Sizes { analysis, undescribed };
    let mut details: Vec<Detail> =
        functions.iter().flat_map(|swapped| sizes.function(swapped)).collect();
    // An instance of a generic function each would say the same.
    details.dedup();
    let definitions = analysis.definitions().iter();
    let mut state: Vec<Detail> =
        definitions.filter_map(|(name, atoms)| sizes.state(name, atoms)).collect();
    state.sort_by(|a, b| a.item.cmp(&b.item));
    details.append(&mut state);
    details
}

/// A comparison in the crates that describe no types.
struct Sizes<'a> {
    analysis: &'a Analysis<'a>,
    undescribed: &'a BTreeSet<String>,
}

impl Sizes<'_> {
    fn is_undescribed(&self, atom: &AtomRef) -> bool {
        self.undescribed.contains(&atom.object.crate_key)
    }

    fn function(&self, swapped: &Swapped) -> Vec<Detail> {
        let body = self.analysis.definitions().one(swapped.now);
        if !body.is_some_and(|body| self.is_undescribed(body)) {
            return Vec::new();
        }
        let [Some(was), Some(now)] = &swapped.sizes else {
            let missing = "tells no sizes (it is generic, has more than 12 arguments or an ABI of \
                           its own), and without debug information nothing else tells whether a \
                           type in it has changed; set `debug = true` in the profile";
            let detail = Detail::of(swapped.name.clone(), missing.to_owned());
            return self
                .analysis
                .baseline
                .guards
                .on(Guard::SizesTold)
                .then_some(detail)
                .into_iter()
                .collect();
        };
        if !self.analysis.baseline.guards.on(Guard::Sizes) {
            return Vec::new();
        }
        if was.len() != now.len() {
            let arguments =
                |sizes: &[SizeAlign]| format!("{} arguments", sizes.len().saturating_sub(1));
            return vec![Detail::changed(swapped.name.clone(), arguments(was), arguments(now))];
        }
        let result = now.len() - 1;
        let pairs = was.iter().zip(now).enumerate().filter(|(_, (was, now))| was != now);
        pairs
            .map(|(index, (was, now))| {
                let what = if index == result {
                    "result".to_owned()
                } else {
                    format!("argument {}", index + 1)
                };
                let (was, now) = words(*was, *now);
                Detail::changed(format!("{what} of {}", swapped.name), was, now)
            })
            .collect()
    }

    /// Compares a static that runs, referred to or not: unchanged code may hand it out.
    fn state(&self, name: SymbolId, atoms: &[AtomRef]) -> Option<Detail> {
        let now = atoms.first().filter(|now| self.is_undescribed(now))?.atom();
        if !matches!(now.kind, AtomKind::Data | AtomKind::ThreadLocal)
            || self.analysis.symbols.is_made(name)
        {
            return None;
        }
        let running = self.analysis.baseline.live.copies(name);
        let size = |atom: &Atom| SizeAlign { size: atom.size, align: atom.align };
        let other = |was: &&Atom| {
            was.size != now.size && self.analysis.baseline.guards.on(Guard::StateSize)
                || was.align != now.align && self.analysis.baseline.guards.on(Guard::StateAlignment)
        };
        let was = running.iter().map(AtomRef::atom).find(other)?;
        let (was, now) = words(size(was), size(now));
        Some(Detail::changed(format!("static {}", self.analysis.symbols.path(name)), was, now))
    }
}

/// The two sizes, and the alignments where only those differ.
fn words(was: SizeAlign, now: SizeAlign) -> (String, String) {
    let words = |of: SizeAlign| {
        if was.size == now.size {
            format!("{} bytes aligned to {}", of.size, of.align)
        } else {
            format!("{} bytes", of.size)
        }
    };
    (words(was), words(now))
}
