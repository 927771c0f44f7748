//! Cases: panics, errors, edits without effect, many edits.

use crate::{functions::ask_total, project::Copy, session::Session};

/// A panic in new code unwinds through it, runs its destructors, and is caught by old code.
pub fn panic(session: &mut Session, copy: Copy) {
    let file = copy.file("fragile.rs");
    for (verb, old, new, answer) in [
        ("fragile", "n + 1", "panic!(\"no to {n}\")", "caught: no to 3"),
        ("later", "n + 2", "panic!(\"later no to {n}\")", "caught: later no to 3"),
    ] {
        let cleaned = |session: &mut Session| {
            let answer = session.ask(&format!("two {} {verb} 3", copy.name));
            let (text, count) = answer.split_once(" cleaned=").expect("a count");
            (text.to_owned(), count.parse::<u64>().expect("a number"))
        };
        let (_, before) = cleaned(session);
        session.live(&file, &[(old, new)]);
        for more in 1..=2 {
            assert_eq!(cleaned(session), (answer.to_owned(), before + more));
        }
        session.live(&file, &[(new, old)]);
        assert_eq!(cleaned(session).1, before + 3);
    }
}

/// The same in a task: its handle tells, the runtime goes on.
pub fn panic_in_a_task(session: &mut Session, copy: Copy) {
    if !session.project.fixture.tasks {
        return;
    }
    let file = copy.file("fragile.rs");
    let ask = format!("one task {} 3", copy.name);
    session.expect(&ask, "joined 5");
    session.live(&file, &[("n + 2", "panic!(\"not in a task: {n}\")")]);
    session.expect(&ask, "panicked: not in a task: 3");
    session.live(&file, &[("panic!(\"not in a task: {n}\")", "n + 40")]);
    session.expect(&ask, "joined 43");
}

/// Source that does not compile: the diagnostic is told, the last good code runs on; then a fix.
pub fn error_then_fix(session: &mut Session, copy: Copy) {
    let file = copy.file("taxes.rs");
    let (_, total) = ask_total(session, copy);
    session.edit(&file, &[("share(price, 10)", "share(price, \"ten\")")]);
    compile_error(session, "E0308");
    assert_eq!(ask_total(session, copy).1, total);
    session.edit(&file, &[("share(price, \"ten\")", "share(price, 10")]);
    compile_error(session, "delimiter");
    assert_eq!(ask_total(session, copy).1, total);
    session.check();

    session.live(&file, &[("share(price, 10", "share(price, 10) + 200")]);
    assert_eq!(ask_total(session, copy).1, total + 200);
}

/// Source that does not compile, put back as it was: nothing differs from what runs.
pub fn error_then_undone(session: &mut Session, copy: Copy) {
    let file = copy.file("taxes.rs");
    let (_, total) = ask_total(session, copy);
    session.edit(&file, &[("share(price, 10)", "share(prices, 10)")]);
    compile_error(session, "E0425");
    session.edit(&file, &[("share(prices, 10)", "share(price, 10)")]);
    no_effect(session);
    assert_eq!(ask_total(session, copy).1, total);
    session.check();
}

/// A function that no hot function reaches: told as no effect, or as not live beside what is.
pub fn unreached(session: &mut Session, copy: Copy) {
    let file = copy.file("price.rs");
    let ask = format!("main {} unreached", copy.name);
    session.expect(&ask, "78");
    session.edit(&file, &[("let fixed = 77;", "let fixed = 87;")]);
    let event = no_effect(session);
    let changed = event["changed"].as_array().expect("a list");
    assert!(
        changed.iter().any(|name| name.as_str().is_some_and(|n| n.contains("unreached"))),
        "{event}"
    );
    assert_eq!(changed.len(), 1, "{event}");
    assert!(event["why"].as_str().is_some_and(|why| why.contains("#[hot]")), "{event}");
    session.expect(&ask, "78");

    let outcome = session
        .live(&file, &[("let fixed = 87;", "let fixed = 97;"), ("{price} asked", "{price}_asked")]);
    outcome.swapped_only(&copy.function("price/price"));
    let not_live = outcome.names("not_live");
    assert!(not_live.iter().any(|name| name.contains("unreached")), "{not_live:?}");
    session.expect(&ask, "78");
    session.live(&file, &[("{price}_asked", "{price} asked")]);
}

/// A comment changes no code.
pub fn comment(session: &mut Session, copy: Copy) {
    let file = copy.file("taxes.rs");
    session.edit(&file, &[("/// The tax on a price.", "/// The tax that is due on a price.")]);
    let event = no_effect(session);
    assert_eq!(event["changed"].as_array().map(Vec::len), Some(0), "{event}");
    session.check();
}

/// A save that leaves the content as it was is no change at all.
pub fn same_content(session: &mut Session, copy: Copy) {
    let file = copy.file("taxes.rs");
    for _ in 0..2 {
        let text = session.project.read(&file);
        session.project.write(&file, &text);
    }
    // The next event would be that of the empty saves, had there been one: `live` would fail.
    let (_, total) = ask_total(session, copy);
    session.live(&file, &[("share(price, 10)", "3 + share(price, 10)")]);
    assert_eq!(ask_total(session, copy).1, total + 3);
}

/// Thirty edits, one after the other, each seen by the next question.
pub fn thirty_edits(session: &mut Session, copy: Copy) {
    let file = copy.file("price.rs");
    let ask = format!("two {} price 2", copy.name);
    let first = session.ask(&ask);
    let mut asked: u64 = first.rsplit('=').next().and_then(|n| n.parse().ok()).expect("a number");
    let text = session.project.read(&file);
    let mut old =
        text.lines().find(|line| line.contains("let price = ")).expect("the line").to_owned();
    for round in 1..=30 {
        // Now one string, now another, so that the size of the code and of its data changes too.
        let new = match round % 3 {
            0 => format!("    let price = units * {round};"),
            1 => format!("    let price = [{round}; 4].iter().sum::<u64>() / 4 * units;"),
            _ => format!(
                "    let price = format!(\"{{}}\", units * {round}).len() as u64 * 0 + units * {round};"
            ),
        };
        session.live(&file, &[(&old, &new)]).swapped(&copy.function("price/price"));
        asked += 1;
        session.expect(&ask, &format!("{} asked={asked}", 2 * round));
        old = new;
    }
}

fn compile_error(session: &mut Session, text: &str) {
    let event = session.outcome().event;
    assert_eq!(event["event"], "compile-error", "{event}");
    assert!(event["rendered"].as_str().is_some_and(|rendered| rendered.contains(text)), "{event}");
    assert!(session.tool.output().contains(text), "the diagnostic is not shown: {text}");
}

fn no_effect(session: &mut Session) -> serde_json::Value {
    let event = session.outcome().event;
    assert_eq!(event["event"], "no-effect", "{event}");
    event
}
