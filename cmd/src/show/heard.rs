//! Which warnings of the compiler were told already.
//!
//! A warning that stands is said by every compilation of its crate, by rustc after a save and by
//! cargo at a restart. It is news once: until a compilation that succeeds is without it.

use std::collections::{BTreeMap, BTreeSet};

/// The warnings of each crate, as they were told.
#[derive(Debug, Default)]
pub struct Heard {
    /// What the last compilations said.
    before: BTreeMap<String, BTreeSet<String>>,
    /// What this one has said so far.
    now: BTreeMap<String, BTreeSet<String>>,
}

impl Heard {
    /// Whether this warning of a crate is news.
    pub fn is_news(&mut self, of: &str, warning: &str) -> bool {
        let first = self.now.entry(of.to_owned()).or_default().insert(warning.to_owned());
        first && !self.before.get(of).is_some_and(|told| told.contains(warning))
    }

    /// The compilation of one crate is over. One that failed may not have said everything.
    pub fn compiled(&mut self, of: &str, success: bool) {
        let now = self.now.remove(of).unwrap_or_default();
        let before = self.before.entry(of.to_owned()).or_default();
        if success {
            before.clear();
        }
        before.extend(now);
    }

    /// A build of all crates is over.
    pub fn built(&mut self, success: bool) {
        if success {
            self.before.clear();
        }
        for of in Vec::from_iter(self.now.keys().cloned()) {
            self.compiled(&of, success);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_news_until_it_is_gone() {
        let mut heard = Heard::default();
        assert!(heard.is_news("a", "unused"));
        heard.compiled("a", true);
        assert!(!heard.is_news("a", "unused"), "said again by a build");
        assert!(heard.is_news("b", "unused"), "another crate's");
        heard.built(true);
        // A failure says nothing of it, but it may still stand.
        heard.compiled("a", false);
        assert!(!heard.is_news("a", "unused"));
        heard.compiled("a", true);
        // Mended, and back.
        heard.compiled("a", true);
        assert!(heard.is_news("a", "unused"));
        heard.built(true);
        heard.built(true);
        assert!(heard.is_news("a", "unused") && heard.is_news("b", "unused"));
    }

    #[test]
    fn what_is_said_twice_at_once_is_told_once() {
        let mut heard = Heard::default();
        assert!(heard.is_news("a", "unused"));
        assert!(!heard.is_news("a", "unused"));
    }
}
