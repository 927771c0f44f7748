//! `hot doctor`: checks that this machine and this project have what hot needs, and says what to do
//! if not.
//!
//! Each check looks at one thing and is a [`Finding`]: good, a concern, or something that prevents
//! edits from going live. [`machine`] has those of compiler, system and permissions, [`profile`]
//! those of what the manifests say.

pub mod finding;
pub mod machine;
pub mod profile;

use crate::build::cargo::{self, Selection};
use crate::show::Terminal;
use crate::show::terminal::Mark;
use finding::{Finding, Health};

/// Status when something prevents hot from working.
const PREVENTED: u8 = 1;

/// Makes all checks and prints what they found. Returns the exit status: 1 when something prevents
/// edits from going live.
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
    terminal.note(if prevented {
        "edits cannot go live before what is marked with ✗ is mended"
    } else {
        "edits can go live"
    });
    if prevented { PREVENTED } else { 0 }
}
