//! What a save changed, in words: items that the person wrote, not what the compiler made of them.

use super::atom::{AtomRef, Kind};
use super::compare::Compare;
use super::dirty::differs;
use super::name::{Name, Names};
use super::program::{Definitions, Program};
use super::world::Loaded;
use crate::symbol::as_written;
use std::collections::{BTreeSet, HashSet};

/// The names that this save changed.
pub struct Report {
    changed: Vec<(Name, Kind)>,
    crates: Vec<String>,
}

impl Report {
    /// Compares the newest objects with those of the save before, and with what runs: an edit that
    /// is taken back before it went live has changed nothing. Unless what runs is stale: then it is
    /// the same code, but calls what has been replaced since (`unlike_first`).
    pub fn new(
        newest: &Program,
        before: &Definitions,
        now: &Definitions,
        loaded: &Loaded,
        stale: &HashSet<Name>,
        unlike_first: impl FnOnce(&mut Compare<'_>) -> HashSet<Name>,
        compare: &mut Compare<'_>,
    ) -> Report {
        let told = |atoms: &[AtomRef]| {
            matches!(
                atoms[0].atom().kind,
                Kind::Text | Kind::ReadOnly | Kind::Data | Kind::ThreadLocal
            )
        };
        let (mut changed, mut back) = (Vec::new(), Vec::new());
        for (name, atoms) in now.iter().filter(|(_, atoms)| told(atoms)) {
            if differs(atoms, before.all(name), compare) {
                let name_and_kind = (name, atoms[0].atom().kind);
                if differs(atoms, loaded.copies(name), compare) {
                    changed.push(name_and_kind);
                } else if stale.contains(&name) {
                    back.push(name_and_kind);
                }
            }
        }
        if !back.is_empty() {
            let old = unlike_first(compare);
            changed.extend(back.into_iter().filter(|(name, _)| old.contains(name)));
        }
        changed.sort_unstable_by_key(|(name, _)| *name);
        Report { changed, crates: newest.crate_names() }
    }

    /// The changed names.
    pub fn names(&self) -> impl Iterator<Item = (Name, Kind)> {
        self.changed.iter().copied()
    }

    /// The program's crates.
    pub fn crates(&self) -> &[String] {
        &self.crates
    }

    /// The item that a changed name belongs to, if it is one of the program's.
    pub fn item(&self, names: &Names, name: Name, kind: Kind) -> Option<String> {
        let item = item(&names.path(name), &self.crates)?;
        Some(match kind {
            Kind::Data | Kind::ThreadLocal => format!("{item} (its initial value)"),
            _ => item,
        })
    }

    /// The changed items, each once, in order.
    pub fn changed(&self, names: &Names) -> Vec<String> {
        let items: BTreeSet<String> =
            self.names().filter_map(|(name, kind)| self.item(names, name, kind)).collect();
        items.into_iter().collect()
    }
}

/// What becomes of hot functions that the source has since this save, or has no longer, when
/// nothing is swapped.
pub fn arrivals(added: &[&str], gone: &[&str]) -> String {
    let mut text = String::new();
    if !added.is_empty() {
        text += &format!(
            "; {} new: what is new or renamed goes live with a #[hot] \
             function that calls it, or at restart",
            are(added)
        );
    }
    if !gone.is_empty() {
        text += &format!(
            "; {} gone from the source: what still calls it gets its last code",
            are(gone)
        );
    }
    text
}

fn are(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// Whether the item of a path, or what it implements, is of one of these crates.
pub(super) fn is_own(path: &str, crates: &[String]) -> bool {
    let own = |text: &str| {
        crates
            .iter()
            .any(|name| text.strip_prefix(name.as_str()).is_some_and(|r| r.starts_with("::")))
    };
    let bare = path.trim_start_matches(['<', '&', '[', '(']);
    let bare = bare.strip_prefix("mut ").unwrap_or(bare);
    let implemented = path.starts_with('<').then(|| path.split_once(" as ")).flatten();
    own(bare) || implemented.is_some_and(|(_, of)| own(of))
}

/// The item that a path belongs to, if it is one of these crates: closures and what `#[hot]` has
/// made belong to the function around them.
pub(super) fn item(path: &str, crates: &[String]) -> Option<String> {
    if !is_own(path, crates) {
        return None;
    }
    let mut item = path;
    for inner in ["::{{closure}}", "::{closure"] {
        item = item.split(inner).next().unwrap_or(item);
    }
    // A hot impl of a trait stands in a block of its own.
    let made = item.split_once("::_::<impl ").and_then(|(_, header)| {
        let (header, method) = header.rsplit_once(">::")?;
        let (of, it) = header.split_once(" for ")?;
        Some(format!("<{it} as {of}>::{method}"))
    });
    Some(as_written(made.as_deref().unwrap_or(item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_what_the_person_wrote() {
        let crates = ["shop".to_owned()];
        let item = |path| item(path, &crates);
        assert_eq!(item("shop::cart::total").as_deref(), Some("shop::cart::total"));
        assert_eq!(item("shop::cart::total::__hot_total").as_deref(), Some("shop::cart::total"));
        assert_eq!(item("shop::Cart::__hot_total").as_deref(), Some("shop::Cart::total"));
        assert_eq!(item("shop::Cart::__hotbox_load").as_deref(), Some("shop::Cart::load"));
        assert_eq!(item("shop::Cart::__hot_box_load").as_deref(), Some("shop::Cart::box_load"));
        assert_eq!(item("shop::run::{{closure}}::{{closure}}").as_deref(), Some("shop::run"));
        assert_eq!(
            item("shop::run::__hot_run::RATE::{{closure}}").as_deref(),
            Some("shop::run::RATE")
        );
        assert_eq!(
            item("<shop::Cart as core::fmt::Display>::fmt").as_deref(),
            Some("<shop::Cart as core::fmt::Display>::fmt")
        );
        for hot in [
            "<shop::Cart as shop::cart::_::__HotDisplay>::__hot_fmt",
            "shop::cart::_::<impl Display for shop::Cart>::fmt",
            "shop::cart::_::<impl Display for shop::Cart>::fmt::__HOT_SLOT",
        ] {
            assert_eq!(item(hot).as_deref(), Some("<shop::Cart as Display>::fmt"));
        }
        assert_eq!(item("core::ptr::drop_in_place<shop::Cart>"), None);
        assert_eq!(item("shopping::total"), None);
    }
}
