//! C in a library: what of it is shared by name, and what is private to a file.

use super::fixture::Program;
use crate::{carried, patch};
use hot_cli::diff::{Guard, Guards, Verdict};

/// What the program calls is `ring` alone; the linker leaves the rest out, `shared` too.
const FIRST: &str = r#"
__attribute__((visibility("hidden"))) int hidden = 200;
static int secret = 400;
static int total __asm__("_ZN12_GLOBAL__N_15totalE") = 1;
int *shared = &secret;
int ring(int by) { hidden += by; secret += by; total += by; return secret; }
int rung(void) { return ++hidden; }
int *give(void) { return shared; }
"#;
/// In C++, this would be in a namespace without a name.
const SECOND: &str = r#"
static int total __asm__("_ZN12_GLOBAL__N_15totalE") = 2;
int other(void) { return ++total; }
"#;
const LIBRARY: &str = r#"
unsafe extern "C" { fn ring(by: i32) -> i32; fn rung() -> i32; fn give() -> *mut i32; fn other() -> i32; }
hot! { pub fn ask / __hot_ask(n: i32) -> i32 { unsafe { ring(n) } } }
"#;

/// What becomes of the program when it asks something else.
fn asking(asked: &str, guards: Guards) -> Verdict {
    let program = Program::with(&["-g", "-lstatic=native", "-L."]);
    program.native(&[("first", FIRST), ("second", SECOND)]);
    let objects = program.link(LIBRARY, "fn main() { println!(\"{}\", shop::ask(3)) }");
    let mut world = program.guarded(objects, guards).expect("the world is read");
    let edited = program.library(&LIBRARY.replace("ring(n) }", &format!("{asked} }}")));
    world.judge(vec![edited]).expect("a verdict")
}

/// What stands in the way of that, and of nothing else.
fn refused(asked: &str) -> String {
    match asking(asked, Guards::default()) {
        Verdict::Refused { why, details } if why.word() == "static" && details.len() == 1 => {
            format!("{} {}", details[0].item, details[0].now.as_ref().unwrap())
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn what_is_hidden_from_other_modules_is_the_running_one() {
    let prepared = patch(asking("rung()", Guards::default()));
    assert!(carried(&prepared).contains(&"rung".to_owned()), "{:?}", carried(&prepared));
    let patch = &prepared.patch;
    assert_eq!((patch.data.len(), patch.zeroed), (0, 0), "a second one of `hidden`");
}

#[test]
fn what_is_private_to_a_file_does_not_come_along_with_what_is_new() {
    let told = refused("*give()");
    assert_eq!(
        told,
        "shared refers to secret, which is private to first.o and so has no name to find the \
         running one by"
    );
    // Without the guard there would be a second one.
    let without = patch(asking("*give()", Guards::without([Guard::Unnamed])));
    assert!(!without.patch.data.is_empty());
}

#[test]
fn what_cpp_has_in_a_namespace_without_a_name_is_private_to_a_file() {
    let told = refused("other()");
    assert!(told.starts_with("other refers to _ZN12_GLOBAL__N_15totalE, which is"), "{told}");
}
