//! Reads a relocatable object into atoms.
//!
//! The steps:
//!
//! 1. **Cut.** Each section that will be in memory becomes one atom, or several where symbols
//!    stand inside it. Registry entries are cut by their size. Notes, groups and debug sections are
//!    left out; `.eh_frame` is taken apart in `super::eh_frame`.
//! 2. **Name.** Symbols that mean something beyond this object are given to the atom at which they
//!    stand.
//! 3. **Refer.** Each relocation is reduced to what it asks for ([`super::reloc::RelocKind`]) and
//!    its true target. LLVM writes references to local symbols as section + addend, and on x86-64
//!    the addend of a relative field contains the distance from the field to the end of its
//!    instruction (4 bytes, more when an immediate follows). The target inside the section is
//!    therefore only known after decoding the instruction, which is done where the answer could
//!    matter.
//! 4. **Reach.** For each atom, the names that it leads to, through private constants and its
//!    unwind information as well: the edges along which a change spreads. Pieces of one section
//!    that lead into one another without relocations (`super::fallthrough`) share all of theirs.

use super::atom::{Atom, AtomKind};
use super::cut::{Cuts, cut, locate};
use super::error::{ReadError, outside};
use super::file::ObjectFile;
use super::out_edges::out_edges;
use super::reloc::Reloc;
use super::relocations::{reference, references};
use super::symbol_table::SymbolTable;
use super::{eh_frame, fallthrough};
use object::read::elf::ElfFile64;
use object::{Object as _, ObjectSection as _};
use std::collections::HashMap;
use std::sync::OnceLock;

type File<'a> = ElfFile64<'a, object::Endianness>;

/// Reads one object.
pub fn read(unit: &str, data: Vec<u8>, names: &SymbolTable) -> Result<ObjectFile, ReadError> {
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
    mark_fallthrough(&file, &cuts, &mut atoms)?;
    drop(file);
    let out_edges = out_edges(&atoms, &cies);
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

/// Marks the pieces of sections that lead into one another without relocations.
fn mark_fallthrough(file: &File<'_>, cuts: &Cuts, atoms: &mut [Atom]) -> Result<(), ReadError> {
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
    Ok(())
}
