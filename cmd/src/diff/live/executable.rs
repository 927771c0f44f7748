//! The executable: its symbols, its thread-local block, its build ID.

use super::location::Location;
use crate::diff::object::{DiffError, SymbolId, SymbolTable};
use hot_patch::abi;
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind, SymbolSection, elf};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Returns the number of hot functions and the build ID of an executable; zero and
/// nothing of one that cannot be read.
pub fn registered(executable: &Path) -> (usize, Vec<u8>) {
    let read = || {
        let data = std::fs::read(executable).ok()?;
        let elf = ElfFile64::<object::Endianness>::parse(&data[..]).ok()?;
        Some((hot_functions(&elf).ok()?, elf.build_id().ok()?.unwrap_or_default().to_vec()))
    };
    read().unwrap_or_default()
}

/// The number of hot functions registered in an executable.
fn hot_functions(elf: &ElfFile64<'_>) -> object::read::Result<usize> {
    let Some(section) = elf.section_by_name(abi::ENTRIES) else { return Ok(0) };
    let is_function = |entry: &&[u8]| {
        let field = |at: usize| u16::from_le_bytes([entry[at], entry[at + 1]]);
        field(0) == abi::ENTRY_ABI
            && abi::Kind::from_u16(field(2)).is_some_and(|kind| kind != abi::Kind::Anchor)
    };
    Ok(section.data()?.chunks_exact(abi::ENTRY_SIZE).filter(is_function).count())
}

/// A symbol of the executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutableSymbol {
    /// Address in the file (added to the load bias in memory), or offset in the thread-local block.
    pub address: u64,
    /// Set if objects share it under this name. A linker makes a hidden symbol local, since no
    /// other module may refer to it, but leaves the word that it was hidden: what was private to
    /// one object has never had it.
    pub global: bool,
    /// Set if it is a thread-local.
    pub thread_local: bool,
}

/// The executable that runs.
pub struct Executable {
    /// The linker's build ID.
    pub build_id: Vec<u8>,
    /// Number of hot functions registered in it.
    pub hot_functions: usize,
    symbols: HashMap<SymbolId, Vec<ExecutableSymbol>>,
    imports: HashSet<SymbolId>,
    /// Distance from the thread-local block's start to the thread pointer: its size, and what is
    /// needed so that both are aligned as the segment asks.
    thread_block: u64,
    text: Text,
}

/// The executable's loaded bytes, for checking that the objects are what was linked.
struct Text {
    map: memmap2::Mmap,
    segments: Vec<(u64, u64, u64)>,
}

impl Executable {
    /// Reads the executable.
    pub fn read(path: &Path, symbol_table: &SymbolTable) -> Result<Executable, DiffError> {
        let failed = |what: String| DiffError::Executable { path: path.to_owned(), what };
        let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
        // SAFETY: the linker writes a new file rather than changing one that is there; if the file
        // were cut while it is mapped, the tool would end with SIGBUS, never the program.
        let map = unsafe { memmap2::Mmap::map(&file) }.map_err(|e| failed(e.to_string()))?;
        let elf_error = |e: object::read::Error| failed(e.to_string());
        let elf = ElfFile64::<object::Endianness>::parse(&map[..]).map_err(elf_error)?;
        let endian = elf.endian();
        if elf.elf_header().e_type(endian) != elf::ET_DYN {
            return Err(failed(
                "it is not position independent; hot loads patches into PIE executables only, \
                 which is rustc's default (remove relocation-model or -no-pie settings)"
                    .into(),
            ));
        }
        let build_id = elf.build_id().map_err(elf_error)?.unwrap_or_default().to_vec();
        if build_id.is_empty() {
            return Err(failed("it has no build ID; link with -C link-arg=-Wl,--build-id".into()));
        }
        if elf.symbols().next().is_none() {
            return Err(failed(
                "it is stripped; hot needs its symbols (remove strip from the profile)".into(),
            ));
        }
        let (segments, thread_block) = segments(&elf);
        let symbols = symbols(&elf, symbol_table);
        let imports = elf
            .dynamic_symbols()
            .filter(|symbol| symbol.is_undefined())
            .filter_map(|symbol| symbol.name().ok())
            .map(|text| symbol_table.intern(text))
            .collect();
        let hot_functions = hot_functions(&elf).map_err(elf_error)?;
        drop(elf);
        Ok(Executable {
            build_id,
            hot_functions,
            symbols,
            imports,
            thread_block,
            text: Text { map, segments },
        })
    }

    /// Returns everything in the executable that has this name.
    pub fn symbols(&self, name: SymbolId) -> &[ExecutableSymbol] {
        self.symbols.get(&name).map_or(&[], Vec::as_slice)
    }

    /// Returns the one thing that has this name, if it is the only one.
    pub fn unique(&self, name: SymbolId) -> Option<ExecutableSymbol> {
        match self.symbols(name) {
            [one] => Some(*one),
            // Several names of one thing.
            [first, rest @ ..] if rest.iter().all(|s| s.address == first.address) => Some(*first),
            _ => None,
        }
    }

    /// Reports whether the executable takes this symbol from a library.
    pub fn imports(&self, name: SymbolId) -> bool {
        self.imports.contains(&name)
    }

    /// Returns where something of it is in the process.
    pub fn location(&self, symbol: &ExecutableSymbol) -> Location {
        if symbol.thread_local {
            Location::ExecutableTls(self.thread_offset(symbol.address))
        } else {
            Location::Executable(symbol.address)
        }
    }

    /// Returns the offset of a thread-local from the thread pointer: the executable's block ends
    /// there (x86-64, variant II of the thread-local storage ABI).
    fn thread_offset(&self, offset_in_block: u64) -> i64 {
        offset_in_block as i64 - self.thread_block as i64
    }

    /// Returns the file's bytes at an address.
    pub fn bytes(&self, address: u64, size: u64) -> Option<&[u8]> {
        let (start, _, offset) = *self
            .text
            .segments
            .iter()
            .find(|(start, len, _)| address >= *start && address + size <= start + len)?;
        let from = usize::try_from(address - start + offset).ok()?;
        self.text.map.get(from..from + usize::try_from(size).ok()?)
    }
}

/// Returns the loaded segments (address, size in the file, offset in the file), and the distance
/// from the thread-local block's start to the thread pointer.
fn segments(elf: &ElfFile64<'_>) -> (Vec<(u64, u64, u64)>, u64) {
    let endian = elf.endian();
    let mut thread_block = 0;
    let mut segments = Vec::new();
    for header in elf.elf_program_headers() {
        let (address, size) = (header.p_vaddr(endian), header.p_memsz(endian));
        if header.p_type(endian) == elf::PT_TLS {
            let slack = 0u64.wrapping_sub(address).wrapping_sub(size);
            thread_block = size + (slack & (header.p_align(endian).max(1) - 1));
        }
        if header.p_type(endian) == elf::PT_LOAD {
            segments.push((address, header.p_filesz(endian), header.p_offset(endian)));
        }
    }
    (segments, thread_block)
}

/// Returns what the executable defines, by name.
fn symbols(
    elf: &ElfFile64<'_>,
    symbol_table: &SymbolTable,
) -> HashMap<SymbolId, Vec<ExecutableSymbol>> {
    let mut symbols: HashMap<SymbolId, Vec<ExecutableSymbol>> = HashMap::new();
    for symbol in elf.symbols() {
        let defined = matches!(symbol.section(), SymbolSection::Section(_));
        let kind = matches!(
            symbol.kind(),
            SymbolKind::Text | SymbolKind::Data | SymbolKind::Tls | SymbolKind::Unknown
        );
        let Ok(text) = symbol.name() else { continue };
        if !defined || !kind || text.is_empty() {
            continue;
        }
        symbols.entry(symbol_table.intern(text)).or_default().push(ExecutableSymbol {
            address: symbol.address(),
            global: symbol.is_global() || is_hidden(&symbol),
            thread_local: symbol.kind() == SymbolKind::Tls,
        });
    }
    symbols
}

/// Reports whether the symbol is for the objects of the executable alone.
fn is_hidden<'a>(symbol: &impl object::ObjectSymbol<'a>) -> bool {
    matches!(symbol.flags().elf_visibility(), Some(elf::STV_HIDDEN | elf::STV_INTERNAL))
}
