//! The verdict over a save.

use crate::diff::impact::NotApplied;
use crate::refusal::{Detail, Refusal};
use crate::symbol::as_written;
use hot_patch::patch::Patch;

/// The outcome of judging a save.
#[derive(Debug)]
pub enum Verdict {
    /// There is something to load.
    Patch(Box<Prepared>),
    /// Nothing would be swapped.
    NoEffect {
        /// Demangled names of functions and statics that changed.
        changed: Vec<String>,
        /// Why that has no effect now.
        why: String,
    },
    /// It cannot go live.
    Refused {
        /// The kind of the first obstacle.
        why: Refusal,
        /// Each item that stands in the way.
        details: Vec<Detail>,
    },
}

impl Verdict {
    /// Returns the verdict in the names of the source, without those that `#[hot]` has made.
    pub fn in_source_names(mut self) -> Verdict {
        let plain = |text: &mut String| *text = as_written(text);
        match &mut self {
            // Of items, which are plain.
            Verdict::Patch(_) => {}
            Verdict::NoEffect { changed, why } => {
                changed.iter_mut().for_each(plain);
                plain(why);
            }
            Verdict::Refused { details, .. } => {
                for Detail { item, was, now, lines } in details {
                    let texts = [Some(item), was.as_mut(), now.as_mut()].into_iter().flatten();
                    texts.chain(lines).for_each(plain);
                }
            }
        }
        self
    }
}

/// A patch that is not loaded yet.
#[derive(Debug)]
pub struct Prepared {
    /// The patch to send.
    pub patch: Patch,
    /// Names of the hot functions whose slots it swaps.
    pub functions: Vec<String>,
    /// Names of the hot functions that come with it.
    pub added: Vec<String>,
    /// All items that changed in this save.
    pub changed: Vec<String>,
    /// The part of that which it does not apply.
    pub not_applied: NotApplied,
    /// New statics that come with it.
    pub new_statics: usize,
}
