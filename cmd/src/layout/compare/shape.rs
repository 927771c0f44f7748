//! Two descriptions of one type, side by side.
//!
//! Only what the type says of itself is compared; the types of its fields come in by name, and are
//! handed back as pairs to be compared in their turn. A change is the type's *own* when a field,
//! a variant or a type's name came, went or became another; it is one of *placement* when only
//! sizes, offsets and tags differ, which is what happens to every type that holds a changed one.
//!
//! A field that went and one that came at its place, of its type, are one field, *renamed*: values
//! lie as before. So they do when it may be named from elsewhere than before. But the compiler
//! makes the `TypeId` of the fields' names and visibility as well, so that values are not found by
//! it any more ([`super::compare`] asks where that counts). Closures and coroutines name what they
//! capture: there another name is another variable.

use super::super::types::{Id, Kind, Member, Object, Type, Variant, VariantPart};
use crate::symbol::{is_nameless, same_but_for_numbers, short_type_name};
use std::cell::OnceCell;
use std::collections::HashMap;

/// The changes of one type.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// A line for each field, variant and enumerator that differs.
    pub(super) lines: Vec<String>,
    /// Something other than placement differs.
    pub(super) own: bool,
    /// Size, alignment, an offset or a tag differs.
    pub(super) placement: bool,
    /// The name or the visibility of a field differs, and with it the `TypeId`.
    pub(super) renamed: bool,
    /// This is a pointer to a trait object, and the table of its methods has another length: the
    /// trait object's name, and both lengths.
    pub(super) vtable: Option<(String, u64, u64)>,
    /// Types that both hold by value: fields, elements, fields of variants.
    pub(super) held: Vec<(Id, Id)>,
    /// Types that both only lead to: behind pointers, generic arguments, function signatures.
    pub(super) led_to: Vec<(Id, Id)>,
    /// Of these the generic arguments, of which a `TypeId` is made as well.
    pub(super) generics: Vec<(Id, Id)>,
}

impl Changes {
    /// True if values of the two types lie differently in memory, or mean something else there.
    pub(super) fn differ(&self) -> bool {
        self.own || self.placement
    }
}

/// Compares two types that go by one name.
pub(super) fn compare(old: (&Object, Id), new: (&Object, Id)) -> Changes {
    let (was, now) = (old.0.get(old.1), new.0.get(new.1));
    let mut changes = Changes::default();
    if was.declaration || now.declaration {
        // Of one that is cut short the size is known.
        let both = was.size.zip(now.size);
        changes.placement = both.is_some_and(|(was, now)| was != now);
        return changes;
    }
    let nameless = is_nameless(&was.name);
    let mut side = Side { old: old.0, new: new.0, nameless, changes: &mut changes };
    side.generics(&was.generics, &now.generics);
    side.kinds(was, now);
    if was.size != now.size || was.align != now.align {
        changes.placement = true;
    }
    changes
}

struct Side<'a> {
    old: &'a Object,
    new: &'a Object,
    /// True if it is a closure or a coroutine.
    nameless: bool,
    changes: &'a mut Changes,
}

impl Side<'_> {
    fn kinds(&mut self, was: &Type, now: &Type) {
        match (&was.kind, &now.kind) {
            (Kind::Base { encoding: a }, Kind::Base { encoding: b }) => {
                // A base type holds nothing, so nothing else can explain another size.
                self.changes.own |= a != b || was.size != now.size;
            }
            (
                Kind::Struct { members: a, parts: a_parts },
                Kind::Struct { members: b, parts: b_parts },
            ) => {
                self.fields("", a, b);
                if a_parts.len() == b_parts.len() {
                    a_parts.iter().zip(b_parts).for_each(|(a, b)| self.variants(a, b));
                } else {
                    let kind = |parts: &[VariantPart]| match parts.len() {
                        0 => "a struct",
                        _ => "an enum",
                    };
                    self.own(format!("{} → {}", kind(a_parts), kind(b_parts)));
                }
            }
            (Kind::Union { members: a }, Kind::Union { members: b }) => self.fields("", a, b),
            (
                Kind::Enumeration { underlying: a_of, enumerators: a },
                Kind::Enumeration { underlying: b_of, enumerators: b },
            ) => {
                self.enumerators(a, b);
                if let (Some(a), Some(b)) = (a_of, b_of)
                    && self.old.name(*a) != self.new.name(*b)
                {
                    let (a, b) = (self.old.name(*a), self.new.name(*b));
                    self.own(format!("discriminant: {a} → {b}"));
                }
            }
            (Kind::Pointer { to: a }, Kind::Pointer { to: b }) => self.behind(*a, *b),
            (Kind::Array { of: a, counts: a_n }, Kind::Array { of: b, counts: b_n }) => {
                if a_n != b_n {
                    self.own(format!("{} → {}", was.name, now.name));
                }
                if let (Some(a), Some(b)) = (a, b) {
                    self.pair(*a, *b, true);
                }
            }
            (
                Kind::Function { result: a, arguments: a_args },
                Kind::Function { result: b, arguments: b_args },
            ) => {
                self.behind(*a, *b);
                if a_args.len() != b_args.len() {
                    self.own(format!("{} arguments → {}", a_args.len(), b_args.len()));
                }
                for (a, b) in a_args.iter().zip(b_args) {
                    self.behind(Some(*a), Some(*b));
                }
            }
            (Kind::Other { tag: a, of: a_of }, Kind::Other { tag: b, of: b_of }) if a == b => {
                self.behind(*a_of, *b_of);
            }
            (a, b) => match (variants(a), variants(b)) {
                (Some(a), Some(b)) => self.other_variants(&a, &b),
                _ => self.own(format!("{} → {}", kind(a), kind(b))),
            },
        }
    }

    /// An enum of which only one description gives the variants as numbers, since the other has one
    /// that holds data, or one variant alone.
    fn other_variants(&mut self, old: &[(&str, &[Member])], new: &[(&str, &[Member])]) {
        for (name, fields) in new {
            match old.iter().find(|(old, _)| old == name) {
                None => self.own(format!("+ variant {name}")),
                Some((_, was)) => self.fields(&format!("{name}."), was, fields),
            }
        }
        for (name, _) in old.iter().filter(|(name, _)| !new.iter().any(|(new, _)| new == name)) {
            self.own(format!("- variant {name}"));
        }
        self.changes.placement = true;
    }

    fn own(&mut self, line: String) {
        self.changes.own = true;
        self.changes.lines.push(line);
    }

    fn renamed(&mut self, line: String) {
        self.changes.renamed = true;
        self.changes.lines.push(line);
    }

    /// Hands back two types if they go by one name, and tells whether they do.
    fn pair(&mut self, old: Id, new: Id, held: bool) -> bool {
        let same = same_but_for_numbers(self.old.name(old), self.new.name(new));
        if same {
            let list = if held { &mut self.changes.held } else { &mut self.changes.led_to };
            list.push((old, new));
        }
        same
    }

    fn behind(&mut self, old: Option<Id>, new: Option<Id>) {
        let same = match (old, new) {
            (Some(old), Some(new)) => self.pair(old, new, false),
            (old, new) => old.is_none() && new.is_none(),
        };
        if !same {
            let name = |object: &Object, id: Option<Id>| {
                id.map_or_else(|| "()".to_string(), |id| short_type_name(object.name(id)))
            };
            let line = format!("{} → {}", name(self.old, old), name(self.new, new));
            self.own(line);
        }
    }

    /// Generic arguments are part of the name, so that they only need to be followed.
    fn generics(&mut self, old: &[Id], new: &[Id]) {
        for (old, new) in old.iter().zip(new) {
            if self.pair(*old, *new, false) {
                self.changes.generics.push((*old, *new));
            }
        }
    }

    fn fields(&mut self, of: &str, old: &[Member], new: &[Member]) {
        let (known, kept) = (ByName::new(old), ByName::new(new));
        let label = |member: &Member| {
            // Fields of tuples are written as in the source: `0`, not `__0`.
            let name = member.name.strip_prefix("__").filter(|n| n.parse::<u32>().is_ok());
            format!("{of}{}", name.unwrap_or(&member.name))
        };
        let mut renamed: Vec<&str> = Vec::new();
        for (index, now) in new.iter().enumerate() {
            let Some(was) = known.get(index, &now.name) else {
                let at_its_place = |was: &&Member| {
                    was.offset == now.offset
                        && !renamed.contains(&&*was.name)
                        && kept.get(index, &was.name).is_none()
                        && same_but_for_numbers(self.old.name(was.ty), self.new.name(now.ty))
                };
                if let Some(was) = old.iter().find(at_its_place).filter(|_| !self.nameless) {
                    renamed.push(&was.name);
                    self.pair(was.ty, now.ty, true);
                    let (was, now, ty) = (label(was), label(now), placed(self.new, now));
                    self.renamed(format!("{was} renamed to {now}: {ty}"));
                } else {
                    let line = format!("+ {}: {}", label(now), placed(self.new, now));
                    self.own(line);
                }
                continue;
            };
            if was.access != now.access {
                let (a, b) = (access(was.access), access(now.access));
                self.renamed(format!("{}: {a} → {b}", label(now)));
            }
            let same = self.pair(was.ty, now.ty, true);
            if !same && self.vtable(was, now, old) {
                continue;
            }
            if !same || was.offset != now.offset {
                let (a, b) = (placed(self.old, was), placed(self.new, now));
                let (a, b) =
                    if a == b { (full(self.old, was), full(self.new, now)) } else { (a, b) };
                self.changes.lines.push(format!("{}: {a} → {b}", label(now)));
                self.changes.own |= !same;
                self.changes.placement = true;
            }
        }
        for (index, was) in old.iter().enumerate() {
            if kept.get(index, &was.name).is_some() || renamed.contains(&&*was.name) {
                continue;
            }
            let line = format!("- {}: {}", label(was), placed(self.old, was));
            self.own(line);
        }
    }

    /// Reports whether all that differs in the field is the number of a trait object's methods.
    fn vtable(&mut self, was: &Member, now: &Member, fields: &[Member]) -> bool {
        let (Some(a), Some(b)) = (vtable_len(self.old, was), vtable_len(self.new, now)) else {
            return false;
        };
        let pointer = fields.iter().find(|member| &*member.name == "pointer");
        let Some(Kind::Pointer { to: Some(object) }) =
            pointer.map(|pointer| &self.old.get(pointer.ty).kind)
        else {
            return false;
        };
        self.changes.vtable = Some((self.old.name(*object).to_string(), a, b));
        true
    }

    fn variants(&mut self, old: &VariantPart, new: &VariantPart) {
        let (known, kept) = (ByName::new(&old.variants), ByName::new(&new.variants));
        let mut tags = Vec::new();
        let mut renamed: Vec<&str> = Vec::new();
        for (index, now) in new.variants.iter().enumerate() {
            let Some(was) = known.get(index, &now.name) else {
                let is_gone = |was: &&Variant| kept.get(index, &was.name).is_none();
                let at_its_place = |was: &&Variant| {
                    was.value == now.value && is_gone(was) && self.alike(&was.members, &now.members)
                };
                match old.variants.iter().find(at_its_place) {
                    Some(was) => {
                        renamed.push(&was.name);
                        self.own(format!("variant {} renamed to {}", was.name, now.name));
                    }
                    None => self.own(format!("+ variant {}", now.name)),
                }
                continue;
            };
            self.generics(&was.generics, &now.generics);
            self.fields(&format!("{}.", now.name), &was.members, &now.members);
            if was.value != now.value {
                let value = |value: Option<i128>| match value {
                    Some(value) => value.to_string(),
                    None => "any other value".into(),
                };
                tags.push(format!("{} = {} → {}", now.name, value(was.value), value(now.value)));
            }
        }
        for (index, was) in old.variants.iter().enumerate() {
            if kept.get(index, &was.name).is_none() && !renamed.contains(&&*was.name) {
                self.own(format!("- variant {}", was.name));
            }
        }
        fn tag<'a>(object: &'a Object, part: &VariantPart) -> Option<(Option<u64>, &'a str)> {
            part.tag.as_ref().map(|tag| (tag.offset, object.name(tag.ty)))
        }
        let (was, now) = (tag(self.old, old), tag(self.new, new));
        if was != now {
            let told = |tag: Option<(Option<u64>, &str)>| {
                tag.map_or_else(|| "none".into(), |(offset, ty)| at(ty.to_string(), offset))
            };
            tags.insert(0, format!("tag: {} → {}", told(was), told(now)));
        }
        if !tags.is_empty() {
            self.changes.placement = true;
            // Where variants or fields came or went, the tags that moved with them are no news.
            if !self.changes.own {
                self.changes.lines.extend(tags);
            }
        }
    }

    /// Reports whether two variants hold fields of the same types at the same places.
    fn alike(&self, old: &[Member], new: &[Member]) -> bool {
        let is_alike = |(was, now): (&Member, &Member)| {
            was.offset == now.offset
                && same_but_for_numbers(self.old.name(was.ty), self.new.name(now.ty))
        };
        old.len() == new.len() && old.iter().zip(new).all(is_alike)
    }

    fn enumerators(&mut self, old: &[(Box<str>, i128)], new: &[(Box<str>, i128)]) {
        let (known, kept) = (ByName::new(old), ByName::new(new));
        let mut renamed: Vec<&str> = Vec::new();
        for (index, (name, now)) in new.iter().enumerate() {
            match known.get(index, name) {
                None => {
                    let is_gone = |was: &str| kept.get(index, was).is_none();
                    match old.iter().find(|(was, value)| value == now && is_gone(was)) {
                        Some((was, _)) => {
                            renamed.push(was);
                            self.own(format!("{was} renamed to {name} = {now}"));
                        }
                        None => self.own(format!("+ {name} = {now}")),
                    }
                }
                Some((_, was)) if was != now => self.own(format!("{name} = {was} → {now}")),
                Some(_) => {}
            }
        }
        for (index, (name, was)) in old.iter().enumerate() {
            if kept.get(index, name).is_none() && !renamed.contains(&&**name) {
                self.own(format!("- {name} = {was}"));
            }
        }
    }
}

/// Finds parts of a type by name. They mostly stand where they stood before.
struct ByName<'a, T> {
    all: &'a [T],
    index: OnceCell<HashMap<&'a str, &'a T>>,
}

impl<'a, T: Named> ByName<'a, T> {
    fn new(all: &'a [T]) -> Self {
        ByName { all, index: OnceCell::new() }
    }

    fn get(&self, likely: usize, name: &str) -> Option<&'a T> {
        if let Some(found) = self.all.get(likely).filter(|found| found.name() == name) {
            return Some(found);
        }
        let index = || self.all.iter().map(|part| (part.name(), part)).collect();
        self.index.get_or_init(index).get(name).copied()
    }
}

trait Named {
    fn name(&self) -> &str;
}

impl Named for Member {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Variant {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for (Box<str>, i128) {
    fn name(&self) -> &str {
        &self.0
    }
}

fn placed(object: &Object, member: &Member) -> String {
    at(short_type_name(object.name(member.ty)), member.offset)
}

fn full(object: &Object, member: &Member) -> String {
    at(object.name(member.ty).to_string(), member.offset)
}

fn at(ty: String, offset: Option<u64>) -> String {
    match offset {
        Some(offset) => format!("{ty} at {offset}"),
        None => ty,
    }
}

/// The length in words of the method table that a trait object's pointer carries.
fn vtable_len(object: &Object, member: &Member) -> Option<u64> {
    let Kind::Pointer { to: Some(table) } = &object.get(member.ty).kind else { return None };
    let Kind::Array { counts, .. } = &object.get(*table).kind else { return None };
    (&*member.name == "vtable").then(|| counts.first().copied().flatten()).flatten()
}

/// Who may name a field, in a word.
fn access(access: u8) -> &'static str {
    match gimli::DwAccess(access) {
        gimli::DW_ACCESS_public => "public",
        gimli::DW_ACCESS_private => "private",
        _ => "restricted",
    }
}

/// The variants of an enum, with what they hold.
fn variants(kind: &Kind) -> Option<Vec<(&str, &[Member])>> {
    match kind {
        Kind::Enumeration { enumerators, .. } => {
            Some(enumerators.iter().map(|(name, _)| (&**name, &[][..])).collect())
        }
        Kind::Struct { parts, .. } => match parts.as_slice() {
            [part] => {
                let all = part.variants.iter();
                Some(all.map(|variant| (&*variant.name, &*variant.members)).collect())
            }
            _ => None,
        },
        _ => None,
    }
}

fn kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Base { .. } => "a number",
        Kind::Struct { parts, .. } if parts.is_empty() => "a struct",
        Kind::Struct { .. } | Kind::Enumeration { .. } => "an enum",
        Kind::Union { .. } => "a union",
        Kind::Pointer { .. } => "a pointer",
        Kind::Array { .. } => "an array",
        Kind::Function { .. } => "a function",
        Kind::Other { .. } => "another kind of type",
    }
}
