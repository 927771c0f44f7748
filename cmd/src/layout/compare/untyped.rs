//! Pointers that do not tell what they lead to.
//!
//! From an old type its fields, pointees and generic arguments are followed. In a type of the
//! program's own all fields count; in one of a library only what its generic arguments name, since
//! collections contain pointers to anything and their arguments tell what lies behind.

use super::super::types::{Id, Kind, Object};
use super::bound::Bound;
use super::index::{Node, TypeIndex};
use std::collections::HashSet;

/// The types of a pointee that may stand for any other.
const UNTYPED: [&str; 4] = ["()", "core::ffi::c_void", "u8", "i8"];

/// Reports whether an old type leads to a pointer that may lead anywhere.
pub(super) fn leads_anywhere(index: &TypeIndex<'_>, from: Node, bound: &Bound<'_>) -> bool {
    let mut seen = HashSet::from([from]);
    let mut waiting = vec![from];
    while let Some((at, id)) = waiting.pop() {
        let object = index.old_objects()[at as usize];
        let ty = object.get(id);
        let begins = |all: &[&str]| all.iter().any(|start| ty.name.starts_with(start));
        let is_untyped = |id: &Id| is_untyped(object, *id, bound);
        let behind = match &ty.kind {
            Kind::Pointer { to } if begins(&["*mut ", "*const "]) => {
                to.as_ref().is_none_or(is_untyped)
            }
            _ if begins(&["core::ptr::non_null::NonNull<", "core::sync::atomic::AtomicPtr<"]) => {
                ty.generics.first().is_some_and(is_untyped)
            }
            _ => false,
        };
        if behind {
            return true;
        }
        if begins(&["core::marker::PhantomData<"]) {
            continue;
        }
        if ty.declaration {
            // Cut short: another unit may describe it.
            let described = index.old_definitions().get(&ty.key).into_iter().flatten();
            waiting.extend(described.filter(|node| seen.insert(**node)));
            continue;
        }
        let plain = ty.name.starts_with(['(', '[', '&', '*']) || bound.is_own(&ty.name);
        let more: Vec<Id> = match &ty.kind {
            // The generic arguments of an enum stand in its variants.
            Kind::Struct { parts, .. } if !plain => {
                let variants = parts.iter().flat_map(|part| &part.variants);
                ty.generics.iter().chain(variants.flat_map(|v| &v.generics)).copied().collect()
            }
            Kind::Union { .. } if !plain => ty.generics.clone(),
            _ => ty.children(),
        };
        let more = more.into_iter().map(|id| (at, id));
        waiting.extend(more.filter(|node| seen.insert(*node)));
    }
    false
}

/// Reports whether a pointee says nothing of what is there: one of [`UNTYPED`], or a type of the
/// program's own without size.
fn is_untyped(object: &Object, id: Id, bound: &Bound<'_>) -> bool {
    let ty = object.get(id);
    let empty = match &ty.kind {
        Kind::Array { counts, .. } => counts.contains(&Some(0)),
        _ => {
            let unsized_or_empty = ty.size == Some(0) || ty.declaration && ty.size.is_none();
            unsized_or_empty && bound.is_own(&ty.name)
        }
    };
    empty || UNTYPED.contains(&&*ty.name)
}
