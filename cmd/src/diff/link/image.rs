//! Lays the selected atoms out as a patch and resolves what can be resolved here.
//!
//! 1. **Place.** Text first, with the guards of functions that need some (`super::tls`), and a
//!    stub for each dynamic symbol that is called directly; then constants, the global offset table
//!    and the unwind table; then statics; then zeroed ones.
//! 2. **Fill.** Each atom's bytes are copied, and each reference written: distances inside the
//!    image at once, everything else as a [`Relocation`] for the loader. Accesses to thread-locals
//!    are rewritten to offsets from the thread pointer (`super::tls_relax`).
//!
//! A reference that fits none of the patterns is noted as an obstacle; nothing is guessed.

use super::bind::{Binding, Selection, Sources};
use super::tls::GUARD;
use super::tls_relax::Consumed;
use super::{tls, tls_relax};
use crate::diff::live::{LiveSymbols, Location, PatchLocation, TlsLocation};
use crate::diff::object::ObjectFile;
use crate::diff::object::{
    AtomKind, AtomRef, FDE_CIE, FDE_FUNCTION, Reloc, RelocKind, SymbolId, UnwindRecord,
};
use hot_patch::patch::{Architecture, Base, Locals, PAGE, Patch, PatchId, Place};
use hot_patch::patch::{Relocation, Symbol, Width};
use std::collections::HashMap;

/// A laid-out image.
pub struct Image {
    /// The patch, but for what is called and swapped when it is loaded.
    pub patch: Patch,
    /// Where each atom is; of a function, where it is entered. Of a thread-local, where its image
    /// is, if it has one.
    pub places: HashMap<AtomRef, u64>,
    /// Functions with guards: where the body is.
    pub bodies: HashMap<AtomRef, u64>,
    /// Where each new thread-local is.
    pub local_places: HashMap<AtomRef, TlsLocation>,
    /// References that could not be expressed: the atom, and why.
    pub obstacles: Vec<(AtomRef, String)>,
}

impl Image {
    /// Something in the process that is no thread-local, as the patch says it.
    pub fn place(&mut self, site: Location, loaded: &LiveSymbols) -> Place {
        let (base, offset) = match site {
            Location::Executable(address) => (Base::Host, address),
            Location::Patch(patch, offset) => {
                (Base::Patch(index_of(&mut self.patch.requires, loaded.patch(patch))), offset)
            }
            Location::ExecutableTls(_) | Location::PatchTls(..) => {
                unreachable!("a thread-local has another place in each thread")
            }
        };
        Place { base, offset }
    }

    /// Where the content of an atom is, past the guards of a function; `None` for thread-locals.
    pub fn body(&self, atom: &AtomRef) -> Option<u64> {
        self.bodies.get(atom).or_else(|| self.places.get(atom)).copied()
    }

    /// Where an atom is that other patches may refer to.
    pub fn spot(&self, atom: &AtomRef) -> PatchLocation {
        match self.local_places.get(atom) {
            Some(local) => PatchLocation::Tls(*local),
            None => PatchLocation::Image(self.places[atom]),
        }
    }
}

/// A word of the global offset table: what it leads to, and the offset added.
type Word = (Binding, i64);

struct Builder<'a, 'b> {
    selection: &'a Selection,
    sources: &'a Sources<'b>,
    image: Image,
    read_only_at: u64,
    data_at: u64,
    stubs: Vec<(SymbolId, u64)>,
    words: Vec<(Word, u64)>,
    frames_at: u64,
    /// Guards: where each is, and for which thread-local.
    guards: Vec<(u64, Binding)>,
}

/// A jump through a word of the global offset table: `jmp *word(%rip)`, padded.
const STUB: [u8; 8] = [0xff, 0x25, 0, 0, 0, 0, 0xcc, 0xcc];

/// Where something leads, once everything has its place.
enum Goal {
    Address(Base, u64),
    /// At an offset from the thread pointer that is known here.
    Thread(i64),
    /// Among the thread-locals of a patch: their base, and the base of its image.
    Local(Base, Base, TlsLocation),
}

/// Builds the image of a selection.
pub fn build(id: PatchId, selection: &Selection, sources: &Sources<'_>) -> Image {
    let patch = Patch {
        architecture: Architecture::X86_64,
        build_id: sources.host.build_id.clone(),
        id,
        requires: Vec::new(),
        symbols: Vec::new(),
        text: Vec::new(),
        read_only: Vec::new(),
        data: Vec::new(),
        zeroed: 0,
        locals: Locals::default(),
        relocations: Vec::new(),
        unwind: None,
        constructors: Vec::new(),
        entries: Vec::new(),
        swaps: Vec::new(),
        functions: Vec::new(),
        debug: None,
    };
    let mut builder = Builder {
        selection,
        sources,
        image: Image {
            patch,
            places: HashMap::new(),
            bodies: HashMap::new(),
            local_places: HashMap::new(),
            obstacles: Vec::new(),
        },
        read_only_at: 0,
        data_at: 0,
        stubs: Vec::new(),
        words: Vec::new(),
        frames_at: 0,
        guards: Vec::new(),
    };
    builder.place();
    builder.fill();
    builder.image
}

impl Builder<'_, '_> {
    /// Step 1.
    fn place(&mut self) {
        let atoms = &self.selection.atoms;
        let is = |wanted: fn(AtomKind) -> bool| atoms.iter().filter(move |a| wanted(a.atom().kind));

        let mut at = 0;
        for atom in is(|k| k == AtomKind::Text) {
            let guarded = self.guarded(atom);
            if guarded.is_empty() {
                at = self.put(atom, at, 16);
                continue;
            }
            let align = atom.atom().align.max(16);
            let entry = at.next_multiple_of(align);
            let body = (entry + (guarded.len() * GUARD) as u64).next_multiple_of(align);
            // The first guard is the entry; the last one runs on into the body.
            let first = body - (guarded.len() * GUARD) as u64;
            self.image.places.insert(atom.clone(), first);
            self.image.bodies.insert(atom.clone(), body);
            let places = (first..).step_by(GUARD);
            self.guards.extend(places.zip(guarded));
            at = body + atom.atom().size;
        }
        at = at.next_multiple_of(16);
        for (atom, reloc) in references(atoms) {
            match (reloc.kind, self.binding(atom, reloc)) {
                (RelocKind::Relative32, Some(Binding::Dynamic(name))) => {
                    if !self.stubs.iter().any(|(known, _)| *known == name) {
                        self.stubs.push((name, at));
                        at += STUB.len() as u64;
                    }
                    self.want((Binding::Dynamic(name), 0));
                }
                (RelocKind::Got | RelocKind::GotThreadOffset, Some(binding)) => {
                    self.want((binding, reloc.offset));
                }
                _ => {}
            }
        }
        self.image.patch.text = vec![0xcc; at as usize];

        self.read_only_at = at.next_multiple_of(PAGE);
        let mut at = self.read_only_at;
        let constant = |kind: AtomKind| kind != AtomKind::Text && !kind.is_state();
        for atom in is(constant) {
            at = self.put(atom, at, 8);
            if atom.atom().kind == AtomKind::Entry {
                self.image.patch.entries.push(self.image.places[atom]);
            }
        }
        let laid_out = &self.selection.locals;
        self.image.patch.locals = Locals { size: laid_out.size, align: laid_out.align };
        for atom in is(|k| k == AtomKind::ThreadLocal) {
            let mut place = laid_out.places[atom];
            if let Some(initial) = &mut place.initial {
                at = self.put(atom, at, 8);
                initial.image = self.image.places[atom];
            }
            self.image.local_places.insert(atom.clone(), place);
        }
        at = at.next_multiple_of(8);
        for (_, word_at) in &mut self.words {
            *word_at = at;
            at += 8;
        }
        self.frames_at = at;
        at += self.frame_records().iter().map(|r| r.0.bytes.len() as u64).sum::<u64>() + 4;
        self.image.patch.read_only = vec![0; (at - self.read_only_at) as usize];

        self.data_at = at.next_multiple_of(PAGE);
        let mut at = self.data_at;
        let zeroed = |atom: &AtomRef| atom.bytes().is_empty();
        let in_image = |k: AtomKind| k.is_state() && k != AtomKind::ThreadLocal;
        for atom in is(in_image).filter(|a| !zeroed(a)) {
            at = self.put(atom, at, 8);
        }
        self.image.patch.data = vec![0; (at - self.data_at) as usize];
        let end = at;
        for atom in is(in_image).filter(|a| zeroed(a)) {
            at = self.put(atom, at, 8);
        }
        self.image.patch.zeroed = at - end;
    }

    /// Gives an atom its place; answers where it ends.
    fn put(&mut self, atom: &AtomRef, at: u64, least: u64) -> u64 {
        let at = at.next_multiple_of(atom.atom().align.max(least));
        self.image.places.insert(atom.clone(), at);
        at + atom.atom().size
    }

    fn want(&mut self, word: Word) {
        if !self.words.iter().any(|(known, _)| *known == word) {
            self.words.push((word, 0));
        }
    }

    fn binding(&self, atom: &AtomRef, reloc: &Reloc) -> Option<Binding> {
        self.selection.lookup(atom, &atom.target_of(reloc), self.sources)
    }

    /// Step 2.
    fn fill(&mut self) {
        for atom in &self.selection.atoms {
            // A thread-local that begins as zeroes has no image.
            let Some(at) = self.image.body(atom) else { continue };
            let mut bytes = atom.bytes().to_vec();
            self.references(atom, &atom.atom().relocs, at, &mut bytes);
            if !bytes.is_empty() {
                self.write(at, &bytes);
            }
            if let (AtomKind::Text, Some(name)) = (atom.atom().kind, atom.atom().name) {
                self.image.patch.functions.push(Symbol {
                    offset: at,
                    size: atom.atom().size,
                    name: self.sources.names.path(name),
                });
            }
        }
        for (at, binding) in std::mem::take(&mut self.guards) {
            self.fill_guard(at, &binding);
        }
        for (name, at) in self.stubs.clone() {
            let mut stub = STUB;
            let word = self.word(&(Binding::Dynamic(name), 0));
            stub[2..6].copy_from_slice(&distance(word, at + 6).to_le_bytes());
            self.write(at, &stub);
        }
        for ((binding, offset), at) in self.words.clone() {
            match self.goal(&binding, offset) {
                Goal::Thread(thread) => self.write(at, &(thread + offset).to_le_bytes()),
                Goal::Local(base, _, local) => {
                    self.leave(at, Width::Absolute64, base, local.offset as i64 + offset)
                }
                Goal::Address(base, address) => {
                    self.leave(at, Width::Absolute64, base, address as i64 + offset)
                }
            }
        }
        self.fill_frames();
    }

    /// The CIEs and FDEs of the functions in the image, each CIE before its first FDE; with the
    /// index of an FDE's CIE in the list.
    fn frame_records(&self) -> Vec<(UnwindRecord, AtomRef, Option<usize>)> {
        let mut records: Vec<(UnwindRecord, AtomRef, Option<usize>)> = Vec::new();
        let mut cies: HashMap<(*const ObjectFile, u32), usize> = HashMap::new();
        for atom in &self.selection.atoms {
            let Some(frame) = &atom.atom().frame else { continue };
            let key = (std::sync::Arc::as_ptr(&atom.object), frame.cie);
            let cie = *cies.entry(key).or_insert_with(|| {
                let record = atom.object.cies[frame.cie as usize].clone();
                records.push((record, atom.clone(), None));
                records.len() - 1
            });
            records.push((frame.record.clone(), atom.clone(), Some(cie)));
        }
        records
    }

    fn fill_frames(&mut self) {
        let records = self.frame_records();
        if records.is_empty() {
            return;
        }
        let mut at = self.frames_at;
        let mut starts = Vec::with_capacity(records.len());
        for (record, atom, cie) in records {
            starts.push(at);
            let mut bytes = record.bytes.clone();
            if let Some(cie) = cie {
                let back = (at + FDE_CIE as u64 - starts[cie]) as u32;
                bytes[FDE_CIE..FDE_CIE + 4].copy_from_slice(&back.to_le_bytes());
            }
            // The function that the record is about is the copy in the image, whatever its name
            // is bound to.
            let (own, others): (Vec<Reloc>, Vec<Reloc>) =
                record.relocs.iter().partition(|r| cie.is_some() && r.at == FDE_FUNCTION);
            for reloc in own {
                let body = self.image.body(&atom).expect("functions have places");
                let goal = body.wrapping_add_signed(reloc.offset);
                self.put_distance(&mut bytes, &reloc, goal, at);
            }
            self.references(&atom, &others, at, &mut bytes);
            self.write(at, &bytes);
            at += bytes.len() as u64;
        }
        self.image.patch.unwind = Some(self.frames_at);
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

    /// Writes one reference; answers the bytes of a rewritten sequence.
    fn reference(
        &mut self,
        atom: &AtomRef,
        reloc: &Reloc,
        at: u64,
        bytes: &mut [u8],
    ) -> Result<Option<Consumed>, String> {
        let field = reloc.at as usize;
        let unknown = |what: &str| format!("has {what} at offset {field:#x}");
        if reloc.kind == RelocKind::TlsLocal {
            return tls_relax::local(bytes, field)
                .map(Some)
                .ok_or_else(|| unknown("an unknown access to a thread-local"));
        }
        // What binding could not resolve has been noted as an obstacle there, and not followed.
        if matches!(reloc.kind, RelocKind::Unknown(_)) {
            return Ok(None);
        }
        let Some(binding) = self.binding(atom, reloc) else { return Ok(None) };
        if matches!(reloc.kind, RelocKind::Got | RelocKind::GotThreadOffset) {
            let word = self.word(&(binding, reloc.offset));
            self.put_distance(bytes, reloc, word, at);
            return Ok(None);
        }
        match (reloc.kind, self.goal(&binding, reloc.offset)) {
            (RelocKind::Relative32, Goal::Address(Base::Symbol(_), _)) => {
                let Binding::Dynamic(name) = binding else {
                    unreachable!("only these have symbols")
                };
                let opcode = field.checked_sub(1).map(|i| bytes[i]);
                if reloc.offset != 0 || !matches!(opcode, Some(0xe8 | 0xe9)) {
                    return Err(unknown("a direct reference to data of a shared library"));
                }
                let stub = self.stubs.iter().find(|(n, _)| *n == name).map(|(_, at)| *at);
                self.put_distance(bytes, reloc, stub.expect("placed for each call"), at);
            }
            (RelocKind::Relative32, Goal::Address(Base::Image, goal)) => {
                self.put_distance(bytes, reloc, goal.wrapping_add_signed(reloc.offset), at);
            }
            (RelocKind::Relative32, Goal::Address(base, address)) => {
                let addend = address as i64 + reloc.offset - reloc.bias;
                self.leave(at + reloc.at, Width::Relative32, base, addend);
            }
            (RelocKind::Absolute64, Goal::Address(base, address)) => {
                let addend = address as i64 + reloc.offset;
                self.leave(at + reloc.at, Width::Absolute64, base, addend);
            }
            (RelocKind::ThreadOffset32 | RelocKind::ModuleOffset32, Goal::Thread(offset)) => {
                let offset = thread_offset(offset + reloc.offset)?;
                bytes[field..field + 4].copy_from_slice(&offset.to_le_bytes());
            }
            (RelocKind::TlsGeneral, Goal::Thread(offset)) => {
                let offset = thread_offset(offset + reloc.offset)?;
                return tls_relax::general(bytes, field, offset)
                    .map(Some)
                    .ok_or_else(|| unknown("an unknown access to a thread-local"));
            }
            (
                RelocKind::ThreadOffset32 | RelocKind::ModuleOffset32,
                Goal::Local(base, _, local),
            ) => {
                let addend = local.offset as i64 + reloc.offset;
                self.leave(at + reloc.at, Width::Thread32, base, addend);
            }
            (RelocKind::TlsGeneral, Goal::Local(base, _, local)) => {
                let consumed = tls_relax::general(bytes, field, 0)
                    .ok_or_else(|| unknown("an unknown access to a thread-local"))?;
                let addend = local.offset as i64 + reloc.offset;
                // The offset is the end of the rewritten sequence.
                self.leave(at + consumed.end - 4, Width::Thread32, base, addend);
                return Ok(Some(consumed));
            }
            (kind, _) => {
                return Err(unknown(&format!(
                    "a reference of kind {kind:?} that does not fit its target"
                )));
            }
        }
        Ok(None)
    }

    /// Where a binding leads; with an offset, past the guards of a function into its body.
    fn goal(&mut self, binding: &Binding, offset: i64) -> Goal {
        match binding {
            Binding::Carried(atom) => match self.image.local_places.get(atom) {
                Some(local) => Goal::Local(Base::Locals, Base::Image, *local),
                None if offset == 0 => Goal::Address(Base::Image, self.image.places[atom]),
                None => Goal::Address(Base::Image, self.image.body(atom).expect("it has a place")),
            },
            Binding::At(Location::PatchTls(patch, local)) => {
                let id = self.sources.loaded.patch(*patch);
                let index = index_of(&mut self.image.patch.requires, id);
                Goal::Local(Base::LocalsOf(index), Base::Patch(index), *local)
            }
            Binding::At(Location::ExecutableTls(offset)) => Goal::Thread(*offset),
            Binding::At(site) => {
                let place = self.image.place(*site, self.sources.loaded);
                Goal::Address(place.base, place.offset)
            }
            Binding::Dynamic(name) => {
                let text = self.sources.names.text(*name).to_owned();
                Goal::Address(Base::Symbol(index_of(&mut self.image.patch.symbols, text)), 0)
            }
        }
    }

    /// The thread-locals that a function accesses and that must be filled in first.
    fn guarded(&self, atom: &AtomRef) -> Vec<Binding> {
        let mut guarded = Vec::new();
        for reloc in atom.references().filter(|reloc| reloc.kind != RelocKind::TlsLocal) {
            let Some(binding) = self.binding(atom, reloc) else { continue };
            let local = match &binding {
                Binding::Carried(target) => self.selection.locals.places.get(target),
                Binding::At(Location::PatchTls(_, local)) => Some(local),
                _ => None,
            };
            if local.is_some_and(|l| l.initial.is_some()) && !guarded.contains(&binding) {
                guarded.push(binding);
            }
        }
        guarded
    }

    /// Writes the guard of a thread-local.
    fn fill_guard(&mut self, at: u64, binding: &Binding) {
        let Goal::Local(base, image, TlsLocation { offset, initial: Some(initial) }) =
            self.goal(binding, 0)
        else {
            unreachable!("only these have guards")
        };
        self.write(at, &tls::guard(initial.size));
        let fields = tls::FIELDS;
        for field in [fields.test, fields.set] {
            self.leave(at + field, Width::Thread32, base, initial.flag as i64);
        }
        self.leave(at + fields.local, Width::Thread32, base, offset as i64);
        // The field is the last of its instruction, from whose end the processor counts.
        self.leave(at + fields.image, Width::Relative32, image, initial.image as i64 - 4);
    }

    fn word(&self, word: &Word) -> u64 {
        let found = self.words.iter().find(|(known, _)| known == word);
        found.expect("placed for each reference").1
    }

    /// Writes the distance to `goal`, which is the target's address with its offset.
    fn put_distance(&self, bytes: &mut [u8], reloc: &Reloc, goal: u64, at: u64) {
        let value = distance(goal, at + reloc.at).wrapping_sub(reloc.bias as i32);
        let field = reloc.at as usize;
        bytes[field..field + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn leave(&mut self, at: u64, width: Width, base: Base, addend: i64) {
        self.image.patch.relocations.push(Relocation { at, width, base, addend });
    }

    fn write(&mut self, at: u64, bytes: &[u8]) {
        let (part, start) = if at >= self.data_at {
            (&mut self.image.patch.data, self.data_at)
        } else if at >= self.read_only_at {
            (&mut self.image.patch.read_only, self.read_only_at)
        } else {
            (&mut self.image.patch.text, 0)
        };
        let from = (at - start) as usize;
        part[from..from + bytes.len()].copy_from_slice(bytes);
    }
}

fn references(atoms: &[AtomRef]) -> impl Iterator<Item = (&AtomRef, &Reloc)> {
    atoms.iter().flat_map(|atom| atom.references().map(move |reloc| (atom, reloc)))
}

/// Index of an element in a list of distinct ones; appended when it is new.
fn index_of<T: PartialEq>(list: &mut Vec<T>, wanted: T) -> u32 {
    let index = list.iter().position(|known| *known == wanted).unwrap_or_else(|| {
        list.push(wanted);
        list.len() - 1
    });
    u32::try_from(index).expect("fewer than 2^32 of them")
}

/// A distance inside the image, which is far smaller than 2 GiB (`hot_patch::patch::MAX_IMAGE`).
fn distance(to: u64, from: u64) -> i32 {
    to.wrapping_sub(from) as i64 as i32
}

fn thread_offset(offset: i64) -> Result<i32, String> {
    i32::try_from(offset).map_err(|_| "uses a thread-local too far from the thread pointer".into())
}
