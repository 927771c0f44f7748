//! The retainers of code that a patch replaces: who may hold on to it, as far as objects show.
//!
//! New callers get the new code; what was made before the patch may still lead to the old:
//!
//! - **an object behind a trait** keeps the vtable that it was made with. A vtable is a private
//!   constant of a known shape: drop glue or nothing, size, alignment, methods;
//! - **a future in flight** finishes on the body that it began with. rustc gives each such body the
//!   panic of a future that is polled after its end, which tells it from a closure;
//! - **a call that never returns**: no instruction of the function returns, and some jump goes
//!   backwards. A server's loop is the usual one;
//! - **a function pointer**: an address that stands in a static, or that code of the program takes
//!   without calling it. Formatting takes addresses all the time, and keeps none.
//!
//! None of this says that such a holder exists at this moment, but that the program makes them.

use super::control_flow;
use super::control_flow::never_returns;
use super::item::item;
use crate::diff::change::Analysis;
use crate::diff::object::{AtomKind, AtomRef, ObjectFile, SymbolId, SymbolTable, read_vtable};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The panic that stands in the body of each `async` function and block.
const RESUMED: &str = "panic_const_async_fn_resumed";

/// The retainers among what runs.
pub struct Retainers<'a> {
    analysis: &'a Analysis<'a>,
    /// The methods in the vtables of the process, and the statics that lead to each name.
    methods: HashSet<SymbolId>,
    statics: HashMap<SymbolId, Vec<SymbolId>>,
}

impl<'a> Retainers<'a> {
    /// Reads the vtables and the statics of what runs.
    pub fn new(analysis: &'a Analysis<'a>) -> Retainers<'a> {
        let loaded = &analysis.live;
        let mut objects: HashMap<*const ObjectFile, &Arc<ObjectFile>> = HashMap::new();
        for object in loaded.iter().flat_map(|(_, copies)| copies).map(|atom| &atom.object) {
            objects.insert(Arc::as_ptr(object), object);
        }
        let mut methods = HashSet::new();
        let mut statics: HashMap<SymbolId, Vec<SymbolId>> = HashMap::new();
        for object in objects.into_values() {
            for (index, atom) in object.atoms.iter().enumerate() {
                match (atom.kind, atom.name) {
                    (AtomKind::ReadOnly, None) => {
                        if let Some(table) = read_vtable(object, atom) {
                            methods.extend(table.methods.into_iter().flatten());
                            methods.extend(table.drop_glue);
                        }
                    }
                    (AtomKind::Data, Some(name)) => {
                        for &target in &object.out_edges[index] {
                            statics.entry(target).or_default().push(name);
                        }
                    }
                    _ => {}
                }
            }
        }
        Retainers { analysis, methods, statics }
    }

    /// Returns what may hold the running version of a function, in words.
    pub fn of(&self, name: SymbolId) -> BTreeSet<String> {
        let mut held = BTreeSet::new();
        let running = self.analysis.live.copies(name);
        let [first, ..] = running else { return held };
        if first.atom().kind != AtomKind::Text {
            return held;
        }
        let path = self.analysis.symbols.path(name);
        let own = item(&path, &self.analysis.crates);
        if is_async(running.iter(), self.analysis.symbols) {
            held.extend(own.map(|own| format!("a future of {own} in flight")));
            return held;
        }
        if let Some(own) = &own
            && running.iter().any(never_returns)
        {
            held.insert(format!(
                "a call of {own}, which never returns; what it calls can be #[hot]"
            ));
        }
        if self.methods.contains(&name) {
            held.extend(self.object(&path, running));
        }
        if !self.analysis.registry.bodies.contains(&name) {
            held.extend(self.pointers(name, &path));
        }
        held
    }

    /// Returns the kind of object whose vtable holds a method.
    fn object(&self, path: &str, running: &[AtomRef]) -> Option<String> {
        if let Some(of) = path.strip_prefix("core::ptr::drop_in_place<") {
            let of = of.strip_suffix('>')?;
            return super::item::is_own(of, &self.analysis.crates)
                .then(|| format!("an object made before (vtable of {of})"));
        }
        let shim = path.contains("{{vtable.shim}}") || path.contains("{{vtable-shim}}");
        if shim || path.contains("{{closure}}") || path.contains("{closure") {
            let called =
                running.iter().flat_map(|atom| atom.object.out_edges[atom.index as usize].iter());
            let mut paths = std::iter::once(path.to_owned())
                .chain(called.map(|&name| self.analysis.symbols.path(name)));
            let of = paths.find_map(|path| item(&path, &self.analysis.crates))?;
            return Some(format!("a closure made before in {of}"));
        }
        // References are made where they are needed, to format what they refer to.
        let own = item(path, &self.analysis.crates).filter(|_| !path.starts_with("<&"))?;
        let of = match own.strip_prefix('<').and_then(|rest| rest.rsplit_once(">::")) {
            Some((of, _)) => format!("<{of}>"),
            None => format!("dyn {}", own.rsplit_once("::")?.0),
        };
        Some(format!("an object made before (vtable of {of})"))
    }

    /// Returns where its address is, or may have been taken to.
    fn pointers(&self, name: SymbolId, path: &str) -> BTreeSet<String> {
        let mut held = BTreeSet::new();
        for &of in self.statics.get(&name).into_iter().flatten() {
            let of = item(&self.analysis.symbols.path(of), &self.analysis.crates);
            held.extend(of.map(|of| format!("a function pointer in static {of}")));
        }
        let function =
            item(path, &self.analysis.crates).is_some() && !path.contains(" as core::fmt::");
        if !function && !path.ends_with("FnOnce::call_once") {
            return held;
        }
        for &user in self.analysis.reverse_refs.of(name) {
            let Some(of) = item(&self.analysis.symbols.path(user), &self.analysis.crates) else {
                continue;
            };
            if self
                .analysis
                .live
                .copies(user)
                .iter()
                .any(|user| control_flow::takes_address(user, name))
            {
                held.insert(format!("a function pointer taken in {of}"));
            }
        }
        held
    }
}

/// Returns whether it is the body of an `async` function or block.
pub fn is_async<'a>(mut copies: impl Iterator<Item = &'a AtomRef>, symbols: &SymbolTable) -> bool {
    copies.any(|atom| {
        let out_edges = atom.object.out_edges[atom.index as usize].iter();
        out_edges.into_iter().any(|name| symbols.text(*name).contains(RESUMED))
    })
}
