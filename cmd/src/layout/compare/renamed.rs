//! Why a function has another symbol, though its signature reads as before.
//!
//! The hash in a symbol covers the function's type, and of each struct and enum that the type names
//! the names and the visibility of the fields, but not their types. So a field that is renamed, or
//! made `pub`, gives another symbol to every function that takes the struct, while its callers pass
//! what they passed before. The hash covers lifetimes as well, and those the debug information does
//! not describe: `type Word<'a> = &'a str` that becomes `&'static str` changes nothing else. Then
//! old callers must not call the new function. Both may have happened in one save, so that a
//! renamed field explains the hash only where no lifetime can have changed:
//!
//! - each reference in the signature's types stands in its text, which is the same;
//! - what the fields of those types lead to contains no reference, no `dyn` type and no function
//!   pointer, so that no lifetime is hidden in them. (One that is used in a type of which nothing is
//!   left, `<u8 as Trait<'a>>::Plain`, has no meaning for values.)

use super::super::layouts::ObjectLayouts;
use super::super::types::{Function, Id, Kind, Object};
use super::shape;
use crate::symbol::without_llvm_suffix;
use std::collections::HashSet;

/// Returns whether the type of a function reads as `signature` in both objects, is laid out alike,
/// and differs in names and visibility of fields, and in nothing that the debug information does
/// not tell.
pub fn only_renamed(
    (old, was): (&ObjectLayouts, &str),
    (new, now): (&ObjectLayouts, &str),
    signature: &str,
) -> bool {
    let (old, new) = (&*old.0, &*new.0);
    let functions =
        (old.functions.get(without_llvm_suffix(was)), new.functions.get(without_llvm_suffix(now)));
    let (Some(was), Some(now)) = functions else { return false };
    let names = |object: &Object, function: &Function| -> Vec<String> {
        function.types().map(|id| object.name(id).to_owned()).collect()
    };
    let told = names(old, was);
    let references: usize = told.iter().map(|name| name.matches('&').count()).sum();
    if told != names(new, now)
        || was.result.is_some() != now.result.is_some()
        || references != signature.matches('&').count()
        || told.iter().any(|name| hides_a_lifetime(&name.replace('&', "")))
    {
        return false;
    }
    let mut renamed = false;
    // With each pair, whether the signature names it.
    let mut waiting: Vec<(Id, Id, bool)> =
        was.types().zip(now.types()).map(|(was, now)| (was, now, true)).collect();
    let mut seen: HashSet<(Id, Id, bool)> = waiting.iter().copied().collect();
    while let Some((was, now, named)) = waiting.pop() {
        let (ty, other) = (old.get(was), new.get(now));
        if ty.declaration || other.declaration || !named && hides_a_lifetime(&ty.name) {
            return false;
        }
        let changes = shape::compare((old, was), (new, now));
        if changes.differ() || changes.vtable.is_some() {
            return false;
        }
        renamed |= named && changes.renamed;
        // The parts of a reference, a tuple, an array are named with it; of a struct the arguments.
        let whole = !matches!(ty.kind, Kind::Struct { .. } | Kind::Union { .. })
            || ty.name.starts_with(['(', '[', '&']);
        let parts =
            changes.held.iter().chain(&changes.led_to).map(|&(a, b)| (a, b, named && whole));
        let arguments = changes.generics.iter().map(|&(a, b)| (a, b, named));
        waiting.extend(arguments.chain(parts).filter(|pair| seen.insert(*pair)));
    }
    renamed
}

/// Returns the types of a function's arguments and result as the debug information names them.
pub fn described(object: &ObjectLayouts, symbol: &str) -> Option<String> {
    let object = &*object.0;
    Some(object.signature(object.functions.get(without_llvm_suffix(symbol))?))
}

fn hides_a_lifetime(name: &str) -> bool {
    ["&", "dyn ", "fn("].iter().any(|mark| name.contains(mark))
}
