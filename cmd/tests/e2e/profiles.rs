//! Other profiles, manglings and linkers: the same edits go live, or the tool says at the start
//! what to change.

use crate::{
    functions, items,
    project::{PLAIN, Project, SOLO},
    session::Session,
    tool::{self, Tool},
    trouble,
};
use object::{Object, ObjectSection};

/// What a program depends on is built with the profile's other settings, but quickly.
const QUICK: &str = "[profile.release.package.\"*\"]\nopt-level = 0\n";

/// One way to build.
struct Way {
    /// What is added to the manifest.
    profiles: String,
    /// Flags of the tool.
    flags: &'static [&'static str],
    /// Flags of rustc.
    rustc: &'static str,
    /// The linker that these come to.
    linker: &'static str,
}

/// The linkers, as [`linker`] tells them.
pub const LLD: &str = "LLD";
const MOLD: &str = "mold";
const GNU: &str = "GNU ld";

/// Which linker made an executable. GNU ld is the one that does not say.
pub fn linker(executable: &[u8]) -> &'static str {
    let file = object::File::parse(executable).expect("an executable");
    let comment = file.section_by_name(".comment").expect("what compilers say of themselves");
    let comment = comment.data().expect("its text");
    let says = |name: &&str| comment.windows(name.len()).any(|part| part == name.as_bytes());
    [LLD, MOLD].into_iter().find(says).unwrap_or(GNU)
}

/// Starts the program so, makes edits in library and binary, and asks for all state after each.
fn goes_live(way: &Way) {
    let mut project = Project::lay(&SOLO);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &format!("{manifest}\n{}", way.profiles));
    let mut session = Session::start_with(project, way.flags, &[("RUSTFLAGS", way.rustc)]);
    assert_eq!(linker(&session.executable()), way.linker);
    for copy in SOLO.copies {
        functions::touches_all_state(&mut session, *copy);
        items::new_functions_and_types(&mut session, *copy);
        items::missing_std(&mut session, *copy);
        trouble::panic(&mut session, *copy);
    }
    session.finish();
}

/// As cargo has it: 16 units, optimised across them, without debug information.
#[test]
fn release() {
    goes_live(&Way { profiles: String::new(), flags: &["--release"], rustc: "", linker: LLD });
}

/// Linked by mold, where there is one.
#[test]
fn release_with_one_unit_and_mold() {
    let mold = std::process::Command::new("mold").arg("--version").output().is_ok();
    if !mold {
        eprintln!("mold is not installed: linked by the usual linker");
    }
    goes_live(&Way {
        profiles: format!("[profile.release]\ndebug = true\ncodegen-units = 1\n{QUICK}"),
        flags: &["--release"],
        rustc: if mold { "-Clink-arg=-fuse-ld=mold" } else { "" },
        linker: if mold { MOLD } else { LLD },
    });
}

#[test]
fn a_profile_of_ones_own_small_and_incremental_with_the_newer_mangling() {
    goes_live(&Way {
        profiles: format!(
            "[profile.small]\ninherits = \"release\"\ndebug = true\nopt-level = \"s\"\n\
             codegen-units = 256\nincremental = true\n{QUICK}"
        ),
        flags: &["--profile", "small"],
        rustc: "-Csymbol-mangling-version=v0",
        linker: LLD,
    });
}

#[test]
fn linked_by_gnu_ld() {
    let rustc = "-Clink-arg=-fuse-ld=bfd";
    goes_live(&Way { profiles: String::new(), flags: &[], rustc, linker: GNU });
}

/// What new code counts in is its own. That its figures are not those of the build is told.
#[test]
fn what_is_instrumented_goes_live_and_is_told_to_count_less() {
    let environment = [("RUSTFLAGS", "-Cinstrument-coverage"), ("LLVM_PROFILE_FILE", "/dev/null")];
    let mut session = Session::start_with(Project::lay(&PLAIN), &[], &environment);
    let told = "`-C instrument-coverage`: what new code does is not counted";
    tool::eventually("it is told", || session.tool.output().contains(told));
    let copy = PLAIN.copies[0];
    functions::touches_all_state(&mut session, copy);
    items::new_functions_and_types(&mut session, copy);
    items::missing_std(&mut session, copy);
    session.finish();
}

/// Each of these is refused before the program starts, with what to change, and what a flag of rustc
/// tells before anything is built.
#[test]
fn what_cannot_go_live_is_refused_at_the_start() {
    let rows = [
        ("panic = \"abort\"", "", "set panic = \"unwind\" in [profile.release]"),
        ("lto = \"thin\"", "", "set lto = \"off\" in [profile.release]"),
        ("lto = true\nstrip = true", "", "; besides, the profile `release` strips"),
        ("lto = true", "", "CARGO_PROFILE_RELEASE_LTO=off"),
        ("strip = true", "", "set strip = \"debuginfo\" or \"none\" in [profile.release]"),
        ("", "fn main() { println!(\"cargo::rustc-link-arg-bins=-no-pie\"); }", "independent"),
    ];
    for (setting, script, told) in rows {
        let project = Project::lay(&PLAIN);
        let manifest = project.read("Cargo.toml");
        // Nothing else is built so, which would be there already.
        let own = "opt-level = 0\ncodegen-units = 3";
        let profile = format!("{manifest}\n[profile.release]\n{own}\n{setting}\n");
        std::fs::write(project.manifest(), profile).expect("the manifest");
        if !script.is_empty() {
            std::fs::write(project.root().join("build.rs"), script).expect("the build script");
        }
        let events = project.scratch("events");
        let mut command = tool::command();
        command.args(["run", "--release", "--manifest-path"]).arg(project.manifest());
        command.arg("--target-dir").arg(project.target()).arg("--events").arg(&events);
        let mut tool = Tool::start(command, &events);
        let status = tool.wait();
        let output = tool.output();
        assert_eq!(status.code(), Some(2), "{setting}{script}: {output}");
        assert!(output.contains(told), "{setting}{script}: {output}");
        let is_early = setting.contains("lto") || setting.contains("panic");
        assert_eq!(output.contains("Finished"), !is_early, "{setting}: {output}");
        assert!(tool.events().iter().all(|e| e["event"] != "running"), "{}", tool.transcript());
    }
}
