//! The executable: its symbols, its thread-local block, its build ID.

use super::DiffError;
use super::atom::{Ask, AtomRef, Kind};
use super::name::{Name, Names};
use super::program::Program;
use super::world::{Loaded, Site};
use hot_patch::abi;
use object::elf;
use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind, SymbolSection};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Returns the number of hot functions and the build ID that an executable tells of itself; zero and
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

/// Where something of the executable stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostSymbol {
    /// Address in the file (added to the load bias in memory), or offset in the thread-local block.
    pub address: u64,
    /// Whether objects share it under this name. A linker makes a hidden symbol local, since no other
    /// module may refer to it, but leaves the word that it was hidden: what was private to one object
    /// has never had it.
    pub global: bool,
    /// Whether it is a thread-local.
    pub thread_local: bool,
}

/// What the tool knows of the executable.
pub struct Host {
    /// The linker's build ID.
    pub build_id: Vec<u8>,
    /// Number of hot functions registered in it.
    pub hot_functions: usize,
    symbols: HashMap<Name, Vec<HostSymbol>>,
    imports: HashSet<Name>,
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

impl Host {
    /// Reads the executable.
    pub fn read(path: &Path, names: &mut Names) -> Result<Host, DiffError> {
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
        let mut thread_block = 0;
        let mut segments = Vec::new();
        for header in elf.elf_program_headers() {
            if header.p_type(endian) == elf::PT_TLS {
                let (size, align) = (header.p_memsz(endian), header.p_align(endian).max(1));
                let slack = 0u64.wrapping_sub(header.p_vaddr(endian)).wrapping_sub(size);
                thread_block = size + (slack & (align - 1));
            }
            if header.p_type(endian) == elf::PT_LOAD {
                segments.push((
                    header.p_vaddr(endian),
                    header.p_filesz(endian),
                    header.p_offset(endian),
                ));
            }
        }
        let mut symbols: HashMap<Name, Vec<HostSymbol>> = HashMap::new();
        let mut plain = 0;
        for symbol in elf.symbols() {
            plain += 1;
            let defined = matches!(symbol.section(), SymbolSection::Section(_));
            let kind = matches!(
                symbol.kind(),
                SymbolKind::Text | SymbolKind::Data | SymbolKind::Tls | SymbolKind::Unknown
            );
            let Ok(text) = symbol.name() else { continue };
            if !defined || !kind || text.is_empty() {
                continue;
            }
            let thread_local = symbol.kind() == SymbolKind::Tls;
            symbols.entry(names.intern(text)).or_default().push(HostSymbol {
                address: symbol.address(),
                global: symbol.is_global() || is_hidden(&symbol),
                thread_local,
            });
        }
        if plain == 0 {
            return Err(failed(
                "it is stripped; hot needs its symbols (remove strip from the profile)".into(),
            ));
        }
        let imports = elf
            .dynamic_symbols()
            .filter(|symbol| symbol.is_undefined())
            .filter_map(|symbol| symbol.name().ok())
            .map(|text| names.intern(text))
            .collect();
        let hot_functions = hot_functions(&elf).map_err(elf_error)?;
        drop(elf);
        Ok(Host {
            build_id,
            hot_functions,
            symbols,
            imports,
            thread_block,
            text: Text { map, segments },
        })
    }

    /// Everything in the executable that has this name.
    pub fn symbols(&self, name: Name) -> &[HostSymbol] {
        self.symbols.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The one thing that has this name, if it is the only one.
    pub fn unique(&self, name: Name) -> Option<HostSymbol> {
        match self.symbols(name) {
            [one] => Some(*one),
            // Several names of one thing.
            [first, rest @ ..] if rest.iter().all(|s| s.address == first.address) => Some(*first),
            _ => None,
        }
    }

    /// Whether the executable takes this symbol from a library.
    pub fn imports(&self, name: Name) -> bool {
        self.imports.contains(&name)
    }

    /// Offset of a thread-local from the thread pointer: the executable's block ends there
    /// (x86-64, variant II of the thread-local storage ABI).
    pub fn thread_offset(&self, offset_in_block: u64) -> i64 {
        offset_in_block as i64 - self.thread_block as i64
    }

    /// Checks that the executable holds what the objects hold: every function that it has once
    /// must have the same size and, outside of references, the same bytes. Functions that use
    /// thread-locals are passed over, since the linker rewrites those accesses.
    ///
    /// Names are answered that stand for something else in the executable. An inline or generic
    /// function of a dependency is instantiated by any crate that calls it, under one name; the
    /// linker may have dropped the program's own instance and kept that of a dependency, which
    /// may have been compiled with other optimisation. What mentions one of the program's crates,
    /// in its path or in a type, no dependency can instantiate: there a difference is an error.
    pub fn check(
        &self,
        loaded: &Loaded,
        names: &Names,
        program: &Program,
    ) -> Result<Vec<Name>, DiffError> {
        let mut others = Vec::new();
        for (name, copies) in loaded.iter() {
            let (Some(Site::Host(address)), Some(copy)) = (loaded.site(name), copies.first())
            else {
                continue;
            };
            let atom = copy.atom();
            if atom.kind != Kind::Text || atom.relocs.iter().any(|r| is_rewritten(r.ask)) {
                continue;
            }
            let matches = |copy: &AtomRef| {
                self.bytes(address, copy.atom().size).is_some_and(|linked| {
                    let mut at = 0;
                    copy.atom().relocs.iter().all(|reloc| {
                        let until = reloc.at as usize;
                        let (was, is) = (copy.bytes().get(at..until), linked.get(at..until));
                        at = until + reloc.ask.width();
                        was == is || reloc.ask == Ask::Got && is_relaxed(was, is)
                    }) && linked.get(at..) == copy.bytes().get(at..)
                })
            };
            if !copies.iter().any(matches) {
                let path = names.path(name);
                if program.is_mentioned(&path) {
                    return Err(DiffError::Stale { function: path });
                }
                others.push(name);
            }
        }
        Ok(others)
    }

    /// The file's bytes at an address.
    fn bytes(&self, address: u64, size: u64) -> Option<&[u8]> {
        let (start, _, offset) = *self
            .text
            .segments
            .iter()
            .find(|(start, len, _)| address >= *start && address + size <= start + len)?;
        let from = usize::try_from(address - start + offset).ok()?;
        self.text.map.get(from..from + usize::try_from(size).ok()?)
    }
}

/// Whether the symbol is for all objects of the executable and for nobody else.
fn is_hidden<'a>(symbol: &impl object::ObjectSymbol<'a>) -> bool {
    matches!(symbol.flags().elf_visibility(), Some(elf::STV_HIDDEN | elf::STV_INTERNAL))
}

/// Whether the linker has put the address itself where the code before the field took it from a
/// word: `mov` has become `lea`, `call *` a call, `jmp *` a jump (psABI for x86-64, "Optimize
/// GOTPCRELX Relocations"; GNU ld does so for the older relocation as well).
fn is_relaxed(was: Option<&[u8]>, is: Option<&[u8]>) -> bool {
    let (Some([was @ .., a, b]), Some([is @ .., c, d])) = (was, is) else { return false };
    was == is
        && match ([*a, *b], [*c, *d]) {
            // The second byte names the register.
            ([0x8b, from], [0x8d, to]) => from == to,
            ([0xff, 0x15], [0x67, 0xe8]) => true,
            // The distance comes one byte sooner then, and a `nop` ends it.
            ([0xff, 0x25], [0xe9, _]) => true,
            _ => false,
        }
}

fn is_rewritten(ask: Ask) -> bool {
    matches!(ask, Ask::TlsGeneral | Ask::TlsLocal | Ask::GotThreadOffset | Ask::ModuleOffset32)
}

#[cfg(test)]
mod tests {
    use super::is_relaxed;

    #[test]
    fn what_linkers_make_of_a_load_of_an_address_is_known() {
        let relaxed = |was: &[u8], is: &[u8]| is_relaxed(Some(was), Some(is));
        // mov rax, [rip + …]; lea rax, [rip + …]
        assert!(relaxed(&[0x48, 0x8b, 0x05], &[0x48, 0x8d, 0x05]));
        assert!(!relaxed(&[0x48, 0x8b, 0x05], &[0x48, 0x8d, 0x0d]), "another register");
        assert!(!relaxed(&[0x48, 0x8b, 0x05], &[0x4c, 0x8d, 0x05]), "another prefix");
        assert!(relaxed(&[0x90, 0xff, 0x15], &[0x90, 0x67, 0xe8]));
        assert!(relaxed(&[0xff, 0x25], &[0xe9, 0x12]));
        assert!(!relaxed(&[0xff, 0x15], &[0xe8, 0x12]));
        assert!(!is_relaxed(Some(&[0x8b]), None));
    }
}
