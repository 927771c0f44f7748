//! The one table that all figures end up in.

use crate::spread::Spread;
use std::fmt::Write;

/// A goal that a value should not be above.
#[derive(Clone, Copy, Debug)]
pub struct Goal(pub f64);

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    value: String,
    spread: String,
    beside: String,
    goal: String,
}

impl Row {
    /// A ratio to a baseline of the same run, with both amounts beside it.
    pub fn ratio(
        what: impl Into<String>,
        measured: &[f64],
        baseline: &[f64],
        unit: Unit,
        goal: Option<Goal>,
    ) -> Row {
        let ratio = Spread::of_ratios(measured, baseline);
        let (m, b) = (Spread::of(measured).median, Spread::of(baseline).median);
        Row {
            what: what.into(),
            value: format!("{:.2}", ratio.median),
            spread: spread(&ratio, |n| format!("{n:.2}")),
            beside: format!("{} : {}", unit.write(m), unit.write(b)),
            goal: verdict(ratio.median, goal, |n| format!("{n}")),
        }
    }

    /// An amount.
    pub fn amount(what: impl Into<String>, samples: &[f64], unit: Unit, goal: Option<Goal>) -> Row {
        let all = Spread::of(samples);
        Row {
            what: what.into(),
            value: unit.write(all.median),
            spread: spread(&all, |n| unit.write(n)),
            beside: String::new(),
            goal: verdict(all.median, goal, |n| unit.write(n)),
        }
    }

    /// A sentence without a number.
    pub fn text(what: impl Into<String>, sentence: impl Into<String>) -> Row {
        Row {
            what: what.into(),
            value: String::new(),
            spread: String::new(),
            beside: sentence.into(),
            goal: String::new(),
        }
    }

    /// The same with more beside it.
    pub fn beside(mut self, more: &str) -> Row {
        let comma = if self.beside.is_empty() { "" } else { "; " };
        self.beside = format!("{}{comma}{more}", self.beside);
        self
    }

    /// As a line of the table.
    pub fn line(&self) -> String {
        let Row { what, value, spread, beside, goal } = self;
        let cells = [what, value, spread, beside, goal].map(|cell| cell.replace('|', "\\|"));
        format!("| {} |", cells.join(" | "))
    }
}

fn spread(of: &Spread, write: impl Fn(f64) -> String) -> String {
    match of.samples {
        0 | 1 => String::new(),
        n => format!("{} – {} ({n})", write(of.low), write(of.high)),
    }
}

fn verdict(value: f64, goal: Option<Goal>, write: impl Fn(f64) -> String) -> String {
    // Not a number is not a goal met.
    goal.map_or_else(String::new, |Goal(goal)| {
        format!("{}: {}", write(goal), if value <= goal { "met" } else { "missed" })
    })
}

/// The unit of an amount.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// Nanoseconds.
    Nanoseconds,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Instructions.
    Instructions,
}

impl Unit {
    fn write(self, n: f64) -> String {
        match self {
            Unit::Nanoseconds => format!("{n:.2} ns"),
            Unit::Microseconds => format!("{n:.0} µs"),
            Unit::Milliseconds => format!("{n:.0} ms"),
            Unit::Seconds => format!("{n:.2} s"),
            Unit::Bytes if n.abs() >= 10e6 => format!("{:.1} MB", n / 1e6),
            Unit::Bytes if n.abs() >= 10240.0 => format!("{:.0} KiB", n / 1024.0),
            Unit::Bytes => format!("{n:.0} bytes"),
            Unit::Instructions => format!("{n:.1}"),
        }
    }
}

/// The table, under a heading for each part.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a line, and shows it at once to whoever waits.
    pub fn push(&mut self, row: Row) {
        eprintln!("{}", row.line());
        self.rows.push(row);
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from(
            "| | ratio or value | middle half (samples) | measured : baseline | goal |\n\
             | --- | --- | --- | --- | --- |\n",
        );
        for row in &self.rows {
            let _ = writeln!(text, "{}", row.line());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_met_up_to_its_value_and_not_by_nothing() {
        let line = |m: &[f64], b: &[f64]| {
            Row::ratio("x", m, b, Unit::Milliseconds, Some(Goal(1.5))).line()
        };
        let met = "| x | 1.50 | 1.50 – 1.50 (2) | 3 ms : 2 ms | 1.5: met |";
        assert_eq!(line(&[3.0, 3.0], &[2.0, 2.0]), met);
        assert!(line(&[3.1], &[2.0]).ends_with("| 1.5: missed |"));
        assert!(line(&[], &[]).ends_with("| 1.5: missed |"));
    }
}
