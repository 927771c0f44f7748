//! Capture, graph, replay and objects, with a real cargo and rustc.

mod fixture;
mod selection;

use fixture::{Fixture, build, defines, names, replay, run, units_of};
use hot_cli::build::cargo::Said;
use hot_cli::build::graph::Role;
use hot_cli::build::{Build, Builder, Built, Replayed};
use hot_cli::diff::CrateObjects;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn a_build_knows_its_crates_in_order_and_what_each_file_asks_for() {
    let fixture = Fixture::new();
    let (build, said) = build(&mut fixture.builder());
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(names(&build), ["base", "shop", "app", "app!"]);
    assert_eq!(build.obstacle, None);
    let only = |index| BTreeSet::from([index]);
    assert_eq!(units_of(&build, &fixture.path("base/src/lib.rs")), only(0));
    assert_eq!(units_of(&build, &fixture.path("w/shop/src/text.txt")), only(1));
    assert_eq!(units_of(&build, &fixture.path("w/app/src/main.rs")), only(3));
    assert_eq!(build.graph.affected(&only(1)), [1, 2, 3]);
    for file in [
        "w/Cargo.toml",
        "w/Cargo.lock",
        "w/app/Cargo.toml",
        "base/Cargo.toml",
        "w/app/build.rs",
        "w/app/given.txt",
        "w/mac/src/lib.rs",
    ] {
        let role = build.graph.role(&fixture.path(file));
        assert!(matches!(role, Some(Role::Cargo(_))), "{file}: {role:?}");
    }
    assert_eq!(build.graph.role(&fixture.path("w/shop/src/unknown.rs")), None);
    let std = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("libstd-");
    assert!(build.archives.paths.iter().any(std), "{:?}", build.archives);

    let objects = build.objects().unwrap();
    assert_eq!(objects.len(), 4);
    // The library and the binary `app` are told apart.
    assert!(defines(&objects[2], "answer") && !defines(&objects[2], "mine"));
    assert!(defines(&objects[3], "mine") && !defines(&objects[3], "answer"));
}

#[test]
fn a_replay_gives_new_objects_and_leaves_the_executable_and_cargo_in_good_order() {
    let fixture = Fixture::new();
    let mut builder = fixture.builder();
    let (mut build, _) = build(&mut builder);
    assert_eq!(fixture.cargo(), (vec![], "3 5".into()), "the wrapper leaves nothing stale");
    let old = build.objects().unwrap();
    let executable = std::fs::read(&build.executable).unwrap();

    let source = fixture.path("base/src/lib.rs");
    let original = std::fs::read(&source).unwrap();
    let time = std::fs::metadata(&source).unwrap().modified().unwrap();
    std::fs::write(&source, "pub fn factor() -> u64 { extra() }\nfn extra() -> u64 { 4 }\n")
        .unwrap();
    let new = replay(&builder, &mut build, &source);
    assert_eq!(new.len(), 4);
    assert!(!defines(&old[0], "extra") && defines(&new[0], "extra"));
    assert!(defines(&new[3], "mine"));
    let stable = |objects: &CrateObjects| -> BTreeSet<String> {
        objects.objects.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(stable(&old[1]), stable(&new[1]), "names of units do not change with each run");
    assert_eq!(std::fs::read(&build.executable).unwrap(), executable);

    // Cargo, asked afterwards, makes a program of what is in the files, …
    assert_eq!(fixture.cargo().1, "4 5");
    // … also when they were put back, times and all, after one more replay.
    std::fs::write(&source, "pub fn factor() -> u64 { 9 }\n").unwrap();
    replay(&builder, &mut build, &source);
    std::fs::write(&source, original).unwrap();
    std::fs::File::options().write(true).open(&source).unwrap().set_modified(time).unwrap();
    assert_eq!(fixture.cargo().1, "3 5");
}

#[test]
fn sessions_of_other_features_are_told_apart() {
    let fixture = Fixture::new();
    let manifest = fixture.path("w/app/Cargo.toml");
    let text = std::fs::read_to_string(&manifest).unwrap() + "[features]\nwide = []\n";
    std::fs::write(&manifest, text).unwrap();
    // One of the two shares more with the executable of the other than that has of its own:
    // instances of generic functions that the standard library has as well.
    let main = r#"
        #[cfg(feature = "wide")] fn main() { wide() }
        #[cfg(feature = "wide")] fn wide() {}
        #[cfg(not(feature = "wide"))] fn main() { narrow().unwrap() }
        #[cfg(not(feature = "wide"))] fn narrow() -> std::io::Result<()> {
            let listener = std::os::unix::net::UnixListener::bind("socket")?;
            let (stream, _) = listener.accept()?;
            std::thread::spawn(move || drop(stream));
            let text = std::process::Command::new("x").arg("y").output()?.stdout;
            let words: Vec<String> =
                String::from_utf8_lossy(&text).split(' ').map(str::to_owned).collect();
            println!("{words:?} {}", std::fs::read_to_string(&words[0])?);
            Ok(())
        }
    "#;
    fixture.write("w/app/src/main.rs", main);
    for _ in 0..2 {
        for (flags, own, other) in
            [(&["--features=app/wide"][..], "wide", "narrow"), (&[], "narrow", "wide")]
        {
            let (build, _) = build(&mut fixture.builder_with(flags));
            let objects = build.objects().unwrap();
            assert!(defines(&objects[3], own) && !defines(&objects[3], other), "{own}");
        }
    }
}

#[test]
fn an_edit_of_the_binary_is_one_compilation() {
    let fixture = Fixture::new();
    let mut builder = fixture.builder();
    let (mut build, _) = build(&mut builder);
    let source = fixture.path("w/app/src/main.rs");
    std::fs::write(&source, "fn main() { println!(\"{}\", other()); }\nfn other() -> u64 { 6 }\n")
        .unwrap();
    let new = replay(&builder, &mut build, &source);
    assert_eq!(new.len(), 1);
    assert!(defines(&new[0], "other") && !defines(&new[0], "mine"));
    assert_eq!(run(&build.executable), "3 5", "the link was left out");
    assert_eq!(fixture.cargo(), (vec!["app".into()], "6".into()));
}

#[test]
fn new_files_are_followed_and_errors_are_rendered() {
    let fixture = Fixture::new();
    let mut builder = fixture.builder();
    let (mut build, _) = build(&mut builder);
    let source = fixture.path("w/app/src/main.rs");
    fixture.write("w/app/src/side.rs", "pub fn value() -> u64 { 7 }\n");
    std::fs::write(&source, "mod side;\nfn main() { println!(\"{}\", side::value()); }\n").unwrap();
    replay(&builder, &mut build, &source);
    assert_eq!(units_of(&build, &fixture.path("w/app/src/side.rs")), BTreeSet::from([3]));

    fixture.write("w/app/src/side.rs", "pub fn value() -> u64 { \"seven\" }\n");
    let Replayed::Failed(said) = builder.replay(&mut build, &[3], &mut |_| ()).unwrap() else {
        panic!("it compiled");
    };
    assert!(said.plain_errors().contains("error[E0308]"), "{said:?}");
    assert!(said.diagnostics[0].text.contains("\x1b["), "colours are kept: {said:?}");
}

#[test]
fn what_plain_cargo_has_built_is_compiled_once_more_to_learn_how() {
    let fixture = Fixture::new();
    assert_eq!(fixture.cargo().1, "3 5");
    let (first, said) = build(&mut fixture.builder());
    assert_eq!(said, ["compiling app, base, mac, shop once more, to learn how cargo does it"]);
    assert_eq!(names(&first), ["base", "shop", "app", "app!"]);
    let (_, said) = build(&mut fixture.builder());
    assert!(said.is_empty(), "{said:?}");

    // A build without hot in between may have used another command.
    fixture.write("w/app/src/main.rs", "fn main() { println!(\"8\"); }\n");
    assert_eq!(fixture.cargo().1, "8");
    let (_, said) = build(&mut fixture.builder());
    assert_eq!(said, ["compiling app once more, to learn how cargo does it"]);
}

#[test]
fn hot_itself_is_not_one_of_the_users_crates() {
    let fixture = Fixture::new();
    let manifest = |name: &str, more: &str| {
        let head = "version = \"0.1.0\"\nedition = \"2024\"";
        fixture.write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\n{head}\n[workspace]\n{more}"),
        );
    };
    manifest("hot-patch", "");
    manifest("hot-macros", "[lib]\nproc-macro = true\n");
    let parts = ["patch", "macros"].map(|p| format!("hot-{p} = {{ path = \"../hot-{p}\" }}\n"));
    manifest("hot", &format!("[dependencies]\n{}", parts.concat()));
    for name in ["hot-patch", "hot-macros"] {
        fixture.write(&format!("{name}/src/lib.rs"), "");
    }
    fixture.write("hot/src/lib.rs", "mod inner;\n");
    fixture.write("hot/src/inner.rs", "");
    let shop = fixture.path("w/shop/Cargo.toml");
    let text = std::fs::read_to_string(&shop).unwrap() + "hot = { path = \"../../hot\" }\n";
    std::fs::write(&shop, text).unwrap();

    let (build, _) = build(&mut fixture.builder());
    assert_eq!(names(&build), ["base", "shop", "app", "app!"]);
    for file in ["hot/src/inner.rs", "hot-macros/src/lib.rs", "hot-patch/src/lib.rs"] {
        let file = fixture.path(file);
        assert!(
            matches!(build.graph.role(&file), Some(Role::Cargo(what)) if what.contains("hot itself")),
            "{}",
            file.display()
        );
        assert!(build.graph.files().contains(&file), "watched");
    }
    let manifest = build.graph.role(&fixture.path("hot/Cargo.toml"));
    assert_eq!(manifest, Some(Role::Cargo("a manifest".into())));
    // New code may call what the program does not contain of it.
    for name in ["libhot-", "libhot_patch-"] {
        let found = |path: &&PathBuf| {
            path.file_name().unwrap().to_str().unwrap().starts_with(name) && path.is_file()
        };
        assert_eq!(build.archives.paths.iter().filter(found).count(), 1, "{name}");
    }
}

#[test]
fn what_a_clean_took_is_compiled_again_by_rustc_where_it_can_and_else_by_cargo() {
    let fixture = Fixture::new();
    let mut builder = fixture.builder();
    let (mut build, _) = build(&mut builder);
    let source = fixture.path("w/app/src/main.rs");
    fixture.clean(&["-p", "shop"]);
    assert_eq!(build.needs_cargo(), None);
    assert_eq!(build.affected(&units_of(&build, &source)), [1, 2, 3]);
    let new = replay(&builder, &mut build, &source);
    assert!(defines(&new[0], "total") && defines(&new[2], "mine"));
    assert_eq!(build.affected(&units_of(&build, &source)), [3]);
    // The program's own session.
    fixture.clean(&["-p", "app"]);
    assert!(build.needs_cargo().is_some_and(|why| why.contains("/out")), "its build script ran");

    let (mut build, _) = self::build(&mut builder);
    fixture.clean(&[]);
    let why = build.needs_cargo().expect("nothing is there");
    assert!(why.contains("cargo clean"), "{why}");
    for _ in 0..2 {
        let (again, said) = self::build(&mut builder);
        assert!(said.is_empty(), "{said:?}");
        assert_eq!((again.needs_cargo(), run(&again.executable)), (None, "3 5".to_owned()));
        build = again;
    }
    std::fs::write(&source, "fn main() {}\nfn other() {}\n").unwrap();
    assert_eq!(replay(&builder, &mut build, &source).len(), 1);
}

#[test]
fn the_manifest_of_a_member_that_was_not_built_asks_for_nothing() {
    let fixture = Fixture::new();
    let workspace = std::fs::read_to_string(fixture.path("w/Cargo.toml")).unwrap();
    fixture.write("w/Cargo.toml", &workspace.replace("\"shop\"", "\"other\", \"shop\""));
    let manifest = std::fs::read_to_string(fixture.path("w/shop/Cargo.toml")).unwrap();
    fixture.write("w/other/Cargo.toml", &manifest.replace("\"shop\"", "\"other\""));
    fixture.write("w/other/src/lib.rs", "");
    let role = |flags: &[&str]| {
        let (build, _) = build(&mut fixture.builder_with(flags));
        let of = |file| build.graph.role(&fixture.path(file));
        assert!(matches!(of("w/app/Cargo.toml"), Some(Role::Cargo(_))));
        assert!(matches!(of("w/Cargo.toml"), Some(Role::Cargo(_))));
        of("w/other/Cargo.toml")
    };
    assert_eq!(role(&["--package=app"]), None);
    // What is built together has its features chosen together.
    assert_eq!(role(&[]), Some(Role::Cargo("a manifest".into())));
}

/// Copies a folder with all that is in it, except what was built.
fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match from.is_dir() {
            true if entry.file_name() == "target" => {}
            true => copy_tree(&from, &to),
            false => _ = std::fs::copy(&from, &to).unwrap(),
        }
    }
}

#[test]
fn two_working_trees_may_share_a_target_folder() {
    let (first, second) = (Fixture::new(), Fixture::new());
    let script = "mod more; fn main() { println!(\"cargo:rerun-if-changed=given.txt\"); }\n";
    first.write("w/app/build.rs", script);
    first.write("w/app/more.rs", "");
    std::fs::remove_dir_all(second.path("w")).unwrap();
    copy_tree(&first.path("w"), &second.path("w"));
    copy_tree(&first.path("base"), &second.path("base"));
    second.write("w/app/src/main.rs", "fn main() { println!(\"second\"); }\n");
    let target = format!("--target-dir={}", first.path("shared").display());
    let builder =
        |tree: &Fixture| tree.builder_in(Some(first.path("shared")), &[&target, "--package=app"]);
    let tree = |fixture: &Fixture, builder: &mut Builder, says: &str| {
        let (mut build, _) = self::build(builder);
        assert_eq!(names(&build), ["base", "shop", "app", "app!"]);
        assert_eq!(run(&build.executable), says);
        assert_eq!(build.needs_cargo(), None);
        let inside = |file: &PathBuf| file.starts_with(fixture.path(""));
        let files = build.graph.files();
        let outside: Vec<_> = files.iter().filter(|file| !inside(file) && file.exists()).collect();
        let is_ours = |file: &&PathBuf| file.ends_with("lib.rs") || file.ends_with("more.rs");
        assert!(!outside.iter().any(is_ours), "{outside:?}");
        assert!(files.contains(&fixture.path("w/app/more.rs")), "{files:?}");
        let source = fixture.path("w/app/src/main.rs");
        assert_eq!(replay(builder, &mut build, &source).len(), 1);
        build
    };
    let build = tree(&first, &mut builder(&first), "3 5");
    tree(&second, &mut builder(&second), "second");
    let why = build.needs_cargo().expect("the other tree was built");
    assert!(why.contains("another working tree"), "{why}");
    tree(&first, &mut builder(&first), "3 5");
}

#[test]
fn what_is_generated_in_a_build_folder_of_its_own_is_no_source() {
    let fixture = Fixture::new();
    let script = "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap(); \
                  std::fs::write(out + \"/made.rs\", \"fn mine() -> u64 { 5 }\").unwrap(); }\n";
    fixture.write("w/app/build.rs", script);
    let main = "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));\n\
                fn main() { println!(\"{} {}\", app::answer(), mine()); }\n";
    fixture.write("w/app/src/main.rs", main);
    let folder = fixture.path("made");
    let flag = format!("--config=build.build-dir=\"{}\"", folder.display());
    let mut builder = fixture.builder_with(&[&flag]);
    let (mut build, _) = build(&mut builder);
    assert_eq!(run(&build.executable), "3 5");
    assert!(folder.join("debug/deps").is_dir(), "cargo took the flag");
    replay(&builder, &mut build, &fixture.path("w/app/src/main.rs"));
    let files = build.graph.files();
    assert!(!files.iter().any(|file| file.starts_with(&folder)), "{files:?}");
}

#[test]
fn a_script_that_does_not_say_what_it_reads_may_read_all_of_its_package_but_the_sources() {
    let fixture = Fixture::new();
    let role = |script: &str, file: &str| {
        fixture.write("w/app/build.rs", script);
        let (build, _) = build(&mut fixture.builder());
        let file = fixture.path(file);
        assert_eq!(build.graph.is_in_cargo_folder(&file), build.graph.role(&file).is_some());
        build.graph.role(&file)
    };
    fixture.write("w/app/data/some.txt", "");
    let silent = "fn main() {}\n";
    let unsaid = role(silent, "w/app/data/new.txt");
    assert!(matches!(unsaid, Some(Role::Cargo(what)) if what.contains("does not say")));
    assert_eq!(role(silent, "w/shop/data.txt"), None);
    fixture.write("w/app/build.rs", silent);
    let (build, _) = build(&mut fixture.builder());
    assert_eq!(units_of(&build, &fixture.path("w/app/src/main.rs")).len(), 1);
    let says = "fn main() { println!(\"cargo:rerun-if-changed=data\"); }\n";
    assert!(matches!(role(says, "w/app/data/new.txt"), Some(Role::Cargo(_))));
    assert_eq!(role(says, "w/app/other.txt"), None);
    let env = "fn main() { println!(\"cargo:rerun-if-env-changed=A\"); }\n";
    assert_eq!(role(env, "w/app/data/new.txt"), None);
}

/// How often each crate was given to rustc by a refused save: an edit of the lowest library, its
/// replay, what `between` does, and cargo. Then what the program says, and what cargo makes of it.
fn refused(between: impl FnOnce(&Fixture, &Builder, &mut Build)) -> (Vec<String>, String) {
    let fixture = Fixture::new();
    let (wrapper, log) = (fixture.path("count.sh"), fixture.path("log"));
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *___*|*-vV*|*--print*target-libdir*) ;; \
         *--crate-type\\ bin*) echo \"$3!\" >> {0} ;; *--crate-name*) echo \"$3\" >> {0} ;; esac\n\
         exec \"$@\"\n",
        log.display()
    );
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .unwrap();
    fixture.write("w/shop/src/side.rs", "");
    fixture.write(
        "w/shop/src/lib.rs",
        "mod side;\npub fn total(n: u64) -> u64 { n * base::factor() }\n",
    );
    let flag = format!("--config=build.rustc-wrapper=\"{}\"", wrapper.display());
    let mut builder = fixture.builder_with(&[&flag]);
    let (mut build, _) = build(&mut builder);
    let source = fixture.path("base/src/lib.rs");
    std::fs::write(&source, "pub fn factor() -> u64 { 4 }\nfn unused() {}\n").unwrap();
    std::fs::write(&log, "").unwrap();
    assert_eq!(replay(&builder, &mut build, &source).len(), 4);
    between(&fixture, &builder, &mut build);
    let mut warned = Vec::new();
    let built = builder.build(&mut |said| match said {
        Said::Warning(target, text) => warned.push(format!("{}: {text}", target.name)),
        Said::Error(_) | Said::Note(_) | Said::Built(_) => {}
    });
    let Built::Program(again) = built.unwrap() else { panic!("it does not compile") };
    let mut compiled: Vec<String> =
        std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    compiled.sort();
    let said = run(&again.executable);
    assert_eq!(warned.len(), 1, "what rustc warned of is told as ever: {warned:?}");
    assert!(warned[0].contains("base: ") && warned[0].contains("unused"), "{warned:?}");
    // The oracle: all of it made again by cargo alone.
    fixture.clean(&[]);
    assert_eq!(fixture.cargo().1, said);
    (compiled, said)
}

#[test]
fn a_refused_save_gives_each_library_to_rustc_once() {
    let (compiled, said) = refused(|_, _, _| ());
    // The program is compiled without a link, and then with one.
    assert_eq!((&*compiled.join(" "), &*said), ("app app! app! base shop", "4 5"));
}

#[test]
fn a_library_that_was_saved_after_its_replay_is_compiled_again_whatever_its_time_says() {
    let (compiled, said) = refused(|fixture, _, _| {
        let source = fixture.path("base/src/lib.rs");
        std::fs::write(&source, "pub fn factor() -> u64 { 6 }\nfn unused() {}\n").unwrap();
        let file = std::fs::File::options().write(true).open(&source).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    });
    assert_eq!((&*compiled.join(" "), &*said), ("app app app! app! base base shop shop", "6 5"));
}

#[test]
fn what_somebody_else_has_touched_or_what_reads_other_files_is_compiled_again() {
    // The artifact.
    let (compiled, said) = refused(|_, _, build| {
        let rlib = build.graph.units[1].crate_args.rlib();
        let copy = rlib.with_extension("copy");
        std::fs::copy(&rlib, &copy).unwrap();
        std::fs::rename(&copy, &rlib).unwrap();
    });
    assert_eq!((&*compiled.join(" "), &*said), ("app app app! app! base shop shop", "4 5"));
    // A module that cargo does not know of.
    let (compiled, said) = refused(|fixture, builder, build| {
        let text = "pub fn total(n: u64) -> u64 { n * base::factor() * more::two() }\nmod more;\n";
        fixture.write("w/shop/src/more.rs", "pub fn two() -> u64 { 2 }\n");
        fixture.write("w/shop/src/lib.rs", text);
        replay(builder, build, &fixture.path("w/shop/src/lib.rs"));
    });
    let all = "app app app app! app! app! base shop shop shop";
    assert_eq!((&*compiled.join(" "), &*said), (all, "8 5"));
    // One that did not compile in between, and then does.
    let (compiled, said) = refused(|fixture, builder, build| {
        let source = fixture.path("w/shop/src/lib.rs");
        let text = std::fs::read_to_string(&source).unwrap();
        std::fs::write(&source, text.replace("n * base", "\"\" * base")).unwrap();
        let units = build.affected(&units_of(build, &source));
        let failed = builder.replay(build, &units, &mut |_| ()).unwrap();
        assert!(matches!(failed, Replayed::Failed(_)));
        std::fs::write(&source, text).unwrap();
        replay(builder, build, &source);
    });
    let all = "app app app! app! app! base shop shop shop";
    assert_eq!((&*compiled.join(" "), &*said), (all, "4 5"));
}

/// A replay compiles with what the build script had said when cargo last compiled the crate.
#[test]
fn what_a_build_script_has_said_meanwhile_is_compiled_in_again() {
    let fixture = Fixture::new();
    let script = "fn main() {\n    println!(\"cargo:rerun-if-changed=given.txt\");\n    \
                  println!(\"cargo:rustc-env=GIVEN={}\", \
                  std::fs::read_to_string(\"given.txt\").unwrap());\n}\n";
    fixture.write("w/shop/build.rs", script);
    fixture.write("w/shop/given.txt", "1");
    let library = |body: &str| {
        format!(
            "pub fn total(n: u64) -> u64 {{ n * base::factor() * given() }}\n\
             fn given() -> u64 {{ {body}env!(\"GIVEN\").parse().unwrap() }}\n"
        )
    };
    fixture.write("w/shop/src/lib.rs", &library(""));
    let mut builder = fixture.builder();
    let (mut build, _) = build(&mut builder);
    assert_eq!(run(&build.executable), "3 5");
    // The script runs for a check alone.
    fixture.write("w/shop/given.txt", "2");
    let mut check = std::process::Command::new(env!("CARGO"));
    check.args(["check", "-q", "--manifest-path"]).arg(fixture.path("w/Cargo.toml"));
    assert!(check.status().unwrap().success());
    fixture.write("w/shop/src/lib.rs", &library("let _again = (); "));
    replay(&builder, &mut build, &fixture.path("w/shop/src/lib.rs"));
    let (again, _) = self::build(&mut builder);
    assert_eq!(run(&again.executable), "6 5");
    fixture.clean(&[]);
    assert_eq!(fixture.cargo().1, "6 5");
}
