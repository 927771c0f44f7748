//! A workspace, the builder of its program, and what a save asks of it.

use hot_cli::build::cargo::{Said, Selection};
use hot_cli::build::graph::Role;
use hot_cli::build::{Build, Builder, Built, Replayed};
use hot_cli::diff::CrateObjects;
use hot_cli::interrupt::Interrupt;
use object::{Object, ObjectSymbol};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

/// A workspace of a library `shop`, and a package `app` with a library and a binary of one name;
/// beside it a path dependency that is no member, and a procedural macro.
pub struct Fixture {
    dir: tempfile::TempDir,
}

impl Fixture {
    pub fn new() -> Fixture {
        let fixture = Fixture { dir: tempfile::tempdir().unwrap() };
        let package = |name: &str, more: &str| {
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n{more}")
        };
        for (path, text) in [
            (
                "w/Cargo.toml",
                "[workspace]\nresolver = \"3\"\nmembers = [\"shop\", \"app\", \"mac\"]\n".to_owned(),
            ),
            ("w/shop/Cargo.toml", package("shop", "[dependencies]\nbase = { path = \"../../base\" }\n")),
            (
                "w/shop/src/lib.rs",
                "pub fn total(n: u64) -> u64 { n * base::factor() }\n\
                 pub fn text() -> &'static str { include_str!(\"text.txt\") }\n"
                    .to_owned(),
            ),
            ("w/shop/src/text.txt", "words".to_owned()),
            ("w/mac/Cargo.toml", package("mac", "[lib]\nproc-macro = true\n")),
            (
                "w/mac/src/lib.rs",
                "#[proc_macro] pub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream \
                 { \"1u64\".parse().unwrap() }\n"
                    .to_owned(),
            ),
            (
                "w/app/Cargo.toml",
                package(
                    "app",
                    "[dependencies]\nshop = { path = \"../shop\" }\nmac = { path = \"../mac\" }\n",
                ),
            ),
            ("w/app/build.rs", "fn main() { println!(\"cargo:rerun-if-changed=given.txt\"); }\n".to_owned()),
            ("w/app/given.txt", String::new()),
            ("w/app/src/lib.rs", "pub fn answer() -> u64 { shop::total(mac::one!()) }\n".to_owned()),
            ("w/app/src/main.rs", "fn main() { println!(\"{} {}\", app::answer(), mine()); }\nfn mine() -> u64 { 5 }\n".to_owned()),
            ("base/Cargo.toml", package("base", "[workspace]\n")),
            ("base/src/lib.rs", "pub fn factor() -> u64 { 3 }\n".to_owned()),
        ] {
            fixture.write(path, &text);
        }
        fixture
    }

    pub fn path(&self, path: &str) -> PathBuf {
        std::fs::canonicalize(self.dir.path()).unwrap().join(path)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn builder(&self) -> Builder {
        self.builder_with(&[])
    }

    pub fn builder_with(&self, flags: &[&str]) -> Builder {
        self.builder_in(None, flags)
    }

    pub fn builder_in(&self, target_dir: Option<PathBuf>, flags: &[&str]) -> Builder {
        let manifest = format!("--manifest-path={}", self.path("w/Cargo.toml").display());
        let selection = Selection {
            build: flags.iter().map(|f| (*f).to_owned()).chain([manifest.clone()]).collect(),
            metadata: vec![manifest.clone()],
            clean: vec![manifest],
            profile: "dev".into(),
            target_dir,
            ..Selection::default()
        };
        let hot = PathBuf::from(env!("CARGO_BIN_EXE_hot"));
        Builder::new(selection, hot, Arc::new(Interrupt::default())).unwrap()
    }

    /// Plain cargo, as the user calls it: what it compiled, and what the program then says.
    pub fn cargo(&self) -> (Vec<String>, String) {
        let output = Command::new(env!("CARGO"))
            .args(["build", "--manifest-path"])
            .arg(self.path("w/Cargo.toml"))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}");
        let compiled = said.lines().filter_map(|l| l.trim().strip_prefix("Compiling "));
        let names = compiled.map(|l| l.split(' ').next().unwrap().to_owned()).collect();
        (names, run(&self.path("w/target/debug/app")))
    }

    /// `cargo clean` with these words.
    pub fn clean(&self, words: &[&str]) {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["clean", "-q", "--manifest-path"]).arg(self.path("w/Cargo.toml")).args(words);
        assert!(cargo.status().unwrap().success());
    }
}

pub fn run(executable: &Path) -> String {
    let output = Command::new(executable).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn note(said: Said<'_>) -> Option<String> {
    match said {
        Said::Note(text) => Some(text.to_owned()),
        Said::Built(_) | Said::Warning(..) | Said::Error(_) => None,
    }
}

pub fn build(builder: &mut Builder) -> (Build, Vec<String>) {
    let mut said = Vec::new();
    match builder.build(&mut |text| said.extend(note(text))).unwrap() {
        Built::Program(build) => (*build, said),
        Built::Failed(text) | Built::Refused(text) => panic!("{text}"),
    }
}

pub fn names(build: &Build) -> Vec<String> {
    let kind = |bin: bool| if bin { "!" } else { "" };
    build
        .graph
        .units
        .iter()
        .map(|u| format!("{}{}", u.name, kind(u.crate_args.is_binary())))
        .collect()
}

/// What a save of this file asks rustc for.
pub fn units_of(build: &Build, file: &Path) -> BTreeSet<usize> {
    match build.graph.role(file) {
        Some(Role::Source(units)) => units.into_iter().collect(),
        other => panic!("{} is {other:?}", file.display()),
    }
}

pub fn replay(builder: &Builder, build: &mut Build, file: &Path) -> Vec<CrateObjects> {
    // A save is replayed when nothing has been written for a moment. Files go by a coarse clock.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let units = build.affected(&units_of(build, file));
    match builder.replay(build, &units, &mut |_| ()).unwrap() {
        Replayed::Objects(objects) => objects,
        other => panic!("{other:?}"),
    }
}

/// Whether some object of the crate defines a symbol with this in its name.
pub fn defines(objects: &CrateObjects, part: &str) -> bool {
    objects.objects.iter().any(|(_, bytes)| {
        let file = object::File::parse(&**bytes).unwrap();
        file.symbols().any(|s| s.is_definition() && s.name().is_ok_and(|name| name.contains(part)))
    })
}
