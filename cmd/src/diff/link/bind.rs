//! Binds the names that new code refers to.
//!
//! - What the program's own crates define is bound as `super::own` says.
//! - What is not defined there is the executable's, if its name is unique there, else what a
//!   dynamic library of Rust exports, else it comes out of an archive, else it is a dynamic symbol.

use super::own;
use super::selection::{Binding, Selection};
use crate::diff::change::Analysis;
use crate::diff::live::{Baseline, Location};
use crate::diff::object::{AtomRef, DiffError, Export, RawTarget, Reloc, SymbolId};
use crate::refusal::Refusal;

/// Binds one name; `None` when something stands in the way, which is then noted.
pub fn bind(
    name: SymbolId,
    from: &AtomRef,
    reloc: &Reloc,
    selection: &mut Selection,
    analysis: &Analysis<'_>,
) -> Result<Option<Binding>, DiffError> {
    if let Some(atom) = analysis.definitions().one(name) {
        return Ok(own::bind(name, atom, selection, analysis));
    }
    // Carried by an earlier patch, out of an archive, or in the executable.
    let location = analysis.live.location(name).or_else(|| in_executable(name, analysis));
    if let Some(location) = location {
        return Ok(Some(Binding::At(location)));
    }
    let found = match reloc.target {
        RawTarget::Atom(index) => Foreign::Atom(from.sibling(index)),
        RawTarget::Symbol(_) => outside(name, analysis)?,
    };
    let (why, now) = match found {
        Foreign::Dynamic => return Ok(Some(Binding::Dynamic(name))),
        Foreign::Atom(atom) if is_one_of_several(name, &atom, analysis) => {
            let path = analysis.symbols.path(name);
            (Refusal::Static, format!("needs the static {path}, of which the program has several"))
        }
        Foreign::Atom(atom) => return Ok(Some(Binding::Carried(atom))),
        Foreign::Obstacle(why, now) => (why, now),
    };
    selection.refuse(why, from, now, analysis);
    Ok(None)
}

/// Returns where the one thing is that has this name in the executable.
fn in_executable(name: SymbolId, analysis: &Analysis<'_>) -> Option<Location> {
    let executable = &analysis.baseline.executable;
    let is_mangled = analysis.symbols.is_mangled(name);
    let symbol = executable.unique(name).filter(|symbol| is_mangled || symbol.global)?;
    Some(executable.location(&symbol))
}

/// Something that neither the program's own crates define nor the process has.
enum Foreign {
    /// Code or data of an object.
    Atom(AtomRef),
    /// A symbol that the dynamic loader knows.
    Dynamic,
    /// Something that new code cannot refer to: the kind of refusal, and a sentence.
    Obstacle(Refusal, String),
}

/// Looks a name up in the libraries that the program was built with.
fn outside(name: SymbolId, analysis: &Analysis<'_>) -> Result<Foreign, DiffError> {
    let Baseline { symbols, archives, executable, .. } = analysis.baseline;
    match archives.export(name, symbols)? {
        Some(Export::Address) => return Ok(Foreign::Dynamic),
        Some(Export::ThreadLocal) => {
            let path = symbols.path(name);
            let now = format!(
                "uses the thread-local {path} of a dynamic library, which new code has no way to"
            );
            return Ok(Foreign::Obstacle(Refusal::ThreadLocal, now));
        }
        None => {}
    }
    let is_mangled = symbols.is_mangled(name);
    let is_imported = !is_mangled && executable.imports(name);
    let member = if is_imported { None } else { archives.find(name, symbols)? };
    Ok(match member {
        Some(atom) => Foreign::Atom(atom),
        None if !is_mangled => Foreign::Dynamic,
        None => {
            let path = symbols.path(name);
            let now = format!(
                "needs {path}, which neither the program nor a library that it was built with \
                 contains"
            );
            Foreign::Obstacle(Refusal::Symbol, now)
        }
    })
}

/// Reports whether an atom is state of which the executable has several by one name.
fn is_one_of_several(name: SymbolId, atom: &AtomRef, analysis: &Analysis<'_>) -> bool {
    atom.atom().kind.is_state() && !analysis.baseline.executable.symbols(name).is_empty()
}
