//! The ELF file: header, sections, section table.
//!
//! It has no segments, and of the code only the place (a section without content): whoever reads it
//! finds the code in the process. It is never linked or loaded, so that little has to be right: the
//! symbols, the unwind table at its address (gdb unwinds by it) and the debug sections.

use super::select::Written;
use super::shape::Shape;
use hot_patch::patch::Debug;
use object::elf;

/// Size of the header, of a section's entry and of a symbol, in bytes.
const HEADER: usize = 64;
const SECTION: usize = 64;
const SYMBOL: usize = 24;
/// Offset of the address in a section's entry and of the value in a symbol.
const SECTION_ADDRESS: usize = 16;
const SYMBOL_VALUE: usize = 8;
/// The code is the first section.
const TEXT: u16 = 1;

/// A section to be written.
struct Section<'a> {
    name: &'a str,
    kind: elf::SectionType,
    flags: elf::SectionFlags,
    /// Offset in the image, for what lies in it.
    address: Option<u64>,
    size: u64,
    bytes: &'a [u8],
    /// Index of another section, and the number of local symbols.
    link: u32,
    info: u32,
    align: u64,
    entry: u64,
    /// The offsets of 64-bit addresses in the bytes.
    addresses: Vec<usize>,
}

impl<'a> Section<'a> {
    fn new(name: &'a str, kind: elf::SectionType, bytes: &'a [u8]) -> Section<'a> {
        Section {
            name,
            kind,
            flags: elf::SectionFlags(0),
            address: None,
            size: bytes.len() as u64,
            bytes,
            link: 0,
            info: 0,
            align: 1,
            entry: 0,
            addresses: Vec::new(),
        }
    }
}

/// Writes the file.
pub(super) fn write(shape: &Shape<'_>, debug: &[Written]) -> Debug {
    let (symbols, names, values) = symbols(shape);
    let mut sections = vec![Section::new("", elf::SHT_NULL, &[])];
    sections.push(Section {
        flags: elf::SHF_ALLOC | elf::SHF_EXECINSTR,
        address: Some(0),
        size: shape.text,
        align: 16,
        ..Section::new(".text", elf::SHT_NOBITS, &[])
    });
    if let Some((at, bytes)) = shape.frames {
        sections.push(Section {
            flags: elf::SHF_ALLOC,
            address: Some(at),
            align: 8,
            ..Section::new(".eh_frame", elf::SHT_PROGBITS, bytes)
        });
    }
    for written in debug {
        sections.push(Section {
            addresses: written.addresses.clone(),
            ..Section::new(written.name, elf::SHT_PROGBITS, &written.bytes)
        });
    }
    let string_table = sections.len() as u32 + 1;
    sections.push(Section {
        link: string_table,
        info: 1,
        align: 8,
        entry: SYMBOL as u64,
        addresses: values,
        ..Section::new(".symtab", elf::SHT_SYMTAB, &symbols)
    });
    sections.push(Section::new(".strtab", elf::SHT_STRTAB, &names));
    let mut section_names = Vec::new();
    let mut name_at = Vec::new();
    for name in sections.iter().map(|section| section.name).chain([".shstrtab"]) {
        name_at.push(section_names.len() as u32);
        section_names.extend_from_slice(name.as_bytes());
        section_names.push(0);
    }
    sections.push(Section::new(".shstrtab", elf::SHT_STRTAB, &section_names));
    lay(&sections, &name_at)
}

/// The symbol table, its strings, and where the values stand.
fn symbols(shape: &Shape<'_>) -> (Vec<u8>, Vec<u8>, Vec<usize>) {
    let (mut table, mut names, mut values) = (vec![0; SYMBOL], vec![0], Vec::new());
    for symbol in &shape.symbols {
        let (kind, section) =
            if symbol.is_code { (elf::STT_FUNC, TEXT) } else { (elf::STT_OBJECT, elf::SHN_ABS.0) };
        values.push(table.len() + SYMBOL_VALUE);
        table.extend_from_slice(&(names.len() as u32).to_le_bytes());
        table.extend_from_slice(&[(elf::STB_GLOBAL.0 << 4) | kind.0, 0]);
        table.extend_from_slice(&section.to_le_bytes());
        table.extend_from_slice(&symbol.at.to_le_bytes());
        table.extend_from_slice(&symbol.size.to_le_bytes());
        names.extend_from_slice(symbol.name.as_bytes());
        names.push(0);
    }
    (table, names, values)
}

/// Puts header, contents and section table one after the other.
fn lay(sections: &[Section<'_>], names: &[u32]) -> Debug {
    let mut elf = vec![0; HEADER];
    let mut addresses = Vec::new();
    let mut starts = Vec::with_capacity(sections.len());
    for section in sections {
        elf.resize(elf.len().next_multiple_of(section.align.max(1) as usize), 0);
        starts.push(elf.len() as u64);
        addresses.extend(section.addresses.iter().map(|at| (elf.len() + at) as u32));
        elf.extend_from_slice(section.bytes);
    }
    elf.resize(elf.len().next_multiple_of(8), 0);
    let table = elf.len() as u64;
    for ((section, start), name) in sections.iter().zip(starts).zip(names) {
        if section.address.is_some() {
            addresses.push((elf.len() + SECTION_ADDRESS) as u32);
        }
        elf.extend_from_slice(&name.to_le_bytes());
        elf.extend_from_slice(&section.kind.0.to_le_bytes());
        elf.extend_from_slice(&section.flags.0.to_le_bytes());
        elf.extend_from_slice(&section.address.unwrap_or(0).to_le_bytes());
        elf.extend_from_slice(&start.to_le_bytes());
        elf.extend_from_slice(&section.size.to_le_bytes());
        elf.extend_from_slice(&section.link.to_le_bytes());
        elf.extend_from_slice(&section.info.to_le_bytes());
        elf.extend_from_slice(&section.align.to_le_bytes());
        elf.extend_from_slice(&section.entry.to_le_bytes());
    }
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(&elf::ELFMAG);
    header.extend_from_slice(&[elf::ELFCLASS64.0, elf::ELFDATA2LSB.0, elf::EV_CURRENT.0]);
    header.resize(16, 0);
    header.extend_from_slice(&elf::ET_EXEC.0.to_le_bytes());
    header.extend_from_slice(&elf::EM_X86_64.0.to_le_bytes());
    header.extend_from_slice(&u32::from(elf::EV_CURRENT.0).to_le_bytes());
    // Entry point and segments: none.
    header.extend_from_slice(&[0; 16]);
    header.extend_from_slice(&table.to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    for half in [HEADER, 0, 0, SECTION, sections.len(), sections.len() - 1] {
        header.extend_from_slice(&(half as u16).to_le_bytes());
    }
    elf[..HEADER].copy_from_slice(&header);
    addresses.sort_unstable();
    Debug { elf, addresses }
}
