//! Reduces the relocations of an object file to what they ask for, and to their true targets.

use super::atom::{Atom, AtomKind};
use super::cut::{Cuts, locate};
use super::error::ReadError;
use super::reloc::{RawTarget, Reloc, RelocKind};
use super::symbol_table::SymbolTable;
use iced_x86::{Decoder, DecoderOptions};
use object::read::elf::{ElfFile64, ElfSection64};
use object::{RelocationFlags, RelocationTarget, SymbolKind, elf};

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

type File<'a> = ElfFile64<'a, object::Endianness>;

/// Returns the references of one section, each with the offset of its field.
pub(super) fn references(
    file: &File<'_>,
    section: &ElfSection64<'_, '_, object::Endianness>,
    starts: &[(u64, u32)],
    atoms: &[Atom],
    cuts: &Cuts,
    names: &SymbolTable,
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
pub(super) fn reference(
    file: &File<'_>,
    at: u64,
    reloc: &object::Relocation,
    bias: i64,
    cuts: &Cuts,
    names: &SymbolTable,
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

/// Reports whether the field counts from the end of its instruction.
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

/// Returns the offsets at which the instructions of some code end, ascending.
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
