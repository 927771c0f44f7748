//! The reference of refusals, `docs/refusals.md`, as it follows from the kinds.

use super::code::Refusal;
use std::fmt::Write as _;

/// The subjects, by the first two digits of their codes.
const SUBJECTS: [(&str, &str); 5] = [
    ("HOT01", "Types and state"),
    ("HOT02", "Linking"),
    ("HOT03", "Building"),
    ("HOT04", "The program"),
    ("HOT09", "hot itself"),
];

/// The text before the first subject.
const INTRODUCTION: &str = "\
# Refusals

A change that cannot go live is refused, with a reason that has a code:

    ✗ not live[HOT0103] (layout)
        shop::Order changed: was 24 bytes, is 32

The event in the file of `--events` has the same code, and the word beside it:

    {\"event\":\"refused\",\"why\":\"layout\",\"code\":\"HOT0103\",\"details\":[…],\"next\":\"restart\"}

In `details`, `was` and `now` are null where there is nothing to compare. A code never changes its
meaning. Unless `--no-restart` is given, a refusal is followed by a build and a restart.

<!-- Made from cmd/src/refusal/code.rs: HOT_BLESS=1 cargo test -p hot-cli --lib reference -->
";

/// Returns the reference of all refusals, in Markdown.
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (prefix, subject) in SUBJECTS {
        _ = writeln!(text, "\n## {subject}");
        for refusal in Refusal::ALL.iter().filter(|refusal| refusal.code().starts_with(prefix)) {
            let (code, word) = (refusal.code(), refusal.word());
            let (title, remedy) = (wrap(refusal.title()), wrap(refusal.remedy()));
            _ = writeln!(text, "\n### {code}: {word}\n\n{title}\n\n{remedy}");
        }
    }
    text
}

/// Breaks a sentence into lines.
fn wrap(sentence: &str) -> String {
    const WIDTH: usize = 100;
    let mut text = String::new();
    let mut column = 0;
    for word in sentence.split(' ') {
        let width = word.chars().count();
        if column > 0 {
            let fits = column + 1 + width <= WIDTH;
            text.push(if fits { ' ' } else { '\n' });
            column = if fits { column + 1 } else { 0 };
        }
        text.push_str(word);
        column += width;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_is_what_the_kinds_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/refusals.md");
        if std::env::var_os("HOT_BLESS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), reference());
    }

    #[test]
    fn each_refusal_has_a_subject_and_the_lines_are_not_long() {
        let text = reference();
        for refusal in Refusal::ALL {
            assert_eq!(text.matches(&format!("### {}: ", refusal.code())).count(), 1);
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}
