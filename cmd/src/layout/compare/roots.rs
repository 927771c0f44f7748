//! Where values of an old layout may meet new code, and values of a new layout old code.
//!
//! A type may have another layout than before as long as no value of the one is ever touched by
//! code that was compiled for the other. What follows says which types that concerns, and why no
//! others.
//!
//! **Code.** Of each function the process has one or several versions. *Old* code is what was
//! compiled for a former build, *new* code what the patch holds. A function of which the two builds
//! have the same bytes and references belongs to both: rustc has compiled it for the new layouts as
//! well and found nothing to change, so it may be called with values of either. (It is never bound
//! to when something below it has changed; see `diff::change::dirty`.) What such a function takes and
//! gives, and frames of it, are therefore no way for a value to get from one side to the other, if
//! the data that it works on was not reachable from both before.
//!
//! **Frames.** A call that has begun, a future that is polled by its old code, a thread that runs
//! for ever: they are old code with old values. They meet new code only where they call through
//! something that new code has put there, or read what new code has written, or the other way
//! round. There are these ways and no more, since nothing else is shared:
//!
//! 1. **State**: statics and thread-locals. All that the process has count, not only those that the
//!    patch names: an unchanged `fn store() -> &'static Store` hands them out as well. An immutable
//!    static without pointers to state does not count: it is either the same in both builds, bytes
//!    and references, or each has its own.
//! 2. **Slots**: arguments and results of the hot functions that are swapped, `impl Trait` among
//!    them by the types behind it. Old callers pass old values. A hot function that is not
//!    swapped has not changed, so it belongs to both.
//! 3. **Trait objects**. A call through a table that the other side has made is a call of the other
//!    side's code, and that code knows its own value: the type *behind* the object may change. Two
//!    things may not: what the methods take and give, and the type behind where somebody may ask
//!    for it. The former is described by the methods in the tables, and for the traits of the
//!    standard library by the name of the `dyn` type. The latter is true of `dyn Any` and
//!    `dyn Error`, and might be true of any trait of a user (`as_any`, a cast in unsafe code), so
//!    that those count as well. The other traits of the standard library have no such method: a
//!    `dyn Debug`, `dyn Fn`, `dyn Future`, `dyn Iterator` is only ever called and dropped.
//! 4. **`TypeId`**. Values without type, found again by a `TypeId`, as in a map of extensions. It
//!    does not change with the layout. So the types count with which functions of `core::any` and
//!    `downcast…` are instantiated, and, since those may have been inlined without trace, the
//!    types with which generic functions of dependencies are. (Those of the standard library keep
//!    their values by type.)
//! 5. **Function pointers** in what is reached: what they take and give is followed.
//!
//! **A hot `async fn`** is a box. `HotFuture<F, T>` names the future `F` of the body for its lifetimes
//! and auto traits, and holds a `dyn Future`: by 3., what is behind it is old code's own affair, and
//! nobody can take an `F` out of it. So it does not lead to `F`.
//!
//! From all these the types are followed through fields, variants, unions, pointers, slices and
//! generic arguments, also such that are in no field (`PhantomData`, an allocation that is known
//! by its collection only), closures and coroutines as other types; and through the names that a
//! `dyn` type mentions. What is found on the way and has changed is a refusal.
//!
//! **Namesakes.** One name can stand for two types, such as a `struct Line` in each of two blocks of
//! a function. Then the name does not tell which of them a `TypeId` finds, and when the blocks
//! change places each type has the `TypeId` of the other, though the same layouts are there as
//! before. The symbol of a generic instance moves with the `TypeId`: what it stood for and what it
//! stands for are compared, with all that it leads to.
//!
//! **What the debug information does not tell.** A pointer to `()`, `c_void`, `u8`, `i8` or to a
//! type of the program's own that has no size (`struct Opaque;`), in a type of the program's own,
//! leads anywhere, and so does an argument or a static without description. When
//! one is reached, every changed type counts. (`PhantomData<*const ()>` points at nothing.) Collections of libraries contain such pointers too;
//! there the generic arguments tell what lies behind. An address that is kept as a number is not
//! seen; only unsafe code can make a value of it again.
//!
//! Lifetimes are not described either. Where they are in a hot function's signature, its text and its
//! symbol tell them (`diff::check`); a field `fn(&'static str)` that becomes `fn(&str)` is not seen.
//!
//! **Versions.** Every version that was ever live counts as old, not only the last: a thread may
//! still be in any of them. (A hot function whose symbol changes is swapped then, and compared with
//! the version before; so its symbol at the last swap finds all that may call it.)

use super::super::types::{ANY, Function, Id, Kind, Object, Static};
use super::super::vtable;
use super::difference::{Difference, Origin};
use super::graph::Walk;
use super::index::{Names, Node};
use crate::symbol::{
    is_nameless, item_path, same_but_for_numbers, short_type_name, without_llvm_suffix,
};
use std::collections::{HashMap, HashSet};

/// What of the running program new code may meet, and what of it is looked at.
#[derive(Clone, Debug, Default)]
pub struct Bound<'a> {
    /// Symbols of the statics and thread-locals that the patch refers to. The hash in a symbol
    /// covers the names and the visibility of the fields of every type in the static's own type,
    /// so that an edit there renames the static: either symbol may be given, the other side is
    /// then found by path.
    pub statics: Vec<&'a str>,
    /// Symbols of all other statics and thread-locals in the process.
    pub state: Vec<&'a str>,
    /// The hot functions whose slots are swapped.
    pub functions: Vec<HotFunction<'a>>,
    /// The crates whose types are written for this program, as in paths. Where their fields do not
    /// tell what they lead to, nothing does.
    pub own: Vec<&'a str>,
    /// Crates that are neither the program's own nor keep values that they do not know.
    pub trusted: Vec<&'a str>,
    /// What is left out, to see that it is missed.
    #[doc(hidden)]
    pub off: Vec<Check>,
}

/// A hot function, before and after.
#[derive(Clone, Debug)]
pub struct HotFunction<'a> {
    /// Symbols of the code that runs: all that it has had.
    pub was: Vec<&'a str>,
    /// Symbol of the new code.
    pub now: &'a str,
    /// The name for people.
    pub name: &'a str,
}

/// The parts of the comparison that tests switch off.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// The types of statics and thread-locals.
    State,
    /// The arguments and results of hot functions.
    Calls,
    /// The types behind trait objects.
    Behind,
    /// What methods behind trait objects take and give.
    Methods,
    /// Places and signatures in the tables of methods.
    Tables,
    /// The types of generic instances that may find values by `TypeId`.
    TypeIds,
    /// The types that the name of a `dyn` type mentions.
    Mentions,
    /// Pointers that do not tell what they lead to.
    Untyped,
}

const UNDESCRIBED: &str = "not described by any debug information";

impl<'a> Walk<'a> {
    /// Adds the pairs of types that the module's story begins with.
    pub(super) fn add_roots(&mut self, bound: &Bound<'_>) {
        let on = |check| !bound.off.contains(&check);
        if on(Check::State) {
            for symbol in &bound.statics {
                self.add_static(without_llvm_suffix(symbol), true, bound);
            }
            for symbol in &bound.state {
                self.add_static(without_llvm_suffix(symbol), false, bound);
            }
        }
        if on(Check::Calls) {
            for function in &bound.functions {
                self.add_function(function, bound);
            }
        }
        if on(Check::TypeIds) {
            self.add_namesakes(bound);
        }
        if self.names.changed().is_empty() {
            return;
        }
        if on(Check::Behind) {
            self.add_held(&bound.own);
        }
        if on(Check::Methods) {
            self.add_methods(bound);
        }
        if on(Check::TypeIds) {
            self.add_instances(bound);
        }
    }

    /// A static. One that is not `bound` may have gone.
    fn add_static(&mut self, symbol: &str, bound: bool, all: &Bound<'_>) {
        let mut old = find_all(self.names.old(), |object| object.statics.get(symbol));
        let mut new = find_all(self.names.new_objects(), |object| object.statics.get(symbol));
        let one_symbol = !old.is_empty() && !new.is_empty();
        match (old.first(), new.first()) {
            (Some(&(index, known)), None) => {
                let name = self.names.old()[index].name(known.ty);
                new.extend(renamed(self.names.new_objects(), symbol, name));
            }
            (None, Some(&(index, known))) => {
                let name = self.names.new_objects()[index].name(known.ty);
                old.extend(renamed(self.names.old(), symbol, name));
            }
            _ => {}
        }
        let path = item_path(symbol);
        let item = format!("static {path}");
        let Some(&(new_in, now)) = new.first().filter(|_| !old.is_empty()) else {
            if old.is_empty() && new.is_empty() && !all.off.contains(&Check::Untyped) {
                self.add_everything(Origin::Untyped { what: item.clone() });
            }
            if bound && !(old.is_empty() && new.is_empty()) {
                let told = |objects: &[&Object], found: &[(usize, &Static)]| match found.first() {
                    Some((index, known)) => short_type_name(objects[*index].name(known.ty)),
                    None => UNDESCRIBED.into(),
                };
                let was = told(self.names.old(), &old);
                let now = told(self.names.new_objects(), &new);
                self.differences.push(Difference::of(item, was, now));
            }
            return;
        };
        let now_name = self.names.new_objects()[new_in].name(now.ty);
        for (old_in, was) in old {
            let was_name = self.names.old()[old_in].name(was.ty);
            if !same_but_for_numbers(was_name, now_name) {
                // Under another symbol it is another static.
                if bound || one_symbol {
                    let (was, now) = shortest(was_name, now_name);
                    self.differences.push(Difference::of(item.clone(), was, now));
                }
                continue;
            }
            let origin = Origin::Static { path: path.clone(), type_name: now_name.to_string() };
            let root = self.root((old_in, was.ty), (new_in, now.ty), origin, all);
            if was.align != now.align {
                let (was, now) = (aligned(was_name, was.align), aligned(now_name, now.align));
                self.realigned.push((root, Difference::of(item.clone(), was, now)));
            }
        }
    }

    fn add_function(&mut self, function: &HotFunction<'_>, bound: &Bound<'_>) {
        let now = without_llvm_suffix(function.now);
        let was = function.was.iter().map(|symbol| without_llvm_suffix(symbol));
        let described = |was| find_all(self.names.old(), move |object| object.functions.get(was));
        let olds: Vec<_> = was.flat_map(described).collect();
        let new = find_all(self.names.new_objects(), |object| object.functions.get(now));
        let name = function.name.to_string();
        let Some(&(new_in, now)) = new.first().filter(|_| !olds.is_empty()) else {
            if !bound.off.contains(&Check::Untyped) {
                self.add_everything(Origin::Untyped {
                    what: format!("{name}, which is {UNDESCRIBED}"),
                });
            }
            return;
        };
        for (old_in, was) in olds {
            let (old_object, new_object) =
                (self.names.old()[old_in], self.names.new_objects()[new_in]);
            let agree = was.arguments.len() == now.arguments.len()
                && was.result.is_some() == now.result.is_some()
                && types_of(was).zip(types_of(now)).all(|(was, now)| {
                    same_but_for_numbers(old_object.name(was), new_object.name(now))
                });
            if !agree {
                let (was, now) = shortest(&old_object.signature(was), &new_object.signature(now));
                self.differences.push(Difference::of(name.clone(), was, now));
                continue;
            }
            let count = was.arguments.len();
            for (index, (was, now)) in types_of(was).zip(types_of(now)).enumerate() {
                let origin = if index < count {
                    Origin::Argument { function: name.clone(), number: index + 1 }
                } else {
                    Origin::Result { function: name.clone() }
                };
                self.root((old_in, was), (new_in, now), origin, bound);
            }
        }
    }

    /// The types behind trait objects, where somebody may ask for them.
    fn add_held(&mut self, own: &[&str]) {
        let mut held = Vec::new();
        for (index, object) in self.names.old().iter().enumerate() {
            for (name, table) in &object.vtables {
                let Some(holder) = table.holder else { continue };
                let of = vtable::trait_of(name);
                let any = of == "core::any::Any" || of == "core::error::Error";
                // The number of a closure may be another's now, but nobody can ask for a closure.
                if any || !vtable::is_standard(of, own) && !is_nameless(object.name(holder)) {
                    let origin = Origin::Behind { table: name.to_string() };
                    held.push(((index as u32, holder), origin));
                }
            }
        }
        self.add_by_name(held);
    }

    /// What the methods of the tables take and give.
    fn add_methods(&mut self, bound: &Bound<'_>) {
        let functions = by_symbol(self.names.old());
        let mut types = Vec::new();
        for (name, table) in self.names.old().iter().flat_map(|object| &object.vtables) {
            let of = vtable::trait_of(name);
            if vtable::is_standard(of, &bound.own) {
                continue;
            }
            for symbol in table.methods.iter().flatten() {
                let Some(&(index, function)) = functions.get(&**symbol) else { continue };
                // The receiver is the table's own affair.
                for ty in
                    function.arguments.iter().skip(1).map(|(_, ty)| *ty).chain(function.result)
                {
                    let method =
                        format!("{}::{}", short_type_name(of), vtable::method_name(symbol));
                    types.push(((index as u32, ty), Origin::Method { method }));
                }
            }
        }
        for (node, origin) in &types {
            self.add_untyped((node.0 as usize, node.1), origin, bound);
        }
        self.add_by_name(types);
    }

    /// The types that somebody may look for by `TypeId`.
    fn add_instances(&mut self, bound: &Bound<'_>) {
        let mut types = Vec::new();
        for (index, object) in self.names.old().iter().enumerate() {
            for (origin, instantiated) in object.instances.values() {
                if bound.trusted.contains(&&**origin) {
                    self.signatures.extend(instantiated.iter().map(|ty| object.get(*ty).key));
                }
                let Some(by) = asks(origin, bound) else { continue };
                for &ty in instantiated {
                    if &**origin == ANY || !is_nameless(object.name(ty)) {
                        types.push(((index as u32, ty), Origin::Instance { by: by.into() }));
                    }
                }
            }
        }
        self.add_by_name(types);
    }

    /// The types for which a generic instance stands now, where they are not those of before.
    fn add_namesakes(&mut self, bound: &Bound<'_>) {
        let mut now: HashMap<&str, (usize, &[Id])> = HashMap::new();
        for (index, object) in self.names.new_objects().iter().enumerate() {
            let all = object.instances.iter();
            now.extend(all.map(|(symbol, (_, types))| (&**symbol, (index, &**types))));
        }
        let mut found = Vec::new();
        for (index, object) in self.names.old().iter().enumerate() {
            for (symbol, (origin, types)) in &object.instances {
                let Some(&(new, news)) = now.get(&**symbol) else { continue };
                let Some(by) = asks(origin, bound) else { continue };
                for (&was, &is) in types.iter().zip(news) {
                    let (old_type, new_type) =
                        (object.get(was), self.names.new_objects()[new].get(is));
                    let nodes = ((index as u32, was), (new as u32, is));
                    if old_type.key == new_type.key && self.names.unlike(nodes.0, nodes.1).is_some()
                    {
                        let origin = Origin::Instance { by: by.into() };
                        found.push((nodes.0, nodes.1, origin));
                    }
                }
            }
        }
        found.sort_by_cached_key(|(old, new, origin)| (*old, *new, origin.to_string()));
        for (old, new, origin) in found {
            let pair = self.pair(old, new);
            self.originate(pair, origin);
        }
    }

    fn add_by_name(&mut self, mut types: Vec<(Node, Origin)>) {
        // Tables and instances of an object are in no order.
        types.sort_by_cached_key(|((object, id), origin)| (origin.to_string(), *object, *id));
        for (node, origin) in types {
            if !self.names.is_open(node.0 as usize) {
                continue;
            }
            for (old, new) in self.names.pairs(node) {
                let pair = self.pair(old, new);
                self.originate(pair, origin.clone());
            }
        }
    }

    /// Adds the pair of a shared thing's type, unless nothing can be found from there.
    fn root(
        &mut self,
        old: (usize, Id),
        new: (usize, Id),
        origin: Origin,
        bound: &Bound<'_>,
    ) -> Option<usize> {
        self.add_untyped(old, &origin, bound);
        let exact =
            self.names.old()[old.0].name(old.1) == self.names.new_objects()[new.0].name(new.1);
        if exact && !self.names.is_open(old.0) {
            return None;
        }
        let index = self.pair((old.0 as u32, old.1), (new.0 as u32, new.1));
        self.originate(index, origin);
        Some(index)
    }

    /// Where a type has a pointer that leads anywhere, everything that has changed counts.
    fn add_untyped(&mut self, (object, ty): (usize, Id), origin: &Origin, bound: &Bound<'_>) {
        if !bound.off.contains(&Check::Untyped)
            && !self.names.changed().is_empty()
            && leads_anywhere(&self.names, (object as u32, ty), &bound.own)
        {
            self.add_everything(Origin::Untyped { what: origin.to_string() });
        }
    }

    fn add_everything(&mut self, origin: Origin) {
        for node in self.names.changed().to_vec() {
            for (old, new) in self.names.pairs(node) {
                // A closure with the number of another is not another closure.
                let ty = self.names.old()[old.0 as usize].get(old.1);
                if !is_nameless(&ty.name) {
                    let pair = self.pair(old, new);
                    self.originate(pair, origin.clone());
                }
            }
        }
    }
}

/// Who may look for values by `TypeId` where a generic function of a crate is instantiated.
fn asks<'a>(origin: &'a str, bound: &Bound<'_>) -> Option<&'a str> {
    match origin {
        ANY => Some("`TypeId`"),
        _ if bound.own.contains(&origin) || bound.trusted.contains(&origin) => None,
        _ => Some(origin),
    }
}

/// Whether a pointer that does not tell what it leads to is found through what the program's own
/// types and those around them say, beginning with an old type.
fn leads_anywhere(names: &Names<'_>, from: Node, own: &[&str]) -> bool {
    const BEHIND: [&str; 4] = ["()", "core::ffi::c_void", "u8", "i8"];
    let crate_of = |name: &str| name.split("::").next().unwrap_or_default().to_string();
    let is_own = |name: &str| own.contains(&&*crate_of(name));
    let untold = |object: &Object, id: Id| {
        let ty = object.get(id);
        let empty = match &ty.kind {
            Kind::Array { counts, .. } => counts.contains(&Some(0)),
            _ => (ty.size == Some(0) || ty.declaration && ty.size.is_none()) && is_own(&ty.name),
        };
        empty || BEHIND.contains(&&*ty.name)
    };
    let mut seen = HashSet::from([from]);
    let mut waiting = vec![from];
    while let Some((index, id)) = waiting.pop() {
        let object = names.old()[index as usize];
        let ty = object.get(id);
        let begins = |all: &[&str]| all.iter().any(|start| ty.name.starts_with(start));
        let behind = match &ty.kind {
            Kind::Pointer { to } if begins(&["*mut ", "*const "]) => match to {
                Some(to) => untold(object, *to),
                None => true,
            },
            _ if begins(&["core::ptr::non_null::NonNull<", "core::sync::atomic::AtomicPtr<"]) => {
                ty.generics.first().is_some_and(|to| untold(object, *to))
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
            // Cut short: another unit may tell.
            let told = names.old_descriptions().get(&ty.key).into_iter().flatten();
            waiting.extend(told.filter(|node| seen.insert(**node)));
            continue;
        }
        let plain = ty.name.starts_with(['(', '[', '&', '*']) || is_own(&ty.name);
        let more: Vec<Id> = match &ty.kind {
            // The generic arguments of an enum are told by its variants.
            Kind::Struct { parts, .. } if !plain => {
                let variants = parts.iter().flat_map(|part| &part.variants);
                ty.generics.iter().chain(variants.flat_map(|v| &v.generics)).copied().collect()
            }
            Kind::Union { .. } if !plain => ty.generics.clone(),
            _ => ty.children(),
        };
        let more = more.into_iter().map(|id| (index, id));
        waiting.extend(more.filter(|node| seen.insert(*node)));
    }
    false
}

fn find_all<'a, T>(
    objects: &[&'a Object],
    get: impl Fn(&'a Object) -> Option<&'a T>,
) -> Vec<(usize, &'a T)> {
    objects.iter().enumerate().filter_map(|(index, object)| Some((index, get(object)?))).collect()
}

fn by_symbol<'a>(objects: &[&'a Object]) -> HashMap<&'a str, (usize, &'a Function)> {
    let functions = objects.iter().enumerate();
    functions
        .flat_map(|(index, object)| object.functions.iter().map(move |(s, f)| (&**s, (index, f))))
        .collect()
}

/// A static of the same path, whose symbol has another hash: the one of that type, or the only one
/// (a `thread_local!` makes two).
fn renamed<'a>(
    objects: &[&'a Object],
    symbol: &str,
    type_name: &str,
) -> Option<(usize, &'a Static)> {
    let wanted = item_path(symbol);
    let mut found = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let namesakes = object.statics.iter().filter(|(symbol, _)| item_path(symbol) == wanted);
        found.extend(namesakes.map(|(symbol, known)| (symbol, index, known)));
    }
    found.sort_by_key(|(symbol, index, _)| (*symbol, *index));
    let of_type = |(_, index, known): &&(_, usize, &Static)| {
        same_but_for_numbers(objects[*index].name(known.ty), type_name)
    };
    let chosen = found.iter().find(of_type).or(match found.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    chosen.map(|&(_, index, known)| (index, known))
}

fn types_of(function: &Function) -> impl Iterator<Item = Id> {
    function.arguments.iter().map(|(_, ty)| *ty).chain(function.result)
}

/// Two type names, shortened where they still differ then.
fn shortest(was: &str, now: &str) -> (String, String) {
    let (a, b) = (short_type_name(was), short_type_name(now));
    if a == b { (was.to_string(), now.to_string()) } else { (a, b) }
}

fn aligned(what: &str, align: Option<u64>) -> String {
    match align {
        Some(align) => format!("{} aligned to {align}", short_type_name(what)),
        None => format!("{} of unknown alignment", short_type_name(what)),
    }
}
