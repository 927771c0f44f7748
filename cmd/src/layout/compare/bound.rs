//! The things that old and new code share, as the caller of the comparison knows them.

/// The parts of the running program that new code may meet, and which of them are compared.
#[derive(Clone, Debug, Default)]
pub struct Bound<'a> {
    /// Symbols of the statics and thread-locals that the patch refers to. The hash in a symbol
    /// covers the names and the visibility of the fields of every type in the static's own type,
    /// so that an edit there renames the static: either symbol may be given, the other side is
    /// then found by path.
    pub statics: Vec<&'a str>,
    /// Symbols of all other statics and thread-locals in the process.
    pub state: Vec<&'a str>,
    /// The hot functions whose slots are swapped.
    pub functions: Vec<HotFunction<'a>>,
    /// The crates whose types are written for this program, as in paths. Where their fields do not
    /// tell what they lead to, nothing does.
    pub own: Vec<&'a str>,
    /// Crates that are neither the program's own nor keep values that they do not know.
    pub trusted: Vec<&'a str>,
    /// The checks that are left out, to see what each of them finds.
    #[doc(hidden)]
    pub off: Vec<Check>,
}

impl Bound<'_> {
    /// Reports whether a check is made.
    pub(super) fn checks(&self, check: Check) -> bool {
        !self.off.contains(&check)
    }

    /// Reports whether a type, by its name, is of a crate of the program's own.
    pub(super) fn is_own(&self, type_name: &str) -> bool {
        self.own.contains(&type_name.split("::").next().unwrap_or_default())
    }
}

/// A hot function, before and after.
#[derive(Clone, Debug)]
pub struct HotFunction<'a> {
    /// Symbols of the code that runs: all that it has had.
    pub was: Vec<&'a str>,
    /// Symbol of the new code.
    pub now: &'a str,
    /// The name for people.
    pub name: &'a str,
}

/// A part of the comparison that tests switch off.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    /// The types of statics and thread-locals.
    State,
    /// The arguments and results of hot functions.
    Calls,
    /// The types behind trait objects.
    Behind,
    /// The types that methods behind trait objects take and return.
    Methods,
    /// Places and signatures in the tables of methods.
    Tables,
    /// The types of generic instances that may find values by `TypeId`.
    TypeIds,
    /// The types that the name of a `dyn` type mentions.
    Mentions,
    /// Pointers that do not tell what they lead to.
    Untyped,
}
