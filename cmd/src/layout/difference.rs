//! What is told of a type that changed.

use super::symbol::short;
use std::fmt;

/// One thing that is not as it was.
///
/// Displayed, it reads
///
/// ```text
/// shop::Order changed: was 24 bytes, is 32
///   qty: u32 at 8 → u64 at 8
///   + note: Option<String> at 16
///   reached from: static shop::OPEN (HashMap<u64, Order>), argument 1 of shop::Cart::total
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What changed: a type by its full name, or `static shop::OPEN`, or `fn shop::total`.
    pub item: String,
    /// What it was, in a few words: `24 bytes`.
    pub was: String,
    /// What it is now.
    pub now: String,
    /// One line for each field, variant or value that came, went or became another.
    pub changes: Vec<String>,
    /// The bound statics and the functions whose values lead to it. Empty when nothing that is
    /// bound leads there: values may still lie behind trait objects and in running futures.
    pub reached_from: Vec<Origin>,
}

/// A place in the running program from which values of old layout reach new code, or the other way
/// round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A static or thread-local that stays the running one.
    Static {
        /// Its symbol, without `.llvm.<digits>`.
        symbol: String,
        /// Its path: `shop::OPEN`.
        path: String,
        /// Its type's full name.
        type_name: String,
    },
    /// An argument of a function.
    Argument {
        /// The function's symbol, without `.llvm.<digits>`.
        symbol: String,
        /// The function's path: `shop::Cart::total`.
        path: String,
        /// Counted from 1; the receiver counts.
        number: usize,
    },
    /// What a function answers.
    Result {
        /// The function's symbol, without `.llvm.<digits>`.
        symbol: String,
        /// The function's path.
        path: String,
    },
}

impl Origin {
    /// The symbol of the static or the function, as it was given in [`super::Bound`], without
    /// `.llvm.<digits>`.
    pub fn symbol(&self) -> &str {
        match self {
            Origin::Static { symbol, .. }
            | Origin::Argument { symbol, .. }
            | Origin::Result { symbol, .. } => symbol,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Static { path, type_name, .. } => {
                write!(f, "static {path} ({})", short(type_name))
            }
            Origin::Argument { path, number, .. } => write!(f, "argument {number} of {path}"),
            Origin::Result { path, .. } => write!(f, "result of {path}"),
        }
    }
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
