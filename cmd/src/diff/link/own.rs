//! Binds the names that the program's own crates define.
//!
//! - Changed code, and what calls nothing that runs (not in the process, or at several places), is
//!   carried; unchanged code is the running version's.
//! - A static with state is the running one, always; one that is new is carried, unless one of the
//!   same path has just disappeared, which means that its type changed.
//! - A static that a macro made for the place where it is used is carried if it has changed.
//! - A thread-local is the running one; a new one is carried, on the same conditions, if the
//!   program's pool has room for it (`super::tls`).
//! - What instrumentation counts in belongs to the version of its function, and is always carried.

use super::selection::{Binding, Selection};
use super::sra;
use crate::diff::change::Analysis;
use crate::diff::live::Location;
use crate::diff::object::{Atom, AtomKind, AtomRef, RelocTarget, SymbolId};
use crate::diff::policy::Guard;
use crate::layout::ObjectLayouts;
use crate::refusal::Refusal;
use crate::symbol::item_path;

/// An obstacle: the kind of refusal, and a sentence.
type Obstacle = (Refusal, &'static str);

/// Binds a name; `None` when something stands in the way, which is then noted.
pub fn bind(
    name: SymbolId,
    atom: &AtomRef,
    selection: &mut Selection,
    analysis: &Analysis<'_>,
) -> Option<Binding> {
    let kind = atom.atom().kind;
    if kind == AtomKind::Counter {
        return Some(Binding::Carried(atom.clone()));
    }
    let is_made = kind == AtomKind::Data && analysis.symbols.is_made(name);
    let is_known = analysis.live.contains(name) && !analysis.history.is_unclear(name);
    if is_made && (analysis.dirty.contains(&name) || !is_known) {
        selection.new_statics.insert(name);
        return Some(Binding::Carried(atom.clone()));
    }
    let bound =
        if kind.is_state() { state(name, atom, selection, analysis) } else { code(name, analysis) };
    match bound {
        Ok(Some(location)) => Some(Binding::At(location)),
        Ok(None) => Some(Binding::Carried(atom.clone())),
        Err((why, now)) => {
            selection.refuse(why, atom, now, analysis);
            None
        }
    }
}

/// Returns where a static runs; `None` for one that is new.
fn state(
    name: SymbolId,
    atom: &AtomRef,
    selection: &mut Selection,
    analysis: &Analysis<'_>,
) -> Result<Option<Location>, Obstacle> {
    let kind = atom.atom().kind;
    if analysis.history.is_unclear(name) {
        return Err((Refusal::Static, UNCLEAR));
    }
    if let Some(location) = analysis.live.location(name) {
        check_running(name, atom, analysis)?;
        if kind != AtomKind::Slot {
            selection.state.insert(name);
        }
        return Ok(Some(location));
    }
    if analysis.live.contains(name) {
        return Err((Refusal::Static, SEVERAL));
    }
    if sra::has_kin(name, analysis) {
        return Err((Refusal::Static, SPLIT));
    }
    if analysis.baseline.guards.on(Guard::Retyped) && is_retyped(name, kind, analysis) {
        let why =
            if kind == AtomKind::ThreadLocal { Refusal::ThreadLocal } else { Refusal::Static };
        let is_described = atom.object.layouts().is_ok_and(ObjectLayouts::describes);
        return Err((why, if is_described { RETYPED } else { RENAMED }));
    }
    if matches!(kind, AtomKind::Data | AtomKind::ThreadLocal) {
        selection.new_statics.insert(name);
    }
    Ok(None)
}

/// Checks that new code can use the running static of this name: the name says nothing of `mut`,
/// and nothing of fields, so that what runs under it may be sealed, or smaller, or stand where the
/// new code's instructions cannot reach all of it at once.
fn check_running(name: SymbolId, atom: &AtomRef, analysis: &Analysis<'_>) -> Result<(), Obstacle> {
    let now = atom.atom();
    let guards = &analysis.baseline.guards;
    let any = |unlike: &dyn Fn(&Atom) -> bool| {
        analysis.live.copies(name).iter().any(|running| unlike(running.atom()))
    };
    if guards.on(Guard::StateKind) && any(&|was| was.kind != now.kind) {
        return Err((Refusal::Static, "is not what it was: the running one cannot be written to"));
    }
    if guards.on(Guard::StateSize) && any(&|was| was.size != now.size) {
        return Err((Refusal::Static, "is not what it was: it has another size"));
    }
    if guards.on(Guard::StateAlignment) && any(&|was| was.align < now.align) {
        return Err((Refusal::Static, "is not what it was: new code needs it aligned to more"));
    }
    if !sra::is_as_before(name, analysis) {
        return Err((Refusal::Static, SPLIT));
    }
    Ok(())
}

/// Returns where code or a constant runs; `None` for what has changed.
fn code(name: SymbolId, analysis: &Analysis<'_>) -> Result<Option<Location>, Obstacle> {
    let location = analysis.live.location(name).filter(|_| !analysis.dirty.contains(&name));
    if location.is_none()
        && analysis.baseline.guards.on(Guard::Allocator)
        && is_allocator(&analysis.symbols.path(name))
    {
        return Err((Refusal::Allocator, ALLOCATOR));
    }
    Ok(location)
}

/// Reports whether this is what `#[global_allocator]` makes: std's own code in the program goes on
/// calling the one that it was linked with, and so does all old code.
fn is_allocator(path: &str) -> bool {
    const MADE: [&str; 4] =
        ["__rust_alloc", "__rust_dealloc", "__rust_realloc", "__rust_alloc_zeroed"];
    path.strip_prefix("__rustc::").is_some_and(|name| MADE.contains(&name))
}

const UNCLEAR: &str = "is one of several of this path, which rustc has numbered anew: they cannot be told apart; give \
     it a name of its own";
const SEVERAL: &str = "is in the program several times under one name";
const SPLIT: &str = "has been taken apart by the optimiser, otherwise than in the running program";
const RETYPED: &str =
    "has another type now; the running one keeps its value only if its type stays";
const RENAMED: &str = "goes by another symbol now: its type has changed, or rustc has numbered the \
                       impl blocks anew, which without debug information cannot be told apart";
const ALLOCATOR: &str = "is the program's global allocator, which is another now: what one gives the other must not \
     free";

/// Reports whether a running static of the same path is not in the new objects any more: rustc's
/// names contain a hash of the type, so a static whose type has changed has a new name. A
/// `thread_local!` makes two, one for values with a destructor and one for those without: there,
/// whether it is not used any more.
fn is_retyped(name: SymbolId, kind: AtomKind, analysis: &Analysis<'_>) -> bool {
    // The two of a `thread_local!` are told apart by a number in their paths, in the newer
    // mangling.
    let path = |name: SymbolId, is_local: bool| {
        if is_local { item_path(analysis.symbols.text(name)) } else { analysis.symbols.path(name) }
    };
    let is_local = kind == AtomKind::ThreadLocal;
    let now = path(name, is_local);
    let is_removed = |old: SymbolId, is_local: bool| match analysis.definitions().one(old) {
        None => true,
        Some(_) => is_local && !is_used(old, analysis),
    };
    analysis.live.iter().any(|(old, copies)| {
        copies.first().is_some_and(|copy| {
            let was = copy.atom().kind;
            was.is_state()
                && (was == AtomKind::ThreadLocal) == is_local
                && path(old, is_local) == now
                && is_removed(old, is_local)
        })
    })
}

/// Reports whether any of the newest objects refers to a name.
fn is_used(name: SymbolId, analysis: &Analysis<'_>) -> bool {
    let mut atoms = analysis.definitions().iter().flat_map(|(_, atoms)| atoms);
    atoms.any(|atom| {
        let mut targets = atom.references().map(|reloc| atom.target_of(reloc));
        targets.any(|target| matches!(target, RelocTarget::Named(named, _) if named == name))
    })
}
