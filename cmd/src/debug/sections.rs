//! The debug sections of an object, relocated as if the object were linked into the image.
//!
//! Offsets into other debug sections get the values that a linker would give them if this were the
//! only object. An address of code or data becomes [`IMAGE`] plus its offset in the image where the
//! patch carries it, and [`NOWHERE`] where it does not. The start of an object's atom in the file
//! says which part a target belongs to.

use super::error::Unreadable;
use super::shape::{Part, Piece};
use gimli::DwarfSections;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, RelocationKind};
use object::{RelocationTarget, SectionIndex, SymbolIndex};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// Stands for the start of the image: far from 0, and from every address that an object has.
pub(super) const IMAGE: u64 = 1 << 40;

/// The address of what is not in the image. Neither 0 nor the largest: both have a meaning of their
/// own in the lists of ranges.
const NOWHERE: u64 = 1;

/// Reads and relocates.
pub(super) fn read<'a>(piece: &Piece<'a>) -> Result<DwarfSections<Cow<'a, [u8]>>, Unreadable> {
    let file = object::File::parse(piece.object)?;
    let mut parts = piece.parts.clone();
    parts.sort_by_key(|part| part.file.start);
    let mut places = Places { file: &file, parts, sections: HashMap::new() };
    DwarfSections::load(|id| {
        let Some(section) = file.section_by_name(id.name()) else { return Ok(Cow::default()) };
        let mut data = section.uncompressed_data()?;
        for (offset, relocation) in section.relocations() {
            // Thread-local offsets are of other kinds; no function's description needs them.
            if relocation.kind() != RelocationKind::Absolute {
                continue;
            }
            let RelocationTarget::Symbol(symbol) = relocation.target() else { continue };
            let value = places.value(symbol, relocation.addend())?;
            let width = usize::from(relocation.size() / 8);
            let from = usize::try_from(offset).unwrap_or(usize::MAX);
            let field = from.checked_add(width).and_then(|to| data.to_mut().get_mut(from..to));
            if let Some(field) = field.filter(|field| field.len() <= 8) {
                let width = field.len();
                field.copy_from_slice(&value.to_le_bytes()[..width]);
            }
        }
        Ok(data)
    })
}

/// The places that the sections of an object went to.
struct Places<'a, 'f> {
    file: &'f object::File<'a>,
    /// Ascending.
    parts: Vec<Part>,
    sections: HashMap<SectionIndex, Section>,
}

#[derive(Clone)]
enum Section {
    /// It describes; offsets in it stay.
    Debug,
    /// It is code or data, at this range of the file.
    Loaded(Range<u64>),
}

impl Places<'_, '_> {
    /// The value of a symbol, plus a constant.
    fn value(&mut self, symbol: SymbolIndex, addend: i64) -> Result<u64, Unreadable> {
        let symbol = self.file.symbol_by_index(symbol)?;
        let offset = symbol.address().wrapping_add_signed(addend);
        let Some(index) = symbol.section_index() else { return Ok(NOWHERE) };
        let section = match self.sections.get(&index) {
            Some(known) => known.clone(),
            None => {
                let section = self.file.section_by_index(index)?;
                let read = if section.name()?.starts_with(".debug_") {
                    Section::Debug
                } else {
                    let (start, size) = section.file_range().unwrap_or((0, 0));
                    Section::Loaded(start..start + size)
                };
                self.sections.insert(index, read.clone());
                read
            }
        };
        Ok(match section {
            Section::Debug => offset,
            Section::Loaded(range) => self.place(&range, offset).unwrap_or(NOWHERE),
        })
    }

    /// Returns where an offset in a section has gone. The end of a part belongs to it, unless
    /// another begins there: ranges are given by their ends.
    fn place(&self, section: &Range<u64>, offset: u64) -> Option<u64> {
        let wanted = section.start.checked_add(offset)? as usize;
        let after = self.parts.partition_point(|part| part.file.start <= wanted);
        let part = &self.parts[after.checked_sub(1)?];
        let in_section = part.file.start as u64 >= section.start;
        (in_section && wanted <= part.file.end)
            .then(|| IMAGE + part.at + (wanted - part.file.start) as u64)
    }
}
