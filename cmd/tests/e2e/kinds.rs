//! Kinds of libraries (`crate-type`): what is linked into the executable goes live whatever else
//! its crate is compiled to; what is in a dynamic library restarts the program, and says so.

use crate::{
    functions, items,
    project::{PLAIN, Project, SHOP, SOLO},
    session::Session,
    tool::{self, Tool},
    trouble,
};

/// Adds the kinds to a manifest of the project.
fn set_kinds(project: &mut Project, manifest: &str, kinds: &str) {
    let text = project.read(manifest);
    project.write(manifest, &format!("{text}\n[lib]\ncrate-type = [{kinds}]\n"));
}

/// Cargo gives the file of a library that is a dynamic library too no hash in its name.
#[test]
fn a_library_goes_live_whatever_else_it_is_compiled_to() {
    for kinds in ["\"cdylib\", \"rlib\"", "\"rlib\", \"dylib\"", "\"staticlib\", \"lib\""] {
        let mut project = Project::lay(&SOLO);
        set_kinds(&mut project, "Cargo.toml", kinds);
        let mut session = Session::start_in(project);
        functions::generic_across_crates(&mut session, SOLO.copies[1]);
        for copy in SOLO.copies {
            functions::body(&mut session, *copy);
            functions::helper_below(&mut session, *copy);
        }
        session.finish();
    }
}

/// The program finds the library as under `cargo run`, with std in a library of its own, and new
/// code uses what both have in the process already.
#[test]
fn a_program_with_a_dynamic_library_goes_live_and_an_edit_of_the_library_restarts_it() {
    for (kinds, rustc) in [("\"dylib\"", ""), ("\"rlib\", \"dylib\"", "-Cprefer-dynamic")] {
        let mut project = Project::lay(&PLAIN);
        set_kinds(&mut project, "../desk/Cargo.toml", kinds);
        let mut session = Session::start_with(project, &[], &[("RUSTFLAGS", rustc)]);
        let executable = session.executable();
        let loads = |name: &[u8]| executable.windows(name.len()).any(|part| part == name);
        assert!(loads(b"libdesk.so\0") && loads(b"\0libstd-"), "both are shared");
        let copy = PLAIN.copies[0];
        session.edit("../desk/src/lib.rs", &[("//! The desk of a", "//! A desk of a")]);
        let event = session.outcome().event;
        let why = event["why"].as_str().unwrap_or_default().to_owned();
        assert!(why.contains("the dynamic library desk"), "{event}");
        session.begun_anew(&event);
        functions::touches_all_state(&mut session, copy);
        items::new_functions_and_types(&mut session, copy);
        items::new_statics(&mut session, copy);
        items::missing_std(&mut session, copy);
        trouble::panic(&mut session, copy);
        session.finish();
    }
}

#[test]
fn a_dynamic_library_with_hot_in_it_is_refused_at_the_start() {
    let mut project = Project::lay(&SHOP);
    set_kinds(&mut project, "shop/Cargo.toml", "\"dylib\"");
    let events = project.scratch("events");
    let mut command = tool::command();
    command.args(["run", "-p", "app", "--manifest-path"]).arg(project.manifest());
    command.arg("--target-dir").arg(project.target()).arg("--events").arg(&events);
    let mut tool = Tool::start(command, &events);
    assert_eq!(tool.wait().code(), Some(2), "{}", tool.transcript());
    let told = "hot itself is in a dynamic library";
    assert!(tool.output().contains(told), "{}", tool.output());
    assert!(tool.events().iter().all(|event| event["event"] != "running"));
}
