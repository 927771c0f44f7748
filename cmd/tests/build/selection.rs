//! Which of a workspace's programs is built, and of which crates it is made.

use crate::fixture::{Fixture, build, names, replay, units_of};
use hot_cli::build::{Replayed, Usage};

#[test]
fn several_programs_need_a_choice() {
    let fixture = Fixture::new();
    fixture.write("w/app/src/bin/second.rs", "fn main() {}\n");
    let error = fixture.builder().build(&mut |_| ()).unwrap_err();
    assert!(error.is::<Usage>());
    let error = error.to_string();
    assert!(error.contains("available binaries: app, second"), "{error}");

    let manifest = fixture.path("w/app/Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = text.replace("edition", "default-run = \"second\"\nedition");
    std::fs::write(&manifest, text).unwrap();
    let (build, _) = build(&mut fixture.builder());
    assert!(build.executable.ends_with("second"));
    assert_eq!(names(&build), ["base", "shop", "app", "second!"]);
}

/// A program in `examples/`, with a feature: of the members that use what is edited only those
/// count that are part of it, and the others may be as broken as they like.
#[test]
fn an_example_of_one_member_is_made_of_its_own_crates_only() {
    let fixture = Fixture::new();
    let manifest = fixture.path("w/app/Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text + "[features]\nfancy = []\n").unwrap();
    fixture.write(
        "w/app/examples/demo.rs",
        "fn main() { println!(\"{}\", app::answer() + cfg!(feature = \"fancy\") as u64); }\n",
    );
    let root = fixture.path("w/Cargo.toml");
    let text = std::fs::read_to_string(&root).unwrap();
    std::fs::write(&root, text.replace("\"mac\"", "\"mac\", \"tool\"")).unwrap();
    fixture.write(
        "w/tool/Cargo.toml",
        "[package]\nname = \"tool\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dependencies]\nbase = { path = \"../../base\" }\n",
    );
    let tool = fixture.path("w/tool/src/main.rs");
    fixture.write("w/tool/src/main.rs", "fn main() { println!(\"{}\", base::factor()); }\n");

    let flags = ["-p=app", "--example=demo", "--features=fancy"];
    let builder = &mut fixture.builder_with(&flags);
    let (mut build, _) = build(builder);
    assert!(build.executable.ends_with("examples/demo"));
    assert_eq!(crate::fixture::run(&build.executable), "4");
    assert_eq!(names(&build), ["base", "shop", "app", "demo!"]);
    assert!(build.graph.role(&tool).is_none());

    fixture.write("w/tool/src/main.rs", "fn main() { nonsense }\n");
    let deepest = fixture.path("base/src/lib.rs");
    fixture.write("base/src/lib.rs", "pub fn factor() -> u64 { 5 }\npub fn fresh() {}\n");
    let objects = replay(builder, &mut build, &deepest);
    assert_eq!(objects.len(), 4);
    assert!(crate::fixture::defines(&objects[0], "fresh"));

    let demo = fixture.path("w/app/examples/demo.rs");
    assert_eq!(build.affected(&units_of(&build, &demo)), [3]);
    fixture.write("w/app/examples/demo.rs", "fn main() { app::answer(wrong) }\n");
    let units = build.affected(&units_of(&build, &demo));
    match builder.replay(&mut build, &units, &mut |_| ()).unwrap() {
        Replayed::Failed(compiled) => assert!(compiled.plain_errors().contains("wrong")),
        other => panic!("{other:?}"),
    }
}
