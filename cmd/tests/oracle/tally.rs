//! How steps ended, counted.

use std::{collections::BTreeMap, fmt};

/// How one step ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The kind of the event.
    pub outcome: String,
    /// Why it was refused.
    pub why: Option<String>,
    /// The item that stood in the way first.
    pub item: String,
    /// The edit compiles and leaves layouts, and the signatures of hot functions, as they were.
    pub calm: bool,
}

/// The counts of a sequence.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Number of steps that ended.
    pub steps: usize,
    outcomes: BTreeMap<String, usize>,
    refused: BTreeMap<String, usize>,
    calm: usize,
    needless: BTreeMap<String, usize>,
    kinds: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Ending {
    /// Reports whether the program was restarted although nothing asked for it.
    fn is_needless(&self) -> bool {
        self.calm && ["refused", "restarted"].contains(&self.outcome.as_str())
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome)?;
        if let Some(why) = &self.why {
            write!(f, " ({why}: {})", self.item)?;
        }
        if self.is_needless() { write!(f, ", needlessly") } else { Ok(()) }
    }
}

impl Tally {
    /// Counts a step.
    pub fn count(&mut self, kind: &str, ending: &Ending) {
        self.steps += 1;
        *self.outcomes.entry(ending.outcome.clone()).or_default() += 1;
        let why = ending.why.as_ref().unwrap_or(&ending.outcome);
        if let Some(why) = &ending.why {
            *self.refused.entry(why.clone()).or_default() += 1;
        }
        self.calm += usize::from(ending.calm);
        if ending.is_needless() {
            *self.needless.entry(why.clone()).or_default() += 1;
        }
        let outcome = if ending.outcome == "refused" {
            let needlessly = if ending.calm { " needlessly" } else { "" };
            format!("refused {why}{needlessly}")
        } else {
            ending.outcome.clone()
        };
        *self.kinds.entry(kind.to_owned()).or_default().entry(outcome).or_default() += 1;
    }

    /// The outcomes of each kind of edit, a line each.
    pub fn by_kind(&self) -> String {
        let lines = self.kinds.iter().map(|(kind, o)| format!("{kind:>24}: {}\n", listed(o)));
        lines.collect()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} edits: {}", self.steps, listed(&self.outcomes))?;
        if !self.refused.is_empty() {
            write!(f, " ({})", listed(&self.refused))?;
        }
        let needless: usize = self.needless.values().sum();
        write!(f, "; needless {needless} of {}", self.calm)?;
        if needless > 0 { write!(f, " ({})", listed(&self.needless)) } else { Ok(()) }
    }
}

fn listed(counts: &BTreeMap<String, usize>) -> String {
    let parts: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    parts.join(", ")
}
