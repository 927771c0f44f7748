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
//! to when something below it has changed; see `diff::change::dirty`.) What such a function takes
//! and gives, and frames of it, are therefore no way for a value to get from one side to the other,
//! if the data that it works on was not reachable from both before.
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
//! and auto traits, and holds a `dyn Future`: by 3., what is behind it is old code's own affair,
//! and nobody can take an `F` out of it. So it does not lead to `F`.
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
//! leads anywhere, and so does an argument or a static without description. When one is reached,
//! every changed type counts. (`PhantomData<*const ()>` points at nothing.) Collections of
//! libraries contain such pointers too; there the generic arguments tell what lies behind. An
//! address that is kept as a number is not seen; only unsafe code can make a value of it again.
//!
//! Lifetimes are not described either. Where they are in a hot function's signature, its text and
//! its symbol tell them (`diff::check`); a field `fn(&'static str)` that becomes `fn(&str)` is not
//! seen.
//!
//! **Versions.** Every version that was ever live counts as old, not only the last: a thread may
//! still be in any of them. (A hot function whose symbol changes is swapped then, and compared with
//! the version before; so its symbol at the last swap finds all that may call it.)

use super::super::types::{ANY, Function, Id, Object, Static};
use super::super::vtable;
use super::bound::{Bound, Check, HotFunction};
use super::difference::{Difference, Origin};
use super::index::{Node, TypeIndex};
use super::prehashed::Prehashed;
use super::untyped::leads_anywhere;
use crate::symbol::{
    is_nameless, item_path, same_but_for_numbers, short_type_name, without_llvm_suffix,
};
use std::collections::{HashMap, HashSet};

const UNDESCRIBED: &str = "not described by any debug information";

/// A pair of types through which old and new code may meet.
pub(super) struct Root {
    pub(super) old: Node,
    pub(super) new: Node,
    /// The shared thing whose types these are.
    pub(super) origin: Origin,
}

/// A static whose alignment is another.
pub(super) struct Realigned {
    /// Its types, if they are compared: they may explain it.
    pub(super) types: Option<(Node, Node)>,
    pub(super) difference: Difference,
}

/// All that the comparison begins with.
#[derive(Default)]
pub(super) struct Roots {
    pub(super) pairs: Vec<Root>,
    /// Differences of shared things themselves.
    pub(super) differences: Vec<Difference>,
    pub(super) realigned: Vec<Realigned>,
    /// The types, by the hash of the name, of which the crate `hot` makes a `TypeId` itself: those
    /// of functions, to see whether one may stand for another. It keeps no values by them.
    pub(super) signatures: HashSet<u64, Prehashed>,
}

/// Returns the pairs of types with which the module's argument begins.
pub(super) fn roots(index: &TypeIndex<'_>, bound: &Bound<'_>) -> Roots {
    let mut finder = Finder { index, bound, roots: Roots::default(), anywhere: HashSet::new() };
    if bound.checks(Check::State) {
        for symbol in &bound.statics {
            finder.add_static(without_llvm_suffix(symbol), true);
        }
        for symbol in &bound.state {
            finder.add_static(without_llvm_suffix(symbol), false);
        }
    }
    if bound.checks(Check::Calls) {
        for function in &bound.functions {
            finder.add_function(function);
        }
    }
    if bound.checks(Check::TypeIds) {
        finder.add_namesakes();
    }
    if !index.changed().is_empty() {
        if bound.checks(Check::Behind) {
            finder.add_held();
        }
        if bound.checks(Check::Methods) {
            finder.add_methods();
        }
        if bound.checks(Check::TypeIds) {
            finder.add_instances();
        }
    }
    finder.roots
}

struct Finder<'a> {
    index: &'a TypeIndex<'a>,
    bound: &'a Bound<'a>,
    roots: Roots,
    /// The origins from which every changed type has been added.
    anywhere: HashSet<Origin>,
}

impl Finder<'_> {
    /// Adds a static. One that is not `bound` may have gone.
    fn add_static(&mut self, symbol: &str, bound: bool) {
        let (olds, news) = (self.index.old_objects(), self.index.new_objects());
        let mut old = find_all(olds, |object| object.statics.get(symbol));
        let mut new = find_all(news, |object| object.statics.get(symbol));
        let one_symbol = !old.is_empty() && !new.is_empty();
        match (old.first(), new.first()) {
            (Some(&(at, known)), None) => {
                new.extend(renamed(news, symbol, olds[at].name(known.ty)));
            }
            (None, Some(&(at, known))) => {
                old.extend(renamed(olds, symbol, news[at].name(known.ty)));
            }
            _ => {}
        }
        let path = item_path(symbol);
        let item = format!("static {path}");
        let Some(&(new_at, now)) = new.first().filter(|_| !old.is_empty()) else {
            let undescribed = old.is_empty() && new.is_empty();
            if undescribed && self.bound.checks(Check::Untyped) {
                self.add_everything(&Origin::Untyped { what: item.clone() });
            }
            if bound && !undescribed {
                let name = |objects: &[&Object], found: &[(usize, &Static)]| match found.first() {
                    Some((at, known)) => short_type_name(objects[*at].name(known.ty)),
                    None => UNDESCRIBED.into(),
                };
                let difference = Difference::of(item, name(olds, &old), name(news, &new));
                self.roots.differences.push(difference);
            }
            return;
        };
        let now_name = news[new_at].name(now.ty);
        for (old_at, was) in old {
            let was_name = olds[old_at].name(was.ty);
            if !same_but_for_numbers(was_name, now_name) {
                // Under another symbol it is another static.
                if bound || one_symbol {
                    let (was, now) = shortest(was_name, now_name);
                    self.roots.differences.push(Difference::of(item.clone(), was, now));
                }
                continue;
            }
            let origin = Origin::Static { path: path.clone(), type_name: now_name.to_string() };
            let types = self.add_described((old_at, was.ty), (new_at, now.ty), origin);
            if was.align != now.align {
                let (was, now) = (aligned(was_name, was.align), aligned(now_name, now.align));
                let difference = Difference::of(item.clone(), was, now);
                self.roots.realigned.push(Realigned { types, difference });
            }
        }
    }

    /// Adds what a hot function takes and gives.
    fn add_function(&mut self, function: &HotFunction<'_>) {
        let (olds, news) = (self.index.old_objects(), self.index.new_objects());
        let now = without_llvm_suffix(function.now);
        let was = function.was.iter().map(|symbol| without_llvm_suffix(symbol));
        let described = |was| find_all(olds, move |object| object.functions.get(was));
        let old: Vec<_> = was.flat_map(described).collect();
        let new = find_all(news, |object| object.functions.get(now));
        let name = function.name.to_string();
        let Some(&(new_at, now)) = new.first().filter(|_| !old.is_empty()) else {
            if self.bound.checks(Check::Untyped) {
                let what = format!("{name}, which is {UNDESCRIBED}");
                self.add_everything(&Origin::Untyped { what });
            }
            return;
        };
        for (old_at, was) in old {
            let (old_object, new_object) = (olds[old_at], news[new_at]);
            let alike =
                |(was, now)| same_but_for_numbers(old_object.name(was), new_object.name(now));
            let agree = was.arguments.len() == now.arguments.len()
                && was.result.is_some() == now.result.is_some()
                && was.types().zip(now.types()).all(alike);
            if !agree {
                let (was, now) = shortest(&old_object.signature(was), &new_object.signature(now));
                self.roots.differences.push(Difference::of(name.clone(), was, now));
                continue;
            }
            let count = was.arguments.len();
            for (place, (was, now)) in was.types().zip(now.types()).enumerate() {
                let origin = if place < count {
                    Origin::Argument { function: name.clone(), number: place + 1 }
                } else {
                    Origin::Result { function: name.clone() }
                };
                self.add_described((old_at, was), (new_at, now), origin);
            }
        }
    }

    /// Adds the types behind trait objects, where code may ask for them.
    fn add_held(&mut self) {
        let mut held = Vec::new();
        for (at, object) in self.index.old_objects().iter().enumerate() {
            for (name, table) in &object.vtables {
                let Some(holder) = table.holder else { continue };
                let of = vtable::trait_of(name);
                let any = of == "core::any::Any" || of == "core::error::Error";
                // The number of a closure may be another's now, but no code can ask for a closure.
                if any
                    || !vtable::is_standard(of, &self.bound.own)
                        && !is_nameless(object.name(holder))
                {
                    let origin = Origin::Behind { table: name.to_string() };
                    held.push(((at as u32, holder), origin));
                }
            }
        }
        self.add_by_name(held);
    }

    /// Adds what the methods of the tables take and give.
    fn add_methods(&mut self) {
        let functions = by_symbol(self.index.old_objects());
        let mut types = Vec::new();
        let tables = self.index.old_objects().iter().flat_map(|object| &object.vtables);
        for (name, table) in tables {
            let of = vtable::trait_of(name);
            if vtable::is_standard(of, &self.bound.own) {
                continue;
            }
            for symbol in table.methods.iter().flatten() {
                let Some(&(at, function)) = functions.get(&**symbol) else { continue };
                // The receiver is the table's own affair.
                let arguments = function.arguments.iter().skip(1).map(|(_, ty)| *ty);
                for ty in arguments.chain(function.result) {
                    let name = vtable::method_name(symbol);
                    let method = format!("{}::{name}", short_type_name(of));
                    types.push(((at as u32, ty), Origin::Method { method }));
                }
            }
        }
        for (node, origin) in &types {
            self.add_untyped(*node, origin);
        }
        self.add_by_name(types);
    }

    /// Adds the types that code may look for by `TypeId`.
    fn add_instances(&mut self) {
        let mut types = Vec::new();
        for (at, object) in self.index.old_objects().iter().enumerate() {
            for (origin, instantiated) in object.instances.values() {
                if self.bound.trusted.contains(&&**origin) {
                    let keys = instantiated.iter().map(|ty| object.get(*ty).key);
                    self.roots.signatures.extend(keys);
                }
                let Some(by) = asks(origin, self.bound) else { continue };
                for &ty in instantiated {
                    if &**origin == ANY || !is_nameless(object.name(ty)) {
                        types.push(((at as u32, ty), Origin::Instance { by: by.into() }));
                    }
                }
            }
        }
        self.add_by_name(types);
    }

    /// Adds the types for which a generic instance stands now, where they are not those of before.
    fn add_namesakes(&mut self) {
        let mut now: HashMap<&str, (usize, &[Id])> = HashMap::new();
        for (at, object) in self.index.new_objects().iter().enumerate() {
            let all = object.instances.iter();
            now.extend(all.map(|(symbol, (_, types))| (&**symbol, (at, &**types))));
        }
        let mut found = Vec::new();
        for (at, object) in self.index.old_objects().iter().enumerate() {
            for (symbol, (origin, types)) in &object.instances {
                let Some(&(new_at, new_types)) = now.get(&**symbol) else { continue };
                let Some(by) = asks(origin, self.bound) else { continue };
                let new_object = self.index.new_objects()[new_at];
                for (&was, &is) in types.iter().zip(new_types) {
                    let (old, new) = ((at as u32, was), (new_at as u32, is));
                    if object.get(was).key == new_object.get(is).key
                        && self.index.unlike(old, new).is_some()
                    {
                        found.push(Root { old, new, origin: Origin::Instance { by: by.into() } });
                    }
                }
            }
        }
        found.sort_by_cached_key(|root| (root.old, root.new, root.origin.to_string()));
        self.roots.pairs.extend(found);
    }

    /// Adds old types with the new ones of their names.
    fn add_by_name(&mut self, mut types: Vec<(Node, Origin)>) {
        // Tables and instances of an object are in no order.
        types.sort_by_cached_key(|((object, id), origin)| (origin.to_string(), *object, *id));
        for (node, origin) in types {
            if self.index.is_open(node.0 as usize) {
                self.add_pairs(node, &origin);
            }
        }
    }

    fn add_pairs(&mut self, node: Node, origin: &Origin) {
        let pairs = self.index.pairs(node).into_iter();
        let roots = pairs.map(|(old, new)| Root { old, new, origin: origin.clone() });
        self.roots.pairs.extend(roots);
    }

    /// Adds the types of a shared thing that both sides describe, and returns them; none if nothing
    /// can be found from there.
    fn add_described(
        &mut self,
        (old_at, was): (usize, Id),
        (new_at, now): (usize, Id),
        origin: Origin,
    ) -> Option<(Node, Node)> {
        let (old, new) = ((old_at as u32, was), (new_at as u32, now));
        self.add_untyped(old, &origin);
        let (olds, news) = (self.index.old_objects(), self.index.new_objects());
        let exact = olds[old_at].name(was) == news[new_at].name(now);
        if exact && !self.index.is_open(old_at) {
            return None;
        }
        self.roots.pairs.push(Root { old, new, origin });
        Some((old, new))
    }

    /// Adds everything that has changed where an old type has a pointer that leads anywhere.
    fn add_untyped(&mut self, old: Node, origin: &Origin) {
        if self.bound.checks(Check::Untyped)
            && !self.index.changed().is_empty()
            && leads_anywhere(self.index, old, self.bound)
        {
            self.add_everything(&Origin::Untyped { what: origin.to_string() });
        }
    }

    fn add_everything(&mut self, origin: &Origin) {
        if !self.anywhere.insert(origin.clone()) {
            return;
        }
        for &node in self.index.changed() {
            for (old, new) in self.index.pairs(node) {
                // A closure with the number of another is not another closure.
                if !is_nameless(self.index.old_objects()[old.0 as usize].name(old.1)) {
                    self.roots.pairs.push(Root { old, new, origin: origin.clone() });
                }
            }
        }
    }
}

/// Returns whose code may look for values by `TypeId` where a generic function of a crate is
/// instantiated.
fn asks<'a>(origin: &'a str, bound: &Bound<'_>) -> Option<&'a str> {
    match origin {
        ANY => Some("`TypeId`"),
        _ if bound.own.contains(&origin) || bound.trusted.contains(&origin) => None,
        _ => Some(origin),
    }
}

fn find_all<'a, T>(
    objects: &[&'a Object],
    get: impl Fn(&'a Object) -> Option<&'a T>,
) -> Vec<(usize, &'a T)> {
    objects.iter().enumerate().filter_map(|(at, object)| Some((at, get(object)?))).collect()
}

fn by_symbol<'a>(objects: &[&'a Object]) -> HashMap<&'a str, (usize, &'a Function)> {
    let functions = objects.iter().enumerate();
    functions
        .flat_map(|(at, object)| object.functions.iter().map(move |(s, f)| (&**s, (at, f))))
        .collect()
}

/// Returns a static of the same path, whose symbol has another hash: the one of that type, or the
/// only one (a `thread_local!` makes two).
fn renamed<'a>(
    objects: &[&'a Object],
    symbol: &str,
    type_name: &str,
) -> Option<(usize, &'a Static)> {
    let wanted = item_path(symbol);
    let mut found = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        let namesakes = object.statics.iter().filter(|(symbol, _)| item_path(symbol) == wanted);
        found.extend(namesakes.map(|(symbol, known)| (symbol, at, known)));
    }
    found.sort_by_key(|(symbol, at, _)| (*symbol, *at));
    let of_type = |(_, at, known): &&(_, usize, &Static)| {
        same_but_for_numbers(objects[*at].name(known.ty), type_name)
    };
    let chosen = found.iter().find(of_type).or(match found.as_slice() {
        [only] => Some(only),
        _ => None,
    });
    chosen.map(|&(_, at, known)| (at, known))
}

/// Returns two type names, shortened where they still differ then.
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
