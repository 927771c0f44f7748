//! A workspace of five crates, made by rule: as many lines as are asked for, always the same ones.
//!
//! Four libraries, each using the one before, and the program, a server. A module is of the kind
//! that people write (`programs/module.rs.txt`): structs, enums, errors, a trait with objects of
//! it, a generic collection that the next crate instantiates, a `#[hot]` impl block, private
//! functions. The modules differ in numbers and texts. All of it is worked through for each answer,
//! so that nothing of it is dead, and each module adds one number of its own to the answer: an
//! edit of that number, on one line, is seen in it.

use crate::project::Hot;
use std::fmt::Write;

const MODULE: &str = include_str!("programs/module.rs.txt");
const SERVER: &str = include_str!("programs/server.rs.txt");
const LIBRARIES: [&str; 4] = ["stock", "price", "order", "ship"];
/// Crates of the workspace.
pub const CRATES: usize = LIBRARIES.len() + 1;

/// How large.
#[derive(Clone, Copy, Debug)]
pub struct Workspace {
    /// Modules of each crate.
    pub modules: usize,
}

impl Workspace {
    /// Of about so many lines.
    pub fn of_lines(lines: usize) -> Workspace {
        let module = MODULE.lines().count() + UNDER.lines().count();
        Workspace { modules: (lines / CRATES / module).max(1) }
    }

    /// All files, with the program's package under this name.
    pub fn files(self, program: &str) -> Vec<(String, String)> {
        let members: Vec<String> = LIBRARIES.iter().map(|name| format!("{name:?}")).collect();
        let packages = |name: &str, below: &str| {
            let below: String = below
                .split_whitespace()
                .map(|b| format!("{b} = {{ path = \"../{b}\" }}\n"))
                .collect();
            format!(
                "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
                 [dependencies]\n{}{below}",
                Hot::On.dependency()
            )
        };
        let mut files = vec![(
            "Cargo.toml".to_owned(),
            format!("[workspace]\nresolver = \"3\"\nmembers = [\"app\", {}]\n", members.join(", ")),
        )];
        for (at, name) in LIBRARIES.iter().enumerate() {
            let below = at.checked_sub(1).map_or("", |below| LIBRARIES[below]);
            files.push((format!("{name}/Cargo.toml"), packages(name, below)));
            let root = format!(
                "//! The crate {name}.\n\n{}\n/// What all of it comes to.\n\
                 pub fn total(seed: u64) -> u64 {{\n    let mut total = 0u64;\n{}    total\n}}\n",
                self.declared("pub mod"),
                self.calls()
            );
            files.push((format!("{name}/src/lib.rs"), root));
            files.extend((0..self.modules).map(|m| self.module(at, m)));
        }
        files.push(("app/Cargo.toml".to_owned(), packages(program, &LIBRARIES.join(" "))));
        let mut calls = self.calls();
        for name in LIBRARIES {
            let _ = writeln!(calls, "    total = total.wrapping_add({name}::total(seed));");
        }
        let server = SERVER.replace("@MODULES@", &self.declared("mod")).replace("@CALLS@", &calls);
        files.push(("app/src/main.rs".to_owned(), format!("#![allow(dead_code)]\n{server}")));
        files.extend((0..self.modules).map(|m| self.module(LIBRARIES.len(), m)));
        files
    }

    /// The crates that have to be compiled for an edit of a crate, in order.
    pub fn affected(at: usize, program: &str) -> Vec<String> {
        let all = LIBRARIES.iter().copied().chain([program]);
        all.skip(at).map(str::to_owned).collect()
    }

    /// Where an edit is, and the number there at the beginning.
    pub fn place(self, edit: usize) -> (usize, String, u64) {
        let (at, module) = (edit % CRATES, edit / CRATES % self.modules);
        (at, file(at, module), first_number(at, module))
    }

    /// The line that an edit changes.
    pub fn line(number: u64) -> String {
        format!("    let base: u64 = {number};\n")
    }

    fn declared(self, how: &str) -> String {
        let docs = if how == "mod" { "" } else { "/// A department.\n" };
        (0..self.modules).map(|m| format!("{docs}{how} m{m};\n")).collect()
    }

    fn calls(self) -> String {
        (0..self.modules)
            .map(|m| format!("    total = total.wrapping_add(m{m}::exercise(seed));\n"))
            .collect()
    }

    fn module(self, at: usize, module: usize) -> (String, String) {
        let below = at.checked_sub(1).map(|below| LIBRARIES[below]);
        let n = at * self.modules + module;
        let text = MODULE
            .replace("@N@", &n.to_string())
            .replace("@A@", &(7 + n % 31).to_string())
            .replace("@B@", &(50 + n % 17).to_string())
            .replace("@C@", &(25 + n % 13).to_string())
            .replace("@BASE@", &first_number(at, module).to_string())
            .replace(
                "@USE@",
                &below.map_or(String::new(), |b| format!("use {b}::m{module} as below;\n")),
            )
            .replace("@BELOW@", if below.is_some() { UNDER } else { "" });
        (file(at, module), text)
    }
}

fn first_number(at: usize, module: usize) -> u64 {
    (100 + at * 10 + module % 10) as u64
}

fn file(at: usize, module: usize) -> String {
    format!("{}/src/m{module}.rs", LIBRARIES.get(at).unwrap_or(&"app"))
}

/// How a crate uses the generic code of the one before.
const UNDER: &str = r#".wrapping_add(under(seed))
}

/// The part of the department below.
fn under(seed: u64) -> u64 {
    let mut ledger = below::Ledger::<u64>::new();
    let state = below::State::Draft.next(1);
    let line = below::Line { key: seed, name: "under".into(), amount: seed, tags: vec![], state };
    match ledger.insert(seed, line) {
        Ok(_) => ledger.total().unwrap_or_default(),
        Err(fault) => fault.to_string().len() as u64,
    }"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_about_the_lines_asked_for_and_each_edit_a_line_of_its_own() {
        let workspace = Workspace::of_lines(20_000);
        let files = workspace.files("app_a");
        let lines: usize = files.iter().map(|(_, text)| text.lines().count()).sum();
        assert!((18_000..=22_000).contains(&lines), "{lines}");
        for edit in 0..20 {
            let (_, file, number) = workspace.place(edit);
            let (_, text) = files.iter().find(|(name, _)| *name == file).expect(&file);
            assert_eq!(text.matches(&Workspace::line(number)).count(), 1, "{file}");
        }
        assert_eq!(files, workspace.files("app_a"));
    }
}
