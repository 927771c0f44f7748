//! Cases: the code of functions that exist.

use crate::{
    project::Copy,
    session::{Session, THREADS},
    tool::eventually,
};

/// New code that itself touches every kind of state finds all of it, on every thread.
pub fn touches_all_state(session: &mut Session, copy: Copy) {
    let file = copy.file("state.rs");
    for _ in 0..3 {
        let old = session.revision(copy);
        let new = old + 1;
        let line = |revision| format!("const REVISION: u64 = {revision};");
        session.edit(&file, &[(&line(old), &line(new))]);
        let outcome = session.applied();
        outcome.swapped(&copy.function("state/beat"));
        assert_eq!(outcome.event["new_statics"], 0, "{}", outcome.event);
        session.revised(copy, new);
        session.check();
    }
}

/// The body of a hot function.
pub fn body(session: &mut Session, copy: Copy) {
    let ask = |thread: &str| format!("{thread} {} price 3", copy.name);
    session.expect(&ask("main"), "30 asked=1");
    let outcome = session.live(&copy.file("price.rs"), &[("units * 10", "units * 12")]);
    outcome.swapped_only(&copy.function("price/price"));
    for (thread, asked) in THREADS.iter().zip(2..) {
        session.expect(&ask(thread), &format!("36 asked={asked}"));
    }
}

/// A private function two calls below the hot one, in another module; then the one in between; then
/// the hot one itself, which has a static; then the one below again.
pub fn helper_below(session: &mut Session, copy: Copy) {
    let hot = copy.function("price/total");
    let (asked, total) = ask_total(session, copy);
    assert_eq!(total, 110);
    for (count, (file, old, new, total)) in [
        ("taxes.rs", "price * percent / 100", "price * percent / 50", 120),
        ("rates.rs", "price + taxes::tax(price)", "price + 1 + taxes::tax(price)", 121),
        ("price.rs", "+ rates::with_tax(price)", "+ 2 + rates::with_tax(price)", 123),
        ("taxes.rs", "price * percent / 50", "price * percent / 25", 143),
        ("rates.rs", "price + 1 + taxes", "price + 2 + taxes", 144),
    ]
    .into_iter()
    .enumerate()
    {
        session.live(&copy.file(file), &[(old, new)]).swapped_only(&hot);
        assert_eq!(ask_total(session, copy), (asked + 1 + count as u64, total), "{file}: {new}");
    }
}

/// The answer to `total 100`: how often it was asked, and the total.
pub fn ask_total(session: &mut Session, copy: Copy) -> (u64, u64) {
    let answer = session.ask(&format!("one {} total 100", copy.name));
    let answer: u64 = answer.parse().expect("a number");
    (answer / 1000, answer % 1000)
}

/// A method of a trait, called on a boxed value from before the first edit.
pub fn trait_method(session: &mut Session, copy: Copy) {
    let ask = format!("main {} keep area", copy.name);
    session.expect(&ask, "49");
    let change = ("self.side * self.side", "self.side * self.side + 1");
    let outcome = session.live(&copy.file("keep.rs"), &[change]);
    outcome.swapped_only(&copy.function("keep/*Square.Shape.area"));
    session.expect(&ask, "50");
}

/// Futures in flight finish on the code that they began with; new ones begin on the new code.
pub fn futures_in_flight(session: &mut Session, copy: Copy) {
    let ask = |verb: &str, name: &str| format!("two {} flight {verb} {name}", copy.name);
    session.expect(&ask("start", "first"), "started");
    session.expect(&ask("show", "first"), "flying");
    let change = ("let first = \"old\";", "let first = \"brand new\";");
    let outcome = session.live(&copy.file("flight.rs"), &[change]);
    outcome.swapped(&copy.function("flight/fly"));
    session.expect(&ask("start", "second"), "started");
    // One more value lives across the wait.
    let changes = [
        (
            "    gate.passed().await;",
            "    let lights = vec![name.len(); 3];\n    gate.passed().await;",
        ),
        ("{first} {name} landed\"", "{first} {name} landed safely {lights:?}\""),
    ];
    session.live(&copy.file("flight.rs"), &changes);
    session.expect(&ask("start", "third"), "started");

    for (name, text) in [
        ("first", "old first landed"),
        ("second", "brand new second landed"),
        ("third", "brand new third landed safely [5, 5, 5]"),
    ] {
        session.expect(&ask("show", name), "flying");
        session.expect(&ask("open", name), "open");
        let line = &mut session.line;
        eventually("the flight lands", || line.ask(&ask("show", name)) != "flying");
        session.expect(&ask("show", name), text);
    }
}

/// A function that the main thread calls all the time, while it is replaced.
pub fn called_in_a_loop(session: &mut Session, copy: Copy) {
    let ask = format!("main {} pulse", copy.name);
    let rounds = |answer: &str| -> u64 {
        answer.split(' ').next().and_then(|n| n.parse().ok()).expect("a number")
    };
    let before = rounds(&session.ask(&ask));
    session.live(&copy.file("pulse.rs"), &[("let word = \"calm\";", "let word = \"busy\";")]);
    let line = &mut session.line;
    let mut answer = String::new();
    eventually("the loop runs the new code", || {
        answer = line.ask(&ask);
        answer.ends_with(" busy")
    });
    assert!(rounds(&answer) > before, "from {before} to {answer}");
}

/// New code downcasts an object that was made before it.
pub fn downcast(session: &mut Session, copy: Copy) {
    let ask = format!("main {} keep open", copy.name);
    let file = copy.file("keep.rs");
    session.edit(&file, &[("\"token {}\", token.seal", "\"token number {}\", token.seal")]);
    session.applied().swapped(&copy.function("keep/open"));
    session.expect(&ask, "token number 7");
    session.live(&file, &[("\"token number {}\", token.seal", "\"token {}\", token.seal")]);
    session.expect(&ask, "token 7");
}

/// A plain function of the library under a hot function of the binary.
pub fn across_crates(session: &mut Session, _: Copy) {
    let Some(helper) = session.project.fixture.helper else { return };
    session.expect("one discounted 8", "4 asked=1");
    let outcome = session.live(helper, &[("price / 2", "price / 4")]);
    let names = outcome.names("functions");
    assert!(names.iter().any(|name| name.ends_with("cross/discounted")), "{names:?}");
    session.expect("one discounted 8", "2 asked=2");
    session.expect("two discounted 8", "2 asked=3");
}

/// A generic function of the library whose instance lives in the binary.
pub fn generic_across_crates(session: &mut Session, _: Copy) {
    let Some(helper) = session.project.fixture.helper else { return };
    session.expect("main largest 8", "Some(9)");
    let outcome = session.live(helper, &[("value > best", "value < best")]);
    let names = outcome.names("functions");
    assert!(names.iter().any(|name| name.ends_with("cross/largest")), "{names:?}");
    session.expect("main largest 8", "Some(7)");
}
