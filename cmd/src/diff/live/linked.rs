//! Compares the executable with the objects that it is said to be linked from.

use super::executable::Executable;
use super::location::Location;
use super::symbols::LiveSymbols;
use crate::diff::object::{
    AtomKind, AtomRef, DiffError, Program, RelocKind, SymbolId, SymbolTable,
};

/// Checks that the executable holds what the objects hold: every function that it has once
/// must have the same size and, outside of references, the same bytes. Functions that use
/// thread-locals are passed over, since the linker rewrites those accesses.
///
/// Names are answered that stand for something else in the executable. An inline or generic
/// function of a dependency is instantiated by any crate that calls it, under one name; the
/// linker may have dropped the program's own instance and kept that of a dependency, which
/// may have been compiled with other optimisation. What mentions one of the program's crates,
/// in its path or in a type, no dependency can instantiate: there a difference is an error.
pub fn check(
    executable: &Executable,
    loaded: &LiveSymbols,
    symbols: &SymbolTable,
    program: &Program,
) -> Result<Vec<SymbolId>, DiffError> {
    let mut others = Vec::new();
    for (name, copies) in loaded.iter() {
        let (Some(Location::Executable(address)), Some(copy)) =
            (loaded.location(name), copies.first())
        else {
            continue;
        };
        let atom = copy.atom();
        if atom.kind != AtomKind::Text || atom.relocs.iter().any(|r| is_rewritten(r.kind)) {
            continue;
        }
        let matches = |copy: &AtomRef| {
            executable.bytes(address, copy.atom().size).is_some_and(|linked| {
                let mut at = 0;
                copy.atom().relocs.iter().all(|reloc| {
                    let until = reloc.at as usize;
                    let (was, is) = (copy.bytes().get(at..until), linked.get(at..until));
                    at = until + reloc.kind.width();
                    was == is || reloc.kind == RelocKind::Got && is_relaxed(was, is)
                }) && linked.get(at..) == copy.bytes().get(at..)
            })
        };
        if !copies.iter().any(matches) {
            let path = symbols.path(name);
            if program.is_mentioned(&path) {
                return Err(DiffError::Stale { function: path });
            }
            others.push(name);
        }
    }
    Ok(others)
}

/// Reports whether the linker has put the address itself where the code before the field took it
/// from a word: `mov` has become `lea`, `call *` a call, `jmp *` a jump (psABI for x86-64,
/// "Optimize GOTPCRELX Relocations"; GNU ld does so for the older relocation as well).
fn is_relaxed(was: Option<&[u8]>, is: Option<&[u8]>) -> bool {
    let (Some([was @ .., a, b]), Some([is @ .., c, d])) = (was, is) else { return false };
    was == is
        && match ([*a, *b], [*c, *d]) {
            // The second byte names the register.
            ([0x8b, from], [0x8d, to]) => from == to,
            ([0xff, 0x15], [0x67, 0xe8]) => true,
            // The distance comes one byte sooner then, and a `nop` ends it.
            ([0xff, 0x25], [0xe9, _]) => true,
            _ => false,
        }
}

fn is_rewritten(kind: RelocKind) -> bool {
    matches!(
        kind,
        RelocKind::TlsGeneral
            | RelocKind::TlsLocal
            | RelocKind::GotThreadOffset
            | RelocKind::ModuleOffset32
    )
}

#[cfg(test)]
mod tests {
    use super::is_relaxed;

    #[test]
    fn what_linkers_make_of_a_load_of_an_address_is_known() {
        let relaxed = |was: &[u8], is: &[u8]| is_relaxed(Some(was), Some(is));
        // mov rax, [rip + …]; lea rax, [rip + …]
        assert!(relaxed(&[0x48, 0x8b, 0x05], &[0x48, 0x8d, 0x05]));
        assert!(!relaxed(&[0x48, 0x8b, 0x05], &[0x48, 0x8d, 0x0d]), "another register");
        assert!(!relaxed(&[0x48, 0x8b, 0x05], &[0x4c, 0x8d, 0x05]), "another prefix");
        assert!(relaxed(&[0x90, 0xff, 0x15], &[0x90, 0x67, 0xe8]));
        assert!(relaxed(&[0xff, 0x25], &[0xe9, 0x12]));
        assert!(!relaxed(&[0xff, 0x15], &[0xe8, 0x12]));
        assert!(!is_relaxed(Some(&[0x8b]), None));
    }
}
