//! Equality of atoms: whether two mean the same.
//!
//! Bytes are compared outside of the fields that relocations fill in, and each relocation by what
//! it asks for and by what it refers to: something named by its name, a private constant by its
//! content (its name in the object changes with every edit of its unit). Private constants may
//! refer to each other in circles; a pair that is being compared is assumed to be the same, which
//! is right unless a difference is found elsewhere on the circle.
//!
//! One difference is not counted: the line and column of a panic location. A line inserted above a
//! function moves them all, and a function is not to be replaced for that; until it is replaced for
//! another reason it reports the lines that it was compiled with, as its debug information does.

use crate::diff::live::SymbolHistory;
use crate::diff::object::{Atom, AtomKind, AtomRef, Reloc, RelocKind, RelocTarget, UnwindRecord};
use std::collections::HashSet;
use std::sync::Arc;

/// A comparison of atoms that remembers what it has found the same.
#[derive(Default)]
pub struct Equality {
    history: Arc<SymbolHistory>,
    same: HashSet<(AtomRef, AtomRef)>,
}

impl Equality {
    /// Returns a comparison that knows which symbols mean one item, and nothing else yet.
    pub fn new(history: Arc<SymbolHistory>) -> Equality {
        Equality { history, same: HashSet::new() }
    }

    /// Returns whether some copy is unlike every copy that runs.
    pub fn differs(&mut self, new: &[AtomRef], old: &[AtomRef]) -> bool {
        new.iter().any(|n| !old.iter().any(|o| self.same(o, n)))
    }

    /// Returns whether a running atom and a new one mean the same.
    pub fn same(&mut self, a: &AtomRef, b: &AtomRef) -> bool {
        if a == b || self.same.contains(&(a.clone(), b.clone())) {
            return true;
        }
        let mut assumed = Vec::new();
        let same = self.pair(a, b, &mut assumed);
        if !same {
            // What was found on the way may rest on an assumption that failed.
            for pair in assumed {
                self.same.remove(&pair);
            }
        }
        same
    }

    fn pair(&mut self, a: &AtomRef, b: &AtomRef, assumed: &mut Vec<(AtomRef, AtomRef)>) -> bool {
        if a == b {
            return true;
        }
        let key = (a.clone(), b.clone());
        if !self.same.insert(key.clone()) {
            return true;
        }
        assumed.push(key);
        let (x, y) = (a.atom(), b.atom());
        if x.kind != y.kind || x.size != y.size || x.relocs.len() != y.relocs.len() {
            return false;
        }
        if !equal_outside(a.bytes(), b.bytes(), &x.relocs, &y.relocs) && !is_moved_location(a, b) {
            return false;
        }
        if !self.references(a, &x.relocs, b, &y.relocs, assumed) {
            return false;
        }
        let whole = |(first, last): (u32, u32)| first..last + 1;
        let (p, q) =
            (x.fallthrough_group.map_or(0..0, whole), y.fallthrough_group.map_or(0..0, whole));
        if p.len() != q.len()
            || !p.zip(q).all(|(i, j)| self.pair(&a.sibling(i), &b.sibling(j), assumed))
        {
            return false;
        }
        match (&x.frame, &y.frame) {
            (None, None) => true,
            (Some(f), Some(g)) => {
                let (c, d) = (&a.object.cies[f.cie as usize], &b.object.cies[g.cie as usize]);
                self.records(a, c, b, d, assumed)
                    && self.records(a, &f.record, b, &g.record, assumed)
            }
            _ => false,
        }
    }

    fn records(
        &mut self,
        a: &AtomRef,
        x: &UnwindRecord,
        b: &AtomRef,
        y: &UnwindRecord,
        assumed: &mut Vec<(AtomRef, AtomRef)>,
    ) -> bool {
        equal_outside(content(x), content(y), &shift(&x.relocs), &shift(&y.relocs))
            && self.references(a, &x.relocs, b, &y.relocs, assumed)
    }

    fn references(
        &mut self,
        a: &AtomRef,
        x: &[Reloc],
        b: &AtomRef,
        y: &[Reloc],
        assumed: &mut Vec<(AtomRef, AtomRef)>,
    ) -> bool {
        x.len() == y.len()
            && x.iter().zip(y).all(|(r, s)| {
                r.at == s.at
                    && r.kind == s.kind
                    && match (a.target_of(r), b.target_of(s)) {
                        (RelocTarget::Named(m, i), RelocTarget::Named(n, j)) => {
                            self.history.same(m, n) && i == j
                        }
                        (RelocTarget::Private(c, i), RelocTarget::Private(d, j)) => {
                            self.private(&c, i, &d, j, assumed)
                        }
                        _ => false,
                    }
            })
    }

    fn private(
        &mut self,
        a: &AtomRef,
        i: i64,
        b: &AtomRef,
        j: i64,
        assumed: &mut Vec<(AtomRef, AtomRef)>,
    ) -> bool {
        match (piece(a, i), piece(b, j)) {
            (Some(p), Some(q)) => p == q,
            (None, None) => i == j && self.pair(a, b, assumed),
            _ => false,
        }
    }
}

/// Returns the part of a mergeable section that a reference uses, and the offset in it.
fn piece(atom: &AtomRef, offset: i64) -> Option<(&[u8], u64)> {
    let AtomKind::Merge { size, strings } = atom.atom().kind else { return None };
    let bytes = atom.bytes();
    let at = u64::try_from(offset).ok().filter(|&at| at < bytes.len() as u64)?;
    if strings {
        let rest = &bytes[at as usize..];
        let width = size as usize;
        let end = rest
            .chunks(width)
            .position(|c| c.iter().all(|&b| b == 0))
            .unwrap_or(rest.len() / width);
        Some((&rest[..end * width], 0))
    } else {
        let start = at - at % size;
        Some((bytes.get(start as usize..(start + size) as usize)?, at - start))
    }
}

/// Returns the content of an unwind record: not its length, nor the distance to its CIE, nor the
/// zeros behind it, of which the last record of a section has more than the others.
fn content(record: &UnwindRecord) -> &[u8] {
    let last = record.relocs.iter().map(|r| r.at as usize + r.kind.width()).max().unwrap_or(0);
    let end = record.bytes.iter().rposition(|&byte| byte != 0).map_or(0, |at| at + 1);
    record.bytes.get(8..end.max(last)).unwrap_or(&[])
}

fn shift(relocs: &[Reloc]) -> Vec<Reloc> {
    relocs.iter().filter(|r| r.at >= 8).map(|r| Reloc { at: r.at - 8, ..*r }).collect()
}

/// Reports whether the bytes are the same outside of the fields of the relocations, which stand at
/// the same offsets in both.
fn equal_outside(a: &[u8], b: &[u8], x: &[Reloc], y: &[Reloc]) -> bool {
    if a.len() != b.len() || x.len() != y.len() || x.iter().zip(y).any(|(r, s)| r.at != s.at) {
        return false;
    }
    let mut at = 0;
    for reloc in x {
        let start = (reloc.at as usize).min(a.len());
        if start > at && a[at..start] != b[at..start] {
            return false;
        }
        at = at.max((start + reloc.kind.width()).min(a.len()));
    }
    a[at..] == b[at..]
}

/// Reports whether two private constants are one panic location on different lines: 24 bytes, the
/// file's name as pointer and length, line and column (`core::panic::Location`). Other constants
/// have this shape too, such as `("lib.rs", 42u64)`; but the name in a location alone is followed
/// by a NUL, which its length does not count.
fn is_moved_location(a: &AtomRef, b: &AtomRef) -> bool {
    let shape = |atom: &Atom| {
        atom.name.is_none()
            && atom.kind == AtomKind::ReadOnly
            && atom.size == 24
            && matches!(atom.relocs[..], [Reloc { at: 0, kind: RelocKind::Absolute64, .. }])
    };
    shape(a.atom())
        && shape(b.atom())
        && a.bytes().get(8..16) == b.bytes().get(8..16)
        && is_source_file(a)
        && is_source_file(b)
}

fn is_source_file(location: &AtomRef) -> bool {
    let RelocTarget::Private(file, at) = location.target_of(&location.atom().relocs[0]) else {
        return false;
    };
    let length = location.bytes().get(8..16).and_then(|b| b.try_into().ok());
    length.map(u64::from_le_bytes).is_some_and(|length| {
        let (at, length) = (at as usize, length as usize);
        at.checked_add(length)
            .and_then(|end| file.bytes().get(at..=end))
            .is_some_and(|name| name.ends_with(b".rs\0"))
    })
}
