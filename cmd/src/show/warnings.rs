//! Warnings of the compiler, each reported once.
//!
//! A warning that stands is repeated by every compilation of its crate, by rustc after a save and
//! by cargo at a restart. It is news once: until a compilation that succeeds is without it.

use std::collections::{BTreeMap, BTreeSet};

/// The warnings of each crate that were reported.
#[derive(Debug, Default)]
pub struct WarningDedup {
    /// Those of the last compilations.
    before: BTreeMap<String, BTreeSet<String>>,
    /// Those of this one, as far as it has come.
    now: BTreeMap<String, BTreeSet<String>>,
}

impl WarningDedup {
    /// Records a warning of a crate. Reports whether it is news.
    pub fn is_news(&mut self, of: &str, warning: &str) -> bool {
        let first = self.now.entry(of.to_owned()).or_default().insert(warning.to_owned());
        first && !self.before.get(of).is_some_and(|told| told.contains(warning))
    }

    /// Records that the compilation of one crate is over. One that failed may not have said
    /// everything.
    pub fn compiled(&mut self, of: &str, success: bool) {
        let now = self.now.remove(of).unwrap_or_default();
        let before = self.before.entry(of.to_owned()).or_default();
        if success {
            before.clear();
        }
        before.extend(now);
    }

    /// Records that a build of all crates is over.
    pub fn built(&mut self, success: bool) {
        if success {
            self.before.clear();
        }
        for of in Vec::from_iter(self.now.keys().cloned()) {
            self.compiled(&of, success);
        }
    }
}

/// Returns what tells a crate from the others of the program, a library from a program of its name
/// too.
pub fn crate_label(name: &str, program: bool) -> String {
    format!("{}{}", name.replace('-', "_"), if program { "!" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_news_until_it_is_gone() {
        let mut warnings = WarningDedup::default();
        assert!(warnings.is_news("a", "unused"));
        warnings.compiled("a", true);
        assert!(!warnings.is_news("a", "unused"), "said again by a build");
        assert!(warnings.is_news("b", "unused"), "another crate's");
        warnings.built(true);
        // A failure says nothing of it, but it may still stand.
        warnings.compiled("a", false);
        assert!(!warnings.is_news("a", "unused"));
        warnings.compiled("a", true);
        // Mended, and back.
        warnings.compiled("a", true);
        assert!(warnings.is_news("a", "unused"));
        warnings.built(true);
        warnings.built(true);
        assert!(warnings.is_news("a", "unused") && warnings.is_news("b", "unused"));
    }

    #[test]
    fn what_is_said_twice_at_once_is_told_once() {
        let mut warnings = WarningDedup::default();
        assert!(warnings.is_news("a", "unused"));
        assert!(!warnings.is_news("a", "unused"));
    }
}
