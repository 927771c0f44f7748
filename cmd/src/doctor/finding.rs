//! The results of checks.

/// The state of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// As it must be.
    Good,
    /// It works, but not all of it, or not well.
    Concern,
    /// Edits cannot go live.
    Prevents,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The thing that was looked at, in a word.
    pub what: &'static str,
    /// How it stands.
    pub health: Health,
    /// The observation.
    pub found: String,
    /// The remedy; empty when there is nothing to do.
    pub todo: String,
}

impl Finding {
    /// Makes a finding of something that is as it must be.
    pub fn good(what: &'static str, found: impl Into<String>) -> Finding {
        Finding { what, health: Health::Good, found: found.into(), todo: String::new() }
    }

    /// Makes a finding of something that does not work well.
    pub fn concern(
        what: &'static str,
        found: impl Into<String>,
        todo: impl Into<String>,
    ) -> Finding {
        Finding { what, health: Health::Concern, found: found.into(), todo: todo.into() }
    }

    /// Makes a finding of something that prevents edits from going live.
    pub fn prevents(
        what: &'static str,
        found: impl Into<String>,
        todo: impl Into<String>,
    ) -> Finding {
        Finding { what, health: Health::Prevents, found: found.into(), todo: todo.into() }
    }
}
