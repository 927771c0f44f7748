//! Selects from an object's debug information what is about the image.
//!
//! An entry is wanted when it is a function or a static with an address in the image; with it come
//! the entries inside it, around it, and all that these refer to. Of the line table those sequences
//! are kept whose code is in the image. A unit without any is left out.
//!
//! A unit whose code is in several pieces lists their ranges; that list is written again. A
//! function that is kept only because something refers to it loses its address.

use super::error::Unreadable;
use super::sections::IMAGE;
use super::shape::Piece;
use gimli::write::{
    Address, AttributeValue, ConvertError, ConvertLineSequenceEnd, ConvertUnit, ConvertUnitEntry,
    Dwarf, EndianVec, FilterUnitEntry, FilterUnitSection, Range, RangeList, Sections, UnitEntryId,
    Writer,
};
use gimli::{DwarfSections, EndianSlice, LittleEndian, Operation, UnitRef, constants as dw};
use std::borrow::Cow;
use std::ops::RangeInclusive;

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// The debug information that was selected from several objects.
#[derive(Default)]
pub(super) struct Selected {
    dwarf: Dwarf,
}

/// A section's bytes, and the places of addresses in them.
#[derive(Clone)]
pub(super) struct Output {
    bytes: EndianVec<LittleEndian>,
    addresses: Vec<usize>,
}

/// A written section.
pub(super) struct Written {
    /// Its name.
    pub(super) name: &'static str,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
    /// The places of 64-bit addresses in it, as offsets in the image.
    pub(super) addresses: Vec<usize>,
}

impl Selected {
    /// Adds what one object has to say.
    pub(super) fn add(
        &mut self,
        sections: &DwarfSections<Cow<'_, [u8]>>,
        piece: &Piece<'_>,
    ) -> Result<(), Unreadable> {
        let end = piece.parts.iter().map(|part| part.at + part.file.len() as u64).max();
        let image = Image(IMAGE..=IMAGE + end.unwrap_or(0));
        let read = sections.borrow(|bytes| EndianSlice::new(bytes, LittleEndian));
        let mut filter = FilterUnitSection::new(&read)?;
        while let Some(mut unit) = filter.read_unit()? {
            let mut entry = unit.null_entry();
            while unit.read_entry(&mut entry)? {
                if image.wants(&entry)? {
                    unit.require_entry(entry.offset);
                }
            }
        }
        let mut converted = self.dwarf.convert_with_filter(filter)?;
        while let Some((mut unit, root)) = converted.read_unit()? {
            if !convert(&mut unit, root, &image, piece).unwrap_or(false) {
                unit.skip();
            }
        }
        Ok(())
    }

    /// The sections.
    pub(super) fn finish(mut self) -> Vec<Written> {
        let output = Output { bytes: EndianVec::new(LittleEndian), addresses: Vec::new() };
        let mut sections = Sections::new(output);
        if self.dwarf.write(&mut sections).is_err() {
            return Vec::new();
        }
        let mut written = Vec::new();
        let collected = sections.for_each_mut(|id, output| {
            let bytes = output.bytes.take();
            let addresses = std::mem::take(&mut output.addresses);
            if !bytes.is_empty() {
                written.push(Written { name: id.name(), bytes, addresses });
            }
            Ok::<_, std::convert::Infallible>(())
        });
        match collected {
            Ok(()) => written,
            Err(never) => match never {},
        }
    }
}

/// The addresses of the image.
struct Image(RangeInclusive<u64>);

impl Image {
    /// The address as it is written: an offset in the image, which the process adds to.
    fn address(&self, address: u64) -> Option<Address> {
        let inside = self.0.contains(&address);
        inside.then(|| Address::Symbol { symbol: 0, addend: (address - IMAGE) as i64 })
    }

    /// Reports whether an entry is a function or a static in the image.
    fn wants(&self, entry: &FilterUnitEntry<'_, Slice<'_>>) -> Result<bool, gimli::Error> {
        let unit = entry.read_unit;
        match entry.tag {
            dw::DW_TAG_subprogram => {
                if let Some(start) = low_pc(unit, entry)? {
                    return Ok(self.0.contains(&start));
                }
                let Some(value) = entry.attr_value(dw::DW_AT_ranges) else { return Ok(false) };
                let Some(mut ranges) = unit.attr_ranges(value)? else { return Ok(false) };
                while let Some(range) = ranges.next()? {
                    if self.0.contains(&range.begin) {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            dw::DW_TAG_variable => {
                let location = entry.attr_value(dw::DW_AT_location);
                let Some(location) = location.and_then(|value| value.exprloc_value()) else {
                    return Ok(false);
                };
                let address = match location.operations(unit.encoding()).next()? {
                    Some(Operation::Address { address }) => address,
                    Some(Operation::AddressIndex { index }) => unit.address(index)?,
                    _ => return Ok(false),
                };
                Ok(self.0.contains(&address))
            }
            _ => Ok(false),
        }
    }
}

/// Returns where an entry's code begins, if it is in one piece.
fn low_pc<'a>(
    unit: UnitRef<'_, Slice<'a>>,
    entry: &gimli::DebuggingInformationEntry<Slice<'a>>,
) -> Result<Option<u64>, gimli::Error> {
    entry.attr_value(dw::DW_AT_low_pc).map_or(Ok(None), |value| unit.attr_address(value))
}

/// Converts the wanted entries of a unit; answers whether there were any.
fn convert<'a, 'r>(
    unit: &mut ConvertUnit<'a, Slice<'r>>,
    root: ConvertUnitEntry<'a, Slice<'r>>,
    image: &Image,
    piece: &Piece<'_>,
) -> Result<bool, Unreadable> {
    if let Some(mut lines) = unit.read_line_program(None, None)? {
        while let Some(sequence) = lines.read_sequence()? {
            let Some(start) = sequence.start.and_then(|start| image.address(start)) else {
                continue;
            };
            lines.begin_sequence(Some(start));
            for row in sequence.rows {
                lines.generate_row(row);
            }
            match sequence.end {
                ConvertLineSequenceEnd::Length(length) => lines.end_sequence(length),
                ConvertLineSequenceEnd::Address(_) => {
                    return Err(ConvertError::MissingLineEndSequence.into());
                }
            }
        }
        let (program, files) = lines.program();
        unit.set_line_program(program, files);
    }
    let id = unit.unit.root();
    attributes(unit, id, &root, image)?;
    place_unit(unit, &root, image, piece)?;
    let mut any = false;
    let mut entry = root;
    while let Some(id) = unit.read_entry(&mut entry)? {
        if id.is_some() {
            any = true;
            let id = unit.add_entry(id, &entry);
            attributes(unit, id, &entry, image)?;
        }
    }
    Ok(any)
}

/// Converts an entry's attributes. Those that lead to code or data that is not in the image are
/// left out: the rest of the entry is true without them.
fn attributes<'a, 'r>(
    unit: &mut ConvertUnit<'a, Slice<'r>>,
    id: UnitEntryId,
    entry: &ConvertUnitEntry<'a, Slice<'r>>,
    image: &Image,
) -> Result<(), Unreadable> {
    let is_root = id == unit.unit.root();
    let start = low_pc(entry.read_unit, &entry.read_entry)?;
    let elsewhere = start.is_some_and(|start| image.address(start).is_none());
    for attribute in &entry.attrs {
        let name = attribute.name();
        let is_place = matches!(name, dw::DW_AT_low_pc | dw::DW_AT_high_pc | dw::DW_AT_ranges);
        let indexed = matches!(name, dw::DW_AT_GNU_pubnames | dw::DW_AT_GNU_locviews);
        if indexed || (is_place && (elsewhere || (is_root && start.is_none()))) {
            continue;
        }
        if name == dw::DW_AT_ranges && is_root {
            continue;
        }
        let convert = |address| image.address(address);
        if let Ok(value) = unit.convert_attribute_value(entry.read_unit, attribute, &convert) {
            unit.unit.get_mut(id).set(name, value);
        }
    }
    Ok(())
}

/// Gives a unit whose code is in several pieces the list of those in the image. Addresses in its
/// other lists are whole then, which a base of zero says.
fn place_unit<'a, 'r>(
    unit: &mut ConvertUnit<'a, Slice<'r>>,
    root: &ConvertUnitEntry<'a, Slice<'r>>,
    image: &Image,
    piece: &Piece<'_>,
) -> Result<(), Unreadable> {
    let one_piece = low_pc(root.read_unit, &root.read_entry)?
        .is_some_and(|start| image.address(start).is_some());
    if one_piece {
        return Ok(());
    }
    let code = piece.parts.iter().filter(|part| part.is_code && !part.file.is_empty());
    let ranges = code.map(|part| Range::StartLength {
        begin: Address::Symbol { symbol: 0, addend: part.at as i64 },
        length: part.file.len() as u64,
    });
    let ranges = unit.unit.ranges.add(RangeList(ranges.collect()));
    let root = unit.unit.root();
    let root = unit.unit.get_mut(root);
    root.set(dw::DW_AT_low_pc, AttributeValue::Address(Address::Constant(0)));
    root.set(dw::DW_AT_ranges, AttributeValue::RangeListRef(ranges));
    Ok(())
}

impl Writer for Output {
    type Endian = LittleEndian;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn write(&mut self, bytes: &[u8]) -> gimli::write::Result<()> {
        self.bytes.write(bytes)
    }

    fn write_at(&mut self, offset: usize, bytes: &[u8]) -> gimli::write::Result<()> {
        self.bytes.write_at(offset, bytes)
    }

    fn write_address(&mut self, address: Address, size: u8) -> gimli::write::Result<()> {
        let value = match address {
            Address::Constant(value) => value,
            Address::Symbol { addend, .. } => {
                if size != 8 {
                    return Err(gimli::write::Error::InvalidAddress);
                }
                self.addresses.push(self.len());
                addend as u64
            }
        };
        self.write_udata(value, size)
    }
}
