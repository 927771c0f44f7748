//! What a save is compared with is what it was, when judging a save has ended in an error.

use crate::fixture::Program;
use hot_cli::diff::{Archives, CrateObjects, DiffError, DiffSession, Prepared};

const LIBRARY: &str = r#"
hot! { pub fn label / label_body (n: u64) -> String { describe(n) } }
#[inline(never)]
fn describe(n: u64) -> String { format!("n = {n}") }
"#;
const MAIN: &str = "fn main() { println!(\"{}\", shop::label(3)); }";

/// What differs from save to save.
fn gist(prepared: &Prepared) -> [&Vec<String>; 2] {
    [&prepared.functions, &prepared.changed]
}

#[test]
fn an_error_on_the_way_leaves_what_the_next_save_is_compared_with() {
    let program = Program::new();
    let library = program.library(LIBRARY);
    drop(program.world(LIBRARY, MAIN));
    let broken = program.executable().with_extension("rlib");
    std::fs::write(&broken, "no archive").expect("written");
    let session = || {
        let archives = Archives { paths: vec![broken.clone()], shared: Vec::new() };
        DiffSession::new(&program.executable(), vec![library.clone()], archives).expect("a session")
    };
    let edited = LIBRARY.replace("n = {n}", "number {n}");
    let pulling = edited.replace(
        "describe(n) }",
        "String::from_utf8_lossy(&[n as u8; 9]).into_owned() + &describe(n) }",
    );
    assert!(pulling != edited && edited != LIBRARY);
    let pulling = program.library(&pulling);
    let edited = program.library(&edited);
    let judge = |session: &mut DiffSession, objects: &CrateObjects| {
        crate::patch(session.judge(vec![objects.clone()]).expect("a verdict"))
    };

    let mut untouched = session();
    let expected = judge(&mut untouched, &edited);
    assert_eq!(expected.changed, ["shop::describe"]);

    let mut session = session();
    // Late: the objects are read, compared and followed when the archive is asked for.
    let error = session.judge(vec![pulling.clone()]).expect_err("no archive");
    assert!(matches!(error, DiffError::Archive { .. }), "{error}");
    // Early: the second object cannot be read.
    let mut cut = edited.clone();
    cut.objects.last_mut().expect("objects").1.truncate(100);
    let error = session.judge(vec![cut]).expect_err("no object");
    assert!(matches!(error, DiffError::Object { .. }), "{error}");

    // Had either been remembered, there would be nothing new in the same edit.
    let patch = judge(&mut session, &edited);
    assert_eq!(gist(&patch), gist(&expected));
    // A verdict is remembered, loaded or not: the same objects have changed nothing since.
    session.rejected(patch.patch.id);
    let again = judge(&mut session, &edited);
    assert_eq!(gist(&again), [&expected.functions, &Vec::new()]);
    // An error does not disturb a patch that is on its way either.
    session.judge(vec![pulling]).expect_err("no archive");
    session.committed(again.patch.id);
    let verdict = session.judge(vec![edited]).expect("a verdict");
    assert!(matches!(verdict, hot_cli::diff::Verdict::NoEffect { .. }), "{verdict:?}");
}
