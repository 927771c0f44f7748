//! Cases: thread-locals that the running program did not have.

use crate::{
    project::Copy,
    session::{Session, THREADS},
};

const BEFORE: &str = "    question.to_owned()\n}";

/// Const and lazy ones, beginning as zeroes and not, with destructors and without. `here` counts on
/// the thread that answers; `there` counts twice on a new thread, and tells what its end has dropped.
const LOCALS: &str = r#"    if question == "here" {
        return counted();
    }
    let there = std::thread::spawn(|| format!("{} / {}", counted(), counted()));
    let there = there.join().unwrap_or_else(|_| "a panic".to_owned());
    format!("{there} / dropped {}", DROPPED.swap(0, Ordering::Relaxed))
}

use std::{
    cell::{Cell, RefCell},
    sync::atomic::{AtomicU64, Ordering},
};

static DROPPED: AtomicU64 = AtomicU64::new(0);

struct Weight(u64);

impl Drop for Weight {
    fn drop(&mut self) {
        DROPPED.fetch_add(self.0, Ordering::Relaxed);
    }
}

thread_local! {
    pub static ZERO: Cell<u64> = const { Cell::new(0) };
    static SEVEN: Cell<u64> = const { Cell::new(7) };
    static WORD: Cell<&'static str> = const { Cell::new("fresh") };
    static LIST: RefCell<Vec<Weight>> = const { RefCell::new(Vec::new()) };
    static LAZY: RefCell<Vec<Weight>> = RefCell::new(vec![Weight(100)]);
}

fn counted() -> String {
    ZERO.set(ZERO.get() + 1);
    SEVEN.set(SEVEN.get() + 1);
    LIST.with_borrow_mut(|list| list.push(Weight(1)));
    LAZY.with_borrow_mut(|lazy| lazy.push(Weight(10)));
    let word = WORD.replace("used");
    let (list, lazy) = (LIST.with_borrow(Vec::len), LAZY.with_borrow(Vec::len));
    format!("{word} {} {} {list} {lazy}", ZERO.get(), SEVEN.get())
}"#;

/// Each thread has its own values, from the edit on and over the edits that follow.
pub fn new_thread_locals(session: &mut Session, copy: Copy) {
    let file = copy.file("locals.rs");
    let ask = |thread: &str, what: &str| format!("{thread} {} local {what}", copy.name);
    for thread in THREADS {
        session.expect(&ask(thread, "here"), "here");
    }
    let outcome = session.live(&file, &[(BEFORE, LOCALS)]);
    outcome.swapped(&copy.function("locals/local"));
    assert_eq!(outcome.event["new_statics"], 6, "{}", outcome.event);
    for thread in THREADS {
        session.expect(&ask(thread, "here"), "fresh 1 8 1 2");
    }
    session.expect(&ask("one", "here"), "used 2 9 2 3");
    // Destructors run when a thread ends, the old threads' not before.
    for thread in ["main", "two"] {
        let there = "fresh 1 8 1 2 / used 2 9 2 3 / dropped 122";
        session.expect(&ask(thread, "there"), there);
    }

    // The next patches use the same ones.
    let told = ("format!(\"{word} {} {}", "format!(\"told {word} {} {}");
    let outcome = session.live(&file, &[told]);
    assert_eq!(outcome.event["new_statics"], 0, "{}", outcome.event);
    session.expect(&ask("one", "here"), "told used 3 10 3 4");
    session.expect(&ask("two", "here"), "told used 2 9 2 3");
    let there = "told fresh 1 8 1 2 / told used 2 9 2 3 / dropped 122";
    session.expect(&ask("main", "there"), there);

    // One more, beside them; what initialises those of new threads has changed.
    session.live(
        &file,
        &[
            (
                "    static LIST:",
                "    static TENTH: Cell<i32> = const { Cell::new(-10) };\n    static LIST:",
            ),
            ("    let word =", "    TENTH.set(TENTH.get() + 1);\n    let word ="),
            ("{word} {} {} {list}", "{word} {} {} {} {list}"),
            ("ZERO.get(), SEVEN", "TENTH.get(), ZERO.get(), SEVEN"),
            ("vec![Weight(100)]", "vec![Weight(200)]"),
        ],
    );
    session.expect(&ask("one", "here"), "told used -9 4 11 4 5");
    session.expect(&ask("one", "here"), "told used -8 5 12 5 6");
    session.expect(&ask("two", "here"), "told used -9 3 10 3 4");
    let there = "told fresh -9 1 8 1 2 / told used -8 2 9 2 3 / dropped 222";
    session.expect(&ask("main", "there"), there);

    // Gone, and there again: the one that runs is kept.
    let seven = "    SEVEN.set(SEVEN.get() + 1);\n";
    let local = "    static SEVEN: Cell<u64> = const { Cell::new(7) };\n";
    session.live(
        &file,
        &[(seven, "    let seven = 0;\n"), (local, ""), ("SEVEN.get())\n", "seven)\n")],
    );
    session.expect(&ask("one", "here"), "told used -7 6 0 6 7");
    session.live(
        &file,
        &[
            ("    let seven = 0;\n", seven),
            ("    static WORD:", &format!("{local}    static WORD:")),
            ("seven)\n", "SEVEN.get())\n"),
        ],
    );
    session.expect(&ask("one", "here"), "told used -6 7 13 7 8");
    session.expect(&ask("main", "there"), there);
}

/// Takes the restart that a refusal has announced.
fn refused(session: &mut Session, says: &str) {
    let event = session.outcome().event;
    assert_eq!(event["event"], "refused", "{event}");
    assert_eq!(event["next"], "restart", "{event}");
    assert!(event["details"].to_string().contains(says), "{event} does not say {says:?}");
    session.restarted();
}

/// One that is larger than the pool, and several that are so together, patch after patch.
pub fn too_many(session: &mut Session, copy: Copy) {
    let file = copy.file("locals.rs");
    let ask = format!("one {} local x", copy.name);
    let large = |name: &str, size: usize| {
        format!(
            "    thread_local! {{ static {name}: std::cell::RefCell<[u8; {size}]> = const {{ \
             std::cell::RefCell::new([1; {size}]) }}; }}\n    \
             let _{size} = {name}.with_borrow_mut(|b| {{ b[9] += 1; b[9] }});\n"
        )
    };
    let insert = |text: String| format!("{text}    format!(\"{{question}} {{}}\", 0)\n}}");
    session.edit(&file, &[(BEFORE, &insert(large("LARGE", 5000)))]);
    refused(session, "does not fit the 4096 bytes");
    session.expect(&ask, "x 0");

    // Now the program has it by itself, and there is room for others.
    let end = "    format!(\"{question} {}\", 0)\n";
    let two = format!("{}    format!(\"{{question}} {{}}\", _2000)\n", large("TWO", 2000));
    session.live(&file, &[(end, &two)]);
    session.expect(&ask, "x 2");
    session.expect(&ask, "x 3");
    let three = format!("{}    format!(\"{{question}} {{}}\", _2500)\n", large("THREE", 2500));
    session.edit(&file, &[("    format!(\"{question} {}\", _2000)\n", &three)]);
    refused(session, "of which 2");
    session.expect(&ask, "x 2");

    let text = session.project.read(&file);
    let (start, end) = (text.find("    thread_local!").expect("it has"), text.len());
    let added = text[start..end].to_owned();
    session.live(&file, &[(&added, "    question.to_owned()\n}\n")]);
    session.expect(&ask, "x");
}

/// One of the program, and one that a patch has brought.
pub fn another_type(session: &mut Session, copy: Copy) {
    let file = copy.file("locals.rs");
    let ask = format!("one {} local x", copy.name);
    let with = "    thread_local! { static KIND: std::cell::Cell<u32> = const { std::cell::Cell::new(3) }; }
    KIND.set(KIND.get() + 1);
    format!(\"{question} {}\", KIND.get())
}";
    session.live(&file, &[(BEFORE, with)]);
    session.expect(&ask, "x 4");
    for (was, is) in [("Cell<u32>", "Cell<i32>"), ("Cell<i32>", "Cell<i64>")] {
        session.edit(&file, &[(was, is)]);
        refused(session, "another type");
        session.expect(&ask, "x 4");
    }
    // From an eager to a lazy one: its state is laid out in another way.
    session.edit(&file, &[("const { std::cell::Cell::new(3) }", "std::cell::Cell::new(3)")]);
    refused(session, "another type");
    session.expect(&ask, "x 4");
    session.live(&file, &[("KIND.get() + 1", "KIND.get() + 2")]);
    session.expect(&ask, "x 6");
}
