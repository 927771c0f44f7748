//! Reads a relocatable object into atoms.
//!
//! The steps:
//!
//! 1. **Cut.** Each section that will be in memory becomes one atom, or several where symbols
//!    stand inside it. Registry entries are cut by their size. Notes, groups and debug sections are
//!    left out; `.eh_frame` is taken apart in `super::eh_frame`.
//! 2. **Name.** Symbols that mean something beyond this object are given to the atom at which they
//!    stand.
//! 3. **Refer.** Each relocation is reduced to what it asks for ([`RelocKind`]) and its true target.
//!    LLVM writes references to local symbols as section + addend, and on x86-64 the addend
//!    of a relative field contains the distance from the field to the end of its instruction
//!    (4 bytes, more when an immediate follows). The target inside the section is therefore only
//!    known after decoding the instruction, which is done where the answer could matter.
//! 4. **Reach.** For each atom, the names that it leads to, through private constants and its
//!    unwind information as well: the edges along which a change spreads. Pieces of one section
//!    that lead into one another without relocations (`super::fallthrough`) share all of theirs.

use super::atom::{Atom, AtomKind, UnwindRecord};
use super::error::{ReadError, outside};
use super::file::ObjectFile;
use super::reloc::{RawTarget, Reloc, RelocKind};
use super::symbol_table::{SymbolId, SymbolTable};
use super::{eh_frame, fallthrough};
use crate::symbol::is_mangled;
use hot_patch::abi;
use hot_patch::patch::MAX_IMAGE;
use iced_x86::{Decoder, DecoderOptions};
use object::elf;
use object::read::elf::{ElfFile64, ElfSection64};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use object::{RelocationFlags, RelocationTarget, SectionFlags, SectionIndex, SymbolKind};
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

type File<'a> = ElfFile64<'a, object::Endianness>;

/// Where the atoms of a section begin, ascending: offset and index of the atom.
pub(super) type Cuts = HashMap<SectionIndex, Vec<(u64, u32)>>;

/// Reads one object.
pub fn read(unit: &str, data: Vec<u8>, names: &mut SymbolTable) -> Result<ObjectFile, ReadError> {
    let file = File::parse(data.as_slice())?;
    if file.architecture() != object::Architecture::X86_64
        || file.kind() != object::ObjectKind::Relocatable
    {
        return Err(ReadError::Foreign);
    }
    let mut atoms = Vec::new();
    let mut symbols = HashMap::new();
    let cuts = cut(&file, names, &mut atoms, &mut symbols)?;

    for section in file.sections() {
        let Some(starts) = cuts.get(&section.index()) else { continue };
        let relocs = references(&file, &section, starts, &atoms, &cuts, names)?;
        for (at, reloc) in relocs {
            let index = locate(starts, at);
            let (start, atom) = starts[index];
            let (atom, reloc) = (&mut atoms[atom as usize], Reloc { at: at - start, ..reloc });
            if !reloc.is_within(atom.bytes.len()) {
                return Err(outside(at));
            }
            atom.relocs.push(reloc);
        }
    }
    let mut cies = Vec::new();
    if let Some(section) = file.section_by_name(".eh_frame") {
        let resolve =
            |at: u64, reloc: &object::Relocation| reference(&file, at, reloc, 0, &cuts, names);
        let parsed = eh_frame::read(section.data()?, section.relocations(), resolve)?;
        cies = parsed.cies;
        for (atom, frame) in parsed.frames {
            atoms[atom as usize].frame = Some(frame);
        }
    }
    for atom in &mut atoms {
        atom.relocs.sort_by_key(|r| r.at);
    }
    for (&index, starts) in cuts.iter().filter(|(_, starts)| starts.len() > 1) {
        if atoms[starts[0].1 as usize].kind != AtomKind::Text {
            continue;
        }
        let section = file.section_by_index(index)?;
        let mut fields: Vec<u64> = section.relocations().map(|(at, _)| at).collect();
        fields.sort_unstable();
        let offsets: Vec<u64> = starts.iter().map(|(at, _)| *at).collect();
        for range in fallthrough::find(section.data()?, &offsets, &fields) {
            let (first, last) = (starts[range.start].1, starts[range.end - 1].1);
            for atom in &mut atoms[first as usize..=last as usize] {
                atom.fallthrough_group = Some((first, last));
            }
        }
    }
    drop(file);
    let mut out_edges = out_edges(&atoms, &cies);
    // What one atom of a tangle leads to, all do.
    for (first, last) in
        atoms.iter().filter_map(|atom| atom.fallthrough_group).collect::<HashSet<_>>()
    {
        let range = first as usize..=last as usize;
        let own = atoms[range.clone()].iter().filter_map(|atom| atom.name);
        let all: HashSet<_> =
            out_edges[range.clone()].iter().flatten().copied().chain(own).collect();
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_unstable();
        out_edges[range].fill(all.into_boxed_slice());
    }
    Ok(ObjectFile {
        unit: unit.to_owned(),
        crate_key: String::new(),
        data,
        split: None,
        atoms,
        symbols,
        cies,
        out_edges,
        layouts: OnceLock::new(),
    })
}

/// What the atoms of a section are; `None` for a section that is not loaded or stands apart.
fn kind_of(
    section: &ElfSection64<'_, '_, object::Endianness>,
) -> Result<Option<AtomKind>, ReadError> {
    let name = section.name()?;
    let SectionFlags::Elf { sh_flags, .. } = section.flags() else { return Ok(None) };
    let has = |flag: elf::SectionFlags| sh_flags.0 & flag.0 != 0;
    if !has(elf::SHF_ALLOC) || name == ".eh_frame" || name.starts_with(".note") {
        return Ok(None);
    }
    let entry_size = section.elf_section_header().sh_entsize.get(object::Endianness::Little);
    Ok(Some(match name {
        abi::SLOTS => AtomKind::Slot,
        abi::ENTRIES => AtomKind::Entry,
        abi::INSTANCES => AtomKind::Instances,
        _ if name.starts_with(".init_array") || name.starts_with(".ctors") => AtomKind::Constructor,
        _ if has(elf::SHF_TLS) => AtomKind::ThreadLocal,
        _ if has(elf::SHF_EXECINSTR) => AtomKind::Text,
        _ if name.starts_with(".data.rel.ro") || is_personality(name) => AtomKind::ReadOnly,
        _ if has(elf::SHF_WRITE) && name.starts_with("__llvm_prf_") => AtomKind::Counter,
        _ if has(elf::SHF_WRITE) => AtomKind::Data,
        _ if has(elf::SHF_MERGE) && entry_size > 0 => {
            AtomKind::Merge { size: entry_size, strings: has(elf::SHF_STRINGS) }
        }
        _ => AtomKind::ReadOnly,
    }))
}

/// `DW.ref.rust_eh_personality`, by which unwind tables refer to the personality routine: a
/// constant, in a section that is writable only for the dynamic loader's sake.
fn is_personality(name: &str) -> bool {
    name.contains("DW.ref.")
}

/// Steps 1 and 2.
fn cut(
    file: &File<'_>,
    names: &mut SymbolTable,
    atoms: &mut Vec<Atom>,
    symbols: &mut HashMap<SymbolId, (u32, u64)>,
) -> Result<Cuts, ReadError> {
    let mut standing: HashMap<SectionIndex, Vec<(u64, &str, bool)>> = HashMap::new();
    for symbol in file.symbols() {
        if let (
            Some(section),
            SymbolKind::Text | SymbolKind::Data | SymbolKind::Tls | SymbolKind::Unknown,
        ) = (symbol.section_index(), symbol.kind())
        {
            let name = symbol.name()?;
            if !name.is_empty() {
                // Labels that the compiler numbers (`.Lanon.…`, `GCC_except_table0`, `.LCPI0_0`) mean
                // something else after each edit: they cut, but they do not name. The personality's
                // reference is in every object and names nothing that a program has.
                let names = (symbol.is_global() && !is_personality(name)) || is_mangled(name);
                standing.entry(section).or_default().push((symbol.address(), name, names));
            }
        }
    }
    let mut cuts = Cuts::new();
    for section in file.sections() {
        let Some(kind) = kind_of(&section)? else { continue };
        let (size, align) = (section.size(), section.align().max(1));
        if size > MAX_IMAGE || !align.is_power_of_two() || align > MAX_IMAGE {
            let name = section.name()?;
            return Err(ReadError::Inconsistent(format!(
                "its section {name} is of {size} bytes, aligned to {align}"
            )));
        }
        let mut here = standing.remove(&section.index()).unwrap_or_default();
        here.sort();
        let mut starts: Vec<u64> = match kind {
            AtomKind::Entry => (0..size).step_by(abi::ENTRY_SIZE).collect(),
            AtomKind::Merge { .. } => vec![0],
            _ => std::iter::once(0).chain(here.iter().map(|(at, ..)| *at)).collect(),
        };
        starts.dedup();
        starts.retain(|&at| at < size || (at == 0 && size == 0));
        let file_range = section.file_range().unwrap_or((0, 0));
        let in_file =
            section.elf_section_header().sh_type.get(object::Endianness::Little) != elf::SHT_NOBITS;
        let mut placed = Vec::with_capacity(starts.len());
        for (index, &start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(size);
            let bytes = if in_file {
                // Beyond the end of the file if it does not fit; which is refused below.
                let from = usize::try_from(file_range.0).unwrap_or(usize::MAX);
                let from = from.saturating_add(start as usize);
                from..from.saturating_add((end - start) as usize)
            } else {
                0..0
            };
            if bytes.end > file.data().len() {
                return Err(ReadError::Inconsistent("a section lies outside the file".into()));
            }
            placed.push((start, u32::try_from(atoms.len()).expect("atoms fit 32 bits")));
            atoms.push(Atom {
                name: None,
                label: None,
                kind,
                bytes,
                size: end - start,
                align,
                relocs: Vec::new(),
                frame: None,
                fallthrough_group: None,
            });
        }
        if placed.is_empty() {
            continue;
        }
        for (at, text, means) in here {
            let (start, index) = placed[locate(&placed, at)];
            let atom = &mut atoms[index as usize];
            if !means {
                if at == start && kind.is_state() && !text.starts_with(".L") {
                    atom.label = Some(names.intern(text));
                }
                continue;
            }
            let name = names.intern(text);
            symbols.insert(name, (index, at - start));
            if at == start && atom.name.is_none() && !matches!(kind, AtomKind::Merge { .. }) {
                atom.name = Some(name);
            }
        }
        cuts.insert(section.index(), placed);
    }
    Ok(cuts)
}

/// The last atom that begins at or before the offset.
fn locate(starts: &[(u64, u32)], at: u64) -> usize {
    starts.partition_point(|(start, _)| *start <= at).saturating_sub(1)
}

/// Step 3 for one section: the offset of each field, and the reference.
fn references(
    file: &File<'_>,
    section: &ElfSection64<'_, '_, object::Endianness>,
    starts: &[(u64, u32)],
    atoms: &[Atom],
    cuts: &Cuts,
    names: &mut SymbolTable,
) -> Result<Vec<(u64, Reloc)>, ReadError> {
    let raw: Vec<(u64, object::Relocation)> = section.relocations().collect();
    let is_text = atoms[starts[0].1 as usize].kind == AtomKind::Text;
    // The end of the instruction is asked for only where it is not the usual one: the field last,
    // and the reference to the beginning of a symbol.
    let needs_decoding = |(_, r): &(u64, object::Relocation)| {
        let section_symbol = match r.target() {
            RelocationTarget::Symbol(index) => {
                file.symbol_by_index(index).is_ok_and(|symbol| symbol.kind() == SymbolKind::Section)
            }
            _ => false,
        };
        is_relative(kind_of_reloc(r)) && (section_symbol || r.addend() != -4)
    };
    let ends = if is_text && raw.iter().any(needs_decoding) {
        instruction_ends(section.data()?)
    } else {
        Vec::new()
    };
    let mut found = Vec::with_capacity(raw.len());
    for (at, reloc) in &raw {
        let bias = if !is_text || !is_relative(kind_of_reloc(reloc)) {
            0
        } else {
            let end = ends.partition_point(|&end| end <= *at);
            ends.get(end).map_or(4, |&end| (end - at) as i64)
        };
        found.push((*at, reference(file, *at, reloc, bias, cuts, names)?));
    }
    Ok(found)
}

/// Resolves one relocation. `at` is kept as it is given.
fn reference(
    file: &File<'_>,
    at: u64,
    reloc: &object::Relocation,
    bias: i64,
    cuts: &Cuts,
    names: &mut SymbolTable,
) -> Result<Reloc, ReadError> {
    let RelocationTarget::Symbol(index) = reloc.target() else {
        return Err(ReadError::Inconsistent(format!("the relocation at {at:#x} has no symbol")));
    };
    let symbol = file.symbol_by_index(index)?;
    let kind = kind_of_reloc(reloc);
    // Nothing that a compiler writes is further away than that, and no sum below can overflow.
    let far = 1 << 48;
    if !(-far..far).contains(&reloc.addend()) || symbol.address() >= far as u64 {
        return Err(ReadError::Inconsistent(format!(
            "the relocation at {at:#x} leads out of every address space"
        )));
    }
    let offset = reloc.addend() + bias;
    let (target, offset) = match symbol.section_index().and_then(|s| Some((s, cuts.get(&s)?))) {
        Some((_, starts)) => {
            let wanted = symbol.address() as i64 + offset;
            // A reference below the section's start belongs to its first atom.
            let (start, index) = starts[locate(starts, wanted.max(0) as u64)];
            // A named symbol keeps its own atom even when the offset leads past it.
            let (start, index) = if symbol.kind() == SymbolKind::Section {
                (start, index)
            } else {
                starts[locate(starts, symbol.address())]
            };
            (RawTarget::Atom(index), wanted - start as i64)
        }
        None => {
            let name = symbol.name()?;
            if name.is_empty() {
                return Err(ReadError::Inconsistent(format!(
                    "the relocation at {at:#x} refers to a section that is not loaded"
                )));
            }
            (RawTarget::Symbol(names.intern(name)), offset)
        }
    };
    Ok(Reloc { at, kind, target, offset, bias })
}

fn kind_of_reloc(reloc: &object::Relocation) -> RelocKind {
    let RelocationFlags::Elf { r_type } = reloc.flags() else {
        return RelocKind::Unknown(u32::MAX);
    };
    match r_type {
        elf::R_X86_64_64 => RelocKind::Absolute64,
        elf::R_X86_64_PC32 | elf::R_X86_64_PLT32 => RelocKind::Relative32,
        elf::R_X86_64_PC64 => RelocKind::Relative64,
        elf::R_X86_64_GOTPCREL | elf::R_X86_64_GOTPCRELX | elf::R_X86_64_REX_GOTPCRELX => {
            RelocKind::Got
        }
        elf::R_X86_64_GOTTPOFF => RelocKind::GotThreadOffset,
        elf::R_X86_64_TLSGD => RelocKind::TlsGeneral,
        elf::R_X86_64_TLSLD => RelocKind::TlsLocal,
        elf::R_X86_64_DTPOFF32 => RelocKind::ModuleOffset32,
        elf::R_X86_64_TPOFF32 => RelocKind::ThreadOffset32,
        other => RelocKind::Unknown(other.0),
    }
}

/// Whether the field counts from the end of its instruction.
fn is_relative(kind: RelocKind) -> bool {
    matches!(
        kind,
        RelocKind::Relative32
            | RelocKind::Got
            | RelocKind::GotThreadOffset
            | RelocKind::TlsGeneral
            | RelocKind::TlsLocal
    )
}

/// The offsets at which the instructions of some code end, ascending.
fn instruction_ends(code: &[u8]) -> Vec<u64> {
    let mut decoder = Decoder::with_ip(64, code, 0, DecoderOptions::NONE);
    let mut instruction = iced_x86::Instruction::default();
    let mut ends = Vec::with_capacity(code.len() / 4);
    while decoder.can_decode() {
        decoder.decode_out(&mut instruction);
        ends.push(instruction.next_ip());
    }
    ends
}

/// Step 4. Private constants may refer to each other in circles, so each atom walks on its own.
fn out_edges(atoms: &[Atom], cies: &[UnwindRecord]) -> Vec<Box<[SymbolId]>> {
    let mut seen = vec![u32::MAX; atoms.len()];
    let mut stack = Vec::new();
    (0..atoms.len() as u32)
        .map(|from| {
            let mut found = Vec::new();
            stack.push(from);
            seen[from as usize] = from;
            while let Some(index) = stack.pop() {
                let atom = &atoms[index as usize];
                let frame = atom.frame.iter();
                let relocs = atom.relocs.iter().chain(
                    frame.flat_map(|f| f.record.relocs.iter().chain(&cies[f.cie as usize].relocs)),
                );
                for reloc in relocs {
                    match reloc.target {
                        RawTarget::Symbol(name) => found.push(name),
                        RawTarget::Atom(to) => match atoms[to as usize].name {
                            Some(name) => found.push(name),
                            None if seen[to as usize] != from => {
                                seen[to as usize] = from;
                                stack.push(to);
                            }
                            None => {}
                        },
                    }
                }
            }
            found.sort_unstable();
            found.dedup();
            found.into_boxed_slice()
        })
        .collect()
}
