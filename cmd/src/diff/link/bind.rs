//! What goes into the patch, and what everything else in it refers to.
//!
//! From the bodies whose slots will be swapped, references are followed. Each name that is met is
//! bound once ([`Binding`]):
//!
//! - changed, or called by nothing that runs (not in the process, or at several places): carried;
//! - unchanged: the running version's site;
//! - a static with state: the running one, always; one that is new is carried, unless one of the
//!   same path has just disappeared, which means that its type changed;
//! - one that a macro made for the place where it is used, and that has changed: carried;
//! - a thread-local: the running one; a new one is carried, on the same conditions, if the
//!   program's pool has room for it (`super::tls`);
//! - not defined in the program's own crates: the executable's, if its name is unique there, else
//!   what a dynamic library of Rust exports, else out of an archive, else a dynamic symbol.
//!
//! What instrumentation counts in belongs to the version of its function, and is always carried.
//!
//! Private constants have no name to bind by and are always carried. A private constant that is
//! writable is state without a name: it comes with a new static, and is refused anywhere else. So is
//! what C calls `static`, of which several files may have one by the same name.
//!
//! Whatever stands in the way is collected, so that a person sees all of it at once.

use super::sra;
use super::tls::TlsLayout;
use crate::diff::live::{Executable, LiveSymbols, Location, SymbolHistory};
use crate::diff::object::{
    ArchiveReader, Atom, AtomKind, AtomRef, Definitions, DiffError, Export, HotRegistry, RawTarget,
    Reloc, RelocKind, RelocTarget, SymbolId, SymbolTable,
};
use crate::diff::policy::{Guard, Guards};
use crate::layout::ObjectLayouts;
use crate::refusal::{Detail, Refusal};
use crate::symbol::item_path;
use hot_patch::patch::{LOCALS, LOCALS_ALIGN, PAGE};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a name in the patch refers to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Binding {
    /// A copy in the patch.
    Carried(AtomRef),
    /// What is in the process already.
    At(Location),
    /// A symbol that the dynamic loader knows.
    Dynamic(SymbolId),
}

/// Everything that binding looks at.
pub struct Sources<'a> {
    /// The names.
    pub names: &'a mut SymbolTable,
    /// The executable.
    pub host: &'a Executable,
    /// The newest objects.
    pub definitions: &'a Definitions,
    /// What runs.
    pub loaded: &'a LiveSymbols,
    /// The hot functions of the newest objects.
    pub hot: &'a HotRegistry,
    /// Which symbols mean one item.
    pub lineage: &'a SymbolHistory,
    /// What must be replaced.
    pub dirty: &'a HashSet<SymbolId>,
    /// Where missing functions come from.
    pub archives: &'a mut ArchiveReader,
    /// What is refused.
    pub guards: &'a Guards,
}

/// What was selected.
#[derive(Default)]
pub struct Selection {
    /// The atoms of the patch, in the order in which they were met.
    pub atoms: Vec<AtomRef>,
    /// Names of the running statics and thread-locals that the patch refers to.
    pub state: BTreeSet<SymbolId>,
    /// Names of the running functions that the patch calls.
    pub called: BTreeSet<SymbolId>,
    /// The thread-locals among them, laid out.
    pub locals: TlsLayout,
    /// Names of new statics and thread-locals of the program's own crates.
    pub new_statics: BTreeSet<SymbolId>,
    /// What stands in the way: its kind, and the item.
    pub obstacles: Vec<(Refusal, Detail)>,
    bindings: HashMap<SymbolId, Binding>,
    carried: HashSet<AtomRef>,
}

impl Selection {
    /// What a reference of a carried atom leads to.
    pub fn lookup(
        &self,
        from: &AtomRef,
        meaning: &RelocTarget,
        sources: &Sources<'_>,
    ) -> Option<Binding> {
        match meaning {
            RelocTarget::Private(atom, _) => Some(Binding::Carried(atom.clone())),
            RelocTarget::Named(name, _) => match first_version(from, *name, sources) {
                Some(site) => Some(Binding::At(site)),
                None => self.bindings.get(name).cloned(),
            },
        }
    }
}

/// Trampolines, slots and entries know a body by the address at which it was loaded first; only
/// the body's own tables refer to the copy in the patch.
fn first_version(from: &AtomRef, name: SymbolId, sources: &Sources<'_>) -> Option<Location> {
    let outside = matches!(from.atom().kind, AtomKind::Text | AtomKind::Slot | AtomKind::Entry)
        && from.atom().name != Some(name);
    if outside && sources.hot.bodies.contains(&name) {
        sources.loaded.first(name).first().copied()
    } else {
        None
    }
}

/// Follows the references from the roots.
pub fn select(roots: &[SymbolId], sources: &mut Sources<'_>) -> Result<Selection, DiffError> {
    let mut selection = Selection::default();
    let mut open = Vec::new();
    for &root in roots {
        if let Some(atom) = sources.definitions.one(root) {
            selection.bindings.insert(root, Binding::Carried(atom.clone()));
            open.push(atom.clone());
        }
    }
    while let Some(atom) = open.pop() {
        if !selection.carried.insert(atom.clone()) {
            continue;
        }
        selection.atoms.push(atom.clone());
        let align = atom.atom().align;
        if align > PAGE {
            let now = format!("wants an alignment of {align} bytes; a patch has {PAGE} at most");
            obstacle(&mut selection, Refusal::Alignment, &atom, sources, &now);
        }
        if atom.atom().fallthrough_group.is_some() {
            obstacle(
                &mut selection,
                Refusal::Symbol,
                &atom,
                sources,
                "is assembler text that runs into the labels beside it, which hot does not move; \
                 give each function a section of its own",
            );
        }
        if atom.atom().kind == AtomKind::Slot
            && let Some(function) = atom.atom().name.and_then(|n| sources.hot.functions.get(&n))
        {
            open.push(function.entry.clone());
        }
        for reloc in atom.references() {
            // The module of a local-dynamic sequence is not what is being accessed.
            if reloc.kind == RelocKind::TlsLocal {
                continue;
            }
            if let RelocKind::Unknown(number) = reloc.kind {
                obstacle(
                    &mut selection,
                    Refusal::Relocation,
                    &atom,
                    sources,
                    &format!("has a relocation of ELF type {number}, which hot does not know"),
                );
                continue;
            }
            match atom.target_of(reloc) {
                RelocTarget::Private(target, _) => {
                    private(&mut selection, &atom, &target, sources);
                    open.push(target);
                }
                RelocTarget::Named(name, _) => {
                    if first_version(&atom, name, sources).is_some()
                        || selection.bindings.contains_key(&name)
                    {
                        continue;
                    }
                    let binding = bind(name, &atom, reloc, &mut selection, sources)?;
                    if let Some(binding) = binding {
                        if let Binding::Carried(target) = &binding {
                            open.push(target.clone());
                        }
                        selection.bindings.insert(name, binding);
                    }
                }
            }
        }
    }
    selection.locals = TlsLayout::new(&selection.atoms);
    if let (false, Some(largest)) = (selection.locals.fit(), selection.locals.largest().cloned()) {
        let now = format!(
            "is a new thread-local of {} bytes, aligned to {}; with the others of this patch it \
             does not fit the {LOCALS} bytes, aligned to {LOCALS_ALIGN}, that a running program \
             keeps for new ones: keep the value in a Box, or restart",
            largest.atom().size,
            largest.atom().align
        );
        obstacle(&mut selection, Refusal::ThreadLocal, &largest, sources, &now);
    }
    Ok(selection)
}

fn obstacle(
    selection: &mut Selection,
    why: Refusal,
    atom: &AtomRef,
    sources: &Sources<'_>,
    now: &str,
) {
    let item = atom.atom().name.map_or_else(
        || format!("a constant of {}", atom.object.unit),
        |name| match atom.atom().kind {
            // Without the cell that the macro has made.
            AtomKind::ThreadLocal => item_path(sources.names.text(name)),
            _ => sources.names.path(name),
        },
    );
    let detail = Detail::of(item, now.to_owned());
    if !selection.obstacles.contains(&(why, detail.clone())) {
        selection.obstacles.push((why, detail));
    }
}

fn private(selection: &mut Selection, from: &AtomRef, target: &AtomRef, sources: &Sources<'_>) {
    let label = target.atom().label;
    let what = |unnamed: &str| match label {
        None => unnamed.to_owned(),
        Some(label) => format!(
            "{}, which is private to {} and so has no name to find the running one by",
            sources.names.text(label),
            target.object.unit
        ),
    };
    match target.atom().kind {
        AtomKind::ThreadLocal => {
            let now = format!("uses {}", what("an unnamed thread-local"));
            obstacle(selection, Refusal::ThreadLocal, from, sources, &now)
        }
        // What belongs to a new static is new as well, unless the program has it already.
        AtomKind::Data
            if sources.guards.on(Guard::Unnamed)
                && (!from.atom().kind.is_state()
                    || label.is_some_and(|label| !sources.host.symbols(label).is_empty())) =>
        {
            let unnamed = "unnamed writable data, which cannot be told apart from the running one";
            obstacle(
                selection,
                Refusal::Static,
                from,
                sources,
                &format!("refers to {}", what(unnamed)),
            )
        }
        _ => {}
    }
}

/// Binds one name; `None` when something stands in the way, which is then noted.
fn bind(
    name: SymbolId,
    from: &AtomRef,
    reloc: &Reloc,
    selection: &mut Selection,
    sources: &mut Sources<'_>,
) -> Result<Option<Binding>, DiffError> {
    if let Some(atom) = sources.definitions.one(name).cloned() {
        return Ok(own(name, &atom, selection, sources));
    }
    // Carried by an earlier patch, out of an archive.
    if let Some(site) = sources.loaded.site(name) {
        return Ok(Some(Binding::At(site)));
    }
    let local = match reloc.target {
        RawTarget::Atom(index) => Some(from.sibling(index)),
        RawTarget::Symbol(_) => None,
    };
    let mangled = sources.names.is_mangled(name);
    let host = sources.host.unique(name).filter(|s| mangled || s.global);
    if let Some(symbol) = host {
        return Ok(Some(Binding::At(if symbol.thread_local {
            Location::ExecutableTls(sources.host.thread_offset(symbol.address))
        } else {
            Location::Executable(symbol.address)
        })));
    }
    if local.is_none() {
        match sources.archives.export(name, sources.names)? {
            Some(Export::Address) => return Ok(Some(Binding::Dynamic(name))),
            Some(Export::ThreadLocal) => {
                let path = sources.names.path(name);
                let now = format!(
                    "uses the thread-local {path} of a dynamic library, which new code has no \
                     way to"
                );
                obstacle(selection, Refusal::ThreadLocal, from, sources, &now);
                return Ok(None);
            }
            None => {}
        }
    }
    let several = !sources.host.symbols(name).is_empty();
    let outside = if local.is_some() {
        local
    } else if !mangled && sources.host.imports(name) {
        None
    } else {
        sources.archives.find(name, sources.names)?
    };
    let Some(atom) = outside else {
        if !mangled {
            return Ok(Some(Binding::Dynamic(name)));
        }
        let path = sources.names.path(name);
        obstacle(
            selection,
            Refusal::Symbol,
            from,
            sources,
            &format!(
                "needs {path}, which neither the program nor a library that it was built with contains"
            ),
        );
        return Ok(None);
    };
    let kind = atom.atom().kind;
    if several && kind.is_state() {
        let path = sources.names.path(name);
        obstacle(
            selection,
            Refusal::Static,
            from,
            sources,
            &format!("needs the static {path}, of which the program has several"),
        );
        return Ok(None);
    }
    Ok(Some(Binding::Carried(atom)))
}

/// Binds a name that the program's own crates define.
fn own(
    name: SymbolId,
    atom: &AtomRef,
    selection: &mut Selection,
    sources: &Sources<'_>,
) -> Option<Binding> {
    let kind = atom.atom().kind;
    if kind == AtomKind::Counter {
        return Some(Binding::Carried(atom.clone()));
    }
    let site = sources.loaded.site(name);
    let made = kind == AtomKind::Data && sources.names.is_made(name);
    let is_old = sources.loaded.contains(name) && !sources.lineage.is_unclear(name);
    if made && (sources.dirty.contains(&name) || !is_old) {
        selection.new_statics.insert(name);
        return Some(Binding::Carried(atom.clone()));
    }
    if kind.is_state() {
        if sources.lineage.is_unclear(name) {
            obstacle(
                selection,
                Refusal::Static,
                atom,
                sources,
                "is one of several of this path, which rustc has numbered anew: they cannot be told \
                 apart; give it a name of its own",
            );
            return None;
        }
        if let Some(site) = site {
            if let Some(now) = unfit(name, atom, sources) {
                obstacle(selection, Refusal::Static, atom, sources, now);
                return None;
            }
            if !sra::is_as_before(name, sources.loaded, sources.definitions, sources.names) {
                obstacle(selection, Refusal::Static, atom, sources, SPLIT);
                return None;
            }
            if kind != AtomKind::Slot {
                selection.state.insert(name);
            }
            return Some(Binding::At(site));
        }
        if sources.loaded.contains(name) {
            obstacle(
                selection,
                Refusal::Static,
                atom,
                sources,
                "is in the program several times under one name",
            );
            return None;
        }
        if sra::has_kin(name, sources.loaded, sources.names) {
            obstacle(selection, Refusal::Static, atom, sources, SPLIT);
            return None;
        }
        let why =
            if kind == AtomKind::ThreadLocal { Refusal::ThreadLocal } else { Refusal::Static };
        if sources.guards.on(Guard::Retyped) && retyped(name, sources) {
            let now = match atom.object.layouts().is_ok_and(ObjectLayouts::describes) {
                true => RETYPED,
                false => RENAMED,
            };
            obstacle(selection, why, atom, sources, now);
            return None;
        }
        if matches!(kind, AtomKind::Data | AtomKind::ThreadLocal) {
            selection.new_statics.insert(name);
        }
        return Some(Binding::Carried(atom.clone()));
    }
    let is_new = site.is_none() || sources.dirty.contains(&name);
    if is_new && sources.guards.on(Guard::Allocator) && is_allocator(&sources.names.path(name)) {
        obstacle(
            selection,
            Refusal::Allocator,
            atom,
            sources,
            "is the program's global allocator, which is another now: what one gives the other \
             must not free",
        );
        return None;
    }
    match site {
        Some(site) if !is_new => {
            if kind == AtomKind::Text {
                selection.called.insert(name);
            }
            Some(Binding::At(site))
        }
        _ => Some(Binding::Carried(atom.clone())),
    }
}

/// Whether this is what `#[global_allocator]` makes: std's own code in the program goes on calling
/// the one that it was linked with, and so does all old code.
fn is_allocator(path: &str) -> bool {
    const MADE: [&str; 4] =
        ["__rust_alloc", "__rust_dealloc", "__rust_realloc", "__rust_alloc_zeroed"];
    path.strip_prefix("__rustc::").is_some_and(|name| MADE.contains(&name))
}

/// Why new code cannot use the running static of this name: the name says nothing of `mut`, and
/// nothing of fields, so that what runs under it may be sealed, or smaller, or stand where the new
/// code's instructions cannot reach all of it at once.
fn unfit(name: SymbolId, atom: &AtomRef, sources: &Sources<'_>) -> Option<&'static str> {
    let now = atom.atom();
    let any = |unlike: &dyn Fn(&Atom) -> bool| {
        sources.loaded.copies(name).iter().any(|running| unlike(running.atom()))
    };
    if sources.guards.on(Guard::StateKind) && any(&|was| was.kind != now.kind) {
        return Some("is not what it was: the running one cannot be written to");
    }
    if sources.guards.on(Guard::StateSize) && any(&|was| was.size != now.size) {
        return Some("is not what it was: it has another size");
    }
    if sources.guards.on(Guard::StateAlignment) && any(&|was| was.align < now.align) {
        return Some("is not what it was: new code needs it aligned to more");
    }
    None
}

const RETYPED: &str =
    "has another type now; the running one keeps its value only if its type stays";
const RENAMED: &str = "goes by another symbol now: its type has changed, or rustc has numbered the \
                       impl blocks anew, which without debug information cannot be told apart";
const SPLIT: &str = "has been taken apart by the optimiser, otherwise than in the running program";

/// Whether a running static of the same path is not in the new objects any more: rustc's names
/// contain a hash of the type, so a static whose type has changed has a new name. A `thread_local!`
/// makes two, one for values with a destructor and one for those without: there, whether it is not
/// used any more.
fn retyped(name: SymbolId, sources: &Sources<'_>) -> bool {
    let path = sources.names.path(name);
    let has_gone = |old: SymbolId, is_local: bool| match sources.definitions.one(old) {
        None => true,
        Some(_) => is_local && !is_used(old, sources.definitions),
    };
    sources.loaded.iter().any(|(old, copies)| {
        copies.first().is_some_and(|copy| {
            let kind = copy.atom().kind;
            kind.is_state()
                && sources.names.path(old) == path
                && has_gone(old, kind == AtomKind::ThreadLocal)
        })
    })
}

/// Whether any of the newest objects refers to a name.
fn is_used(name: SymbolId, definitions: &Definitions) -> bool {
    let mut atoms = definitions.iter().flat_map(|(_, atoms)| atoms);
    atoms.any(|atom| {
        let mut meanings = atom.references().map(|reloc| atom.target_of(reloc));
        meanings.any(|meaning| matches!(meaning, RelocTarget::Named(named, _) if named == name))
    })
}
