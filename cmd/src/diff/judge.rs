//! One save, judged: the steps of the module's story in order.

use super::atom::{AtomRef, Kind, Meaning};
use super::bind::{self, Selection, Sources};
use super::compare::Compare;
use super::describe::describe;
use super::dirty;
use super::effect::{Effect, Left};
use super::guard;
use super::guards::Guard;
use super::hot::{Hot, HotFunction, Size};
use super::image::{self, Image};
use super::moved::{self, Both, Lineage};
use super::name::{Name, Names};
use super::once;
use super::program::{Definitions, Program};
use super::report::{self, Report};
use super::signature;
use super::uses::{Uses, spreads};
use super::world::{Loaded, Site, Spot};
use super::{CrateObjects, Detail, DiffError, Pending, Prepared, Verdict, World, unreadable};
use hot_patch::patch::{Patch, PatchId, Swap};
use std::collections::{BTreeSet, HashMap, HashSet};
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
    world.newest = newest;
    let definitions = Arc::new(world.newest.definitions());
    let before = std::mem::replace(&mut world.definitions, definitions.clone());
    let hot = Hot::read(&world.newest);
    let both = Both {
        names: &world.names,
        loaded: &world.loaded,
        settled: &world.settled.definitions(),
        newest: &definitions,
        by_path: !world.guards.on(Guard::Nameless),
    };
    let moved = match moved::find(&world.lineage, &both, &world.running, &hot) {
        Ok(moved) => moved,
        Err(names) if world.guards.on(Guard::Renamed) => {
            return Ok(signature::unclear(names, &world.running, &hot));
        }
        Err(_) => moved::Moved { lineage: world.lineage.clone(), ..Default::default() },
    };
    let renamed = &moved.renamed;
    let with_renamed = (!renamed.is_empty()).then(|| {
        let mut loaded = world.loaded.clone();
        loaded.rename(renamed);
        loaded
    });
    let loaded = with_renamed.as_ref().unwrap_or(&world.loaded);
    let now: HashMap<Name, Name> = renamed.iter().map(|(now, was)| (*was, *now)).collect();
    let by_new_name = |name: &Name| *now.get(name).unwrap_or(name);
    let mut stale: HashSet<Name> = world.stale.iter().map(by_new_name).collect();
    stale.extend(world.absent.iter().map(by_new_name).filter(|name| {
        let atom = definitions.all(*name).first();
        atom.is_some_and(|atom| spreads(*name, atom.atom().kind, &world.names))
    }));

    let mut uses = Uses::new(&world.newest, &hot, &world.names);
    let mut compare = Compare::new(&moved.lineage);
    let dirty = dirty::find(&definitions, loaded, &stale, &uses, &world.names, &mut compare);
    let report = Report::new(
        &world.newest,
        &before,
        &definitions,
        loaded,
        &stale,
        |compare| dirty::unlike_first(&definitions, loaded, &uses, &world.names, compare),
        &mut compare,
    );
    // What goes on with old code refers to what it was compiled with.
    for atom in stale.iter().flat_map(|name| loaded.copies(*name)) {
        uses.enter(atom, &hot, &world.names);
    }

    let signatures = signature::changed(world, &hot, renamed, loaded);
    if !signatures.is_empty() {
        // A body's symbol contains a hash of its types and of their fields: if the signature reads
        // as before, a type in it may have changed, which is what the person should be told.
        let reads_alike = signatures.iter().all(|(detail, ..)| detail.was == detail.now);
        let mut details: Vec<Detail> = Vec::new();
        let mut functions = Vec::new();
        for (mut detail, body, sizes) in signatures {
            signature::tell_apart(&mut detail, body, world);
            functions.extend(body.map(|(was, now)| guard::Swapped {
                was: moved.lineage.all(was),
                now,
                name: detail.item.clone(),
                sizes,
            }));
            details.push(detail);
        }
        let shared = guard::Shared { functions, state: None };
        let layouts = guard::check(world, &shared, renamed)?;
        // The same text may name another type.
        let retyped = |layout: &Detail| details.iter().any(|detail| detail.item == layout.item);
        let (why, details) = match (reads_alike, layouts.iter().any(retyped)) {
            (true, false) if !layouts.is_empty() => ("layout", layouts),
            (true, true) => ("signature", layouts),
            _ => ("signature", details),
        };
        return Ok(Verdict::Refused { why: why.into(), details });
    }
    let roots = roots(&hot, &dirty, loaded);
    let (added, gone) = (hot.added(loaded), hot.gone(&world.running, renamed, loaded));
    if roots.is_empty() {
        let changed = report.changed(&world.names);
        let effect = Effect {
            names: &world.names,
            crates: report.crates(),
            definitions: &definitions,
            loaded,
            uses: &uses,
            hot: &hot,
            dirty: &dirty,
            included: &HashSet::new(),
        };
        // Of hot functions that are new `arrivals` tells.
        let mut why =
            effect.why_not(&report, |name| loaded.contains(name) || !hot.bodies.contains(&name));
        if changed.is_empty() {
            why = "the compiled code is the same as what runs".to_owned();
        } else if why.is_empty() {
            why = "no #[hot] function reaches it".to_owned();
        }
        let is_news = |function: &HotFunction| {
            function.body.is_none_or(|body| report.names().any(|(name, _)| name == body))
        };
        let added: Vec<&str> =
            added.iter().filter(|(_, f)| is_news(f)).map(|(_, f)| f.name.as_str()).collect();
        let gone: Vec<&str> = gone
            .iter()
            .filter(|(slot, _)| before.one(*slot).is_some())
            .map(|(_, function)| function.name.as_str())
            .collect();
        why += &report::arrivals(&added, &gone);
        return Ok(Verdict::NoEffect { changed, why });
    }

    if world.guards.on(Guard::Merged)
        && let Some(refused) = merged(&roots, loaded, &world.names)
    {
        return Ok(refused);
    }

    let mut sources = Sources {
        names: &mut world.names,
        host: &world.host,
        definitions: &definitions,
        loaded,
        hot: &hot,
        lineage: &moved.lineage,
        dirty: &dirty,
        archives: &mut world.archives,
        guards: &world.guards,
    };
    let bodies: Vec<Name> = roots.iter().map(|root| root.body).collect();
    let swapped = roots.iter().map(|root| guard::Swapped {
        was: moved.lineage.all(running_body(root, &world.running, renamed)),
        now: root.body,
        name: hot.functions.get(&root.slot).map_or_else(String::new, |f| f.name.clone()),
        sizes: sizes(root.slot, &world.running, &hot, renamed),
    });
    let functions: Vec<guard::Swapped> = swapped.collect();
    let constructors = constructors(&world.newest, &world.constructed, &moved.lineage);
    let first: Vec<Name> = constructors.iter().map(|(_, function)| *function).collect();
    let selection = bind::select(&[bodies.as_slice(), &first].concat(), &mut sources)?;
    let id = PatchId(RandomState::new().hash_one(&world.host.build_id));
    let mut image = image::build(id, &selection, &sources);
    image.patch.constructors =
        first.iter().filter_map(|f| Some(image.places[definitions.one(*f)?])).collect();
    image.patch.swaps = swaps(&roots, &mut image, &sources);
    let obstacles = obstacles(&selection, &image, &sources);

    let shared = guard::Shared { functions, state: Some(&selection.state) };
    let layouts = guard::check(world, &shared, renamed)?;
    // A static whose type has changed stands in the way of binding too, but the type says more.
    if !layouts.is_empty() {
        return Ok(Verdict::Refused { why: "layout".into(), details: layouts });
    }
    if let Some(refused) = obstacles {
        return Ok(refused);
    }

    let carried = carried(&selection, &image, &definitions);
    let included: HashSet<Name> = carried.iter().map(|(name, ..)| *name).collect();
    let effect = Effect {
        names: &world.names,
        crates: report.crates(),
        definitions: &definitions,
        loaded,
        uses: &uses,
        hot: &hot,
        dirty: &dirty,
        included: &included,
    };
    let left = effect.left(&report, &mut compare);
    let named = |(_, function): &(Name, &HotFunction)| function.name.clone();
    let added = added.iter().filter(|(slot, _)| included.contains(slot)).map(named).collect();
    let gone = gone.iter().map(named).collect();
    let once = once::Callers::new(&effect).map_or_else(Vec::new, |mut callers| {
        let slots: BTreeSet<Name> = roots.iter().map(|root| root.slot).collect();
        slots.into_iter().filter_map(|slot| callers.of(slot)).collect()
    });
    let left = Left { gone, once, ..left };
    let debug = describe(&selection, &image, &world.newest, &world.names);
    let patch = Patch { debug: Some(debug), ..image.patch };
    let mut functions: Vec<String> = patch.swaps.iter().map(|swap| swap.name.clone()).collect();
    functions.sort();
    functions.dedup();
    let stale =
        dirty.difference(&included).filter(|name| loaded.contains(**name)).copied().collect();
    world.pending = Some(Pending {
        id,
        carried,
        program: world.newest.clone(),
        constructed: constructors.into_iter().map(|(name, _)| name).collect(),
        stale,
        running: hot,
        moved,
    });
    let new_statics = selection.new_statics.len();
    let changed = report.changed(&world.names);
    Ok(Verdict::Patch(Box::new(Prepared { patch, functions, added, changed, left, new_statics })))
}

/// The body that is in the slot now, which may go by another name than the new one.
fn running_body(root: &Root, running: &Hot, renamed: &HashMap<Name, Name>) -> Name {
    let was = running.functions.get(renamed.get(&root.slot).unwrap_or(&root.slot));
    was.and_then(|function| function.body).unwrap_or(root.body)
}

/// The sizes that a hot function told when it was loaded, and those that it tells now.
fn sizes(
    slot: Name,
    running: &Hot,
    hot: &Hot,
    renamed: &HashMap<Name, Name>,
) -> [Option<Vec<Size>>; 2] {
    let of = |hot: &Hot, slot: &Name| hot.functions.get(slot).and_then(|f| f.sizes.clone());
    [of(running, renamed.get(&slot).unwrap_or(&slot)), of(hot, &slot)]
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
fn constructors(
    newest: &Program,
    constructed: &HashSet<Name>,
    lineage: &Lineage,
) -> Vec<(Name, Name)> {
    newest
        .atoms(Kind::Constructor)
        .filter_map(|atom| {
            let name = atom
                .atom()
                .name
                .filter(|now| !constructed.iter().any(|was| lineage.same(*was, *now)))?;
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
) -> Vec<(Name, Vec<AtomRef>, Spot)> {
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
            names.map(|name| (name, copies(name, atom), image.spot(atom)))
        })
        .collect()
}

/// The slots that the patch swaps, each instance of a generic function on its own.
fn swaps(roots: &[Root], image: &mut Image, sources: &Sources<'_>) -> Vec<Swap> {
    let mut swaps = Vec::new();
    for root in roots {
        let slot = sources.loaded.site(root.slot).expect("roots have a slot in the process");
        let slot = image.place(slot, sources.loaded);
        let body = sources.definitions.one(root.body).expect("roots are defined");
        let target = image.places[body];
        let name =
            sources.hot.functions.get(&root.slot).map_or_else(String::new, |f| f.name.clone());
        let instances: Vec<Option<Site>> = if root.instances.is_empty() {
            vec![None]
        } else {
            root.instances.iter().copied().map(Some).collect()
        };
        for instance in instances {
            let instance = instance.map(|site| image.place(site, sources.loaded));
            swaps.push(Swap { name: name.clone(), slot, instance, target });
        }
    }
    swaps
}
