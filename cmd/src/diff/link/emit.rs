//! Applies the relocations of a patch.
//!
//! Each atom's bytes are copied, and each reference written: distances inside the image at once,
//! everything else as a relocation for the loader. Accesses to thread-locals are rewritten to
//! offsets from the thread pointer (`super::tls_relax`). A reference that fits none of the patterns
//! is noted as an obstacle; nothing is guessed.

use super::addresses::{Addresses, STUB};
use super::image::Image;
use super::selection::{Binding, Selection};
use super::tls_relax::{self, Consumed};
use super::{tls, unwind};
use crate::diff::change::Analysis;
use crate::diff::live::{Location, TlsLocation};
use crate::diff::object::{AtomKind, AtomRef, FDE_FUNCTION, Reloc, RelocKind};
use hot_patch::patch::{Base, Locals, PatchId, Width};

/// Writes the image of what was selected.
pub fn apply_relocations(
    id: PatchId,
    selection: &Selection,
    addresses: &Addresses,
    analysis: &Analysis<'_>,
) -> Image {
    let tls = Locals { size: selection.tls.size, align: selection.tls.align };
    let image = Image::new(id, addresses, tls, analysis);
    let mut emitter = Emitter { selection, addresses, analysis, image };
    emitter.emit_atoms();
    emitter.emit_guards();
    emitter.emit_stubs();
    emitter.emit_got();
    emitter.emit_unwind();
    emitter.image
}

struct Emitter<'a> {
    selection: &'a Selection,
    addresses: &'a Addresses,
    analysis: &'a Analysis<'a>,
    image: Image,
}

/// The target of a reference, once everything has its address.
enum Goal {
    Address(Base, u64),
    /// At an offset from the thread pointer that is known here.
    ThreadOffset(i64),
    /// Among the thread-locals of a patch.
    PatchTls(TlsBases, TlsLocation),
}

/// A patch whose thread-locals are meant.
#[derive(Clone, Copy)]
struct TlsBases {
    /// The base of its thread-locals.
    locals: Base,
    /// The base of its image.
    image: Base,
}

impl Emitter<'_> {
    fn emit_atoms(&mut self) {
        let selection = self.selection;
        for atom in &selection.atoms {
            // A thread-local that begins as zeroes has no image.
            let Some(at) = self.addresses.body(atom) else { continue };
            let mut bytes = atom.bytes().to_vec();
            self.references(atom, &atom.atom().relocs, at, &mut bytes);
            if !bytes.is_empty() {
                self.image.write(at, &bytes);
            }
            if let (AtomKind::Text, Some(name)) = (atom.atom().kind, atom.atom().name) {
                let path = self.analysis.symbols.path(name);
                self.image.name_function(at, atom.atom().size, path);
            }
        }
    }

    /// Writes the guards of thread-locals.
    fn emit_guards(&mut self) {
        let addresses = self.addresses;
        for (at, binding) in &addresses.guards {
            let at = *at;
            let Goal::PatchTls(bases, TlsLocation { offset, initial: Some(initial) }) =
                self.goal(binding, 0)
            else {
                unreachable!("only these have guards")
            };
            self.image.write(at, &tls::guard(initial.size));
            let fields = tls::FIELDS;
            for field in [fields.test, fields.set] {
                self.image.relocate(at + field, Width::Thread32, bases.locals, initial.flag as i64);
            }
            self.image.relocate(at + fields.local, Width::Thread32, bases.locals, offset as i64);
            // The field is the last of its instruction, from whose end the processor counts.
            let addend = initial.image as i64 - 4;
            self.image.relocate(at + fields.image, Width::Relative32, bases.image, addend);
        }
    }

    fn emit_stubs(&mut self) {
        for (name, at) in self.addresses.stubs.iter() {
            let mut stub = STUB;
            let entry = self.addresses.got.address(&(Binding::Dynamic(*name), 0));
            stub[2..6].copy_from_slice(&distance(entry, at + 6).to_le_bytes());
            self.image.write(at, &stub);
        }
    }

    fn emit_got(&mut self) {
        let addresses = self.addresses;
        for ((binding, offset), at) in addresses.got.iter() {
            match self.goal(binding, *offset) {
                Goal::ThreadOffset(thread) => {
                    self.image.write(at, &(thread + offset).to_le_bytes());
                }
                Goal::PatchTls(bases, location) => {
                    let addend = location.offset as i64 + offset;
                    self.image.relocate(at, Width::Absolute64, bases.locals, addend);
                }
                Goal::Address(base, address) => {
                    self.image.relocate(at, Width::Absolute64, base, address as i64 + offset);
                }
            }
        }
    }

    fn emit_unwind(&mut self) {
        let addresses = self.addresses;
        if addresses.unwind.is_empty() {
            return;
        }
        let mut at = addresses.unwind_at;
        let mut starts = Vec::with_capacity(addresses.unwind.len());
        for piece in &addresses.unwind {
            starts.push(at);
            let mut bytes = unwind::bytes(piece, at, &starts);
            // The function that the record is about is the copy in the image, whatever its name
            // is bound to.
            let relocs = piece.record.relocs.iter();
            let (own, others): (Vec<Reloc>, Vec<Reloc>) =
                relocs.partition(|r| piece.cie.is_some() && r.at == FDE_FUNCTION);
            for reloc in own {
                let body = addresses.body(&piece.function).expect("functions have addresses");
                let goal = body.wrapping_add_signed(reloc.offset);
                put_distance(&mut bytes, &reloc, goal, at);
            }
            self.references(&piece.function, &others, at, &mut bytes);
            self.image.write(at, &bytes);
            at += bytes.len() as u64;
        }
        self.image.patch.unwind = Some(addresses.unwind_at);
    }

    /// Writes the references of a piece of the image that will stand at `at`.
    fn references(&mut self, atom: &AtomRef, relocs: &[Reloc], at: u64, bytes: &mut [u8]) {
        let mut consumed: Consumed = 0..0;
        for reloc in relocs {
            if consumed.contains(&reloc.at) {
                continue;
            }
            match self.reference(atom, reloc, at, bytes) {
                Ok(Some(range)) => consumed = range,
                Ok(None) => {}
                Err(why) => self.image.obstacles.push((atom.clone(), why)),
            }
        }
    }

    /// Writes one reference; returns the bytes of a rewritten sequence.
    fn reference(
        &mut self,
        atom: &AtomRef,
        reloc: &Reloc,
        at: u64,
        bytes: &mut [u8],
    ) -> Result<Option<Consumed>, String> {
        match reloc.kind {
            RelocKind::TlsLocal => {
                let consumed = tls_relax::local(bytes, reloc.at as usize);
                return consumed.map(Some).ok_or_else(|| has(reloc, UNKNOWN_ACCESS));
            }
            // What binding could not resolve has been noted as an obstacle there, and not followed.
            RelocKind::Unknown(_) => return Ok(None),
            _ => {}
        }
        let target = atom.target_of(reloc);
        let Some(binding) = self.selection.binding(atom, &target, self.analysis) else {
            return Ok(None);
        };
        if matches!(reloc.kind, RelocKind::Got | RelocKind::GotThreadOffset) {
            let entry = self.addresses.got.address(&(binding, reloc.offset));
            put_distance(bytes, reloc, entry, at);
            return Ok(None);
        }
        match self.goal(&binding, reloc.offset) {
            Goal::Address(base, address) => {
                self.address(&binding, (base, address), reloc, at, bytes).map(|()| None)
            }
            Goal::ThreadOffset(offset) => executable_tls(offset, reloc, bytes),
            Goal::PatchTls(bases, location) => self.patch_tls(bases, location, reloc, at, bytes),
        }
    }

    /// Writes a reference to something at an address.
    fn address(
        &mut self,
        binding: &Binding,
        (base, address): (Base, u64),
        reloc: &Reloc,
        at: u64,
        bytes: &mut [u8],
    ) -> Result<(), String> {
        let addend = address as i64 + reloc.offset;
        match (reloc.kind, binding, base) {
            (RelocKind::Relative32, Binding::Dynamic(name), _) => {
                let opcode = (reloc.at as usize).checked_sub(1).map(|i| bytes[i]);
                if reloc.offset != 0 || !matches!(opcode, Some(0xe8 | 0xe9)) {
                    return Err(has(reloc, "a direct reference to data of a shared library"));
                }
                put_distance(bytes, reloc, self.addresses.stubs.address(name), at);
            }
            (RelocKind::Relative32, _, Base::Image) => {
                put_distance(bytes, reloc, address.wrapping_add_signed(reloc.offset), at);
            }
            (RelocKind::Relative32, ..) => {
                self.image.relocate(at + reloc.at, Width::Relative32, base, addend - reloc.bias);
            }
            (RelocKind::Absolute64, ..) => {
                self.image.relocate(at + reloc.at, Width::Absolute64, base, addend);
            }
            _ => return Err(misfit(reloc)),
        }
        Ok(())
    }

    /// Writes a reference to a thread-local that a patch has brought.
    fn patch_tls(
        &mut self,
        bases: TlsBases,
        location: TlsLocation,
        reloc: &Reloc,
        at: u64,
        bytes: &mut [u8],
    ) -> Result<Option<Consumed>, String> {
        let addend = location.offset as i64 + reloc.offset;
        let (field, consumed) = match reloc.kind {
            RelocKind::ThreadOffset32 | RelocKind::ModuleOffset32 => (reloc.at, None),
            RelocKind::TlsGeneral => {
                let consumed = tls_relax::general(bytes, reloc.at as usize, 0)
                    .ok_or_else(|| has(reloc, UNKNOWN_ACCESS))?;
                // The offset is the end of the rewritten sequence.
                (consumed.end - 4, Some(consumed))
            }
            _ => return Err(misfit(reloc)),
        };
        self.image.relocate(at + field, Width::Thread32, bases.locals, addend);
        Ok(consumed)
    }

    /// Returns where a binding leads; with an offset, past the guards of a function into its body.
    fn goal(&mut self, binding: &Binding, offset: i64) -> Goal {
        let live = &self.analysis.live;
        match binding {
            Binding::Carried(atom) => match self.addresses.tls(atom) {
                Some(location) => {
                    Goal::PatchTls(TlsBases { locals: Base::Locals, image: Base::Image }, location)
                }
                None if offset == 0 => Goal::Address(Base::Image, self.addresses.of(atom)),
                None => {
                    let body = self.addresses.body(atom).expect("it has an address");
                    Goal::Address(Base::Image, body)
                }
            },
            Binding::At(Location::PatchTls(patch, location)) => {
                let index = self.image.require(live.patch(*patch));
                let bases = TlsBases { locals: Base::LocalsOf(index), image: Base::Patch(index) };
                Goal::PatchTls(bases, *location)
            }
            Binding::At(Location::ExecutableTls(offset)) => Goal::ThreadOffset(*offset),
            Binding::At(location) => {
                let place = self.image.place(*location, live);
                Goal::Address(place.base, place.offset)
            }
            Binding::Dynamic(name) => {
                let index = self.image.symbol(self.analysis.symbols.text(*name));
                Goal::Address(Base::Symbol(index), 0)
            }
        }
    }
}

const UNKNOWN_ACCESS: &str = "an unknown access to a thread-local";

/// Says what a field has that cannot be written.
fn has(reloc: &Reloc, what: &str) -> String {
    format!("has {what} at offset {:#x}", reloc.at)
}

/// Says that a field does not fit what it refers to.
fn misfit(reloc: &Reloc) -> String {
    let kind = reloc.kind;
    has(reloc, &format!("a reference of kind {kind:?} that does not fit its target"))
}

/// Writes a reference to a thread-local of the executable, at an offset from the thread pointer.
fn executable_tls(
    offset: i64,
    reloc: &Reloc,
    bytes: &mut [u8],
) -> Result<Option<Consumed>, String> {
    let field = reloc.at as usize;
    let offset = || {
        let far = |_| "uses a thread-local too far from the thread pointer".to_owned();
        i32::try_from(offset + reloc.offset).map_err(far)
    };
    match reloc.kind {
        RelocKind::ThreadOffset32 | RelocKind::ModuleOffset32 => {
            bytes[field..field + 4].copy_from_slice(&offset()?.to_le_bytes());
            Ok(None)
        }
        RelocKind::TlsGeneral => tls_relax::general(bytes, field, offset()?)
            .map(Some)
            .ok_or_else(|| has(reloc, UNKNOWN_ACCESS)),
        _ => Err(misfit(reloc)),
    }
}

/// Writes the distance to `goal`, which is the target's address with its offset.
fn put_distance(bytes: &mut [u8], reloc: &Reloc, goal: u64, at: u64) {
    let value = distance(goal, at + reloc.at).wrapping_sub(reloc.bias as i32);
    let field = reloc.at as usize;
    bytes[field..field + 4].copy_from_slice(&value.to_le_bytes());
}

/// Returns a distance inside the image, which is far smaller than 2 GiB
/// (`hot_patch::patch::MAX_IMAGE`).
fn distance(to: u64, from: u64) -> i32 {
    to.wrapping_sub(from) as i64 as i32
}
