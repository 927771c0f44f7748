//! From entries to an [`Object`]: references become places in the arena, variants become part of
//! their enum, every type gets a name and a fingerprint.

use super::super::error::LayoutError;
use super::super::types::{Id, Kind, Member, Methods, Object, Table, Type};
use super::super::vtable::Vtable;
use super::entries::{Entries, RawFunction, RawVtable};
use super::sections::{Address, Sections};
use crate::symbol::without_llvm_suffix;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Nameless types (arrays of pointers to arrays of …) nested deeper than this are taken for
/// damage.
const DEEPEST: usize = 64;

/// Makes an object of what was read.
pub(super) fn resolve(entries: Entries, sections: &Sections<'_>) -> Result<Object, LayoutError> {
    let Entries { mut object, offsets, functions, vtables, holders } = entries;
    let place = |id: &mut Id| -> Result<(), LayoutError> {
        *id = locate(&offsets, *id)?;
        Ok(())
    };
    for ty in &mut object.types {
        ty.each_id(place)?;
    }
    for described in object.statics.values_mut() {
        place(&mut described.ty)?;
    }
    fold_variants(&mut object.types);
    object.types.iter_mut().for_each(mark_cut);
    name(&mut object.types)?;
    object.types.iter_mut().for_each(open_box);
    instances(&mut object, &functions, place)?;
    take_functions(&mut object, functions, place)?;
    for RawVtable { name, mut ty, address } in vtables {
        let mut holder = holders.get(&ty).copied();
        holder.as_mut().map_or(Ok(()), place)?;
        place(&mut ty)?;
        let size = object.get(ty).size.unwrap_or(0);
        if let Some(methods) = methods(sections, address, size) {
            object.vtables.insert(name, Table { methods, holder });
        }
    }
    for index in 0..object.types.len() {
        let ty = &object.types[index];
        let (key, print) = (key(&ty.name), fingerprint(&object, ty));
        let ty = &mut object.types[index];
        (ty.key, ty.print) = (key, print);
    }
    Ok(object)
}

/// Notes what generic functions of other crates were instantiated with. One that was inlined
/// everywhere has no symbol; its place in the debug information stands for it.
fn instances(
    object: &mut Object,
    functions: &[RawFunction],
    place: impl Fn(&mut Id) -> Result<(), LayoutError>,
) -> Result<(), LayoutError> {
    let by_offset: HashMap<u32, &RawFunction> = functions.iter().map(|f| (f.offset, f)).collect();
    for function in functions.iter().filter(|function| !function.generics.is_empty()) {
        let Some(origin) = &function.origin else { continue };
        let declared = function.declared_at.and_then(|offset| by_offset.get(&offset));
        let symbol = function.symbol.as_ref().or(declared.and_then(|d| d.symbol.as_ref()));
        let mut types = function.generics.clone();
        types.iter_mut().try_for_each(&place)?;
        let symbol = symbol.cloned().unwrap_or_else(|| format!("at {}", function.offset).into());
        object.instances.insert(symbol, (origin.clone(), types));
    }
    Ok(())
}

fn locate(offsets: &[u32], id: Id) -> Result<Id, LayoutError> {
    let found = offsets.binary_search(&id.0).ok();
    // Offsets are u32, so there are fewer types than that.
    found.map(|index| Id(index as u32)).ok_or_else(|| {
        LayoutError::Damaged(format!("a type is said to stand at {:#x}, where none stands", id.0))
    })
}

/// A variant that holds data is described as a struct inside the enum, of the enum's own size. Its
/// fields are moved into the enum, so that a change shows once, and where it was made.
fn fold_variants(types: &mut [Type]) {
    let mut folded = vec![false; types.len()];
    for index in 0..types.len() {
        let Kind::Struct { parts, .. } = &mut types[index].kind else { continue };
        let mut parts = std::mem::take(parts);
        let own = Id(index as u32);
        for variant in parts.iter_mut().flat_map(|part| &mut part.variants) {
            let [Member { ty, offset, .. }] = variant.members.as_slice() else { continue };
            let (payload, start) = (&types[ty.0 as usize], offset.unwrap_or(0));
            if payload.variant_of != Some(own) || *ty == own {
                continue;
            }
            let Kind::Struct { members, parts } = &payload.kind else { continue };
            if !parts.is_empty() {
                continue;
            }
            folded[ty.0 as usize] = true;
            // The states of a coroutine are numbered in the enum and named only here.
            if let Some((_, name)) = payload.name.rsplit_once("::") {
                variant.name = name.into();
            }
            variant.generics.clone_from(&payload.generics);
            let moved = members.iter().map(|member| Member {
                offset: member.offset.map(|offset| offset.wrapping_add(start)),
                ..member.clone()
            });
            variant.members = moved.collect();
        }
        if let Kind::Struct { parts: place, .. } = &mut types[index].kind {
            *place = parts;
        }
    }
    for (ty, folded) in types.iter_mut().zip(folded) {
        if !folded {
            ty.variant_of = None;
        }
    }
}

/// Takes a struct of some size with nothing in it for what it is: cut short by the compiler.
fn mark_cut(ty: &mut Type) {
    if let Kind::Struct { members, parts } = &ty.kind {
        let empty = members.is_empty() && parts.is_empty();
        // A variant's content stands in its enum.
        ty.declaration |= empty && ty.variant_of.is_none() && ty.size.is_some_and(|size| size > 0);
    }
}

/// Forgets the future that the boxed one of a hot `async fn` stands for. `HotFuture<F, T>` names
/// `F` for its lifetimes and auto traits only; what it holds is a `dyn Future`, whose code knows
/// its own layout (see `compare::roots`).
fn open_box(ty: &mut Type) {
    if !ty.name.starts_with("hot::future::HotFuture<") {
        return;
    }
    if let Kind::Struct { members, .. } = &mut ty.kind {
        members.retain(|member| &*member.name != "like");
    }
    if !ty.generics.is_empty() {
        ty.generics.remove(0);
    }
}

/// Names the types that DWARF leaves nameless.
fn name(types: &mut [Type]) -> Result<(), LayoutError> {
    for index in 0..types.len() {
        if types[index].name.is_empty() {
            types[index].name = made_name(types, Some(Id(index as u32)), 0)?.into();
        }
    }
    Ok(())
}

fn made_name(types: &[Type], id: Option<Id>, depth: usize) -> Result<String, LayoutError> {
    let Some(id) = id else { return Ok("()".into()) };
    let ty = &types[id.0 as usize];
    if !ty.name.is_empty() {
        return Ok(ty.name.to_string());
    }
    if depth > DEEPEST {
        return Err(LayoutError::Damaged(format!(
            "nameless types are nested more than {DEEPEST} deep"
        )));
    }
    let inner = |of: &Option<Id>| made_name(types, *of, depth + 1);
    Ok(match &ty.kind {
        Kind::Pointer { to } => format!("*{}", inner(to)?),
        Kind::Array { of, counts } => {
            let counts: Vec<String> = counts
                .iter()
                .map(|count| count.map_or_else(|| "?".into(), |count| count.to_string()))
                .collect();
            format!("[{}; {}]", inner(of)?, counts.join(", "))
        }
        Kind::Function { .. } => "fn".into(),
        Kind::Other { of, .. } => inner(of)?,
        _ => "{nameless}".into(),
    })
}

/// Joins definitions with their declarations, which alone tell the name and the result.
fn take_functions(
    object: &mut Object,
    raw: Vec<RawFunction>,
    place: impl Fn(&mut Id) -> Result<(), LayoutError>,
) -> Result<(), LayoutError> {
    let by_offset: HashMap<u32, usize> =
        raw.iter().enumerate().map(|(index, raw)| (raw.offset, index)).collect();
    for definition in &raw {
        let declaration =
            definition.declared_at.and_then(|offset| by_offset.get(&offset)).map(|&i| &raw[i]);
        let symbol = definition.symbol.as_ref().or(declaration.and_then(|d| d.symbol.as_ref()));
        let Some(symbol) = symbol else { continue };
        let mut function = definition.function.clone();
        if let Some(declaration) = declaration {
            function.result = function.result.or(declaration.function.result);
            function.name.clone_from(&declaration.function.name);
            // An out-of-line copy of an inlined function names its arguments by reference only.
            if function.arguments.len() < declaration.function.arguments.len() {
                function.arguments.clone_from(&declaration.function.arguments);
            }
        }
        for (_, ty) in &mut function.arguments {
            place(ty)?;
        }
        function.result.as_mut().map_or(Ok(()), &place)?;
        match object.functions.get(symbol) {
            Some(known) if known.arguments.len() >= function.arguments.len() => {}
            _ => {
                object.functions.insert(symbol.clone(), function);
            }
        }
    }
    Ok(())
}

/// Reads the methods of a table of that many bytes.
fn methods(sections: &Sections<'_>, table: Address, size: u64) -> Option<Methods> {
    let words = sections.words_at(table, usize::try_from(size / 8).ok()?)?;
    let methods = Vtable::read(words)?.methods.into_iter();
    Some(methods.map(|symbol| Some(without_llvm_suffix(symbol?).into())).collect())
}

fn key(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Computes the fingerprint of a type: equal for equal descriptions, whatever the order of its
/// fields in the source. Other types come in by name only; they have fingerprints of their own.
fn fingerprint(object: &Object, ty: &Type) -> u64 {
    let hash = &mut DefaultHasher::new();
    (&ty.name, ty.size, ty.align, ty.declaration).hash(hash);
    std::mem::discriminant(&ty.kind).hash(hash);
    let name = |id: &Option<Id>| id.map(|id| object.name(id));
    let members = |members: &[Member], hash: &mut DefaultHasher| {
        let mut sorted: Vec<_> =
            members.iter().map(|m| (&m.name, m.offset, object.name(m.ty), m.access)).collect();
        sorted.sort_unstable();
        sorted.hash(hash);
    };
    match &ty.kind {
        Kind::Base { encoding } => encoding.hash(hash),
        Kind::Struct { members: fields, parts } => {
            members(fields, hash);
            for part in parts {
                part.tag.as_ref().map(|tag| (tag.offset, object.name(tag.ty))).hash(hash);
                let mut variants: Vec<_> = part.variants.iter().collect();
                variants.sort_by(|a, b| a.name.cmp(&b.name));
                for variant in variants {
                    (&variant.name, variant.value).hash(hash);
                    members(&variant.members, hash);
                }
            }
        }
        Kind::Union { members: fields } => members(fields, hash),
        Kind::Enumeration { underlying, enumerators } => {
            name(underlying).hash(hash);
            let mut sorted: Vec<_> = enumerators.iter().collect();
            sorted.sort_unstable();
            sorted.hash(hash);
        }
        Kind::Pointer { to } => name(to).hash(hash),
        Kind::Array { of, counts } => (name(of), counts).hash(hash),
        Kind::Function { result, arguments } => {
            name(result).hash(hash);
            arguments.iter().for_each(|id| object.name(*id).hash(hash));
        }
        Kind::Other { tag, of } => (tag, name(of)).hash(hash),
    }
    hash.finish()
}
