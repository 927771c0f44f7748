//! The tables of methods behind trait objects.
//!
//! A call through `dyn Priced` takes the method by its place in the table, and objects made before
//! a patch keep the table that they were made with. So the places of the methods are a layout as
//! well, though no type tells it: methods that changed places leave every size as it was. The
//! debug information names each table (`<shop::Order as shop::Priced>::{vtable}`) and says where
//! it lies; the relocations there are the methods. Each is told by its trait and its name, since
//! supertraits, and instances of one generic trait, may have methods of one name.
//!
//! Where the new program makes no object of a trait any more, nothing tells where its calls look
//! for a method. Then it must not have any such call: if it knows the `dyn` type, that is a
//! difference.

use super::super::types::{Function, Methods, Object};
use super::super::vtable::{is_standard, method_name, self_of, trait_method, trait_of};
use super::difference::Difference;
use crate::symbol::{is_numbered, same_but_for_numbers, short_type_name};
use std::collections::{HashMap, HashSet};
use std::ptr;

/// Each trait whose methods changed places or signatures in the table of a type that has one on
/// both sides, or, where its old types have gone, in any table; and each that has no table now but
/// may be called. `shared` are objects that stand on both sides.
pub(super) fn compare(
    old: &[&Object],
    new: &[&Object],
    shared: &[&Object],
    own: &[&str],
) -> Vec<Difference> {
    let mut known: HashMap<&str, Vec<&Methods>> = HashMap::new();
    let mut traits: HashMap<&str, Vec<(&str, &Methods)>> = HashMap::new();
    for (name, table) in old.iter().flat_map(|object| &object.vtables) {
        let versions = known.entry(&**name).or_default();
        if !versions.contains(&&table.methods) {
            versions.push(&table.methods);
            traits.entry(trait_of(name)).or_default().push((name, &table.methods));
        }
    }
    let kept: HashSet<&str> =
        new.iter().flat_map(|object| object.vtables.keys().map(|name| &**name)).collect();
    // What has changed stands in an object that has.
    let fresh: Vec<&Object> =
        new.iter().copied().filter(|new| !old.iter().any(|old| ptr::eq(*old, *new))).collect();
    let signatures: Signatures<'_> = fresh
        .iter()
        .flat_map(|object| object.functions.iter().map(|(name, f)| (&**name, (*object, f))))
        .collect();
    let mut differences = Vec::new();
    for (name, now) in fresh.iter().flat_map(|object| &object.vtables) {
        if is_numbered(name) {
            continue;
        }
        let now = &now.methods;
        let of = Some(self_of(name));
        let same = known.get(&**name).into_iter().flatten().map(|was| (*was, of));
        // The types are others there, and with them the receivers.
        let gone = traits.get(trait_of(name)).into_iter().flatten();
        let gone = gone.filter(|(of, _)| !kept.contains(of) && !is_numbered(of));
        let gone = gone.filter(|(of, _)| !is_standard(trait_of(of), own));
        let gone = gone.map(|(_, was)| (*was, None));
        let other = same.chain(gone).find_map(|(was, receiver)| {
            let places = (was != now).then(|| other_places(was, now)).flatten();
            places.or_else(|| other_signature(old, &signatures, was, now, receiver))
        });
        if let Some((was, now)) = other {
            differences.push(Difference::of(format!("trait {}", trait_of(name)), was, now));
        }
    }
    differences.extend(untold(&traits, new, shared, own));
    // The tables of an object are in no order.
    differences.sort_by(|a, b| (&a.item, &a.was).cmp(&(&b.item, &b.was)));
    differences
}

type Signatures<'a> = HashMap<&'a str, (&'a Object, &'a Function)>;

/// The traits of which the new program makes no objects, though it knows their `dyn` types.
fn untold(
    traits: &HashMap<&str, Vec<(&str, &Methods)>>,
    new: &[&Object],
    shared: &[&Object],
    own: &[&str],
) -> Vec<Difference> {
    let all = || new.iter().chain(shared);
    let told: HashSet<&str> =
        all().flat_map(|object| object.vtables.keys().map(|name| trait_of(name))).collect();
    let untold = traits.iter().filter(|(of, _)| !is_standard(of, own) && !told.contains(*of));
    let called = untold.filter(|(of, _)| {
        let dynamic = format!("dyn {}", of.split('<').next().unwrap_or(of));
        let ends = |c: char| !c.is_alphanumeric() && !matches!(c, '_' | ':');
        let names = |name: &str| {
            name.match_indices(&*dynamic)
                .any(|(at, found)| name[at + found.len()..].chars().next().is_none_or(ends))
        };
        all().any(|object| object.types.iter().any(|ty| names(&ty.name)))
    });
    let difference = |(of, tables): (&&str, &Vec<(&str, &Methods)>)| {
        let was = tables.iter().map(|(_, methods)| listed(methods, method_name)).min();
        let now = "not told by any object that the new code makes";
        Difference::of(format!("trait {of}"), was.unwrap_or_default(), now.to_string())
    };
    called.map(difference).collect()
}

/// The methods, if they are not the same in the same places.
fn other_places(was: &Methods, now: &Methods) -> Option<(String, String)> {
    let names = |told: fn(&str) -> String| (listed(was, told), listed(now, told));
    let (before, after) = names(trait_method);
    let (short_before, short_after) = names(method_name);
    if short_before != short_after {
        return Some((short_before, short_after));
    }
    // Instances of a generic impl block go by one path.
    let has = |all: &Methods, one: &Option<Box<str>>| one.is_some() && all.contains(one);
    let swapped = was.iter().zip(now).any(|(a, b)| a != b && has(was, b) && has(now, a));
    if before != after {
        return Some((before, after));
    }
    swapped.then(|| {
        let after = format!("{after}, in another order");
        (before, after)
    })
}

fn listed(methods: &Methods, told: fn(&str) -> String) -> String {
    let name = |method: &Option<Box<str>>| method.as_deref().map(told);
    let names: Vec<String> = methods.iter().map(|m| name(m).unwrap_or("–".into())).collect();
    format!("methods {}", names.join(", "))
}

/// The first method that takes or gives something else than it did. Receivers are compared where
/// both are of the table's own type: an optimised program has one function for all methods that
/// compile to the same instructions, and it is described as that of any of their types.
fn other_signature(
    old: &[&Object],
    new: &Signatures<'_>,
    was: &Methods,
    now: &Methods,
    own: Option<&str>,
) -> Option<(String, String)> {
    let receives_own = |object: &Object, function: &Function| {
        let receiver = function.arguments.first().map(|(_, ty)| object.name(*ty));
        own.is_some_and(|own| receiver.is_some_and(|receiver| receiver.contains(own)))
    };
    let told = |object: &Object, function: &Function, receiver: bool| {
        if receiver {
            return object.signature(function);
        }
        let arguments = function.arguments.iter().skip(1).cloned().collect();
        object.signature(&Function { arguments, ..function.clone() })
    };
    for (was, now) in was.iter().flatten().zip(now.iter().flatten()) {
        // The hash of the older scheme covers the signature; symbols of the newer have none.
        if was == now && !was.starts_with("_R") {
            continue;
        }
        let Some((object, function)) = new.get(&**now) else { continue };
        let before = old.iter().find_map(|object| Some((*object, object.functions.get(&**was)?)));
        let Some((before, earlier)) = before else { continue };
        let receiver = receives_own(object, function) && receives_own(before, earlier);
        let before = told(before, earlier, receiver);
        let after = told(object, function, receiver);
        if !same_but_for_numbers(&before, &after) {
            let line =
                |signature: &str| format!("{}: {}", method_name(now), short_type_name(signature));
            return Some((line(&before), line(&after)));
        }
    }
    None
}
