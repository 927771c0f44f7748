//! What is told of code that goes on as it was, with `hot list` beside it; and the dry run.

use crate::{
    project::{PLAIN, Project},
    session::Session,
    tool,
};
use serde_json::Value;

/// A list of `hot list` for one function of the program: layer and number of its patch.
fn listed(session: &Session, name: &str) -> (String, Option<u64>) {
    let output = tool::command().args(["list", "--json", &session.pid.to_string()]).output();
    let output = output.expect("the tool to start");
    let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let functions = list["functions"].as_array().expect("functions");
    let function = functions.iter().find(|f| f["name"] == name).expect("it is listed");
    let layer = function["layer"].as_str().expect("a layer").to_owned();
    (layer, function["patch"]["number"].as_u64())
}

#[test]
fn who_goes_on_with_old_code_is_told() {
    let copy = PLAIN.copies[0];
    let mut project = Project::lay(&PLAIN);
    // Who answers is not hot: through `unreached` it comes to the tax without a hot function.
    let file = copy.file("price.rs");
    project.replace(&file, &[("let fixed = 77;", "let fixed = rates::with_tax(70);")]);
    let mut session = Session::start_in(project);
    session.expect("main binary unreached", "78");
    let total = copy.function("price/total");
    assert_eq!(listed(&session, &total), ("original".into(), None));

    let taxes = copy.file("taxes.rs");
    let outcome = session.live(&taxes, &[("price * percent / 100", "price * percent / 50")]);
    let event = &outcome.event;
    assert_eq!(event["not_live"], serde_json::json!([]), "{event}");
    let partly = event["partly"].as_array().expect("a list");
    assert_eq!(partly.len(), 1, "{event}");
    let ends = |value: &Value, end: &str| value.as_str().is_some_and(|item| item.ends_with(end));
    assert!(ends(&partly[0]["item"], "taxes::share"), "{event}");
    assert!(ends(&partly[0]["old_in"][0], "price::unreached"), "{event}");
    assert!(session.tool.output().contains("goes on with the old"), "it is not told");
    // And so it is.
    session.expect("main binary unreached", "78");
    assert_eq!(listed(&session, &total), ("live".into(), event["patch"].as_u64()));

    // A future that has begun keeps its code.
    let flight = copy.file("flight.rs");
    let outcome = session.live(&flight, &[("\"old\"", "\"new\"")]);
    let held = outcome.event["held"].as_array().expect("a list").clone();
    assert!(held.iter().any(|held| ends(&held["by"], "flight::fly in flight")), "{held:?}");
    session.finish();
}

#[test]
fn a_dry_run_judges_and_changes_nothing() {
    let copy = PLAIN.copies[0];
    let mut session = Session::start_with(Project::lay(&PLAIN), &["--dry-run"], &[]);
    session.expect("main binary price 3", "30 asked=1");
    session.edit(&copy.file("price.rs"), &[("units * 10", "units * 12")]);
    let event = session.outcome().event;
    assert_eq!(event["event"], "no-effect", "{event}");
    assert_eq!(event["dry_run"]["functions"][0], copy.function("price/price").as_str(), "{event}");
    session.expect("main binary price 3", "30 asked=2");
    // What would be refused is, and nothing is restarted.
    session.edit(&copy.file("ledger.rs"), &[("amount: u32", "amount: u64"), (" as u32", "")]);
    let event = session.outcome().event;
    assert_eq!((&event["event"], &event["next"]), (&"refused".into(), &"keep".into()), "{event}");
    assert_eq!(event["dry_run"], true, "{event}");
    session.expect("main binary price 3", "30 asked=3");
    // A manifest is cargo's, and so is what follows: rustc's commands are not what they were.
    let price = copy.file("price.rs");
    for (file, from, to) in [("Cargo.toml", "0.1.0", "0.1.1"), (&price, "units * 12", "units * 13")]
    {
        session.edit(file, &[(from, to)]);
        let event = session.outcome().event;
        let answer = (&event["event"], &event["why"], &event["code"]);
        assert_eq!(answer, (&"refused".into(), &"restart".into(), &"HOT0302".into()), "{event}");
        assert_eq!(event["dry_run"], true, "{event}");
    }
    session.expect("main binary price 3", "30 asked=4");
    session.finish();
}
