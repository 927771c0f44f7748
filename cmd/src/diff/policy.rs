//! The guards by name, so that a test can take one away and see what would then go live.

use crate::layout::Check;
use std::collections::HashSet;

/// One reason to refuse a patch that could otherwise be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Guard {
    /// The executable is what was linked from the objects.
    Stale,
    /// A hot function's signature reads as before.
    Signature,
    /// A hot function's body is of the type that the running one has.
    BodyType,
    /// A hot function that was renamed is the only one of its name.
    Renamed,
    /// A generic instance does not share its code with another function.
    Merged,
    /// A running static is written to if and only if the new code may write to it.
    StateKind,
    /// A running static has the size that new code takes it to have.
    StateSize,
    /// A running static is aligned as new code takes it to be.
    StateAlignment,
    /// A new static is not an old one of another type.
    Retyped,
    /// Memory is given and freed by one allocator.
    Allocator,
    /// Writable data without a name comes only with what it belongs to.
    Unnamed,
    /// Without a description, an argument or result has the size and the alignment that it had.
    Sizes,
    /// Without a description, the entry of a hot function has its sizes.
    SizesTold,
    /// Without a description, nothing is taken for a renamed static or generic instance.
    Nameless,
    /// Without a description, methods behind trait objects have the places that they had.
    Places,
    /// A part of the layout guard.
    Layout(Check),
}

impl Guard {
    /// All of them.
    pub const ALL: [Guard; 23] = [
        Guard::Stale,
        Guard::Signature,
        Guard::BodyType,
        Guard::Renamed,
        Guard::Merged,
        Guard::StateKind,
        Guard::StateSize,
        Guard::StateAlignment,
        Guard::Retyped,
        Guard::Allocator,
        Guard::Unnamed,
        Guard::Sizes,
        Guard::SizesTold,
        Guard::Nameless,
        Guard::Places,
        Guard::Layout(Check::State),
        Guard::Layout(Check::Calls),
        Guard::Layout(Check::Behind),
        Guard::Layout(Check::Methods),
        Guard::Layout(Check::Tables),
        Guard::Layout(Check::TypeIds),
        Guard::Layout(Check::Mentions),
        Guard::Layout(Check::Untyped),
    ];
}

/// Which guards stand: all, outside of tests.
#[derive(Clone, Debug, Default)]
pub struct Guards {
    off: HashSet<Guard>,
}

impl Guards {
    /// Returns all guards but these.
    pub fn without(off: impl IntoIterator<Item = Guard>) -> Guards {
        Guards { off: off.into_iter().collect() }
    }

    /// Reports whether a guard stands.
    pub fn on(&self, guard: Guard) -> bool {
        !self.off.contains(&guard)
    }

    /// Returns the parts of the layout guard that do not stand.
    pub fn layout_checks_off(&self) -> Vec<Check> {
        let check = |guard: &Guard| match guard {
            Guard::Layout(check) => Some(*check),
            _ => None,
        };
        self.off.iter().filter_map(check).collect()
    }
}
