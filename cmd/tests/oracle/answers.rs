//! Answers, and what the tool says about them.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The threads that answer.
pub const THREADS: [&str; 3] = ["main", "one", "two"];

/// Questions whose answers come from functions that no slot leads to: the item of whose being old
/// the tool must have reported.
const EXCUSED: [(&str, &str); 3] =
    [("stale", "footer"), ("keep/old_areas", "Round"), ("keep/old_work", "worker")];

/// Answers by question.
pub type Answers = BTreeMap<String, String>;

/// Answers as the program writes them.
pub fn parse(answers: &str) -> Answers {
    answers
        .split_whitespace()
        .map(|answer| {
            let (question, answer) = answer.split_once('=').unwrap_or_else(|| panic!("{answer}"));
            (question.to_owned(), answer.to_owned())
        })
        .collect()
}

/// The questions that are answered otherwise, or not at all: question, answer, other answer.
pub fn differences(one: &Answers, other: &Answers) -> Vec<(String, String, String)> {
    let questions: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let of = |answers: &Answers, question: &String| {
        answers.get(question).map_or("nothing", String::as_str).to_owned()
    };
    questions
        .into_iter()
        .filter(|question| one.get(*question) != other.get(*question))
        .map(|question| (question.clone(), of(one, question), of(other, question)))
        .collect()
}

/// Returns the item whose old code excuses an old answer to this question.
pub fn excuse(question: &str) -> Option<&'static str> {
    let (asked, _) = question.split_once('@')?;
    EXCUSED.iter().find(|(excused, _)| *excused == asked).map(|(_, item)| *item)
}

/// Returns the items that an event reports to be not live, or not everywhere, and of a patch what it left as
/// it was.
pub fn not_live(event: &Value) -> Vec<String> {
    let list = |field: &str| event[field].as_array().cloned().unwrap_or_default();
    let names = ["not_live", "changed", "gone"].into_iter().flat_map(list);
    let items = ["partly", "held"].into_iter().flat_map(list).map(|left| left["item"].clone());
    names.chain(items).filter_map(|name| name.as_str().map(str::to_owned)).collect()
}
