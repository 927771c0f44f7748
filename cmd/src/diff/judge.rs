//! One save, judged: the steps of the module's story in order.

use super::atom::{AtomRef, Kind, Meaning};
use super::bind::{self, Selection, Sources};
use super::compare::Compare;
use super::dirty;
use super::guard;
use super::hot::Hot;
use super::image::{self, Image};
use super::name::{Name, Names};
use super::program::{Definitions, Program};
use super::report::Report;
use super::world::{Loaded, Site};
use super::{CrateObjects, Detail, DiffError, Pending, Prepared, Verdict, World, unreadable};
use hot_patch::patch::{Architecture, Base, Patch, PatchId, Place, Swap};
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// A slot that will be swapped.
struct Root {
    slot: Name,
    body: Name,
    /// For an instance of a generic function: the bodies under which trampolines ask.
    instances: Vec<Site>,
}

/// See [`World::judge`].
pub(super) fn judge(world: &mut World, rebuilt: Vec<CrateObjects>) -> Result<Verdict, DiffError> {
    world.pending = None;
    let newest = world.newest.with(rebuilt, &mut world.names).map_err(unreadable)?;
    let before = std::mem::replace(&mut world.newest, newest);
    let definitions = world.newest.definitions();
    let hot = Hot::read(&world.newest);
    let mut compare = Compare::default();
    let dirty = dirty::find(
        &world.newest,
        &definitions,
        &world.loaded,
        &world.stale,
        &hot,
        &world.names,
        &mut compare,
    );
    let report = Report::new(
        &world.newest,
        &before.definitions(),
        &definitions,
        &world.loaded,
        &mut compare,
    );

    let renamed = match hot.renamed(&world.running, |slot| world.loaded.contains(slot)) {
        Ok(renamed) => renamed,
        Err(names) => return Ok(unclear(names)),
    };
    let with_renamed = (!renamed.is_empty()).then(|| {
        let mut loaded = world.loaded.clone();
        loaded.rename(&renamed);
        loaded
    });
    let loaded = with_renamed.as_ref().unwrap_or(&world.loaded);

    let signatures = changed_signatures(&world.running, &hot, &renamed, loaded);
    if !signatures.is_empty() {
        // A body's symbol contains a hash of its types and of their fields: if the signature reads
        // as before, a type in it may have changed, which is what the person should be told.
        let nothing = Selection::default();
        let layouts = guard::check(&world.lived, &world.newest, &[], &nothing, &world.names)?;
        return Ok(if layouts.is_empty() {
            Verdict::Refused { why: "signature".into(), details: signatures }
        } else {
            Verdict::Refused { why: "layout".into(), details: layouts }
        });
    }
    let roots = roots(&hot, &dirty, loaded);
    if roots.is_empty() {
        let changed = report.changed(&world.names, |_| true);
        let why = if changed.is_empty() {
            "the compiled code is the same as what runs"
        } else {
            "no #[hot] function reaches it"
        };
        return Ok(Verdict::NoEffect { changed, why: why.into() });
    }

    if let Some(refused) = merged(&roots, loaded, &world.names) {
        return Ok(refused);
    }

    let mut sources = Sources {
        names: &mut world.names,
        host: &world.host,
        definitions: &definitions,
        loaded,
        hot: &hot,
        dirty: &dirty,
        archives: &mut world.archives,
    };
    let bodies: Vec<Name> = roots.iter().map(|root| root.body).collect();
    let shared: Vec<(Name, Name)> = roots
        .iter()
        .map(|root| (running_body(root, &world.running, &renamed), root.body))
        .collect();
    let constructors = constructors(&world.newest, &world.constructed);
    let functions: Vec<Name> = constructors.iter().map(|(_, function)| *function).collect();
    let selection = bind::select(&[bodies.as_slice(), &functions].concat(), &mut sources)?;
    let image = image::build(&selection, &sources);
    let obstacles = obstacles(&selection, &image, &sources);

    let layouts = guard::check(&world.lived, &world.newest, &shared, &selection, &world.names)?;
    // A static whose type has changed stands in the way of binding too, but the type says more.
    if !layouts.is_empty() {
        return Ok(Verdict::Refused { why: "layout".into(), details: layouts });
    }
    if let Some(refused) = obstacles {
        return Ok(refused);
    }

    let id = PatchId(RandomState::new().hash_one(&world.host.build_id));
    let carried = carried(&selection, &image, &definitions);
    let included: HashSet<Name> = carried.iter().map(|(name, ..)| *name).collect();
    let not_live = report
        .changed(&world.names, |name| world.loaded.contains(name) && !included.contains(&name));
    let mut patch = assemble(world, loaded, id, &roots, &hot, &image);
    patch.constructors =
        functions.iter().filter_map(|f| Some(image.places[definitions.one(*f)?])).collect();
    let mut functions: Vec<String> = patch.swaps.iter().map(|swap| swap.name.clone()).collect();
    functions.sort();
    functions.dedup();
    let stale =
        dirty.difference(&included).filter(|name| world.loaded.contains(**name)).copied().collect();
    world.pending = Some(Pending {
        id,
        carried,
        program: world.newest.clone(),
        constructed: constructors.into_iter().map(|(name, _)| name).collect(),
        stale,
        running: hot,
        renamed,
    });
    let new_statics = selection.new_statics.len();
    Ok(Verdict::Patch(Box::new(Prepared { patch, functions, not_live, new_statics })))
}

/// Hot functions whose slot runs but whose signature is another now: old callers would pass old
/// arguments to new code.
fn changed_signatures(
    running: &Hot,
    hot: &Hot,
    renamed: &HashMap<Name, Name>,
    loaded: &Loaded,
) -> Vec<Detail> {
    let mut details: Vec<Detail> = hot
        .functions
        .iter()
        .filter(|(slot, _)| loaded.contains(**slot))
        .filter_map(|(slot, now)| {
            let was = running.functions.get(renamed.get(slot).unwrap_or(slot))?;
            // The body of a renamed function is renamed with it; the layout guard compares the
            // types that the two take and give.
            let other = was.body != now.body && !renamed.contains_key(slot);
            (was.signature != now.signature || other).then_some((was, now))
        })
        .map(|(was, now)| Detail {
            item: now.name.clone(),
            was: was.signature.clone(),
            now: if was.signature == now.signature {
                format!("{} (of another type)", now.signature)
            } else {
                now.signature.clone()
            },
            lines: Vec::new(),
        })
        .collect();
    details.sort_by(|a, b| a.item.cmp(&b.item));
    details
}

/// The body that is in the slot now, which may go by another name than the new one.
fn running_body(root: &Root, running: &Hot, renamed: &HashMap<Name, Name>) -> Name {
    let was = renamed.get(&root.slot).and_then(|slot| running.functions.get(slot));
    was.and_then(|function| function.body).unwrap_or(root.body)
}

fn unclear(names: Vec<String>) -> Verdict {
    let detail = |item| Detail {
        item,
        was: String::new(),
        now: "has been moved behind another impl block or item, which gives its instances other \
              symbols: the running ones cannot be told apart by name"
            .into(),
        lines: Vec::new(),
    };
    Verdict::Refused { why: "symbol".into(), details: names.into_iter().map(detail).collect() }
}

/// The slots in the process whose body must be replaced.
fn roots(hot: &Hot, dirty: &HashSet<Name>, loaded: &Loaded) -> Vec<Root> {
    let mut roots = Vec::new();
    for (&slot, function) in &hot.functions {
        if let Some(body) = function.body
            && dirty.contains(&body)
            && loaded.site(slot).is_some()
        {
            roots.push(Root { slot, body, instances: Vec::new() });
        }
    }
    for &(slot, body) in &hot.instances {
        let first = loaded.first(body);
        if dirty.contains(&body) && loaded.site(slot).is_some() && !first.is_empty() {
            roots.push(Root { slot, body, instances: first.to_vec() });
        }
    }
    roots.sort_by_key(|root| (root.slot, root.body));
    roots
}

/// Instances of generic functions that the optimiser has merged with something else, since their
/// code was alike: trampolines ask by its address, and would all be given the code of one.
fn merged(roots: &[Root], loaded: &Loaded, names: &Names) -> Option<Verdict> {
    let instances = roots.iter().flat_map(|root| root.instances.iter().map(|&s| (s, root.body)));
    let instances: HashMap<Site, Name> = instances.collect();
    if instances.is_empty() {
        return None;
    }
    let mut details: Vec<Detail> = loaded
        .namesakes(&instances)
        .into_iter()
        .map(|name| Detail {
            item: names.path(name),
            was: String::new(),
            now: "shares its code in the program with an instance of a generic function that has \
                  changed: the optimiser found them alike and merged them"
                .into(),
            lines: Vec::new(),
        })
        .collect();
    details.sort_by(|a, b| a.item.cmp(&b.item));
    details.dedup();
    (!details.is_empty()).then(|| Verdict::Refused { why: "symbol".into(), details })
}

/// What must run before new code does: pointers in `.init_array` that no version had that ran, and
/// the functions behind them.
fn constructors(newest: &Program, constructed: &HashSet<Name>) -> Vec<(Name, Name)> {
    newest
        .atoms(Kind::Constructor)
        .filter_map(|atom| {
            let name = atom.atom().name.filter(|name| !constructed.contains(name))?;
            match atom.meaning(atom.atom().relocs.first()?) {
                Meaning::Named(function, 0) => Some((name, function)),
                _ => None,
            }
        })
        .collect()
}

fn obstacles(selection: &Selection, image: &Image, sources: &Sources<'_>) -> Option<Verdict> {
    let mut all: Vec<(&str, Detail)> = selection.obstacles.clone();
    for (atom, what) in &image.obstacles {
        let item = atom.atom().name.map_or_else(|| "a constant".into(), |n| sources.names.path(n));
        all.push((
            "relocation",
            Detail { item, was: String::new(), now: what.clone(), lines: Vec::new() },
        ));
    }
    let why = all.first()?.0.to_owned();
    all.sort_by(|(_, a), (_, b)| a.item.cmp(&b.item));
    let mut details: Vec<Detail> = all.into_iter().map(|(_, detail)| detail).collect();
    details.dedup();
    Some(Verdict::Refused { why, details })
}

/// The named things in the image, each with all its copies in the program: crates that are compiled
/// with other options have unlike copies of one inline function, and none of them is a change. The
/// optimiser may have given one atom several names.
fn carried(
    selection: &Selection,
    image: &Image,
    definitions: &Definitions,
) -> Vec<(Name, Vec<AtomRef>, u64)> {
    let key = |atom: &AtomRef| (Arc::as_ptr(&atom.object), atom.index);
    let mut others: HashMap<_, Vec<Name>> = HashMap::new();
    let mut seen = HashSet::new();
    for object in selection.atoms.iter().map(|atom| &atom.object) {
        if seen.insert(Arc::as_ptr(object)) {
            for (&name, &(index, offset)) in &object.symbols {
                if offset == 0 && object.atoms[index as usize].name.is_some_and(|n| n != name) {
                    others.entry((Arc::as_ptr(object), index)).or_default().push(name);
                }
            }
        }
    }
    let copies = |name: Name, atom: &AtomRef| match definitions.all(name) {
        // Out of an archive.
        [] => vec![atom.clone()],
        copies => copies.to_vec(),
    };
    selection
        .atoms
        .iter()
        .filter(|atom| atom.atom().kind != Kind::Entry)
        .flat_map(|atom| {
            let others = others.get(&key(atom)).into_iter().flatten().copied();
            let names = atom.atom().name.into_iter().chain(others);
            names.map(|name| (name, copies(name, atom), image.places[atom]))
        })
        .collect()
}

fn assemble(
    world: &World,
    loaded: &Loaded,
    id: PatchId,
    roots: &[Root],
    hot: &Hot,
    image: &Image,
) -> Patch {
    let mut requires = image.requires.clone();
    let mut place = |site: Site| {
        let (base, offset) = match site {
            Site::Host(address) => (Base::Host, address),
            Site::Patch(patch, offset) => {
                let index = requires.iter().position(|p| *p == patch).unwrap_or_else(|| {
                    requires.push(patch);
                    requires.len() - 1
                });
                (Base::Patch(index as u32), offset)
            }
            Site::Thread(_) => unreachable!("slots and bodies are not thread-local"),
        };
        Place { base, offset }
    };
    let definitions = world.newest.definitions();
    let mut swaps = Vec::new();
    for root in roots {
        let slot = loaded.site(root.slot).expect("roots have a slot in the process");
        let body = definitions.one(root.body).expect("roots are defined");
        let target = image.places[body];
        let name = hot.functions.get(&root.slot).map_or_else(String::new, |f| f.name.clone());
        let instances: Vec<Option<Site>> = if root.instances.is_empty() {
            vec![None]
        } else {
            root.instances.iter().copied().map(Some).collect()
        };
        for instance in instances {
            swaps.push(Swap {
                name: name.clone(),
                slot: place(slot),
                instance: instance.map(&mut place),
                target,
            });
        }
    }
    Patch {
        architecture: Architecture::X86_64,
        build_id: world.host.build_id.clone(),
        id,
        symbols: image.symbols.iter().map(|&n| world.names.text(n).to_owned()).collect(),
        text: image.text.clone(),
        read_only: image.read_only.clone(),
        data: image.data.clone(),
        zeroed: image.zeroed,
        relocations: image.relocations.clone(),
        unwind: image.unwind,
        constructors: Vec::new(),
        entries: image.entries.clone(),
        swaps,
        functions: image.functions.clone(),
        requires: requires.iter().map(|&patch| world.loaded.patch(patch)).collect(),
    }
}
