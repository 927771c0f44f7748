//! Types found by name: which have changed, and where a name leads to one that has.
//!
//! Where old and new code share a thing of which both have a description, types are compared from
//! definition to definition. Elsewhere there is only a name: what lies behind a trait object, what
//! a `TypeId` finds again, and what the name of a `dyn` type mentions
//! (`dyn Fn<(&shop::Order), Output=u64>`, of which nothing else is described).
//!
//! A type *has changed* when one of its old descriptions is not among the new ones of its name.
//! (One name can stand for several types: two blocks with a `struct Line` each. It is then taken to
//! have changed when one of them did. It has not when the new objects describe the same layouts
//! under that name as the old ones and no others, be it in objects that stayed: each save may cut
//! the crate into other units, and another one describes the type then.) A type *leads to a change*
//! when a changed type is found through its fields, pointers and generic arguments.
//!
//! Where a name stands for several types, so does the name of whatever leads to them (`Result<Line,
//! Error>`), though each of those describes itself alike. What an old one is compared with is
//! therefore the new one that leads to the same, if there is one.
//!
//! Of a type that one unit only declares, or has cut short, another may have the definition: then
//! that counts.
//!
//! An old object is *settled* when all that it describes is described alike by the new ones, and no
//! name stands for two types: then no walk that begins in it can end at a difference, unless by
//! the name of a `dyn` type. Most objects are, which keeps the guard's cost from growing with the
//! number of saves. One that is not settled is *open*.

use super::super::types::{Id, Kind, Object, Type};
use super::prehashed::Prehashed;
use crate::symbol::is_numbered;
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};

/// A type of one side: its object's number there, and its place in the object.
pub(super) type Node = (u32, Id);

/// The types of two sets of objects, old and new, by name.
pub(super) struct TypeIndex<'a> {
    old: Vec<&'a Object>,
    new: Vec<&'a Object>,
    /// Where the objects begin on both sides that they have in common.
    common: [u32; 2],
    /// Every new type, by the hash of its name; those in common objects only if they matter.
    by_key: HashMap<u64, Vec<Node>, Prehashed>,
    /// One old description of each changed type.
    changed: Vec<Node>,
    /// The hashes of their names.
    keys: HashSet<u64, Prehashed>,
    /// Pairs that are known to lead to the same.
    same: RefCell<HashSet<(Node, Node)>>,
    /// Old types that lead to a change, by their names up to the generic arguments.
    leading: HashMap<&'a str, Vec<Node>>,
    /// For each old object, whether it is not settled.
    open: Vec<bool>,
    /// The old definitions by the hash of the type's name, put together at the first use.
    definitions: OnceCell<HashMap<u64, Vec<Node>, Prehashed>>,
}

impl<'a> TypeIndex<'a> {
    /// Compares names and descriptions of two sets of objects. `shared` stand on both sides; they
    /// are appended to both when some type has changed, since only then do they matter.
    pub(super) fn build(
        mut old: Vec<&'a Object>,
        mut new: Vec<&'a Object>,
        shared: &[&'a Object],
    ) -> TypeIndex<'a> {
        let mut by_key: HashMap<u64, Vec<Node>, Prehashed> = HashMap::default();
        for (node, ty) in every(&new) {
            by_key.entry(ty.key).or_default().push(node);
        }
        let mut prints: HashMap<u64, HashSet<u64, Prehashed>, Prehashed> = HashMap::default();
        for (_, ty) in named(&new) {
            prints.entry(ty.key).or_default().insert(ty.print);
        }
        let mut open = vec![false; old.len()];
        let mut changed = Vec::new();
        let mut own: HashMap<(u32, u64), u64> = HashMap::new();
        for (node, ty) in named(&old) {
            let now = prints.get(&ty.key);
            let known = now.is_some_and(|prints| prints.contains(&ty.print));
            let namesakes = now.is_some_and(|prints| prints.len() > 1)
                || *own.entry((node.0, ty.key)).or_insert(ty.print) != ty.print;
            let differs = !known && now.is_some();
            open[node.0 as usize] |= differs || namesakes || !known && is_numbered(&ty.name);
            if differs {
                changed.push(node);
            }
        }
        let common = [old.len() as u32, new.len() as u32];
        if !changed.is_empty() {
            old.extend(shared);
            new.extend(shared);
            open.resize(old.len(), false);
            let key = |(object, id): &Node| old[*object as usize].get(*id).key;
            let keys: HashSet<u64> = changed.iter().map(key).collect();
            let (before, now) = (prints_of(&old, &keys), prints_of(&new, &keys));
            let moved = |key: &u64| before.get(key) == now.get(key);
            changed.retain(|node| !moved(&key(node)));
            for (node, ty) in every(&new).filter(|(node, _)| node.0 >= common[1]) {
                by_key.entry(ty.key).or_default().push(node);
            }
        }
        let leading = leading(&old, &changed);
        let definitions = OnceCell::new();
        let mut once = HashSet::new();
        changed.retain(|(object, id)| once.insert(old[*object as usize].get(*id).key));
        let keys = changed.iter().map(|(object, id)| old[*object as usize].get(*id).key).collect();
        let same = RefCell::default();
        let mut index =
            TypeIndex { old, new, common, by_key, changed, keys, same, leading, open, definitions };
        if !index.changed.is_empty() {
            for at in 0..index.old.len() {
                let mut types = index.old[at].types.iter();
                // What is only declared here may lead to a change elsewhere.
                index.open[at] |=
                    types.any(|ty| ty.declaration || !index.mentioned(&ty.name).is_empty());
            }
        }
        index
    }

    /// Returns the old objects, and those that old and new have in common if they matter.
    pub(super) fn old_objects(&self) -> &[&'a Object] {
        &self.old
    }

    /// Returns the new objects, and those in common if they matter.
    pub(super) fn new_objects(&self) -> &[&'a Object] {
        &self.new
    }

    /// Returns one old description of each type that has changed.
    pub(super) fn changed(&self) -> &[Node] {
        &self.changed
    }

    /// Reports whether what begins in an old object must be walked.
    pub(super) fn is_open(&self, old: usize) -> bool {
        self.open[old]
    }

    /// Returns the pairs of old and new definitions of a type that is only declared.
    pub(super) fn definitions_of(&self, declared: Node) -> Vec<(Node, Node)> {
        let key = self.old[declared.0 as usize].get(declared.1).key;
        let mut once = HashSet::new();
        let nodes = self
            .old_definitions()
            .get(&key)
            .into_iter()
            .flatten()
            .filter(|(object, id)| once.insert(self.old[*object as usize].get(*id).print));
        let pairs = nodes.flat_map(|node| self.pairs(*node));
        pairs.filter(|(_, (object, id))| !self.new[*object as usize].get(*id).declaration).collect()
    }

    /// Returns the old definitions of types, by the hash of the name.
    pub(super) fn old_definitions(&self) -> &HashMap<u64, Vec<Node>, Prehashed> {
        self.definitions.get_or_init(|| {
            let mut definitions: HashMap<u64, Vec<Node>, Prehashed> = HashMap::default();
            for (node, ty) in named(&self.old) {
                definitions.entry(ty.key).or_default().push(node);
            }
            definitions
        })
    }

    /// Returns the old types that lead to a change and that the name of a `dyn` type mentions.
    pub(super) fn mentioned(&self, name: &str) -> Vec<Node> {
        // `(dyn Fn<(&shop::Order)> + Send)` is a type of its own, to which pointers lead.
        if name.trim_start_matches('(').starts_with("dyn ") {
            self.within(name)
        } else {
            Vec::new()
        }
    }

    /// Returns the old types that lead to a change and stand in a name.
    pub(super) fn within(&self, name: &str) -> Vec<Node> {
        if self.leading.is_empty() {
            return Vec::new();
        }
        let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}' | '#');
        let mut found = HashSet::new();
        for path in name.split(|c| !part(c)) {
            let nodes = self.leading.get(path).into_iter().flatten();
            let whole = |(object, id): &&Node| name.contains(self.old[*object as usize].name(*id));
            found.extend(nodes.filter(whole));
        }
        let mut found: Vec<Node> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    /// Returns the pair of an old type and the new one of its name, or, where there is none, those
    /// of all that the old type leads to. The type of a function has no name of its own: another
    /// one is another type, not the same type changed.
    pub(super) fn pairs(&self, old: Node) -> Vec<(Node, Node)> {
        if let Some(at) = old.0.checked_sub(self.common[0]) {
            return vec![(old, (self.common[1] + at, old.1))];
        }
        let object = self.old[old.0 as usize];
        let mut seen = HashSet::from([old.1]);
        let mut waiting = VecDeque::from([old.1]);
        let mut pairs = Vec::new();
        while let Some(id) = waiting.pop_front() {
            let ty = object.get(id);
            let candidates = self.by_key.get(&ty.key).map_or(&[][..], Vec::as_slice);
            let defined = |new: &&Node| !self.new[new.0 as usize].get(new.1).declaration;
            let namesake = candidates.iter().find(defined).or(candidates.first());
            let namesake = namesake.filter(|_| !matches!(ty.kind, Kind::Function { .. }));
            match self.like((old.0, id), candidates).or(namesake.copied()) {
                Some(new) => pairs.push(((old.0, id), new)),
                None => waiting.extend(ty.children().into_iter().filter(|id| seen.insert(*id))),
            }
        }
        pairs
    }

    /// Returns the candidate of the same description that, if there are several, leads to the same.
    fn like(&self, old: Node, candidates: &[Node]) -> Option<Node> {
        let ty = self.old[old.0 as usize].get(old.1);
        // Of a type that has changed, one that stayed is a namesake.
        let counts = |new: &&Node| new.0 < self.common[1] || !self.keys.contains(&ty.key);
        let print = |new: &&Node| self.new[new.0 as usize].get(new.1).print == ty.print;
        let mut alike = candidates.iter().filter(counts).filter(print).copied();
        let first = alike.next()?;
        match self.unlike(old, first) {
            // It leads to a change, as all of them do.
            Some(key) if self.keys.contains(&key) => Some(first),
            None => Some(first),
            Some(_) => alike.find(|new| self.unlike(old, *new).is_none()).or(Some(first)),
        }
    }

    /// Returns the name of the first types that these lead to and that are not the same; none if
    /// all are.
    pub(super) fn unlike(&self, old: Node, new: Node) -> Option<u64> {
        let (was, now) = (self.old[old.0 as usize], self.new[new.0 as usize]);
        let mut same = self.same.borrow_mut();
        let mut seen = HashSet::from([(old.1, new.1)]);
        let mut waiting = vec![(old.1, new.1)];
        while let Some((a, b)) = waiting.pop() {
            if same.contains(&((old.0, a), (new.0, b))) {
                continue;
            }
            let (a, b) = (was.get(a), now.get(b));
            if a.print != b.print || a.declaration != b.declaration {
                return Some(a.key);
            }
            let children = a.children().into_iter().zip(b.children());
            waiting.extend(children.filter(|pair| seen.insert(*pair)));
        }
        same.extend(seen.into_iter().map(|(a, b)| ((old.0, a), (new.0, b))));
        None
    }
}

/// Returns the fingerprints of the types with these names.
fn prints_of(objects: &[&Object], keys: &HashSet<u64>) -> HashMap<u64, HashSet<u64>> {
    let mut prints: HashMap<u64, HashSet<u64>> = HashMap::new();
    for (_, ty) in named(objects).filter(|(_, ty)| keys.contains(&ty.key)) {
        prints.entry(ty.key).or_default().insert(ty.print);
    }
    prints
}

/// Returns the old types from which a changed one is found, by their names up to the generic
/// arguments. One that is only declared leads to what its definition in another unit leads to.
fn leading<'a>(old: &[&'a Object], changed: &[Node]) -> HashMap<&'a str, Vec<Node>> {
    let mut leading: HashMap<&str, Vec<Node>> = HashMap::new();
    let mut by_object: HashMap<u32, Vec<Id>> = HashMap::new();
    for (object, id) in changed {
        by_object.entry(*object).or_default().push(*id);
    }
    let mut declared: HashMap<u64, Vec<Node>, Prehashed> = HashMap::default();
    if !changed.is_empty() {
        for (node, ty) in every(old).filter(|(_, ty)| ty.declaration) {
            declared.entry(ty.key).or_default().push(node);
        }
    }
    let mut users: HashMap<u32, HashMap<Id, Vec<Id>>> = HashMap::new();
    let mut seen: HashSet<Node> = changed.iter().copied().collect();
    while let Some(&index) = by_object.keys().next() {
        let mut waiting = by_object.remove(&index).unwrap_or_default();
        let object = old[index as usize];
        let users = users.entry(index).or_insert_with(|| users_in(object));
        while let Some(id) = waiting.pop() {
            let ty = object.get(id);
            if is_value(ty) {
                let base = ty.name.split('<').next().unwrap_or(&ty.name);
                leading.entry(base).or_default().push((index, id));
            }
            let users = users.get(&id).into_iter().flatten();
            waiting.extend(users.filter(|user| seen.insert((index, **user))));
            for &(other, id) in declared.get(&ty.key).into_iter().flatten() {
                if seen.insert((other, id)) {
                    if other == index {
                        waiting.push(id);
                    } else {
                        by_object.entry(other).or_default().push(id);
                    }
                }
            }
        }
    }
    leading
}

/// Returns for each type of an object the types that name it.
fn users_in(object: &Object) -> HashMap<Id, Vec<Id>> {
    let mut users: HashMap<Id, Vec<Id>> = HashMap::new();
    for (user, ty) in object.types.iter().enumerate() {
        for child in ty.children() {
            users.entry(child).or_default().push(Id(user as u32));
        }
    }
    users
}

/// Returns every type of the objects.
fn every<'a>(objects: &[&'a Object]) -> impl Iterator<Item = (Node, &'a Type)> {
    objects.iter().enumerate().flat_map(|(index, object)| {
        let types = object.types.iter().enumerate();
        types.map(move |(id, ty)| ((index as u32, Id(id as u32)), ty))
    })
}

/// Returns the types that are compared by name.
fn named<'a>(objects: &[&'a Object]) -> impl Iterator<Item = (Node, &'a Type)> {
    every(objects).filter(|(_, ty)| is_value(ty))
}

/// Reports whether a type is a definition of values, and has a name of its own.
fn is_value(ty: &Type) -> bool {
    let by_name = matches!(
        ty.kind,
        Kind::Base { .. } | Kind::Struct { .. } | Kind::Union { .. } | Kind::Enumeration { .. }
    );
    // The compiler's tables of methods are no types of values.
    by_name && !ty.declaration && ty.variant_of.is_none() && !ty.name.ends_with("::{vtable_type}")
}
