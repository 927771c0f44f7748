//! The atoms that go into a patch, and the bindings of the names in them.

use super::tls::TlsLayout;
use crate::diff::change::Analysis;
use crate::diff::live::Location;
use crate::diff::object::{AtomKind, AtomRef, RelocTarget, SymbolId};
use crate::refusal::{Detail, Refusal};
use crate::symbol::item_path;
use std::collections::{BTreeSet, HashMap, HashSet};

/// The target of a name in the patch.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Binding {
    /// A copy in the patch.
    Carried(AtomRef),
    /// Something that is in the process already.
    At(Location),
    /// A symbol that the dynamic loader knows.
    Dynamic(SymbolId),
}

/// The atoms of a patch, and the bindings of the names in them.
#[derive(Default)]
pub struct Selection {
    /// The atoms of the patch, in the order in which they were met.
    pub atoms: Vec<AtomRef>,
    /// Names of the running statics and thread-locals that the patch refers to.
    pub state: BTreeSet<SymbolId>,
    /// The thread-locals among the atoms, laid out.
    pub tls: TlsLayout,
    /// Names of new statics and thread-locals of the program's own crates.
    pub new_statics: BTreeSet<SymbolId>,
    /// The obstacles: the kind of refusal, and the item.
    pub obstacles: Vec<(Refusal, Detail)>,
    /// The binding of each name that was met.
    pub bindings: HashMap<SymbolId, Binding>,
    /// The atoms, for finding them.
    pub carried: HashSet<AtomRef>,
}

impl Selection {
    /// Returns what a reference of a carried atom leads to.
    pub fn binding(
        &self,
        from: &AtomRef,
        target: &RelocTarget,
        analysis: &Analysis<'_>,
    ) -> Option<Binding> {
        match target {
            RelocTarget::Private(atom, _) => Some(Binding::Carried(atom.clone())),
            RelocTarget::Named(name, _) => match first_version(from, *name, analysis) {
                Some(location) => Some(Binding::At(location)),
                None => self.bindings.get(name).cloned(),
            },
        }
    }

    /// Notes that an atom stands in the way.
    pub fn refuse(
        &mut self,
        why: Refusal,
        atom: &AtomRef,
        now: impl Into<String>,
        analysis: &Analysis<'_>,
    ) {
        let item = atom.atom().name.map_or_else(
            || format!("a constant of {}", atom.object.unit),
            |name| match atom.atom().kind {
                // Without the cell that the macro has made.
                AtomKind::ThreadLocal => item_path(analysis.symbols.text(name)),
                _ => analysis.symbols.path(name),
            },
        );
        let obstacle = (why, Detail::of(item, now.into()));
        if !self.obstacles.contains(&obstacle) {
            self.obstacles.push(obstacle);
        }
    }
}

/// Returns where a body was loaded first, if that is what a name means to an atom: trampolines,
/// slots and entries know a body by that address; only the body's own tables refer to the copy in
/// the patch.
pub fn first_version(from: &AtomRef, name: SymbolId, analysis: &Analysis<'_>) -> Option<Location> {
    let outside = matches!(from.atom().kind, AtomKind::Text | AtomKind::Slot | AtomKind::Entry)
        && from.atom().name != Some(name);
    if outside && analysis.registry.bodies.contains(&name) {
        analysis.live.first(name).first().copied()
    } else {
        None
    }
}
