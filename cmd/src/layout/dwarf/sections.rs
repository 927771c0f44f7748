//! An object file's debug sections, with their relocations applied to a copy.
//!
//! In a relocatable object nearly every offset into `.debug_str` is a relocation: the section
//! holds zeros and the relocation table the value. All sections of such a file begin at address
//! zero, so that adding each symbol's value and the addend gives the offsets that a linker would
//! give if it linked this one object. Addresses of code and data become offsets in their sections
//! that way, which is of no use: where an address matters, its relocation is looked up instead.
//!
//! With `split-debuginfo`, the entries of a unit lie in a file of its own (`.dwo`), in which
//! nothing is relocated: it names addresses by their number in the object's `.debug_addr`. What the
//! object keeps is a skeleton, which says where in that its unit begins. The two belong together if
//! they have the same ID, which is made from the entries.

use super::super::error::LayoutError;
use super::super::vtable::Word;
use gimli::{
    DebugAddrBase, Dwarf, DwarfFileType, DwoId, EndianSlice, LittleEndian, SectionId, Unit,
};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationKind, RelocationTarget,
    SectionIndex, SymbolIndex, SymbolKind,
};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

/// A slice of a debug section.
pub(super) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// An object file and its debug sections that describe types, relocated.
pub(super) struct Sections<'a> {
    file: object::File<'a>,
    /// For the ID of each skeleton, where its addresses begin; none if nothing is split off.
    skeletons: Option<HashMap<DwoId, DebugAddrBase>>,
    loaded: Vec<(SectionId, Cow<'a, [u8]>)>,
    /// Where each address in `.debug_info` and `.debug_addr` points, ordered by its own place.
    pointers: Vec<(Address, SymbolIndex, i64)>,
    /// Functions by section and offset; built when first asked for.
    functions: OnceCell<HashMap<(SectionIndex, u64), &'a str>>,
}

/// The place of an address in the debug sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Address {
    /// An offset in `.debug_info`.
    Info(u64),
    /// An offset in `.debug_addr`.
    Addr(u64),
}

/// The sections that are read. `.debug_line` is here only because gimli opens a unit together with
/// it.
const WANTED: [SectionId; 7] = [
    SectionId::DebugInfo,
    SectionId::DebugAbbrev,
    SectionId::DebugStr,
    SectionId::DebugStrOffsets,
    SectionId::DebugLineStr,
    SectionId::DebugAddr,
    SectionId::DebugLine,
];

impl<'a> Sections<'a> {
    /// Finds the sections in an object file, and in the file with what was split off, decompresses
    /// and relocates them.
    pub(super) fn read(
        bytes: &'a [u8],
        split: Option<&'a [u8]>,
    ) -> Result<Sections<'a>, LayoutError> {
        let mut sections = Sections::of_object(bytes)?;
        let Some(split) = split else { return Ok(sections) };
        sections.skeletons = Some(skeletons(&sections.dwarf())?);
        let file = object::File::parse(split).map_err(LayoutError::Object)?;
        sections.loaded.retain(|(id, _)| *id == SectionId::DebugAddr);
        for id in WANTED {
            let section = id.dwo_name().and_then(|name| file.section_by_name(name));
            let Some(section) = section else { continue };
            // The file does not outlive this function, its bytes do.
            let data = section.compressed_data().map_err(LayoutError::Object)?;
            let data = data.decompress().map_err(LayoutError::Object)?;
            sections.loaded.push((id, data));
        }
        Ok(sections)
    }

    fn of_object(bytes: &'a [u8]) -> Result<Sections<'a>, LayoutError> {
        let file = object::File::parse(bytes).map_err(LayoutError::Object)?;
        if !file.is_little_endian() {
            return Err(LayoutError::BigEndian);
        }
        let mut loaded = Vec::with_capacity(WANTED.len());
        let mut pointers = Vec::new();
        for id in WANTED {
            let Some(section) = file.section_by_name(id.name()) else { continue };
            let mut data = section.uncompressed_data().map_err(LayoutError::Object)?;
            if matches!(id, SectionId::DebugInfo | SectionId::DebugStrOffsets) {
                relocate(&file, &section, &mut data)?;
            }
            // In the 32-bit format, which is all that rustc writes, eight bytes are an address.
            let place = match id {
                SectionId::DebugInfo => Address::Info,
                SectionId::DebugAddr => Address::Addr,
                _ => {
                    loaded.push((id, data));
                    continue;
                }
            };
            for (offset, relocation) in section.relocations() {
                if relocation.size() == 64
                    && let RelocationTarget::Symbol(symbol) = relocation.target()
                {
                    pointers.push((place(offset), symbol, relocation.addend()));
                }
            }
            loaded.push((id, data));
        }
        pointers.sort_unstable_by_key(|(place, ..)| *place);
        Ok(Sections { file, skeletons: None, loaded, pointers, functions: OnceCell::new() })
    }

    /// Returns so many words of a constant, with the symbols of the functions that addresses lead
    /// to. None if the address leads to no data.
    pub(super) fn words_at(&self, constant: Address, words: usize) -> Option<Vec<Word<&'a str>>> {
        let place = self.pointers.binary_search_by_key(&constant, |(place, ..)| *place).ok()?;
        let (_, symbol, addend) = self.pointers[place];
        let symbol = self.file.symbol_by_index(symbol).ok()?;
        let start = symbol.address().wrapping_add_signed(addend);
        let section = self.file.section_by_index(symbol.section_index()?).ok()?;
        let length = (words as u64).checked_mul(8)?;
        let data = section.data_range(start, length).ok()??;
        let (data, _) = data.as_chunks();
        let mut found: Vec<Word<&str>> =
            data.iter().map(|word| Word::Number(u64::from_le_bytes(*word))).collect();
        for (offset, relocation) in section.relocations() {
            let word = offset.wrapping_sub(start) / 8;
            if let Some(place) = usize::try_from(word).ok().and_then(|word| found.get_mut(word))
                && let RelocationTarget::Symbol(target) = relocation.target()
            {
                *place = Word::Address(self.function(target, relocation.addend()));
            }
        }
        Some(found)
    }

    /// Returns the function at a relocation's target. A local one is given by its section.
    fn function(&self, symbol: SymbolIndex, addend: i64) -> Option<&'a str> {
        let symbol = self.file.symbol_by_index(symbol).ok()?;
        if symbol.kind() != SymbolKind::Section {
            let data = symbol.is_definition() && symbol.kind() != SymbolKind::Text;
            return symbol.name().ok().filter(|_| !data);
        }
        let functions = self.functions.get_or_init(|| {
            let functions = self.file.symbols().filter(|known| known.kind() == SymbolKind::Text);
            functions
                .filter_map(|known| {
                    Some(((known.section_index()?, known.address()), known.name().ok()?))
                })
                .collect()
        });
        let offset = symbol.address().wrapping_add_signed(addend);
        functions.get(&(symbol.section_index()?, offset)).copied()
    }

    /// The sections as gimli wants them; an absent one is empty.
    pub(super) fn dwarf(&self) -> Dwarf<Slice<'_>> {
        let section = |id: SectionId| {
            let data = self.loaded.iter().find(|(known, _)| *known == id);
            let data = data.map_or(&[][..], |(_, data)| data);
            Ok::<_, std::convert::Infallible>(EndianSlice::new(data, LittleEndian))
        };
        let mut dwarf = match Dwarf::load(section) {
            Ok(dwarf) => dwarf,
            Err(never) => match never {},
        };
        if self.skeletons.is_some() {
            dwarf.file_type = DwarfFileType::Dwo;
        }
        dwarf
    }

    /// Puts a unit into its object. Whether it belongs there.
    pub(super) fn place(&self, unit: &mut Unit<Slice<'_>>) -> bool {
        let Some(skeletons) = &self.skeletons else { return true };
        let Some(base) = unit.dwo_id.and_then(|id| skeletons.get(&id)) else { return false };
        unit.addr_base = *base;
        true
    }
}

/// The skeletons of an object.
fn skeletons(dwarf: &Dwarf<Slice<'_>>) -> Result<HashMap<DwoId, DebugAddrBase>, LayoutError> {
    let mut skeletons = HashMap::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        skeletons.extend(unit.dwo_id.map(|id| (id, unit.addr_base)));
    }
    Ok(skeletons)
}

/// Adds each absolute relocation's symbol and addend to the bytes that it names. Relocations of
/// other kinds (thread-local offsets) stand only in location expressions, which are not read.
fn relocate<'a>(
    file: &object::File<'a>,
    section: &object::Section<'a, '_>,
    data: &mut Cow<'a, [u8]>,
) -> Result<(), LayoutError> {
    for (offset, relocation) in section.relocations() {
        if relocation.kind() != RelocationKind::Absolute {
            continue;
        }
        let base = match relocation.target() {
            RelocationTarget::Symbol(index) => {
                file.symbol_by_index(index).map_err(LayoutError::Object)?.address()
            }
            RelocationTarget::Section(index) => {
                file.section_by_index(index).map_err(LayoutError::Object)?.address()
            }
            _ => continue,
        };
        let width = usize::from(relocation.size() / 8);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(width);
        if !matches!(width, 4 | 8) || end > data.len() {
            return Err(LayoutError::Damaged(format!(
                "a relocation of {} bytes at {offset:#x} lies outside its debug section",
                width
            )));
        }
        let place = &mut data.to_mut()[start..end];
        let mut value = [0; 8];
        if relocation.has_implicit_addend() {
            value[..width].copy_from_slice(place);
        }
        let value = u64::from_le_bytes(value)
            .wrapping_add(base)
            .wrapping_add_signed(relocation.addend())
            .to_le_bytes();
        place.copy_from_slice(&value[..width]);
    }
    Ok(())
}
