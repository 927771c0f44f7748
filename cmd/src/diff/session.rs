//! One save, judged: the steps of the module's story in order.

use crate::diff::change::{Both, Equality, Renames, ReverseRefs, dirty, renames, spreads};
use crate::diff::check::{Shared, Swapped, layout, signature};
use crate::diff::impact::{Effect, NotApplied, Report, changed, once};
use crate::diff::link::{Image, Selection, Sources, bind, describe, image};
use crate::diff::live::{
    self, Executable, LiveObjects, LiveSymbols, Location, PatchLocation, SymbolHistory,
};
use crate::diff::object::{
    ArchiveReader, Archives, AtomKind, AtomRef, CrateObjects, Definitions, DiffError, HotFunction,
    HotRegistry, Program, ReadError, RelocTarget, SizeAlign, SymbolId, SymbolTable, undescribed,
};
use crate::diff::policy::{Guard, Guards};
use crate::diff::verdict::{Prepared, Verdict};
use crate::refusal::{Detail, Refusal};
use hot_patch::patch::{Patch, PatchId, Swap};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;

/// What runs: the executable, and for each function and static the version that is loaded.
pub struct DiffSession {
    pub(super) names: SymbolTable,
    pub(super) host: Executable,
    pub(super) archives: ArchiveReader,
    /// The newest objects that were compiled, live or not.
    pub(super) newest: Program,
    /// Its index.
    pub(super) definitions: Arc<Definitions>,
    /// What is in the process.
    pub(super) loaded: LiveSymbols,
    /// What still calls old code although that was replaced elsewhere.
    pub(super) stale: HashSet<SymbolId>,
    /// What is in the process but was not in the program when the last patch was made, so that
    /// nobody saw whether what it calls was replaced. When it comes back, it is taken for stale.
    pub(super) absent: HashSet<SymbolId>,
    /// The hot functions as they run, by slot.
    pub(super) running: HotRegistry,
    /// The objects of which the newest patch was made, or those of the executable.
    pub(super) settled: Program,
    /// What has been renamed since the executable was built.
    pub(super) lineage: SymbolHistory,
    /// Functions that run before main and have run.
    pub(super) constructed: HashSet<SymbolId>,
    /// The objects whose types may have values in the process.
    pub(super) live_objects: LiveObjects,
    pub(super) guards: Guards,
    pending: Option<Pending>,
}

/// What becomes true when the pending patch is loaded.
struct Pending {
    id: PatchId,
    carried: Vec<(SymbolId, Vec<AtomRef>, PatchLocation)>,
    program: Program,
    constructed: HashSet<SymbolId>,
    stale: HashSet<SymbolId>,
    running: HotRegistry,
    moved: Renames,
}

impl DiffSession {
    /// Reads the executable and the objects that it was linked from.
    ///
    /// # Errors
    /// [`DiffError::Stale`] when the objects are not those that the executable was linked from;
    /// otherwise what could not be read.
    pub fn new(
        executable: &Path,
        crates: Vec<CrateObjects>,
        archives: Archives,
    ) -> Result<DiffSession, DiffError> {
        DiffSession::guarded(executable, crates, archives, Guards::default())
    }

    /// As [`DiffSession::new`], for tests, which take guards away to see them missed.
    ///
    /// # Errors
    /// As [`DiffSession::new`].
    #[doc(hidden)]
    pub fn guarded(
        executable: &Path,
        crates: Vec<CrateObjects>,
        archives: Archives,
        guards: Guards,
    ) -> Result<DiffSession, DiffError> {
        let mut names = SymbolTable::default();
        let host = Executable::read(executable, &mut names)?;
        let newest = Program::default().with(crates, &mut names).map_err(unreadable)?;
        let definitions = Arc::new(newest.definitions());
        let mut loaded = LiveSymbols::from_host(&definitions, &host, &names);
        match live::check(&host, &loaded, &names, &newest) {
            Ok(foreign) => foreign.into_iter().for_each(|name| loaded.disown(name)),
            Err(stale) if guards.on(Guard::Stale) => return Err(stale),
            Err(_) => {}
        }
        let running = HotRegistry::read(&newest);
        let constructed =
            newest.atoms(AtomKind::Constructor).filter_map(|a| a.atom().name).collect();
        let mut live_objects = LiveObjects::default();
        live_objects.add(&newest)?;
        Ok(DiffSession {
            names,
            host,
            archives: ArchiveReader::new(archives.paths, archives.shared),
            settled: newest.clone(),
            lineage: SymbolHistory::default(),
            newest,
            definitions,
            loaded,
            stale: HashSet::new(),
            absent: HashSet::new(),
            running,
            constructed,
            live_objects,
            guards,
            pending: None,
        })
    }

    /// Build ID of the executable.
    pub fn build_id(&self) -> &[u8] {
        &self.host.build_id
    }

    /// Number of hot functions in the executable.
    pub fn hot_functions(&self) -> usize {
        self.host.hot_functions
    }

    /// Names of the crates that share values with patches but describe no types. Of those only
    /// sizes, alignments and names are compared.
    ///
    /// # Errors
    /// When an object's debug information cannot be read.
    pub fn undescribed(&self) -> Result<Vec<String>, DiffError> {
        let keys = undescribed(&self.newest)?;
        let units = self.newest.crates.iter().filter(|(key, _)| keys.contains(*key));
        let shares = units.filter(|(_, unit)| {
            unit.objects.iter().flat_map(|o| &o.atoms).any(|atom| atom.kind.is_state())
        });
        let mut names: Vec<String> = shares.map(|(_, unit)| unit.name.clone()).collect();
        names.dedup();
        Ok(names)
    }

    /// Compares the crates that were just rebuilt with what runs. Crates not named are as before.
    ///
    /// # Errors
    /// When an object or an archive cannot be read; what runs and what is known of it stay.
    pub fn judge(&mut self, rebuilt: Vec<CrateObjects>) -> Result<Verdict, DiffError> {
        judge(self, rebuilt).map(Verdict::in_source_names)
    }

    /// The last verdict's patch is live in the process.
    pub fn committed(&mut self, id: PatchId) {
        if let Some(pending) = self.pending.take_if(|pending| pending.id == id) {
            self.loaded.rename(&pending.moved.renamed);
            self.lineage = pending.moved.lineage;
            self.loaded.add(id, &pending.carried);
            self.stale = pending.stale;
            let names = self.loaded.iter().map(|(name, _)| name);
            self.absent = names.filter(|name| self.definitions.all(*name).is_empty()).collect();
            self.running = pending.running;
            self.constructed.extend(pending.constructed);
            // Its layouts were read when it was judged, so this cannot fail any more.
            let _ = self.live_objects.add(&pending.program);
            self.settled = pending.program;
        }
    }

    /// The last verdict's patch was not loaded: what ran before runs on.
    pub fn rejected(&mut self, id: PatchId) {
        self.pending.take_if(|pending| pending.id == id);
    }
}

fn unreadable((unit, error): (String, ReadError)) -> DiffError {
    DiffError::Object { unit, what: error.to_string() }
}

/// A slot that will be swapped.
struct Root {
    slot: SymbolId,
    body: SymbolId,
    /// For an instance of a generic function: the bodies under which trampolines ask.
    instances: Vec<Location>,
}

/// See [`DiffSession::judge`].
fn judge(world: &mut DiffSession, rebuilt: Vec<CrateObjects>) -> Result<Verdict, DiffError> {
    world.pending = None;
    let newest = world.newest.with(rebuilt, &mut world.names).map_err(unreadable)?;
    world.newest = newest;
    let definitions = Arc::new(world.newest.definitions());
    let before = std::mem::replace(&mut world.definitions, definitions.clone());
    let hot = HotRegistry::read(&world.newest);
    let both = Both {
        names: &world.names,
        loaded: &world.loaded,
        settled: &world.settled.definitions(),
        newest: &definitions,
        by_path: !world.guards.on(Guard::Nameless),
    };
    let moved = match renames::find(&world.lineage, &both, &world.running, &hot) {
        Ok(moved) => moved,
        Err(names) if world.guards.on(Guard::Renamed) => {
            return Ok(signature::unclear(names, &world.running, &hot));
        }
        Err(_) => renames::Renames { lineage: world.lineage.clone(), ..Default::default() },
    };
    let renamed = &moved.renamed;
    let with_renamed = (!renamed.is_empty()).then(|| {
        let mut loaded = world.loaded.clone();
        loaded.rename(renamed);
        loaded
    });
    let loaded = with_renamed.as_ref().unwrap_or(&world.loaded);
    let now: HashMap<SymbolId, SymbolId> = renamed.iter().map(|(now, was)| (*was, *now)).collect();
    let by_new_name = |name: &SymbolId| *now.get(name).unwrap_or(name);
    let mut stale: HashSet<SymbolId> = world.stale.iter().map(by_new_name).collect();
    stale.extend(world.absent.iter().map(by_new_name).filter(|name| {
        let atom = definitions.all(*name).first();
        atom.is_some_and(|atom| spreads(*name, atom.atom().kind, &world.names))
    }));

    let mut uses = ReverseRefs::new(&world.newest, &hot, &world.names);
    let mut compare = Equality::new(&moved.lineage);
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
            functions.extend(body.map(|(was, now)| Swapped {
                was: moved.lineage.all(was),
                now,
                name: detail.item.clone(),
                sizes,
            }));
            details.push(detail);
        }
        let shared = Shared { functions, state: None };
        let layouts = layout::check(world, &shared, renamed)?;
        // The same text may name another type.
        let retyped = |layout: &Detail| details.iter().any(|detail| detail.item == layout.item);
        let (why, details) = match (reads_alike, layouts.iter().any(retyped)) {
            (true, false) if !layouts.is_empty() => (Refusal::Layout, layouts),
            (true, true) => (Refusal::Signature, layouts),
            _ => (Refusal::Signature, details),
        };
        return Ok(Verdict::Refused { why, details });
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
        why += &changed::arrivals(&added, &gone);
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
    let bodies: Vec<SymbolId> = roots.iter().map(|root| root.body).collect();
    let swapped = roots.iter().map(|root| Swapped {
        was: moved.lineage.all(running_body(root, &world.running, renamed)),
        now: root.body,
        name: hot.functions.get(&root.slot).map_or_else(String::new, |f| f.name.clone()),
        sizes: sizes(root.slot, &world.running, &hot, renamed),
    });
    let functions: Vec<Swapped> = swapped.collect();
    let constructors = constructors(&world.newest, &world.constructed, &moved.lineage);
    let first: Vec<SymbolId> = constructors.iter().map(|(_, function)| *function).collect();
    let selection = bind::select(&[bodies.as_slice(), &first].concat(), &mut sources)?;
    let id = PatchId(RandomState::new().hash_one(&world.host.build_id));
    let mut image = image::build(id, &selection, &sources);
    image.patch.constructors =
        first.iter().filter_map(|f| Some(image.places[definitions.one(*f)?])).collect();
    image.patch.swaps = swaps(&roots, &mut image, &sources);
    let obstacles = obstacles(&selection, &image, &sources);

    let shared = Shared { functions, state: Some(&selection.state) };
    let layouts = layout::check(world, &shared, renamed)?;
    // A static whose type has changed stands in the way of binding too, but the type says more.
    if !layouts.is_empty() {
        return Ok(Verdict::Refused { why: Refusal::Layout, details: layouts });
    }
    if let Some(refused) = obstacles {
        return Ok(refused);
    }

    let carried = carried(&selection, &image, &definitions);
    let included: HashSet<SymbolId> = carried.iter().map(|(name, ..)| *name).collect();
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
    let named = |(_, function): &(SymbolId, &HotFunction)| function.name.clone();
    let added = added.iter().filter(|(slot, _)| included.contains(slot)).map(named).collect();
    let gone = gone.iter().map(named).collect();
    let once = once::Callers::new(&effect).map_or_else(Vec::new, |mut callers| {
        let slots: BTreeSet<SymbolId> = roots.iter().map(|root| root.slot).collect();
        slots.into_iter().filter_map(|slot| callers.of(slot)).collect()
    });
    let left = NotApplied { gone, once, ..left };
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
fn running_body(
    root: &Root,
    running: &HotRegistry,
    renamed: &HashMap<SymbolId, SymbolId>,
) -> SymbolId {
    let was = running.functions.get(renamed.get(&root.slot).unwrap_or(&root.slot));
    was.and_then(|function| function.body).unwrap_or(root.body)
}

/// The sizes that a hot function told when it was loaded, and those that it tells now.
fn sizes(
    slot: SymbolId,
    running: &HotRegistry,
    hot: &HotRegistry,
    renamed: &HashMap<SymbolId, SymbolId>,
) -> [Option<Vec<SizeAlign>>; 2] {
    let of =
        |hot: &HotRegistry, slot: &SymbolId| hot.functions.get(slot).and_then(|f| f.sizes.clone());
    [of(running, renamed.get(&slot).unwrap_or(&slot)), of(hot, &slot)]
}

/// The slots in the process whose body must be replaced.
fn roots(hot: &HotRegistry, dirty: &HashSet<SymbolId>, loaded: &LiveSymbols) -> Vec<Root> {
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
fn merged(roots: &[Root], loaded: &LiveSymbols, names: &SymbolTable) -> Option<Verdict> {
    let instances = roots.iter().flat_map(|root| root.instances.iter().map(|&s| (s, root.body)));
    let instances: HashMap<Location, SymbolId> = instances.collect();
    if instances.is_empty() {
        return None;
    }
    let mut details: Vec<Detail> = loaded
        .namesakes(&instances)
        .into_iter()
        .map(|name| {
            let now = "shares its code in the program with an instance of a generic function that \
                       has changed: the optimiser found them alike and merged them";
            Detail::of(names.path(name), now.to_owned())
        })
        .collect();
    details.sort_by(|a, b| a.item.cmp(&b.item));
    details.dedup();
    (!details.is_empty()).then(|| Verdict::Refused { why: Refusal::Symbol, details })
}

/// What must run before new code does: pointers in `.init_array` that no version had that ran, and
/// the functions behind them.
fn constructors(
    newest: &Program,
    constructed: &HashSet<SymbolId>,
    lineage: &SymbolHistory,
) -> Vec<(SymbolId, SymbolId)> {
    newest
        .atoms(AtomKind::Constructor)
        .filter_map(|atom| {
            let name = atom
                .atom()
                .name
                .filter(|now| !constructed.iter().any(|was| lineage.same(*was, *now)))?;
            match atom.target_of(atom.atom().relocs.first()?) {
                RelocTarget::Named(function, 0) => Some((name, function)),
                _ => None,
            }
        })
        .collect()
}

fn obstacles(selection: &Selection, image: &Image, sources: &Sources<'_>) -> Option<Verdict> {
    let mut all: Vec<(Refusal, Detail)> = selection.obstacles.clone();
    for (atom, what) in &image.obstacles {
        let item = atom.atom().name.map_or_else(|| "a constant".into(), |n| sources.names.path(n));
        all.push((Refusal::Relocation, Detail::of(item, what.clone())));
    }
    let why = all.first()?.0;
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
) -> Vec<(SymbolId, Vec<AtomRef>, PatchLocation)> {
    let key = |atom: &AtomRef| (Arc::as_ptr(&atom.object), atom.index);
    let mut others: HashMap<_, Vec<SymbolId>> = HashMap::new();
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
    let copies = |name: SymbolId, atom: &AtomRef| match definitions.all(name) {
        // Out of an archive.
        [] => vec![atom.clone()],
        copies => copies.to_vec(),
    };
    selection
        .atoms
        .iter()
        .filter(|atom| atom.atom().kind != AtomKind::Entry)
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
        let instances: Vec<Option<Location>> = if root.instances.is_empty() {
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
