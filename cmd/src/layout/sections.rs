//! An object file's debug sections, with their relocations applied to a copy.
//!
//! In a relocatable object nearly every offset into `.debug_str` is a relocation: the section
//! holds zeros and the relocation table the value. All sections of such a file begin at address
//! zero, so that adding each symbol's value and the addend gives the offsets that a linker would
//! give if it linked this one object. Addresses of code and data become offsets in their sections
//! that way, which is of no use; nothing here reads them.

use super::LayoutError;
use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationKind, RelocationTarget,
};
use std::borrow::Cow;

/// A slice of a debug section.
pub(super) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The debug sections that describe types, relocated.
pub(super) struct Sections<'a> {
    loaded: Vec<(SectionId, Cow<'a, [u8]>)>,
}

/// What is read. `.debug_line` is here only because gimli opens a unit together with it.
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
    /// Finds the sections in an object file, decompresses and relocates them.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Sections<'a>, LayoutError> {
        let file = object::File::parse(bytes).map_err(LayoutError::Object)?;
        if !file.is_little_endian() {
            return Err(LayoutError::BigEndian);
        }
        let mut loaded = Vec::with_capacity(WANTED.len());
        for id in WANTED {
            let Some(section) = file.section_by_name(id.name()) else { continue };
            let mut data = section.uncompressed_data().map_err(LayoutError::Object)?;
            if matches!(id, SectionId::DebugInfo | SectionId::DebugStrOffsets) {
                relocate(&file, &section, &mut data)?;
            }
            loaded.push((id, data));
        }
        Ok(Sections { loaded })
    }

    /// The sections as gimli wants them; an absent one is empty.
    pub(super) fn dwarf(&self) -> Dwarf<Slice<'_>> {
        let section = |id: SectionId| {
            let data = self.loaded.iter().find(|(known, _)| *known == id);
            let data = data.map_or(&[][..], |(_, data)| data);
            Ok::<_, std::convert::Infallible>(EndianSlice::new(data, LittleEndian))
        };
        match Dwarf::load(section) {
            Ok(dwarf) => dwarf,
            Err(never) => match never {},
        }
    }
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
