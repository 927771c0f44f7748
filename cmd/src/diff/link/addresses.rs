//! Gives everything in a patch its address.
//!
//! Text first, with the guards of functions that need some (`super::tls`), and a stub for each
//! dynamic symbol that is called directly; then constants, the global offset table and the unwind
//! table; then statics; then zeroed ones.

use super::entries::Entries;
use super::selection::{Binding, Selection};
use super::tls::GUARD;
use super::unwind::{self, UnwindPiece};
use crate::diff::change::Analysis;
use crate::diff::live::{Location, PatchLocation, TlsLocation};
use crate::diff::object::{AtomKind, AtomRef, Reloc, RelocKind, SymbolId};
use hot_patch::patch::PAGE;
use std::collections::HashMap;
use std::ops::Range;

/// An entry of the global offset table: what it leads to, and the offset added.
pub type GotEntry = (Binding, i64);

/// A jump through an entry of the global offset table: `jmp *entry(%rip)`, padded.
pub const STUB: [u8; 8] = [0xff, 0x25, 0, 0, 0, 0, 0xcc, 0xcc];

/// The addresses in an image, as offsets from its start.
pub struct Addresses {
    /// The address of each atom; of a function, where it is entered. Of a thread-local, where its
    /// image is, if it has one.
    atoms: HashMap<AtomRef, u64>,
    /// Functions with guards: where the body is.
    bodies: HashMap<AtomRef, u64>,
    /// The place of each new thread-local.
    tls: HashMap<AtomRef, TlsLocation>,
    /// The guards: where each is, and for which thread-local.
    pub guards: Vec<(u64, Binding)>,
    /// The stubs.
    pub stubs: Entries<SymbolId>,
    /// The global offset table.
    pub got: Entries<GotEntry>,
    /// The addresses of the registry entries.
    pub registry: Vec<u64>,
    /// The records of the unwind table.
    pub unwind: Vec<UnwindPiece>,
    /// The address of the unwind table.
    pub unwind_at: u64,
    /// The code.
    pub text: Range<u64>,
    /// The constants, with the two tables.
    pub read_only: Range<u64>,
    /// The statics.
    pub data: Range<u64>,
    /// The zeroed statics.
    pub zeroed: Range<u64>,
}

impl Addresses {
    /// Returns where an atom of the image is; of a function, where it is entered.
    pub fn of(&self, atom: &AtomRef) -> u64 {
        self.atoms[atom]
    }

    /// Returns where the content of an atom is, past the guards of a function; `None` for a
    /// thread-local without an image.
    pub fn body(&self, atom: &AtomRef) -> Option<u64> {
        self.bodies.get(atom).or_else(|| self.atoms.get(atom)).copied()
    }

    /// Returns where a thread-local of the patch is.
    pub fn tls(&self, atom: &AtomRef) -> Option<TlsLocation> {
        self.tls.get(atom).copied()
    }

    /// Returns where an atom is that other patches may refer to.
    pub fn patch_location(&self, atom: &AtomRef) -> PatchLocation {
        match self.tls(atom) {
            Some(location) => PatchLocation::Tls(location),
            None => PatchLocation::Image(self.of(atom)),
        }
    }

    /// Gives an atom its address; returns where it ends.
    fn put(&mut self, atom: &AtomRef, at: u64, least: u64) -> u64 {
        let at = at.next_multiple_of(atom.atom().align.max(least));
        self.atoms.insert(atom.clone(), at);
        at + atom.atom().size
    }
}

/// Gives everything that was selected its address.
pub fn assign_addresses(selection: &Selection, analysis: &Analysis<'_>) -> Addresses {
    let mut addresses = Addresses {
        atoms: HashMap::new(),
        bodies: HashMap::new(),
        tls: HashMap::new(),
        guards: Vec::new(),
        stubs: Entries::new(),
        got: Entries::new(),
        registry: Vec::new(),
        unwind: unwind::pieces(&selection.atoms),
        unwind_at: 0,
        text: 0..0,
        read_only: 0..0,
        data: 0..0,
        zeroed: 0..0,
    };
    request_entries(&mut addresses, selection, analysis);
    let end = assign_text(&mut addresses, selection, analysis);
    addresses.text = 0..end;
    let start = end.next_multiple_of(PAGE);
    let end = assign_read_only(&mut addresses, selection, start);
    addresses.read_only = start..end;
    let start = end.next_multiple_of(PAGE);
    let is_zeroed = |atom: &AtomRef| atom.bytes().is_empty();
    let is_data = |kind: AtomKind| kind.is_state() && kind != AtomKind::ThreadLocal;
    let (zeroed, data): (Vec<_>, Vec<_>) = of_kind(selection, is_data).partition(|a| is_zeroed(a));
    let end = data.into_iter().fold(start, |at, atom| addresses.put(atom, at, 8));
    addresses.data = start..end;
    let last = zeroed.into_iter().fold(end, |at, atom| addresses.put(atom, at, 8));
    addresses.zeroed = end..last;
    addresses
}

/// Requests stubs and entries of the global offset table, one for each way in which something is
/// referred to.
fn request_entries(addresses: &mut Addresses, selection: &Selection, analysis: &Analysis<'_>) {
    for atom in &selection.atoms {
        for reloc in atom.references() {
            match (reloc.kind, binding(selection, atom, reloc, analysis)) {
                (RelocKind::Relative32, Some(Binding::Dynamic(name))) => {
                    addresses.stubs.request(name);
                    addresses.got.request((Binding::Dynamic(name), 0));
                }
                (RelocKind::Got | RelocKind::GotThreadOffset, Some(binding)) => {
                    addresses.got.request((binding, reloc.offset));
                }
                _ => {}
            }
        }
    }
}

/// Assigns the addresses of functions, their guards, and stubs; returns where the text ends.
fn assign_text(addresses: &mut Addresses, selection: &Selection, analysis: &Analysis<'_>) -> u64 {
    let mut at = 0;
    for atom in of_kind(selection, |kind| kind == AtomKind::Text) {
        let guarded = guarded(selection, atom, analysis);
        if guarded.is_empty() {
            at = addresses.put(atom, at, 16);
            continue;
        }
        let align = atom.atom().align.max(16);
        let size = (guarded.len() * GUARD) as u64;
        let body = (at.next_multiple_of(align) + size).next_multiple_of(align);
        // The first guard is the entry; the last one runs on into the body.
        let first = body - size;
        addresses.atoms.insert(atom.clone(), first);
        addresses.bodies.insert(atom.clone(), body);
        addresses.guards.extend((first..).step_by(GUARD).zip(guarded));
        at = body + atom.atom().size;
    }
    addresses.stubs.assign(at.next_multiple_of(16), STUB.len() as u64)
}

/// Assigns the addresses of constants, the images of thread-locals, and the two tables; returns
/// where they end.
fn assign_read_only(addresses: &mut Addresses, selection: &Selection, start: u64) -> u64 {
    let mut at = start;
    for atom in of_kind(selection, |kind| kind != AtomKind::Text && !kind.is_state()) {
        at = addresses.put(atom, at, 8);
        if atom.atom().kind == AtomKind::Entry {
            addresses.registry.push(addresses.of(atom));
        }
    }
    for atom in of_kind(selection, |kind| kind == AtomKind::ThreadLocal) {
        let mut location = selection.tls.places[atom];
        if let Some(initial) = &mut location.initial {
            at = addresses.put(atom, at, 8);
            initial.image = addresses.of(atom);
        }
        addresses.tls.insert(atom.clone(), location);
    }
    addresses.unwind_at = addresses.got.assign(at.next_multiple_of(8), 8);
    addresses.unwind_at + unwind::size(&addresses.unwind)
}

/// Returns the thread-locals that a function accesses and that must be filled in first.
fn guarded(selection: &Selection, atom: &AtomRef, analysis: &Analysis<'_>) -> Vec<Binding> {
    let mut guarded = Vec::new();
    for reloc in atom.references().filter(|reloc| reloc.kind != RelocKind::TlsLocal) {
        let Some(binding) = binding(selection, atom, reloc, analysis) else { continue };
        let location = match &binding {
            Binding::Carried(target) => selection.tls.places.get(target),
            Binding::At(Location::PatchTls(_, location)) => Some(location),
            _ => None,
        };
        if location.is_some_and(|l| l.initial.is_some()) && !guarded.contains(&binding) {
            guarded.push(binding);
        }
    }
    guarded
}

fn binding(
    selection: &Selection,
    atom: &AtomRef,
    reloc: &Reloc,
    analysis: &Analysis<'_>,
) -> Option<Binding> {
    selection.binding(atom, &atom.target_of(reloc), analysis)
}

fn of_kind(
    selection: &Selection,
    wanted: impl Fn(AtomKind) -> bool,
) -> impl Iterator<Item = &AtomRef> {
    selection.atoms.iter().filter(move |atom| wanted(atom.atom().kind))
}
