//! Selects what goes into a patch.
//!
//! From the bodies whose slots will be swapped, references are followed. Each name that is met is
//! bound once (`super::bind`), and what has to come with the patch is followed in turn. Private
//! constants have no name to bind by and are always carried. A private constant that is writable is
//! state without a name: it comes with a new static, and is refused anywhere else. So is what C
//! calls `static`, of which several files may have one by the same name.
//!
//! Whatever stands in the way is collected, so that a person sees all of it at once.

use super::bind::bind;
use super::selection::{Binding, Selection, first_version};
use super::tls::TlsLayout;
use crate::diff::change::Analysis;
use crate::diff::object::{AtomKind, AtomRef, DiffError, Reloc, RelocKind, RelocTarget, SymbolId};
use crate::diff::policy::Guard;
use crate::refusal::Refusal;
use hot_patch::patch::{LOCALS, LOCALS_ALIGN, PAGE};

/// Follows the references from the roots.
pub fn select(roots: &[SymbolId], analysis: &Analysis<'_>) -> Result<Selection, DiffError> {
    let mut selection = Selection::default();
    let mut open = Vec::new();
    for &root in roots {
        if let Some(atom) = analysis.definitions().one(root) {
            selection.bindings.insert(root, Binding::Carried(atom.clone()));
            open.push(atom.clone());
        }
    }
    while let Some(atom) = open.pop() {
        if !selection.carried.insert(atom.clone()) {
            continue;
        }
        selection.atoms.push(atom.clone());
        check_atom(&atom, &mut selection, analysis);
        if atom.atom().kind == AtomKind::Slot
            && let Some(slot) = atom.atom().name
            && let Some(function) = analysis.registry.functions.get(&slot)
        {
            open.push(function.entry.clone());
        }
        for reloc in atom.references() {
            open.extend(follow(&atom, reloc, &mut selection, analysis)?);
        }
    }
    selection.tls = TlsLayout::new(&selection.atoms);
    check_pool(&mut selection, analysis);
    Ok(selection)
}

/// Notes what of an atom itself cannot be moved.
fn check_atom(atom: &AtomRef, selection: &mut Selection, analysis: &Analysis<'_>) {
    let align = atom.atom().align;
    if align > PAGE {
        let now = format!("wants an alignment of {align} bytes; a patch has {PAGE} at most");
        selection.refuse(Refusal::Alignment, atom, now, analysis);
    }
    if atom.atom().fallthrough_group.is_some() {
        let now = "is assembler text that runs into the labels beside it, which hot does not move; \
                   give each function a section of its own";
        selection.refuse(Refusal::Symbol, atom, now, analysis);
    }
}

/// Binds what a reference leads to; returns the atom there, if it has to come with the patch.
fn follow(
    atom: &AtomRef,
    reloc: &Reloc,
    selection: &mut Selection,
    analysis: &Analysis<'_>,
) -> Result<Option<AtomRef>, DiffError> {
    match reloc.kind {
        // The module of a local-dynamic sequence is not what is being accessed.
        RelocKind::TlsLocal => return Ok(None),
        RelocKind::Unknown(number) => {
            let now = format!("has a relocation of ELF type {number}, which hot does not know");
            selection.refuse(Refusal::Relocation, atom, now, analysis);
            return Ok(None);
        }
        _ => {}
    }
    let name = match atom.target_of(reloc) {
        RelocTarget::Private(target, _) => {
            check_private(atom, &target, selection, analysis);
            return Ok(Some(target));
        }
        RelocTarget::Named(name, _) => name,
    };
    if first_version(atom, name, analysis).is_some() || selection.bindings.contains_key(&name) {
        return Ok(None);
    }
    let Some(binding) = bind(name, atom, reloc, selection, analysis)? else { return Ok(None) };
    selection.bindings.insert(name, binding.clone());
    Ok(match binding {
        Binding::Carried(target) => Some(target),
        Binding::At(_) | Binding::Dynamic(_) => None,
    })
}

/// Notes a reference to state that has no name to find the running one by.
fn check_private(
    from: &AtomRef,
    target: &AtomRef,
    selection: &mut Selection,
    analysis: &Analysis<'_>,
) {
    let label = target.atom().label;
    let what = |unnamed: &str| match label {
        None => unnamed.to_owned(),
        Some(label) => format!(
            "{}, which is private to {} and so has no name to find the running one by",
            analysis.symbols.text(label),
            target.object.unit
        ),
    };
    let executable = &analysis.baseline.executable;
    match target.atom().kind {
        AtomKind::ThreadLocal => {
            let now = format!("uses {}", what("an unnamed thread-local"));
            selection.refuse(Refusal::ThreadLocal, from, now, analysis);
        }
        // What belongs to a new static is new as well, unless the program has it already.
        AtomKind::Data
            if analysis.baseline.guards.on(Guard::Unnamed)
                && (!from.atom().kind.is_state()
                    || label.is_some_and(|label| !executable.symbols(label).is_empty())) =>
        {
            let unnamed = "unnamed writable data, which cannot be told apart from the running one";
            selection.refuse(
                Refusal::Static,
                from,
                format!("refers to {}", what(unnamed)),
                analysis,
            );
        }
        _ => {}
    }
}

/// Notes new thread-locals that the program's pool has no room for.
fn check_pool(selection: &mut Selection, analysis: &Analysis<'_>) {
    if selection.tls.fit() {
        return;
    }
    let Some(largest) = selection.tls.largest().cloned() else { return };
    let now = format!(
        "is a new thread-local of {} bytes, aligned to {}; with the others of this patch it \
         does not fit the {LOCALS} bytes, aligned to {LOCALS_ALIGN}, that a running program \
         keeps for new ones: keep the value in a Box, or restart",
        largest.atom().size,
        largest.atom().align
    );
    selection.refuse(Refusal::ThreadLocal, &largest, now, analysis);
}
