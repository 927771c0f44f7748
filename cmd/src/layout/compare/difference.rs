//! A type that changed, in words.

use crate::symbol::short_type_name;
use std::fmt;

/// One thing that is not as it was.
///
/// Displayed, it reads
///
/// ```text
/// shop::Order changed: was 24 bytes, is 32
///   qty: u32 at 8    →  u64 at 8
///   + note: Option<String> at 16
///   reached from: static shop::OPEN (HashMap<u64, Order>), argument 1 of shop/cart/*Cart.total
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The item that changed: a type by its full name, or `static shop::OPEN`, or a hot function.
    pub item: String,
    /// The old state, in a few words: `24 bytes`.
    pub was: String,
    /// The new state.
    pub now: String,
    /// One line for each field, variant or value that came, went or became another.
    pub changes: Vec<String>,
    /// The shared things from which it is found. Empty when it is told of a shared thing itself.
    pub reached_from: Vec<Origin>,
}

impl Difference {
    /// A difference of which nothing more is known.
    pub(super) fn of(item: String, was: String, now: String) -> Difference {
        Difference { item, was, now, changes: Vec::new(), reached_from: Vec::new() }
    }
}

/// A place in the running program from which values of old layout reach new code, or the other way
/// round. `roots` says why these.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A static or thread-local that stays the running one.
    Static {
        /// Its path: `shop::OPEN`.
        path: String,
        /// Its type's full name.
        type_name: String,
    },
    /// An argument of a hot function.
    Argument {
        /// The function, for people.
        function: String,
        /// Counted from 1; the receiver counts.
        number: usize,
    },
    /// The result of a hot function.
    Result {
        /// The function, for people.
        function: String,
    },
    /// It may be behind a trait object that can be asked for it.
    Behind {
        /// The type and the trait: `<shop::Order as core::any::Any>`.
        table: String,
    },
    /// A method that is called through trait objects takes or gives it.
    Method {
        /// `Priced::price`.
        method: String,
    },
    /// It may be found again by its `TypeId`.
    Instance {
        /// The crate whose generic code may do so.
        by: String,
    },
    /// A pointer leads to it, or elsewhere: nothing tells.
    Untyped {
        /// The type that has the pointer.
        what: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Static { path, type_name } => {
                write!(f, "static {path} ({})", short_type_name(type_name))
            }
            Origin::Argument { function, number } => write!(f, "argument {number} of {function}"),
            Origin::Result { function } => write!(f, "result of {function}"),
            Origin::Behind { table } => write!(f, "trait objects ({})", short_type_name(table)),
            Origin::Method { method } => write!(f, "trait objects, through {method}"),
            Origin::Instance { by } => write!(f, "what {by} may find again by its type"),
            Origin::Untyped { what } => write!(f, "what is not described: {what}"),
        }
    }
}

/// Lines of which those with an arrow have it in one column:
/// `qty: u32 at 8    →  u64 at 8`.
pub(super) fn columns(lines: &[String]) -> Vec<String> {
    let split = |line: &String| line.split_once(" → ").map(|(was, _)| was.chars().count());
    let width = lines.iter().filter_map(split).max().unwrap_or(0);
    let line = |line: &String| match line.split_once(" → ") {
        Some((was, now)) => format!("{was:width$}    →  {now}"),
        None => line.clone(),
    };
    lines.iter().map(line).collect()
}

/// How many origins are shown before the rest is only counted.
const SHOWN: usize = 4;

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.was == self.now {
            write!(f, "{} changed: {} as before", self.item, self.now)?;
        } else {
            // "was 24 bytes, is 32"
            let now = self.now.strip_suffix(" bytes").filter(|_| self.was.ends_with(" bytes"));
            let now = now.unwrap_or(&self.now);
            write!(f, "{} changed: was {}, is {now}", self.item, self.was)?;
        }
        for change in &self.changes {
            write!(f, "\n  {change}")?;
        }
        // A `thread_local!` makes two statics of one path.
        let mut origins: Vec<String> = Vec::new();
        for origin in self.reached_from.iter().map(ToString::to_string) {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        let more = origins.len().saturating_sub(SHOWN);
        origins.truncate(SHOWN);
        match (origins.is_empty(), more) {
            (true, _) => Ok(()),
            (false, 0) => write!(f, "\n  reached from: {}", origins.join(", ")),
            (false, more) => write!(f, "\n  reached from: {} and {more} more", origins.join(", ")),
        }
    }
}
