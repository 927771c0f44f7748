//! A file, read as a whole shared library of this machine, and what it exports for hot.
//!
//! No more is read than what the dynamic linker will follow without looking: the headers, and the
//! tables that the dynamic section names. Each must lie inside the file. What is inside them is
//! trusted, as the code is.

use super::error::LibraryError;
use super::table::{FUNCTION_PREFIX, NAME, NAME_STEM};

const WHOLE: &str = "it is cut off, or still being written: a part that its headers name lies \
                     beyond the end of the file";
const DAMAGED: &str = "it is damaged: its headers contradict each other";
const NO_LIBRARY: &str = "it is an ELF file but no shared library; build it with `crate-type = \
                          [\"cdylib\"]`";
const OTHER_MACHINE: &str = "it is a library for another kind of machine";

/// The machine's number in ELF files.
const MACHINE: u16 = if cfg!(target_arch = "x86_64") {
    62
} else if cfg!(target_arch = "aarch64") {
    183
} else if cfg!(target_arch = "riscv64") {
    243
} else {
    // Libraries are not loaded on machines where that is untried.
    0
};

const FILE_HEADER: usize = 64;
const PROGRAM_HEADER: usize = 56;
const SECTION_HEADER: usize = 64;
/// 64-bit, little-endian, version 1.
const IDENTITY: [u8; 7] = *b"\x7fELF\x02\x01\x01";
const SHARED_OBJECT: u16 = 3;
/// Bytes of an entry in the table of symbols.
const SYMBOL: usize = 24;
/// Types of sections: without bytes in the file, and the dynamic symbols.
const NO_BITS: u32 = 8;
const DYNAMIC_SYMBOLS: u32 = 11;
const LOAD: u32 = 1;
const DYNAMIC: u32 = 2;

/// Tags of the dynamic section: a table's address, and its size in bytes.
const STRINGS: (u64, u64) = (5, 10);
const TABLES: [(u64, u64); 6] = [
    STRINGS,
    (7, 8),   // DT_RELA
    (23, 2),  // DT_JMPREL
    (25, 27), // DT_INIT_ARRAY
    (26, 28), // DT_FINI_ARRAY
    (36, 35), // DT_RELR
];
/// Tags of tables that are named without a size: hash tables, symbols, versions.
const STARTS: [u64; 5] = [4, 0x6fff_fef5, 6, 0x6fff_fff0, 0x6fff_fffe];

/// Part of a file that is mapped.
struct Segment {
    offset: u64,
    address: u64,
    in_file: u64,
}

/// The exports of a library that are for hot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Exports {
    /// True if there is a table of replacements.
    pub(super) table: bool,
    /// The functions of a hot patch, by their own names.
    pub(super) functions: Vec<String>,
}

/// Checks the file and reads what it exports, which is something.
pub(super) fn read(file: &[u8]) -> Result<Exports, LibraryError> {
    let names = exported_names(file).map_err(LibraryError::File)?;
    let names = names.split(|&byte| byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
    let mut exports = Exports { table: false, functions: Vec::new() };
    let mut other = false;
    for name in names {
        if name == NAME {
            exports.table = true;
        } else if let Some(function) = name.strip_prefix(FUNCTION_PREFIX) {
            exports.functions.push(function.to_owned());
        } else {
            other |= name.starts_with(NAME_STEM);
        }
    }
    if exports.table || !exports.functions.is_empty() {
        return Ok(exports);
    }
    Err(if other { LibraryError::OtherTable } else { LibraryError::NoTable })
}

/// Returns where the bytes of a dynamic symbol lie in the file, which [`read`] has checked; `None` when it
/// is not defined there, or has no bytes in the file.
pub(super) fn place_of(file: &[u8], symbol: &str) -> Option<std::ops::Range<usize>> {
    let count = usize::from(u16_at(file, 60).ok()?);
    let sections = part(file, u64_at(file, 40).ok()?, (count * SECTION_HEADER) as u64).ok()?;
    let sections: Vec<&[u8]> = sections.chunks_exact(SECTION_HEADER).collect();
    let content =
        |section: &[u8]| part(file, u64_at(section, 24).ok()?, u64_at(section, 32).ok()?).ok();
    let is_symbols = |section: &&&[u8]| u32_at(section, 4) == Ok(DYNAMIC_SYMBOLS);
    let symbols = sections.iter().find(is_symbols)?;
    let strings = content(sections.get(u32_at(symbols, 40).ok()? as usize)?)?;
    let is_it = |entry: &&[u8]| {
        let at = u32_at(entry, 0).unwrap_or(0) as usize;
        let name = strings.get(at..).and_then(|rest| rest.split(|&byte| byte == 0).next());
        name == Some(symbol.as_bytes())
    };
    let entry = content(symbols)?.chunks_exact(SYMBOL).find(is_it)?;
    let section = sections.get(usize::from(u16_at(entry, 6).ok()?))?;
    let within = u64_at(entry, 8).ok()?.checked_sub(u64_at(section, 16).ok()?)?;
    let (offset, size) = (u64_at(section, 24).ok()?, u64_at(entry, 16).ok()?);
    let has_bytes = u32_at(section, 4) != Ok(NO_BITS);
    let fits = within.checked_add(size)? <= u64_at(section, 32).ok()?;
    let start = usize::try_from(offset.checked_add(within)?).ok()?;
    let range = start..start.checked_add(usize::try_from(size).ok()?)?;
    (has_bytes && fits && file.get(range.clone()).is_some()).then_some(range)
}

/// Returns the names of the dynamic symbols, each between zero bytes.
fn exported_names(file: &[u8]) -> Result<&[u8], &'static str> {
    if file.len() < FILE_HEADER {
        return Err(WHOLE);
    }
    if file[..IDENTITY.len()] != IDENTITY || u16_at(file, 18)? != MACHINE {
        return Err(OTHER_MACHINE);
    }
    if u16_at(file, 16)? != SHARED_OBJECT {
        return Err(NO_LIBRARY);
    }
    // The sections are not mapped, but stand at the end: a file cut off there is cut off.
    let sections = u64::from(u16_at(file, 60)?) * SECTION_HEADER as u64;
    part(file, u64_at(file, 40)?, sections)?;

    let headers = usize::from(u16_at(file, 56)?);
    if usize::from(u16_at(file, 54)?) != PROGRAM_HEADER {
        return Err(DAMAGED);
    }
    let headers = part(file, u64_at(file, 32)?, (headers * PROGRAM_HEADER) as u64)?;
    let mut segments = Vec::new();
    let mut dynamic = None;
    for header in headers.chunks_exact(PROGRAM_HEADER) {
        let segment = Segment {
            offset: u64_at(header, 8)?,
            address: u64_at(header, 16)?,
            in_file: u64_at(header, 32)?,
        };
        let content = part(file, segment.offset, segment.in_file)?;
        match u32_at(header, 0)? {
            LOAD if segment.in_file > u64_at(header, 40)? => return Err(DAMAGED),
            LOAD => segments.push(segment),
            DYNAMIC => dynamic = Some(content),
            _ => {}
        }
    }
    let dynamic = dynamic.ok_or(NO_LIBRARY)?;
    let value = |tag: u64| {
        let field = |entry: &[u8], at| u64_at(entry, at).unwrap_or(0);
        let entries = dynamic.chunks_exact(16).map(|entry| (field(entry, 0), field(entry, 8)));
        // The entry with tag 0 is the last.
        let mut entries = entries.take_while(|(found, _)| *found != 0);
        entries.find(|(found, _)| *found == tag).map(|(_, value)| value)
    };
    let mapped = |address: u64, size: u64| {
        let within = |s: &&Segment| {
            address
                .checked_sub(s.address)
                .is_some_and(|at| at.checked_add(size).is_some_and(|end| end <= s.in_file))
        };
        let segment = segments.iter().find(within).ok_or(DAMAGED)?;
        part(file, segment.offset + (address - segment.address), size)
    };
    for tag in STARTS {
        if let Some(address) = value(tag) {
            mapped(address, 1)?;
        }
    }
    for (address, size) in TABLES {
        if let Some(address) = value(address) {
            mapped(address, value(size).unwrap_or(0))?;
        }
    }
    let strings = value(STRINGS.0).ok_or(NO_LIBRARY)?;
    mapped(strings, value(STRINGS.1).ok_or(DAMAGED)?)
}

/// Returns a part of the file, which must be there.
fn part(file: &[u8], offset: u64, size: u64) -> Result<&[u8], &'static str> {
    let end = offset.checked_add(size).ok_or(DAMAGED)?;
    let range = usize::try_from(offset).ok().zip(usize::try_from(end).ok()).ok_or(WHOLE)?;
    file.get(range.0..range.1).ok_or(WHOLE)
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16, &'static str> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32, &'static str> {
    array(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Result<u64, &'static str> {
    array(bytes, at).map(u64::from_le_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], &'static str> {
    bytes.get(at..).and_then(|bytes| bytes.first_chunk()).copied().ok_or(WHOLE)
}
