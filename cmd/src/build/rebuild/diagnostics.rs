//! The messages of rustc while it compiles a crate: one JSON object a line, diagnostics for people
//! and notices of what has been written.

use crate::build::cargo::output_budget::{self, OutputBudget};
use crate::build::cargo::plain;
use serde::Deserialize;
use std::io::BufRead;

/// The result of one compilation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compiled {
    /// True if it succeeded.
    pub success: bool,
    /// Its diagnostics, in order, without the lines that only count.
    pub diagnostics: Vec<Diagnostic>,
    /// The lines of its diagnostics as they came, which cargo keeps of a crate; none where that is
    /// too much, or where there was more.
    pub kept: Option<Vec<u8>>,
}

/// One thing that rustc says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// As rustc renders it, with colours.
    pub text: String,
    /// Its weight.
    pub weight: Weight,
}

/// The weight of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It does not compile for this reason.
    Error,
    /// It compiles in spite of this.
    Warning,
    /// More about the errors: where they are explained.
    Note,
}

impl Compiled {
    /// The texts of one weight, in order.
    pub fn of(&self, weight: Weight) -> impl Iterator<Item = &str> {
        self.diagnostics.iter().filter(move |d| d.weight == weight).map(|d| d.text.as_str())
    }

    /// The errors without colours.
    pub fn plain_errors(&self) -> String {
        plain(self.of(Weight::Error).collect::<String>().as_bytes())
    }
}

#[derive(Deserialize)]
struct Line {
    rendered: Option<String>,
    level: Option<String>,
    #[serde(default)]
    message: String,
    /// Of a notice: the kind of file that has been written.
    emit: Option<String>,
}

/// The beginning of one of rustc's objects.
const OBJECT: &[u8] = br#"{"$message_type""#;

/// Reads all that rustc says; what is no JSON (a panic of the compiler) is kept as it is.
/// `metadata` is called when the crate's metadata has been written: nothing but code is missing
/// then.
pub(super) fn read(from: impl BufRead, metadata: &mut dyn FnMut()) -> Compiled {
    let mut compiled = Compiled { kept: Some(Vec::new()), ..Compiled::default() };
    let [mut errors, mut warnings, mut notes] = [(); 3].map(|()| OutputBudget::default());
    for line in output_budget::lines(from).map_while(Result::ok) {
        let Some(line) = line else {
            errors.leave_out();
            compiled.kept = None;
            continue;
        };
        // What the compiler's libraries say has no line of its own: `rustc-LLVM ERROR: {"$mess…`.
        let start = line.windows(OBJECT.len()).position(|part| part == OBJECT).unwrap_or(0);
        let (before, line) = line.split_at(start);
        let text = String::from_utf8_lossy(before).trim_end().to_owned() + "\n";
        if !before.is_empty() && errors.admits(&text) {
            compiled.diagnostics.push(Diagnostic { text, weight: Weight::Error });
        }
        let parsed = serde_json::from_slice::<Line>(line);
        let is_one = parsed.as_ref().is_ok_and(|line| line.rendered.is_some());
        if let Some(kept) = compiled.kept.as_mut().filter(|_| is_one) {
            kept.extend([line, b"\n"].concat());
        }
        if !before.is_empty() || parsed.is_err() || is_too_much(&compiled) {
            compiled.kept = None;
        }
        let (text, weight) = match parsed {
            Ok(Line { message, .. }) if only_counts(&message) => continue,
            Ok(Line { rendered: Some(text), level, .. }) => match level.as_deref() {
                Some(level) if level.starts_with("error") => (text, Weight::Error),
                Some("failure-note") => (text, Weight::Note),
                _ => (text, Weight::Warning),
            },
            Ok(Line { emit, .. }) => {
                if emit.as_deref() == Some("metadata") {
                    metadata();
                }
                continue;
            }
            Err(_) => (String::from_utf8_lossy(line).into_owned() + "\n", Weight::Error),
        };
        let ration = match weight {
            Weight::Error => &mut errors,
            Weight::Warning => &mut warnings,
            Weight::Note => &mut notes,
        };
        if ration.admits(&text) {
            compiled.diagnostics.push(Diagnostic { text, weight });
        }
    }
    let rests = [(warnings, "warning", Weight::Warning), (errors, "error", Weight::Error)];
    for (ration, what, weight) in rests {
        let rest = ration.rest(what).map(|text| Diagnostic { text, weight });
        compiled.diagnostics.extend(rest);
    }
    compiled
}

fn is_too_much(compiled: &Compiled) -> bool {
    compiled.kept.as_ref().is_some_and(|kept| kept.len() > output_budget::KEPT)
}

/// Reports whether a message only counts what was said before it. Cargo leaves these out as well.
fn only_counts(message: &str) -> bool {
    message.starts_with("aborting due to ")
        || message.ends_with(" warning emitted")
        || message.ends_with(" warnings emitted")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_are_told_apart() {
        let text = concat!(
            r#"{"$message_type":"artifact","artifact":"/t/a.d","emit":"dep-info"}"#,
            "\n",
            r#"{"$message_type":"artifact","artifact":"/t/a.rmeta","emit":"metadata"}"#,
            "\n",
            r#"{"$message_type":"diagnostic","level":"warning","message":"w","rendered":"W\n"}"#,
            "\n",
            r#"{"$message_type":"diagnostic","level":"error","rendered":"[31mE[0m\n"}"#,
            "\n",
            r#"{"level":"error","message":"aborting due to 1 previous error","rendered":"A\n"}"#,
            "\n",
            r#"{"level":"warning","message":"1 warning emitted","rendered":"C\n"}"#,
            "\n",
            r#"{"level":"failure-note","message":"For more","rendered":"F\n"}"#,
            "\n",
            "thread 'rustc' panicked\n",
            r#"LLVM ERROR: {"$message_type":"diagnostic","level":"error","rendered":"full\n"}"#,
            "\n",
        );
        let mut noticed = 0;
        let compiled = read(text.as_bytes(), &mut || noticed += 1);
        assert_eq!(noticed, 1);
        assert_eq!(compiled.of(Weight::Warning).collect::<Vec<_>>(), ["W\n"]);
        assert_eq!(compiled.of(Weight::Note).collect::<Vec<_>>(), ["F\n"]);
        let errors: Vec<&str> = compiled.of(Weight::Error).skip(1).collect();
        assert_eq!(errors, ["thread 'rustc' panicked\n", "LLVM ERROR:\n", "full\n"]);
        assert!(!compiled.plain_errors().contains("aborting"), "{compiled:?}");
    }

    /// Twenty megabytes of warnings, as many of errors: the first of both are there.
    #[test]
    fn of_a_flood_the_first_are_kept_and_the_others_counted() {
        let line = |level: &str, n: usize| {
            let rendered = format!("{level} {n}: {}\n", "x".repeat(2000));
            serde_json::json!({"level": level, "message": "m", "rendered": rendered}).to_string()
        };
        let all = ["warning", "error"].map(|level| (0..10_000).map(move |n| line(level, n)));
        let text = all.into_iter().flatten().collect::<Vec<_>>().join("\n");
        assert!(text.len() > 40_000_000);
        let compiled = read(text.as_bytes(), &mut || {});
        for (weight, name) in [(Weight::Warning, "warning"), (Weight::Error, "error")] {
            let said: Vec<&str> = compiled.of(weight).collect();
            let bytes: usize = said.iter().map(|text| text.len()).sum();
            assert!(
                bytes < output_budget::KEPT + 200 && bytes > output_budget::KEPT - 4000,
                "{bytes}"
            );
            assert!(said[0].starts_with(&format!("{name} 0:")));
            let left_out = 10_000 - (said.len() - 1);
            let rest = format!("{name}: {left_out} more are not shown");
            assert!(said.last().unwrap().starts_with(&rest), "{:?}", said.last());
        }
    }
}
