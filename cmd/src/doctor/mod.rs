//! `hot doctor`: whether this machine and this project have what hot needs, and what to do if not.
//!
//! Each check looks at one thing and is a [`Finding`]: good, a concern, or something that prevents
//! edits from going live. [`machine`] has those of compiler, system and permissions, [`profile`]
//! those of what the manifests say.

pub mod machine;
pub mod profile;

use crate::build::cargo::{self, Selection};
use crate::show::Terminal;
use crate::show::terminal::Mark;

/// Status when something prevents hot from working.
const PREVENTED: u8 = 1;

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// As it must be.
    Good,
    /// It works, but not all of it, or not well.
    Concern,
    /// Edits cannot go live.
    Prevents,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word.
    pub what: &'static str,
    /// How it stands.
    pub health: Health,
    /// What was found.
    pub found: String,
    /// What to do about it; empty when nothing is.
    pub todo: String,
}

impl Finding {
    fn good(what: &'static str, found: impl Into<String>) -> Finding {
        Finding { what, health: Health::Good, found: found.into(), todo: String::new() }
    }

    fn concern(what: &'static str, found: impl Into<String>, todo: impl Into<String>) -> Finding {
        Finding { what, health: Health::Concern, found: found.into(), todo: todo.into() }
    }

    fn prevents(what: &'static str, found: impl Into<String>, todo: impl Into<String>) -> Finding {
        Finding { what, health: Health::Prevents, found: found.into(), todo: todo.into() }
    }
}

/// Makes all checks and prints what they found. The exit status: 1 when something prevents edits
/// from going live.
pub fn doctor(selection: &Selection) -> u8 {
    let terminal = Terminal::default();
    let mut findings = machine::toolchain();
    findings.extend(machine::linker());
    match cargo::metadata(selection) {
        Ok(workspace) => {
            let root = workspace.workspace_root.as_std_path();
            findings.extend(profile::profile(root, &selection.profile));
            findings.push(machine::writable("target", workspace.target_directory.as_std_path()));
        }
        Err(error) => findings.push(Finding::prevents(
            "project",
            format!("{error:#}"),
            "run hot doctor where the program's Cargo.toml is, or name it with --manifest-path",
        )),
    }
    findings.push(machine::writable("temporary files", &std::env::temp_dir()));
    findings.push(machine::sockets());
    findings.extend(machine::notices());
    findings.push(machine::tracing());
    for finding in &findings {
        let mark = match finding.health {
            Health::Good => Mark::Good,
            Health::Concern => Mark::Care,
            Health::Prevents => Mark::Bad,
        };
        terminal.finding(mark, finding.what, &finding.found, &finding.todo);
    }
    let prevented = findings.iter().any(|finding| finding.health == Health::Prevents);
    terminal.note(match prevented {
        true => "edits cannot go live before what is marked with ✗ is mended",
        false => "edits can go live",
    });
    if prevented { PREVENTED } else { 0 }
}
