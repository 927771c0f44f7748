//! Statics that the optimiser has taken apart.
//!
//! A static that only one codegen unit uses may be split into the fields that are used, `PAIR.0`
//! and `PAIR.1`, or squeezed into a flag, `SEEN.b`. An edit elsewhere may move functions between
//! units, so that the same static is whole in one build, split in the next, and split otherwise in
//! the one after. The parts are counted in the order of their offsets, and only those that are
//! used: `PAIR.0` is the first field today, and tomorrow the second.
//!
//! A part is therefore the running one only if both builds have the same parts, of the same sizes,
//! and these fill the whole static; and a static that seems new is not, if the program has another
//! part of the same one.

use crate::diff::change::Analysis;
use crate::diff::object::{AtomKind, AtomRef, SymbolId, SymbolTable};
use crate::layout::Layouts;
use crate::symbol::without_vendor_suffix;
use std::collections::BTreeMap;

/// Reports whether the program has another part of this static, or the whole, although not this
/// name.
pub fn has_kin(name: SymbolId, analysis: &Analysis<'_>) -> bool {
    let symbols = analysis.symbols;
    let mangled = without_vendor_suffix(symbols.text(name));
    analysis.live.iter().any(|(other, copies)| {
        other != name
            && copies.first().is_some_and(|c| c.atom().kind.is_state())
            && without_vendor_suffix(symbols.text(other)) == mangled
    })
}

/// Reports whether a static may be bound to what runs under its name: it is whole, or split as
/// before.
pub fn is_as_before(name: SymbolId, analysis: &Analysis<'_>) -> bool {
    let symbols = analysis.symbols;
    let mangled = without_vendor_suffix(symbols.text(name));
    if mangled.len() == symbols.text(name).len() {
        return true;
    }
    let before = parts(mangled, analysis.live.iter(), symbols);
    let now = parts(mangled, analysis.definitions().iter(), symbols);
    let fills = |parts: &BTreeMap<String, AtomRef>| {
        let numbered = (0..).zip(parts.keys()).all(|(n, part)| *part == format!(".{n}"));
        let sum: u64 = parts.values().map(|atom| atom.atom().size).sum();
        let whole = parts.values().next().and_then(|atom| {
            let layouts: Layouts = atom.object.layouts().ok().cloned().into_iter().collect();
            layouts.static_type(mangled)?.size()
        });
        numbered && parts.len() <= 10 && whole == Some(sum)
    };
    let sizes = |parts: &BTreeMap<String, AtomRef>| -> Vec<u64> {
        parts.values().map(|atom| atom.atom().size).collect()
    };
    before.keys().eq(now.keys()) && sizes(&before) == sizes(&now) && fills(&before) && fills(&now)
}

/// Returns the parts of a static, by what is appended to its name.
fn parts<'a>(
    whole: &str,
    all: impl Iterator<Item = (SymbolId, &'a [AtomRef])>,
    symbols: &SymbolTable,
) -> BTreeMap<String, AtomRef> {
    all.filter(|(_, atoms)| {
        atoms
            .first()
            .is_some_and(|a| matches!(a.atom().kind, AtomKind::Data | AtomKind::ThreadLocal))
    })
    .filter_map(|(name, atoms)| {
        let text = symbols.text(name);
        (without_vendor_suffix(text) == whole)
            .then(|| (text[whole.len()..].to_owned(), atoms[0].clone()))
    })
    .collect()
}
