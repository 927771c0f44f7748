//! Cuts the sections of an object file into atoms, and names them.

use super::atom::{Atom, AtomKind};
use super::error::ReadError;
use super::symbol_table::{SymbolId, SymbolTable};
use crate::symbol::is_mangled;
use hot_patch::abi;
use hot_patch::patch::MAX_IMAGE;
use object::read::elf::{ElfFile64, ElfSection64};
use object::{SectionFlags, SectionIndex, SymbolKind, elf};
use std::collections::HashMap;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

type File<'a> = ElfFile64<'a, object::Endianness>;

/// The offsets at which the atoms of a section begin, ascending, each with the index of the atom.
pub(super) type Cuts = HashMap<SectionIndex, Vec<(u64, u32)>>;

/// Returns the kind of a section's atoms; `None` for a section that is not loaded or stands apart.
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

/// A symbol that stands in a section: its offset, its name, and whether that names an atom.
type Standing<'a> = (u64, &'a str, bool);

/// Cuts the sections into atoms and names these; records where each symbol stands.
pub(super) fn cut(
    file: &File<'_>,
    names: &SymbolTable,
    atoms: &mut Vec<Atom>,
    symbols: &mut HashMap<SymbolId, (u32, u64)>,
) -> Result<Cuts, ReadError> {
    let mut standing = standing(file)?;
    let mut cuts = Cuts::new();
    for section in file.sections() {
        let Some(kind) = kind_of(&section)? else { continue };
        let here = standing.remove(&section.index()).unwrap_or_default();
        let placed = cut_section(file, &section, kind, &here, atoms)?;
        if placed.is_empty() {
            continue;
        }
        for (at, text, is_name) in here {
            let (start, index) = placed[locate(&placed, at)];
            let atom = &mut atoms[index as usize];
            if !is_name {
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

/// Returns the symbols that stand in each section, ascending.
fn standing<'a>(file: &File<'a>) -> Result<HashMap<SectionIndex, Vec<Standing<'a>>>, ReadError> {
    let mut standing: HashMap<SectionIndex, Vec<Standing<'a>>> = HashMap::new();
    for symbol in file.symbols() {
        if let (
            Some(section),
            SymbolKind::Text | SymbolKind::Data | SymbolKind::Tls | SymbolKind::Unknown,
        ) = (symbol.section_index(), symbol.kind())
        {
            let name = symbol.name()?;
            if !name.is_empty() {
                // Labels that the compiler numbers (`.Lanon.…`, `GCC_except_table0`, `.LCPI0_0`)
                // mean something else after each edit: they cut, but they do not name. The
                // personality's reference is in every object and names nothing that a program has.
                let names = (symbol.is_global() && !is_personality(name)) || is_mangled(name);
                standing.entry(section).or_default().push((symbol.address(), name, names));
            }
        }
    }
    standing.values_mut().for_each(|here| here.sort());
    Ok(standing)
}

/// Cuts a section at the symbols that stand in it, and adds its atoms; returns where these begin.
fn cut_section(
    file: &File<'_>,
    section: &ElfSection64<'_, '_, object::Endianness>,
    kind: AtomKind,
    here: &[Standing<'_>],
    atoms: &mut Vec<Atom>,
) -> Result<Vec<(u64, u32)>, ReadError> {
    let (size, align) = (section.size(), section.align().max(1));
    if size > MAX_IMAGE || !align.is_power_of_two() || align > MAX_IMAGE {
        let name = section.name()?;
        return Err(ReadError::Inconsistent(format!(
            "its section {name} is of {size} bytes, aligned to {align}"
        )));
    }
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
    Ok(placed)
}

/// Returns the index of the last atom that begins at or before the offset.
pub(super) fn locate(starts: &[(u64, u32)], at: u64) -> usize {
    starts.partition_point(|(start, _)| *start <= at).saturating_sub(1)
}
