//! One pass over the debug entries of an object: types, statics, function signatures.
//!
//! The entries come as a flat stream with depths. A stack of [`Frame`]s says what the entries at
//! hand belong to and holds the qualified path; everything inside a function's code (blocks,
//! inlined calls, local variables) is skipped without being decoded. References between entries
//! stay offsets until [`super::resolve`] turns them into places in the arena.

use super::super::error::LayoutError;
use super::super::types::{
    ANY, Function, Id, Kind, Member, Object, Static, Type, Variant, VariantPart,
};
use super::sections::{Address, Sections, Slice};
use crate::symbol::without_llvm_suffix;
use gimli::{
    Abbreviation, Attribute, AttributeValue, Dwarf, EntriesRaw, Reader as _, Section as _, Unit,
    UnitOffset, constants as dw,
};
use std::collections::HashMap;

/// Entries nested deeper than this are taken for damage.
const DEEPEST: usize = 512;

/// The entries as they were read, before references are resolved.
#[derive(Default)]
pub(super) struct Entries {
    /// [`Id`]s in it are still offsets in `.debug_info`.
    pub(super) object: Object,
    /// For each type its offset in `.debug_info`, ascending.
    pub(super) offsets: Vec<u32>,
    pub(super) functions: Vec<RawFunction>,
    pub(super) vtables: Vec<RawVtable>,
    /// For the type of a table of methods, the type whose table it is.
    pub(super) holders: HashMap<Id, Id>,
}

/// A function's entry: a definition may leave its name and result to a declaration elsewhere.
pub(super) struct RawFunction {
    pub(super) offset: u32,
    pub(super) symbol: Option<Box<str>>,
    pub(super) declared_at: Option<u32>,
    pub(super) function: Function,
    /// Whose function it is, as in [`Object::instances`]; none where that does not matter.
    pub(super) origin: Option<Box<str>>,
    /// The arguments that it was instantiated with.
    pub(super) generics: Vec<Id>,
}

/// A table of methods.
pub(super) struct RawVtable {
    /// `<shop::Order as shop::Priced>`
    pub(super) name: Box<str>,
    /// A type of the table's size, which says whose table it is.
    pub(super) ty: Id,
    pub(super) address: Address,
}

/// The crates that std is made of, as far as generic functions of theirs are instantiated in other
/// crates. What they keep they keep by type.
const STANDARD: [&str; 4] = ["core", "alloc", "std", "hashbrown"];

/// Whose generic function this is, if its instances matter (see [`Object::instances`]).
fn origin(path: &str, name: &str) -> Option<Box<str>> {
    let krate = path.split("::").next().filter(|krate| !krate.is_empty())?;
    if !STANDARD.contains(&krate) {
        return Some(krate.into());
    }
    let any = path == ANY || path.starts_with("core::any::");
    (any && !name.starts_with("type_name") || name.starts_with("downcast")).then(|| ANY.into())
}

/// An entry that has children, while they are read.
struct Frame {
    depth: isize,
    /// Length of the path outside this entry.
    path: usize,
    owner: Owner,
}

#[derive(Clone, Copy)]
enum Owner {
    /// Namespaces, units.
    Scope,
    /// Anything whose children do not matter.
    Code,
    Type(usize),
    /// The last part of that type.
    Part(usize),
    /// The last variant of the last part of that type.
    Variant(usize),
    Function(usize),
}

/// The attributes that matter, of one entry.
#[derive(Default)]
struct Attributes<'d> {
    name: Option<Slice<'d>>,
    linkage_name: Option<Slice<'d>>,
    ty: Option<u32>,
    /// The type whose table of methods this type describes.
    holder: Option<u32>,
    declared_at: Option<u32>,
    size: Option<u64>,
    align: Option<u64>,
    offset: Option<u64>,
    value: Option<i128>,
    count: Option<u64>,
    upper_bound: Option<u64>,
    encoding: u8,
    access: u8,
    declaration: bool,
    /// Where the address of a static stands.
    address: Option<Address>,
}

/// Reads all entries of all units that rustc wrote.
pub(super) fn read(sections: &Sections<'_>) -> Result<Entries, LayoutError> {
    let dwarf = &sections.dwarf();
    let mut entries = Entries::default();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next()? {
        let mut unit = dwarf.unit(header)?;
        if sections.place(&mut unit) && language(&unit)? == Some(dw::DW_LANG_Rust) {
            Walk::new(dwarf, &unit, &mut entries)?.run()?;
        }
    }
    Ok(entries)
}

fn language(unit: &Unit<Slice<'_>>) -> Result<Option<dw::DwLang>, LayoutError> {
    let mut cursor = unit.entries();
    let Some(root) = cursor.next_dfs()? else { return Ok(None) };
    Ok(match root.attr_value(dw::DW_AT_language) {
        Some(AttributeValue::Language(language)) => Some(language),
        _ => None,
    })
}

struct Walk<'w, 'd> {
    dwarf: &'w Dwarf<Slice<'d>>,
    unit: &'w Unit<Slice<'d>>,
    /// Of this unit's first byte in `.debug_info`.
    start: usize,
    out: &'w mut Entries,
    frames: Vec<Frame>,
    path: String,
}

impl<'w, 'd> Walk<'w, 'd> {
    fn new(
        dwarf: &'w Dwarf<Slice<'d>>,
        unit: &'w Unit<Slice<'d>>,
        out: &'w mut Entries,
    ) -> Result<Self, LayoutError> {
        let start = UnitOffset(0)
            .to_debug_info_offset(&unit.header)
            .ok_or_else(|| LayoutError::Damaged("a unit lies outside .debug_info".into()))?
            .0;
        Ok(Walk { dwarf, unit, start, out, frames: Vec::new(), path: String::new() })
    }

    fn run(&mut self) -> Result<(), LayoutError> {
        let unit = self.unit;
        let mut raw = unit.entries_raw(None)?;
        while !raw.is_empty() {
            let offset = raw.next_offset().0;
            let depth = raw.next_depth();
            let Some(abbreviation) = raw.read_abbreviation()? else { continue };
            while let Some(frame) = self.frames.pop_if(|frame| frame.depth >= depth) {
                self.path.truncate(frame.path);
            }
            let path = self.path.len();
            let owner = self.entry(offset, abbreviation, &mut raw)?;
            if abbreviation.has_children() {
                if self.frames.len() >= DEEPEST {
                    return Err(LayoutError::Damaged(format!(
                        "entries are nested more than {DEEPEST} deep"
                    )));
                }
                self.frames.push(Frame { depth, path, owner });
            } else {
                self.path.truncate(path);
            }
        }
        Ok(())
    }

    /// Takes in one entry and says what its children belong to. May lengthen the path.
    fn entry(
        &mut self,
        offset: usize,
        abbreviation: &Abbreviation,
        raw: &mut EntriesRaw<'_, Slice<'d>>,
    ) -> Result<Owner, LayoutError> {
        let parent = self.frames.last().map_or(Owner::Scope, |frame| frame.owner);
        let named = abbreviation.attributes().iter().any(|a| a.name() == dw::DW_AT_linkage_name);
        let wanted = match (abbreviation.tag(), parent) {
            (dw::DW_TAG_variable, Owner::Scope | Owner::Type(_)) => true,
            // A static inside a function; locals have no symbol.
            (dw::DW_TAG_variable, _) => named,
            (dw::DW_TAG_formal_parameter, Owner::Function(_) | Owner::Type(_)) => true,
            (dw::DW_TAG_formal_parameter, _) => false,
            (dw::DW_TAG_template_type_parameter, Owner::Type(_)) => true,
            (dw::DW_TAG_template_type_parameter, Owner::Function(index)) => {
                self.out.functions[index].origin.is_some()
            }
            (dw::DW_TAG_template_type_parameter, _) => false,
            (dw::DW_TAG_inlined_subroutine | dw::DW_TAG_lexical_block, _) => false,
            (dw::DW_TAG_compile_unit, _) => false,
            _ => true,
        };
        if !wanted {
            raw.skip_attributes(abbreviation.attributes())?;
            return Ok(match abbreviation.tag() {
                dw::DW_TAG_compile_unit => Owner::Scope,
                _ => Owner::Code,
            });
        }
        let attributes = self.attributes(abbreviation, raw)?;
        self.take(offset, abbreviation.tag(), parent, &attributes)
    }

    fn take(
        &mut self,
        offset: usize,
        tag: dw::DwTag,
        parent: Owner,
        attributes: &Attributes<'d>,
    ) -> Result<Owner, LayoutError> {
        match tag {
            dw::DW_TAG_namespace | dw::DW_TAG_module => {
                self.enter(&text(attributes.name));
                return Ok(Owner::Scope);
            }
            dw::DW_TAG_subprogram => return self.function(offset, attributes),
            dw::DW_TAG_variable => self.variable(attributes),
            dw::DW_TAG_formal_parameter => self.argument(parent, attributes),
            dw::DW_TAG_member | dw::DW_TAG_inheritance => self.member(parent, attributes),
            dw::DW_TAG_template_type_parameter => match (parent, attributes.ty) {
                (Owner::Type(index), Some(ty)) => {
                    self.out.object.types[index].generics.push(Id(ty));
                }
                (Owner::Function(index), Some(ty)) => {
                    self.out.functions[index].generics.push(Id(ty));
                }
                _ => {}
            },
            dw::DW_TAG_variant_part => {
                if let Owner::Type(index) = parent
                    && let Kind::Struct { parts, .. } = &mut self.out.object.types[index].kind
                {
                    parts.push(VariantPart::default());
                    return Ok(Owner::Part(index));
                }
            }
            dw::DW_TAG_variant => {
                if let Owner::Part(index) = parent
                    && let Some(part) = self.part(index)
                {
                    part.variants.push(Variant { value: attributes.value, ..Variant::default() });
                    return Ok(Owner::Variant(index));
                }
            }
            dw::DW_TAG_enumerator => {
                if let Owner::Type(index) = parent
                    && let Kind::Enumeration { enumerators, .. } =
                        &mut self.out.object.types[index].kind
                {
                    let value = attributes.value.unwrap_or_default();
                    enumerators.push((text(attributes.name).into(), value));
                }
            }
            dw::DW_TAG_subrange_type => {
                if let Owner::Type(index) = parent
                    && let Kind::Array { counts, .. } = &mut self.out.object.types[index].kind
                {
                    let bound = attributes.upper_bound.map(|upper| upper.wrapping_add(1));
                    counts.push(attributes.count.or(bound));
                }
            }
            _ => return self.ty(offset, tag, parent, attributes),
        }
        Ok(Owner::Code)
    }

    fn ty(
        &mut self,
        offset: usize,
        tag: dw::DwTag,
        parent: Owner,
        attributes: &Attributes<'d>,
    ) -> Result<Owner, LayoutError> {
        let of = attributes.ty.map(Id);
        let kind = match tag {
            dw::DW_TAG_base_type => Kind::Base { encoding: attributes.encoding },
            dw::DW_TAG_structure_type | dw::DW_TAG_class_type => {
                Kind::Struct { members: Vec::new(), parts: Vec::new() }
            }
            dw::DW_TAG_union_type => Kind::Union { members: Vec::new() },
            dw::DW_TAG_enumeration_type => {
                Kind::Enumeration { underlying: of, enumerators: Vec::new() }
            }
            dw::DW_TAG_pointer_type
            | dw::DW_TAG_reference_type
            | dw::DW_TAG_rvalue_reference_type => Kind::Pointer { to: of },
            dw::DW_TAG_array_type => Kind::Array { of, counts: Vec::new() },
            dw::DW_TAG_subroutine_type => Kind::Function { result: of, arguments: Vec::new() },
            dw::DW_TAG_typedef
            | dw::DW_TAG_const_type
            | dw::DW_TAG_volatile_type
            | dw::DW_TAG_restrict_type
            | dw::DW_TAG_atomic_type
            | dw::DW_TAG_unspecified_type => Kind::Other { tag: tag.0, of },
            _ => return Ok(Owner::Code),
        };
        let offset = self.global(offset)?;
        if let Some(name) = attributes.name {
            self.enter(&name.to_string_lossy());
        }
        let variant_of = match parent {
            Owner::Type(index) => self.out.offsets.get(index).copied().map(Id),
            _ => None,
        };
        let index = self.out.object.types.len();
        if let Some(holder) = attributes.holder {
            self.out.holders.insert(Id(offset), Id(holder));
        }
        self.out.offsets.push(offset);
        self.out.object.types.push(Type {
            name: attributes.name.map_or("", |_| self.path.as_str()).into(),
            key: 0,
            print: 0,
            size: attributes.size,
            align: attributes.align,
            kind,
            generics: Vec::new(),
            variant_of,
            declaration: attributes.declaration,
        });
        Ok(Owner::Type(index))
    }

    fn function(
        &mut self,
        offset: usize,
        attributes: &Attributes<'d>,
    ) -> Result<Owner, LayoutError> {
        // Without a linkage name the symbol is the name itself (`#[no_mangle]`).
        let symbol = match (attributes.linkage_name, attributes.declared_at) {
            (Some(name), _) => Some(text(Some(name))),
            (None, Some(_)) => None,
            (None, None) => attributes.name.map(|name| text(Some(name))),
        };
        let offset = self.global(offset)?;
        let name = text(attributes.name);
        let origin = origin(&self.path, &name);
        self.enter(&name);
        self.out.functions.push(RawFunction {
            origin,
            generics: Vec::new(),
            offset,
            symbol: symbol.map(|name| without_llvm_suffix(&name).into()),
            declared_at: attributes.declared_at,
            function: Function {
                name: self.path.as_str().into(),
                arguments: Vec::new(),
                result: attributes.ty.map(Id),
            },
        });
        Ok(Owner::Function(self.out.functions.len() - 1))
    }

    fn variable(&mut self, attributes: &Attributes<'d>) {
        let Some(ty) = attributes.ty else { return };
        let symbol = text(attributes.linkage_name.or(attributes.name));
        if let Some(name) = symbol.strip_suffix("::{vtable}") {
            if let Some(address) = attributes.address {
                self.out.vtables.push(RawVtable { name: name.into(), ty: Id(ty), address });
            }
            return;
        }
        let described = Static { ty: Id(ty), align: attributes.align };
        self.out.object.statics.insert(without_llvm_suffix(&symbol).into(), described);
    }

    fn argument(&mut self, parent: Owner, attributes: &Attributes<'d>) {
        let Some(ty) = attributes.ty.map(Id) else { return };
        match parent {
            Owner::Function(index) => {
                let function = &mut self.out.functions[index].function;
                function.arguments.push((text(attributes.name).into(), ty));
            }
            Owner::Type(index) => {
                if let Kind::Function { arguments, .. } = &mut self.out.object.types[index].kind {
                    arguments.push(ty);
                }
            }
            _ => {}
        }
    }

    fn member(&mut self, parent: Owner, attributes: &Attributes<'d>) {
        let Some(ty) = attributes.ty.map(Id) else { return };
        let name: Box<str> = text(attributes.name).into();
        let (offset, access) = (attributes.offset, attributes.access);
        let member = Member { name, offset, ty, access };
        match parent {
            Owner::Type(index) => match &mut self.out.object.types[index].kind {
                Kind::Struct { members, .. } | Kind::Union { members } => members.push(member),
                _ => {}
            },
            Owner::Part(index) => {
                if let Some(part) = self.part(index) {
                    part.tag = Some(member);
                }
            }
            Owner::Variant(index) => {
                if let Some(variant) = self.part(index).and_then(|part| part.variants.last_mut()) {
                    variant.name = member.name.clone();
                    variant.members.push(member);
                }
            }
            _ => {}
        }
    }

    /// The last variant part of a type.
    fn part(&mut self, index: usize) -> Option<&mut VariantPart> {
        match &mut self.out.object.types[index].kind {
            Kind::Struct { parts, .. } => parts.last_mut(),
            _ => None,
        }
    }

    fn enter(&mut self, name: &str) {
        if !self.path.is_empty() {
            self.path.push_str("::");
        }
        self.path.push_str(name);
    }

    fn attributes(
        &self,
        abbreviation: &Abbreviation,
        raw: &mut EntriesRaw<'_, Slice<'d>>,
    ) -> Result<Attributes<'d>, LayoutError> {
        let mut found = Attributes::default();
        for specification in abbreviation.attributes() {
            let attribute = raw.read_attribute(*specification)?;
            match attribute.name() {
                dw::DW_AT_name => found.name = Some(self.string(&attribute)?),
                dw::DW_AT_linkage_name => found.linkage_name = Some(self.string(&attribute)?),
                dw::DW_AT_type => found.ty = self.reference(&attribute)?,
                dw::DW_AT_containing_type => found.holder = self.reference(&attribute)?,
                dw::DW_AT_specification | dw::DW_AT_abstract_origin => {
                    found.declared_at = self.reference(&attribute)?;
                }
                dw::DW_AT_byte_size => found.size = attribute.udata_value(),
                dw::DW_AT_alignment => found.align = attribute.udata_value(),
                dw::DW_AT_data_member_location => found.offset = attribute.udata_value(),
                dw::DW_AT_discr_value | dw::DW_AT_const_value => found.value = number(&attribute),
                dw::DW_AT_count => found.count = attribute.udata_value(),
                dw::DW_AT_upper_bound => found.upper_bound = attribute.udata_value(),
                dw::DW_AT_encoding => {
                    if let AttributeValue::Encoding(encoding) = attribute.value() {
                        found.encoding = encoding.0;
                    }
                }
                dw::DW_AT_accessibility => {
                    if let AttributeValue::Accessibility(access) = attribute.value() {
                        found.access = access.0;
                    }
                }
                dw::DW_AT_declaration => found.declaration = true,
                dw::DW_AT_location => found.address = self.address(&attribute),
                _ => {}
            }
        }
        Ok(found)
    }

    fn string(&self, attribute: &Attribute<Slice<'d>>) -> Result<Slice<'d>, LayoutError> {
        Ok(self.dwarf.attr_string(self.unit, attribute.value())?)
    }

    fn reference(&self, attribute: &Attribute<Slice<'d>>) -> Result<Option<u32>, LayoutError> {
        match attribute.value() {
            AttributeValue::UnitRef(offset) => self.global(offset.0).map(Some),
            AttributeValue::DebugInfoRef(offset) => within_four_gigabytes(offset.0).map(Some),
            _ => Ok(None),
        }
    }

    /// Where the address stands that is all of a location.
    fn address(&self, attribute: &Attribute<Slice<'d>>) -> Option<Address> {
        let AttributeValue::Exprloc(gimli::Expression(expression)) = attribute.value() else {
            return None;
        };
        let mut rest = expression;
        match dw::DwOp(rest.read_u8().ok()?) {
            dw::DW_OP_addr => {
                let offset = rest.offset_from(*self.dwarf.debug_info.reader());
                Some(Address::Info(offset as u64))
            }
            dw::DW_OP_addrx | dw::DW_OP_GNU_addr_index => {
                let index = rest.read_uleb128().ok()?.checked_mul(8)?;
                Some(Address::Addr(index.checked_add(self.unit.addr_base.0 as u64)?))
            }
            _ => None,
        }
    }

    /// An offset in this unit as one in `.debug_info`.
    fn global(&self, offset: usize) -> Result<u32, LayoutError> {
        within_four_gigabytes(self.start.saturating_add(offset))
    }
}

fn within_four_gigabytes(offset: usize) -> Result<u32, LayoutError> {
    u32::try_from(offset)
        .map_err(|_| LayoutError::Damaged("an entry lies beyond 4 GiB of .debug_info".into()))
}

fn text(slice: Option<Slice<'_>>) -> String {
    slice.map_or_else(String::new, |slice| slice.to_string_lossy().into_owned())
}

/// A constant of any width. 128-bit ones stand in blocks.
fn number(attribute: &Attribute<Slice<'_>>) -> Option<i128> {
    if let Some(value) = attribute.udata_value() {
        return Some(value.into());
    }
    match attribute.value() {
        AttributeValue::Data16(value) => Some(value.cast_signed()),
        AttributeValue::Sdata(value) => Some(value.into()),
        AttributeValue::Block(bytes) if bytes.len() <= 16 => {
            let mut wide = [0; 16];
            wide[..bytes.len()].copy_from_slice(bytes.slice());
            Some(i128::from_le_bytes(wide))
        }
        _ => None,
    }
}
